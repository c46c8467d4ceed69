package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"time"
)

//go:embed landing.html
var landingHTML string

// Landing is what the page for people says.
type Landing struct {
	Version  string
	Upstream string // without secrets
	Period   string
	Kinds    string

	HasWindow  bool
	Start, End time.Time // of the window served
	Models     int
	Expires    time.Time

	Next      time.Time // when the next computation begins, zero during one
	Error     string    // of the last attempt, without secrets
	ErrorTime time.Time
}

func (l Landing) render() ([]byte, error) {
	page, err := template.New("landing").Funcs(template.FuncMap{
		"utc": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	}).Parse(landingHTML)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, l)
	return out.Bytes(), err
}
