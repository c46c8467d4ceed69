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
	for _, cfg := range s.Each() {
		one := s.of(cfg)
		if _, err := one.upstream(prometheus.NewRegistry()); err != nil {
			return err
		}
		if one.RemoteWrite.Receiver.URL != nil {
			if _, err := one.writer(prometheus.NewRegistry()); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(s.stdout, "SUCCESS: %s can start with these settings:\n\n", s.Command)
	table := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	for _, setting := range s.Effective() {
		if setting.Origin != config.FromDefault && setting.Flag != "--config.check" {
			fmt.Fprintf(table, "  %s\t%s\n", setting.Name, setting.Value)
		}
	}
	return table.Flush()
}
