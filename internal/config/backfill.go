package config

import "time"

// Backfill says what the command of that name does.
type Backfill struct {
	From, To time.Time // at which windows begin and end; To is zero for the newest settled one's end
	Output   string    // the file to write; "-" for standard output, "" for remote write
	DryRun   bool
	Replace  bool
	Yes      bool // nobody is asked before something is replaced
}

// BackfillFlags are the command backfill's own.
func BackfillFlags(f Flags) Check {
	remoteWrite := remoteWriteFlags(f)
	from := f.add("from", "", "<time>",
		"Where the first window begins: RFC 3339, a date, or seconds since 1970.")
	to := f.add("to", "", "<time>",
		"Where the last window ends. The default is the end of the newest settled window.")
	output := f.add("output", "", "<file>",
		"File to write as OpenMetrics, for promtool tsdb create-blocks-from openmetrics. It appears when it is complete; until then, finished windows are kept beside it. - is standard output, the default without --remote-write.url.")
	dryRun := f.addSwitch("dry-run", "",
		"Only say what would be done, and what it would cost.")
	replace := f.addSwitch("replace", "",
		"Compute delivered windows again, say what differs, and deliver that. A result that saw less of a window replaces nothing.")
	yes := f.addSwitch("yes", "",
		"Replace without asking.")
	return func(c *checker, cfg *Config) {
		remoteWrite(c, cfg)
		b := Backfill{
			From:    parse(c, from, edge(cfg.Period)),
			To:      parse(c, to, orNothing(edge(cfg.Period))),
			Output:  output.raw,
			DryRun:  parse(c, dryRun, boolean),
			Replace: parse(c, replace, boolean),
			Yes:     parse(c, yes, boolean),
		}
		if !b.To.IsZero() && !b.From.IsZero() && !b.From.Before(b.To) {
			c.failf("%s is not before %s: choose an earlier time", from, to)
		}
		switch receiver := f.settings["remote-write.url"]; {
		case b.Output != "" && receiver.onLine:
			c.failf("%s and --remote-write.url are two places to write to: choose one of them", output)
		case b.Output == "" && receiver.raw == "":
			b.Output = "-"
		}
		if b.Replace && b.Output != "" {
			c.failf("--replace is for what has been delivered: give --remote-write.url, or leave it out")
		}
		cfg.Backfill = b
	}
}
