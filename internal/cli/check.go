package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/config"
)

// checkOnly finishes the check of the settings, which have been read: it opens the files of
// certificates that they name. It prints the settings that are not at their defaults.
func checkOnly(s *session) error {
	if _, err := s.upstream(prometheus.NewRegistry()); err != nil {
		return err
	}
	if s.RemoteWrite.Receiver.URL != nil {
		if _, err := s.writer(prometheus.NewRegistry()); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.stdout, "SUCCESS: %s can start with these settings:\n\n", s.Command)
	table := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	for _, setting := range s.Effective() {
		name := setting.Flag
		switch setting.Origin {
		case config.FromEnvironment:
			name = setting.Env
		case config.FromFile:
			name = s.SettingName(setting.Flag[len("--"):])
		}
		if setting.Origin != config.FromDefault && setting.Flag != "--config.check" {
			fmt.Fprintf(table, "  %s\t%s\n", name, setting.Value)
		}
	}
	return table.Flush()
}
