package config

// Setting describes a setting for --help and the documentation. A flag of a command that runs
// once may have no environment variable.
type Setting struct {
	Flag, Env string // with its dashes; one of them may be empty
	Default   string
	Value     string // what stands for a value, such as <file>, if there is no default
	Switch    bool   // it needs no value on the command line
	Help      string
	Upstreams string // what holds for it where the file lists several, "" if it is the same for all
}

func (s *setting) describe() Setting {
	of := map[scope]string{ofSome: "An upstream may have its own.", ofOne: "Each upstream has its own."}
	return Setting{Flag: "--" + s.flag, Env: s.env, Default: s.preset, Value: s.placeholder, Switch: s.isSwitch, Help: s.help, Upstreams: of[s.scope]}
}

// Group is settings under one heading.
type Group struct {
	Name     string
	Settings []Setting
}

// Groups describes the settings of all commands, but for those that are a command's alone.
func Groups(commands []Command) []Group {
	return grouped(define(commands).every, groups())
}

// Settings lists every setting that has an environment variable, in the order of --help.
func Settings(commands []Command) []Setting {
	d := define(commands)
	headings := groups()
	for _, c := range commands {
		headings = append(headings, c.Name)
	}
	var out []Setting
	for _, group := range grouped(d.every, headings) {
		for _, s := range group.Settings {
			if s.Env != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

// CommandHelp describes a command for the documentation.
type CommandHelp struct {
	Command
	Settings []Setting // of this command only
}

// Document describes every command, in the order of --help.
func Document(commands []Command) []CommandHelp {
	d := define(commands)
	var out []CommandHelp
	for _, c := range commands {
		help := CommandHelp{Command: c}
		for _, group := range grouped(d.flags[c.Name].settings, []string{c.Name}) {
			help.Settings = group.Settings
		}
		out = append(out, help)
	}
	return out
}
