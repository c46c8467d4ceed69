package config

import (
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// Example is a command line that --help shows.
type Example struct {
	What string
	Args string // after the program's name
}

// Usage returns the lines of the example, of 80 columns at most.
func (e Example) Usage() string {
	text, column := "  "+Name, len(Name)+2
	for _, arg := range strings.Fields(e.Args) {
		if column += 1 + len(arg); column > 80-len(` \`) {
			text, column = text+" \\\n   ", 4+len(arg)
		}
		text += " " + arg
	}
	return text + "\n"
}

// The headings of settings, in the order of --help. A command's own settings, under its name,
// come before.
const (
	groupPrometheus    = "Prometheus"
	groupWindows       = "Windows and models"
	groupQueries       = "Queries"
	groupRemoteWrite   = "Remote write"
	groupWeb           = "Web"
	groupLogging       = "Logging"
	groupConfiguration = "Configuration"
)

func groups() []string {
	return []string{groupPrometheus, groupWindows, groupQueries, groupRemoteWrite, groupWeb, groupLogging, groupConfiguration}
}

// helpTemplate is the text of --help: for the default command also the list of commands, and for
// another one its own settings first.
const helpTemplate = `{{$c := chosen .Context.SelectedCommand -}}
usage: {{.App.Name}} {{if $c.Named}}{{$c.Name}}{{else}}[<command>]{{end}} [<flags>]

{{if $c.Named}}{{$c.Help|Wrap 0}}{{else}}{{.App.Help|Wrap 0}}{{end}}
{{range $c.Examples}}  # {{.What}}
{{.Usage}}{{end}}{{if not $c.Named}}
Commands:
{{range .App.Commands}}{{if ne .Name "help"}}  {{.Name}}
{{.Help|brief|Wrap 6}}{{end}}{{end}}{{end}}
Settings are flags, environment variables (in parentheses), or in the file of
--config.file. A value after = is the default.
{{range $c.Groups}}
{{if eq .Name $c.Name}}Flags of {{end}}{{.Name}}:
{{range .Settings}}{{.Usage}}{{.Help|brief|Wrap 6}}{{end}}{{end}}
Help:
  -h, --help
      Show this text, or after a command's name its own.
  --version
      Show the version.
  --completion-script-bash, --completion-script-zsh
      Print a script that completes commands and flags in a shell.
`

// chosen is the command that --help describes.
type chosen struct {
	Command
	Named  bool // it is not the default
	Groups []Group
}

func (d *definition) helpFuncs() map[string]any {
	return map[string]any{
		"brief": brief,
		"chosen": func(selected *kingpin.CmdModel) chosen {
			i := 0
			if selected != nil {
				i = max(0, slices.IndexFunc(d.commands, func(c Command) bool { return c.Name == selected.Name }))
			}
			c := d.commands[i]
			return chosen{c, i > 0, grouped(d.flags[c.Name].settings, append([]string{c.Name}, groups()...))}
		},
	}
}

// grouped returns the settings that have one of the headings.
func grouped(settings map[string]*setting, headings []string) []Group {
	var out []Group
	for _, name := range headings {
		group := Group{Name: name}
		for _, s := range inOrder(settings) {
			if s.group != name {
				continue
			}
			group.Settings = append(group.Settings, s.describe())
			if s.flag == "prometheus.url" {
				group.Settings = append(group.Settings, Setting{Env: tokenEnv, Help: tokenHelp, Upstreams: "Not for several upstreams."})
			}
		}
		if len(group.Settings) > 0 {
			out = append(out, group)
		}
	}
	return out
}

// Usage returns the lines before a setting's help.
func (s Setting) Usage() string {
	switch {
	case s.Flag == "":
		return "  (" + s.Env + ")\n"
	case s.Env == "":
		return "  " + s.written() + "\n"
	case len(s.written())+len(s.Env) > 80-len("    ()"):
		return "  " + s.written() + "\n  (" + s.Env + ")\n"
	}
	return "  " + s.written() + "  (" + s.Env + ")\n"
}

// written returns the flag with its default, or with a placeholder.
func (s Setting) written() string {
	switch value := s.Value + s.Default; {
	case s.Switch && s.Default == "true":
		return strings.Replace(s.Flag, "--", "--[no-]", 1)
	case s.Switch:
		return s.Flag
	default:
		return s.Flag + "=" + value
	}
}

// brief returns the first sentence of a text.
func brief(text string) string {
	first, _, more := strings.Cut(text, ". ")
	if more {
		return first + "."
	}
	return text
}
