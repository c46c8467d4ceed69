package config

import "github.com/alecthomas/kingpin/v2"

// Setting describes a setting for the documentation. A flag of a command that runs once may
// have no environment variable.
type Setting struct {
	Flag, Env, Default, Help string
}

// Settings lists every setting that has an environment variable, in the order of --help.
func Settings(commands []Command) []Setting {
	app, _ := define(commands)
	model := app.Model()
	flags := model.Flags
	for _, cmd := range model.Commands {
		flags = append(flags, cmd.Flags...)
	}
	var out []Setting
	known := map[string]bool{}
	for _, s := range settings(flags) {
		if s.Env == "" || known[s.Env] {
			continue
		}
		known[s.Env] = true
		out = append(out, s)
		if s.Env == "PROMETHEUS_URL" {
			out = append(out, Setting{Env: tokenEnv, Help: tokenHelp})
		}
	}
	return out
}

// CommandHelp describes a command for the documentation.
type CommandHelp struct {
	Name, Help string
	Flags      []Setting // of this command only
}

// Document describes every command, in the order of --help.
func Document(commands []Command) []CommandHelp {
	app, _ := define(commands)
	var out []CommandHelp
	for _, cmd := range app.Model().Commands {
		out = append(out, CommandHelp{Name: cmd.Name, Help: cmd.Help, Flags: settings(cmd.Flags)})
	}
	return out
}

func settings(flags []*kingpin.FlagModel) []Setting {
	var out []Setting
	for _, flag := range flags {
		if flag.Hidden || flag.Name == "help" || flag.Name == "version" {
			continue
		}
		s := Setting{Flag: "--" + flag.Name, Env: flag.Envar, Help: flag.Help}
		if len(flag.Default) > 0 {
			s.Default = flag.Default[0]
		}
		out = append(out, s)
	}
	return out
}
