package pages

import (
	"net/http"
	"strings"
)

// Setting is a setting as it is used, without secrets.
type Setting struct {
	Group  string `json:"group"`
	Flag   string `json:"flag,omitempty"` // with its dashes
	Env    string `json:"environment,omitempty"`
	Value  string `json:"value"`
	Origin string `json:"origin"` // where the value comes from
	Help   string `json:"help"`
}

// settingsPage is the content of the page of settings.
type settingsPage struct{ Groups []settingsGroup }

type settingsGroup struct {
	Name     string
	Settings []Setting
}

// settings answers for the page of settings.
func (s *site) settings(*http.Request) (view, error) {
	var p settingsPage
	for _, setting := range s.Settings {
		if n := len(p.Groups); n == 0 || p.Groups[n-1].Name != setting.Group {
			p.Groups = append(p.Groups, settingsGroup{Name: setting.Group})
		}
		group := &p.Groups[len(p.Groups)-1]
		group.Settings = append(group.Settings, setting)
	}
	return view{
		body: p,
		csv: func(write func(cells ...string) error) error {
			if err := write("group", "flag", "environment", "value", "origin"); err != nil {
				return err
			}
			for _, o := range s.Settings {
				if err := write(o.Group, strings.TrimPrefix(o.Flag, "--"), o.Env, o.Value, o.Origin); err != nil {
					return err
				}
			}
			return nil
		},
		json: map[string]any{"settings": s.Settings},
	}, nil
}
