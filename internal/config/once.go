package config

import "time"

// Once is what the command of that name does.
type Once struct {
	End time.Time // of the window; zero for the newest settled one
}

// OnceFlags defines the flags of the command once.
func OnceFlags(f Flags) Check {
	f.addUpstream()
	end := f.addEnd()
	return func(c *checker, cfg *Config) {
		cfg.Once.End = parse(c, end, orNothing(edge(cfg.Period)))
	}
}

func (f Flags) addEnd() *setting {
	return f.add("end", "", "<time>",
		"End of the window: RFC 3339, a date, or seconds since 1970. The default is the newest settled window.")
}
