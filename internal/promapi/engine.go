package promapi

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Engine is a kind of server behind Prometheus' API: how it is recognized, and how it is asked.
type Engine struct {
	Name       string // of the setting, in the log and in the metric
	RemoteRead bool   // it may offer remote read
	Export     bool   // it may offer VictoriaMetrics' native export
	NamesInSet int    // of one regular expression: more are not looked up, but searched for
	QueryBytes int    // that one query may have, 0 for any number
	Borrowed   bool   // the version that it shows is that of a Prometheus

	// As a receiver of remote write.
	HidesFor   time.Duration // how long a query may not find a sample that was accepted
	OutOfOrder string        // the setting by which it accepts samples that come late
	Oldest     string        // the setting by which it accepts older samples at all, "" if there is none

	hintMargin time.Duration // by which the hints of a remote read are wider than its range

	send    url.Values           // with each query, for what it says to be whole and new
	sendRaw url.Values           // with each query for raw samples
	shows   func(BuildInfo) bool // it may be this one
	confirm *question            // which no other engine answers; nil if what it shows is enough
	stores  bool                 // it lists the stores that it reads from
	tooMuch []string             // parts of its refusals for the size of what was asked
}

// BuildInfo is what a server says of itself at /api/v1/status/buildinfo.
type BuildInfo struct {
	Application string `json:"application"` // Mimir names itself
	Version     string `json:"version"`
	Revision    string `json:"revision"`
}

// Auto is the setting by which the engine is recognized.
const Auto = "auto"

// unknown is the name of what is not recognized.
const unknown = "unknown"

// Engines returns the engines that are known. The first one is what shows nothing that is
// another's.
func Engines() []Engine {
	return []Engine{
		{
			Name: "prometheus", RemoteRead: true, NamesInSet: 250, // 256 are looked up
			// It encodes again the chunks that reach beyond the hints: that costs more than the
			// samples that are sent too many. Mimir reads all that the hints span.
			hintMargin: 2 * time.Hour,
			OutOfOrder: "out_of_order_time_window in the receiver's storage.tsdb settings",
			shows:      func(b BuildInfo) bool { return b.Application == "" && b.Version >= "1" },
			tooMuch: []string{
				"too many samples", "maximum resolution",
				"exceeded sample limit", // remote read
			},
		},
		{
			Name: "thanos", NamesInSet: 250,
			OutOfOrder: "--tsdb.out-of-order.time-window of Thanos Receive",
			send: url.Values{
				"partial_response":      {"false"},
				"max_source_resolution": {"0s"}, // no downsampled blocks
			},
			// Merged replicas, in which one can seem to fall behind the other, are no raw samples.
			sendRaw: url.Values{"dedup": {"false"}},
			shows:   func(b BuildInfo) bool { return strings.HasPrefix(b.Version, "0.") },
			confirm: &question{endpoint: "stores"},
			stores:  true,
			tooMuch: []string{"exceeded series limit", "exceeded chunks limit", "exceeded bytes limit", "violated (got"},
		},
		{
			Name: "victoriametrics", Export: true, NamesInSet: 100, QueryBytes: 16 << 10,
			// Its index forgets every 11 s at most which series it did not find, once new ones are
			// in it, which takes a second or two; the rest is for a busy machine.
			HidesFor: 20 * time.Second, OutOfOrder: "-retentionPeriod of VictoriaMetrics",
			send: url.Values{
				"nocache":               {"1"}, // or the newest samples may be missing
				"deny_partial_response": {"1"}, // of a cluster
			},
			Borrowed: true,
			shows:    func(b BuildInfo) bool { return b.Application == "" && b.Revision == "" },
			confirm:  &question{endpoint: "query", params: url.Values{"query": {"1 default 2"}}}, // MetricsQL
			tooMuch:  []string{"-search.max", "cannot select more than", "too many points"},
		},
		{
			Name: "mimir", RemoteRead: true, NamesInSet: 250,
			OutOfOrder: "-ingester.out-of-order-time-window of Mimir (out_of_order_time_window in its limits)",
			Oldest:     "-validation.past-grace-period of Mimir (past_grace_period in its limits)",
			shows:      func(b BuildInfo) bool { return strings.Contains(b.Application, "Mimir") },
			tooMuch:    []string{"err-mimir-max-"},
		},
		{
			Name: "cortex", RemoteRead: true, NamesInSet: 250,
			OutOfOrder: "-ingester.out-of-order-time-window of Cortex (out_of_order_time_window in its limits)",
			Oldest:     "-validation.reject-old-samples.max-age of Cortex (reject_old_samples_max_age in its limits)",
			shows:      func(b BuildInfo) bool { return strings.HasPrefix(b.Version, "1.") }, // no Prometheus 1 said so
			tooMuch: []string{
				"the query hit the max number of", // chunks, series
				"the query hit the aggregated",    // data size, chunks size
			},
		},
	}
}

// EngineNames returns the values of the setting.
func EngineNames() []string {
	names := []string{Auto}
	for _, e := range Engines() {
		names = append(names, e.Name)
	}
	return names
}

// unknownEngine is asked as all of them are: what one engine needs, the others ignore.
func unknownEngine() Engine {
	all := Engine{Name: unknown, RemoteRead: true, NamesInSet: 250, send: url.Values{}, sendRaw: url.Values{}}
	for _, e := range Engines() {
		all.NamesInSet = min(all.NamesInSet, e.NamesInSet)
		all.QueryBytes = max(all.QueryBytes, e.QueryBytes) // one engine has a limit
		all.HidesFor = max(all.HidesFor, e.HidesFor)
		all.hintMargin = max(all.hintMargin, e.hintMargin)
		maps.Copy(all.send, e.send)
		maps.Copy(all.sendRaw, e.sendRaw)
	}
	return all
}

// EngineNamed returns an engine by its name. Without a name it is a Prometheus.
func EngineNamed(name string) Engine {
	all := Engines()
	if i := slices.IndexFunc(all, func(e Engine) bool { return e.Name == name }); i >= 0 {
		return all[i]
	}
	return all[0]
}

// tooMuch says whether a refusal is for the size of what was asked. Whatever engine answers,
// another may be behind it.
func tooMuch(text string) bool {
	for _, e := range Engines() {
		if containsAny(text, e.tooMuch...) {
			return true
		}
	}
	return containsAny(text, "limit exceeded", "exceeds the limit")
}
