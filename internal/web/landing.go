package web

import (
	_ "embed"
	"html/template"
	"strings"
	"time"
)

//go:embed landing.html
var landingHTML string

var landingPage = template.Must(template.New("landing").Funcs(template.FuncMap{
	"utc": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
}).Parse(landingHTML))

// Landing is the content of the status page.
type Landing struct {
	Version  string
	Upstream string // without secrets
	Period   string
	Kinds    string
	Shard    string // "" if there is only one

	HasWindow  bool
	Start, End time.Time // of the window served
	Models     int
	Expires    time.Time

	Next      time.Time // when the next computation begins, zero during one
	Error     string    // of the last attempt, without secrets
	ErrorTime time.Time

	Receiver          string // without secrets, "" for none
	Missing           int    // windows to deliver
	OldestMissing     time.Time
	DeliveryError     string // of the last delivery, without secrets
	DeliveryErrorTime time.Time
}

func (l Landing) render() (string, error) {
	var out strings.Builder
	err := landingPage.Execute(&out, l)
	return out.String(), err
}
