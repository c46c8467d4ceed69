package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed html
var files embed.FS

const errorFile = "error.html"

// parse returns the templates of pages, each within the layout.
func parse(pages []page) (map[string]*template.Template, error) {
	all := map[string]*template.Template{}
	for _, p := range pages {
		t, err := template.New("layout.html").Funcs(functions()).ParseFS(files, "html/layout.html", "html/parts.html", "html/"+p.file)
		if err != nil {
			return nil, fmt.Errorf("template of a page: %w", err)
		}
		all[p.file] = t
	}
	return all, nil
}

// layout is what every page shows around its own content. Links are relative, so that a proxy
// may serve the pages below a path of its own.
type layout struct {
	Root    string // the relative URL of the first page's directory
	Style   string // of the style sheet, with its version
	Title   string
	Page    string // which page it is, for tests and styles
	Nav     []link
	CSV     string // "" if there is none
	JSON    string
	Version string
	Grafana string
	Body    any
}

type link struct {
	Href, Text string
	Current    bool
}

func (s *site) layout(r *http.Request, p page, v view) layout {
	l := layout{Root: root(r), Title: p.title, Page: strings.TrimSuffix(p.file, ".html"), Version: s.Version, Grafana: s.Grafana, Body: v.body}
	l.Style = l.Root + "style.css?v=" + s.style.version
	if v.title != "" {
		l.Title = v.title
	}
	for _, o := range s.table() {
		if o.linked {
			path := strings.TrimPrefix(strings.TrimSuffix(o.path, "{$}"), "/")
			l.Nav = append(l.Nav, link{Href: l.Root + path, Text: o.title, Current: o.path == p.path})
		}
	}
	if v.csv != nil {
		l.CSV = with(r.URL.Query(), "format", string(asCSV))
	}
	if v.json != nil {
		l.JSON = with(r.URL.Query(), "format", string(asJSON))
	}
	return l
}

// root returns the relative URL of the directory of the first page.
func root(r *http.Request) string {
	if up := strings.Count(r.URL.EscapedPath(), "/") - 1; up > 0 {
		return strings.Repeat("../", up)
	}
	return "./"
}

// with returns a relative URL of the same page with one parameter changed, or without it if
// the value is empty.
func with(query url.Values, name, value string) string {
	if value == "" {
		query.Del(name)
	} else {
		query.Set(name, value)
	}
	return "?" + query.Encode()
}

// asset is a file that pages need.
type asset struct {
	content     []byte
	contentType string
	version     string
}

func newAsset(name, contentType string) asset {
	content, err := files.ReadFile("html/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	sum := sha256.Sum256(content)
	return asset{content, contentType, hex.EncodeToString(sum[:4])}
}

func (a asset) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", a.contentType)
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = w.Write(a.content)
}
