package config

import "time"

// Backfill is what the command of that name does.
type Backfill struct {
	From, To time.Time // at the start and end of windows; To is zero for the end of the newest settled one
	Output   string    // the file to write; "-" for standard output, "" for remote write
	DryRun   bool
	Replace  bool
	Yes      bool // replace without asking
}

// BackfillFlags defines the flags of the command backfill.
func BackfillFlags(f Flags) Check {
	f.addUpstream()
	remoteWrite := remoteWriteFlags(f.in(groupRemoteWrite))
	from := f.add("from", "", "<time>",
		"Start of the first window: RFC 3339, a date, or seconds since 1970.")
	to := f.add("to", "", "<time>",
		"End of the last window. The default is the end of the newest settled window.")
	output := f.add("output", "", "<file>",
		"File to write as OpenMetrics, for promtool tsdb create-blocks-from openmetrics. It appears when it is complete. Until then, finished windows are kept in a directory beside it. - is standard output, the default without --remote-write.url.")
	dryRun := f.addSwitch("dry-run", "",
		"Only print what would be done, and what it would cost.")
	replace := f.addSwitch("replace", "",
		"Compute delivered windows again, print what differs, and deliver that. A result that saw less of a window replaces nothing.")
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
			c.failf("%s and --remote-write.url are two destinations: choose one of them", output)
		case b.Output == "" && receiver.raw == "":
			b.Output = "-"
		}
		if b.Replace && b.Output != "" {
			c.failf("--replace replaces delivered windows: give --remote-write.url, or remove --replace")
		}
		cfg.Backfill = b
	}
}
