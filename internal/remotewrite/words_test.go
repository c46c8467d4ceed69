package remotewrite

import (
	"encoding/json"
	"testing"
)

func TestReasonOf(t *testing.T) {
	const series = `{__name__="model_cpu_limits", name="too-old", namespace="out of order", type="duplicate sample"}`
	for text, test := range map[string]struct {
		status int
		want   reason
	}{
		"out of order sample":                               {400, old},
		"too old sample":                                    {400, old},
		"out of bounds":                                     {400, old},
		"out of order sample for " + series:                 {400, old},
		"out of bounds: timestamp is too far in the future": {400, unknown},
		"duplicate sample for timestamp":                    {400, duplicate},
		"":                                                  {400, unknown},

		"store locally for endpoint : conflict": {409, old},
		"conflict":                              {409, old},
		" \n":                                   {409, old},
		"no":                                    {409, unknown},
		"store locally: duplicate sample for timestamp: conflict":                                            {409, duplicate},
		"add 3 samples: out of bounds":                                                                       {409, old},
		"the sample has been rejected because its timestamp is too old (err-mimir-sample-timestamp-too-old)": {400, old},
		"the sample has been rejected because another sample with a more recent timestamp has already been ingested and out-of-order samples are not allowed (err-mimir-sample-out-of-order). The affected sample has timestamp 2026-01-01T00:00:00Z and is from series " + series: {400, old},
		"received a sample whose timestamp is too far in the past, timestamp: 1 series: 'm" + series + "' (err-mimir-too-far-in-past)":                                                                                                                                             {400, tooOld},
		"received a sample whose timestamp is too far in the future (err-mimir-too-far-in-future)":                                                                                                                                                                                 {400, unknown},
		"the sample has been rejected because another sample with the same timestamp, but a different value, has already been ingested (err-mimir-sample-duplicate-timestamp)":                                                                                                     {400, duplicate},
		"user=a: err: out of order sample. timestamp=1, series=" + series:                                                                                                                                                                                                          {400, old},
		"sample timestamp out of order; last timestamp: 2, incoming timestamp: 1 for series " + series:                                                                                                                                                                             {400, old},
		"timestamp too old: 1 metric: \"m\"": {400, tooOld},
		"timestamp too new: 1 metric: \"m\"": {400, unknown},

		// Names in the text are not the receiver's words.
		"label value too long for " + series:               {400, unknown},
		"label value too long: name=\"too old":             {400, unknown}, // cut off
		"per-user series limit reached, series: 'too-old'": {400, unknown},
		"received a series whose label value length exceeds the limit, label: 'name', value: 'out-of-order' (truncated) series: 'm{name=\"too-old\"": {400, unknown},
		"no such tenant {name=too-old}": {422, unknown},
	} {
		if got := reasonOf(test.status, []byte(text)); got != test.want {
			t.Errorf("%d %q: reason %d, want %d", test.status, text, got, test.want)
		}
		inJSON, err := json.Marshal(map[string]string{"status": "error", "error": text})
		if err != nil {
			t.Fatal(err)
		}
		if got := reasonOf(test.status, inJSON); got != test.want {
			t.Errorf("%d %s: reason %d, want %d", test.status, inJSON, got, test.want)
		}
	}
}
