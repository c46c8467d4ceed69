package config

import (
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// complete answers the flags that complete command lines, as kingpin's scripts use them, or
// returns nil if there is none. kingpin itself does not know the default command.
func (d *definition) complete(args []string) *Shown {
	if len(args) == 0 {
		return nil
	}
	script := func(template string) *Shown {
		return &Shown{strings.TrimLeft(strings.ReplaceAll(template, "{{.App.Name}}", Name), "\n")}
	}
	switch args[0] {
	case "--completion-script-bash":
		return script(kingpin.BashCompletionTemplate)
	case "--completion-script-zsh":
		return script(kingpin.ZshCompletionTemplate)
	case "--completion-bash":
		return &Shown{strings.Join(completions(d.app.Model(), d.commands[0].Name, args[1:]), "\n")}
	}
	return nil
}

// completions returns what can stand in the place of the last word.
func completions(app *kingpin.ApplicationModel, preset string, words []string) []string {
	last, before := "", words
	if len(words) > 0 {
		last, before = words[len(words)-1], words[:len(words)-1]
	}
	selected := ""
	for _, word := range before {
		if selected == "" && !strings.HasPrefix(word, "-") {
			selected = word
		}
	}
	var all []string
	if !strings.HasPrefix(last, "-") {
		for _, command := range app.Commands {
			if selected == "" && strings.HasPrefix(command.Name, last) {
				all = append(all, command.Name)
			}
		}
		return all
	}
	flags := app.Flags
	for _, command := range app.Commands {
		if command.Name == selected || selected == "" && command.Name == preset {
			flags = append(flags, command.Flags...)
		}
	}
	for _, flag := range flags {
		if name := "--" + flag.Name; !flag.Hidden && strings.HasPrefix(name, last) {
			all = append(all, name)
		}
	}
	return all
}
