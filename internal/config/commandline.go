package config

import (
	"io"
	"maps"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
)

// Command is a command as the command line defines it.
type Command struct {
	Name, Help string
	Flags      func(Flags) Check // defines its own flags, such as ServeFlags
	Examples   []Example
}

// Check checks the settings of one subject, and fills in their part of the Config.
type Check = func(*checker, *Config)

// UsageError is a command line that cannot be understood, as opposed to a setting
// that has a bad value.
type UsageError struct{ Reason string }

func (e *UsageError) Error() string { return e.Reason + " (see --help)" }

// Shown is returned if --help or --version asked for a text.
type Shown struct{ Text string }

func (s *Shown) Error() string { return s.Text }

// definition is the command line, with the settings of each command.
type definition struct {
	app      *kingpin.Application
	commands []Command
	common   []Check
	flags    map[string]Flags // by command
	checks   map[string]Check // of the command's own settings
	every    map[string]*setting
}

// define defines the settings of every command, and of each one.
func define(commands []Command) *definition {
	app := kingpin.New(Name, "Reads from a Prometheus what each model's pods used during every period, and exposes the averages as seven small metrics.")
	app.HelpFlag.Short('h')
	app.Version(version.Print(Name))
	all := Flags{of: app, settings: map[string]*setting{}}
	d := &definition{
		app: app, commands: commands,
		common: []Check{
			prometheusFlags(all.in(groupPrometheus)),
			windowFlags(all.in(groupWindows)),
			sourceFlags(all.in(groupWindows)),
			queryFlags(all.in(groupQueries)),
			logFlags(all.in(groupLogging)),
			fileFlags(all.in(groupConfiguration)),
		},
		flags: map[string]Flags{}, checks: map[string]Check{},
		every: maps.Clone(all.settings),
	}
	for _, command := range commands {
		own := Flags{of: app.Command(command.Name, command.Help), settings: maps.Clone(all.settings), group: command.Name}
		d.flags[command.Name], d.checks[command.Name] = own, command.Flags(own)
		for flag, s := range own.settings {
			if d.every[flag] == nil {
				d.every[flag] = s
			}
		}
	}
	app.UsageTemplate(helpTemplate).UsageFuncs(d.helpFuncs())
	return d
}

// check checks the settings of a command, once they are parsed. What the file sets for one
// upstream wins over what it sets for all.
func (d *definition) check(c *checker, command, upstream string, file ...map[string]fileValue) *Config {
	settings := d.flags[command].settings
	cfg := &Config{Command: command, Upstream: upstream, settings: settings}
	for _, values := range file {
		for flag, value := range values {
			if s := settings[flag]; s != nil { // not another command's
				s.setInFile(value)
			}
		}
	}
	for _, s := range settings {
		if s.scope == ofOne {
			s.upstream = upstream
		}
	}
	for _, check := range append(d.common, d.checks[command]) {
		check(c, cfg)
	}
	return cfg
}

// parse parses a command line and returns its command.
func (d *definition) parse(args []string) (command string, err error) {
	var text strings.Builder
	shown := false
	d.app.UsageWriter(&text).ErrorWriter(io.Discard).Terminate(func(int) { shown = true })
	command, err = d.app.Parse(args)
	if shown {
		return "", &Shown{text.String()}
	}
	if err != nil {
		return "", usageError(err)
	}
	return command, nil
}

// Load reads the settings from args, the environment and the file that they name; args win over
// the environment, and that over the file. The first command is the default. The error is a
// *Shown, a *UsageError, or joined errors with one line for each wrong setting.
func Load(args []string, commands []Command) (*Config, error) {
	d := define(commands)
	if completed := d.complete(args); completed != nil {
		return nil, completed
	}
	if given, _ := d.app.ParseContext(args); given.SelectedCommand == nil {
		args = append([]string{commands[0].Name}, args...) // kingpin's own default commands hide errors
	}
	command, err := d.parse(args)
	if err != nil {
		return nil, err
	}
	var c checker
	file := readFile(&c, d.flags[command].settings["config.file"], d.every)
	cfg := d.check(&c, command, "", file.values)
	if file.listed != nil {
		cfg = d.upstreams(&c, cfg, file, func() *definition {
			again := define(commands)
			_, _ = again.parse(args) // as before
			return again
		})
	} else if chosen := cfg.settings[upstreamFlag]; chosen != nil && chosen.raw != "" {
		c.failf("%s is not known: there is no list of %s: remove it, or list them in --config.file", chosen, upstreamsKey)
	}
	if n := len(c.errs); cfg.CheckOnly && n > 0 {
		c.failf("FAILED: wrong settings: %d", n)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// usageError explains a command line that kingpin refused. It does not repeat text that may be
// a URL with secrets, or a token.
func usageError(err error) error {
	reason := err.Error()
	if strings.HasPrefix(reason, "unexpected ") {
		reason = "unexpected argument: a command is the first word, and settings are given as --name=value"
	} else if strings.ContainsAny(reason, "@?") {
		reason, _, _ = strings.Cut(reason, " '")
	}
	return &UsageError{Reason: reason}
}
