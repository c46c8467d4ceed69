package config

import "os"

// Doctor is what the command of that name does.
type Doctor struct {
	JSON    bool
	NoColor bool // as https://no-color.org has it
}

// DoctorFlags defines the flags of the command doctor.
func DoctorFlags(f Flags) Check {
	f.addUpstream()
	remoteWrite := remoteWriteFlags(f.in(groupRemoteWrite))
	catchUp := catchUpFlag(f.in(groupRemoteWrite))
	output := f.add("output", "", "text",
		"Output format: text or json.")
	return func(c *checker, cfg *Config) {
		remoteWrite(c, cfg)
		catchUp(c, cfg)
		cfg.Doctor = Doctor{
			JSON:    parse(c, output, choice("text", "json")) == "json",
			NoColor: os.Getenv("NO_COLOR") != "",
		}
	}
}
