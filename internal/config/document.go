package config

import "github.com/alecthomas/kingpin/v2"

// Setting describes one setting to those who document it. What says what to do this once
// has no environment variable.
type Setting struct {
	Flag, Env, Default, Help string
}

// Settings lists every setting that has an environment variable, in the order of --help,
// and serving before the other commands.
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

// CommandHelp describes a command to those who document it.
type CommandHelp struct {
	Name, Help string
	Flags      []Setting // that not every command has
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
