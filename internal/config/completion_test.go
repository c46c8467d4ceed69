package config

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestCompletion(t *testing.T) {
	for words, want := range map[string][]string{
		"":                          {"serve", "once", "backfill", "explain", "doctor"},
		"e":                         {"explain"},
		"explain x":                 nil,
		"--time":                    {"--time-period"},
		"--catch":                   {"--catch-up.max-age"}, // of the default command
		"once --catch":              nil,
		"--kinds=A once --e":        {"--end"},
		"backfill --remote-write.l": {"--remote-write.label"},
		"--completion":              nil,
	} {
		_, err := load(t, nil, append([]string{"--completion-bash"}, strings.Split(words, " ")...)...)
		shown, ok := errors.AsType[*Shown](err)
		if !ok || !slices.Equal(strings.Fields(shown.Text), want) {
			t.Errorf("%q is completed to %v, want %v", words, err, want)
		}
	}
	for flag, want := range map[string]string{
		"--completion-script-bash": "complete -F _seldon-prometheus-exporter_bash_autocomplete -o default seldon-prometheus-exporter\n",
		"--completion-script-zsh":  "compdef _seldon-prometheus-exporter seldon-prometheus-exporter\n",
	} {
		if _, err := load(t, nil, flag); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "{{") {
			t.Errorf("%s prints %v", flag, err)
		}
	}
}
