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

// helpTemplate is the text of --help: a command's own flags first, and for the default command
// also the list of commands.
const helpTemplate = `{{$command := .Context.SelectedCommand -}}
{{$named := and $command (ne $command.Name "serve") -}}
usage: {{.App.Name}} {{if $named}}{{$command.Name}}{{else}}[<command>]{{end}} [<flags>]

{{if $named}}{{$command.Help|Wrap 0}}{{else}}{{.App.Help|Wrap 0}}
Commands:
{{range .App.Commands}}  {{.Name}}
{{.Help|Wrap 4}}{{end}}{{end}}
{{if $named}}Flags:
{{$command.Flags|FlagsToTwoColumns|FormatTwoColumns}}
Flags of every command:
{{.App.Flags|FlagsToTwoColumns|FormatTwoColumns}}{{else}}Flags:
{{.Context.Flags|FlagsToTwoColumns|FormatTwoColumns}}{{end}}`

// define returns the parser of the command line, and for each command a function that checks
// its settings.
func define(commands []Command) (*kingpin.Application, map[string]func() (*Config, error)) {
	app := kingpin.New(Name, "Reads from a Prometheus what each model's pods used during every TIME_PERIOD, "+
		"and exposes the averages as seven small metrics.\n\n"+
		"A flag wins over its environment variable, which is shown in parentheses. "+
		"A bearer token for the Prometheus is read from $"+tokenEnv+" or --prometheus.token-file.")
	app.HelpFlag.Short('h').Help("Show help, for a command after its name.")
	app.Version(version.Print(Name)).VersionFlag.Help("Show the version.")
	app.UsageTemplate(helpTemplate)
	all := Flags{of: app, settings: map[string]*setting{}}
	common := []Check{
		fileFlags(all.in("Configuration")),
		prometheusFlags(all.in("Prometheus")),
		windowFlags(all.in("Windows and models")),
		sourceFlags(all.in("Windows and models")),
		queryFlags(all.in("Queries")),
		logFlags(all.in("Logging")),
	}
	checks := map[string]func() (*Config, error){}
	every := maps.Clone(all.settings) // those of all commands
	for _, command := range commands {
		own := Flags{of: app.Command(command.Name, command.Help), settings: maps.Clone(all.settings), group: command.Name}
		ofCommand := command.Flags(own)
		maps.Copy(every, own.settings)
		checks[command.Name] = func() (*Config, error) {
			var c checker
			cfg := &Config{Command: command.Name, settings: own.settings}
			if file := own.settings["config.file"]; file.raw != "" {
				for flag, value := range readFile(&c, file, every) {
					if s := own.settings[flag]; s != nil { // not another command's
						s.setInFile(value)
					}
				}
			}
			for _, check := range append(common, ofCommand) {
				check(&c, cfg)
			}
			if n := len(c.errs); cfg.CheckOnly && n > 0 {
				c.failf("FAILED: wrong settings: %d", n)
			}
			if err := c.err(); err != nil {
				return nil, err
			}
			return cfg, nil
		}
	}
	return app, checks
}

// Load reads the settings from args, the environment and the file that they name; args win over
// the environment, and that over the file. The first command is the default. The error is a *Shown, a *UsageError, or joined errors with one line for each wrong
// setting.
func Load(args []string, commands []Command) (*Config, error) {
	app, checks := define(commands)
	if given, _ := app.ParseContext(args); given.SelectedCommand == nil {
		args = append([]string{commands[0].Name}, args...) // kingpin's own default commands hide errors
	}
	var text strings.Builder
	shown := false
	app.UsageWriter(&text).ErrorWriter(io.Discard).Terminate(func(int) { shown = true })
	command, err := app.Parse(args)
	if shown {
		return nil, &Shown{text.String()}
	}
	if err != nil {
		return nil, usageError(err)
	}
	return checks[command]()
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
