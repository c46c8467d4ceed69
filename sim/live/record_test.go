package live

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The exporter may start so shortly before a window's time is over that it is never scraped with
// it: that window must not become a gap.
func TestScrapedHasTheNewestWindow(t *testing.T) {
	s := &System{Options: Options{Period: 10 * time.Minute, SettleDelay: 20 * time.Second, Scrape: 2 * time.Minute}}
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	text := []byte("# TYPE a gauge\na{name=\"m\"} 1 1772366400\na{name=\"m\"} 2 1772367000\n# EOF\n")
	for after, want := range map[time.Duration][]int{
		10*time.Minute + 19*time.Second: {5, 0},
		18*time.Minute + 19*time.Second: {5, 4},
		20*time.Minute + 19*time.Second: {5, 5},
		25 * time.Minute:                {5, 5},
	} {
		series, err := s.scraped(text, noon.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		var samples []int
		for i, one := range series {
			samples = append(samples, len(one.Samples))
			served := noon.Add(time.Duration(i) * s.Period).Add(s.SettleDelay)
			for _, sample := range one.Samples {
				if at := time.UnixMilli(sample.T); at.Before(served) || !at.Before(served.Add(s.Period)) || at.After(noon.Add(after)) {
					t.Errorf("%s after noon: window %d has a sample at %s", after, i, at.UTC())
				}
			}
		}
		if diff := cmp.Diff(want, samples); diff != "" {
			t.Errorf("%s after noon, samples of each window (-want +got):\n%s", after, diff)
		}
	}
}
