package config

import "time"

// Once says what the command of that name does.
type Once struct {
	End time.Time // of the window; zero for the newest settled one
}

// OnceFlags are the command once's own.
func OnceFlags(f Flags) Check {
	end := f.addEnd()
	return func(c *checker, cfg *Config) {
		cfg.Once.End = parse(c, end, orNothing(edge(cfg.Period)))
	}
}

func (f Flags) addEnd() *setting {
	return f.add("end", "", "<time>",
		"When the window ends: RFC 3339, a date, or seconds since 1970. The default is the newest settled window.")
}
