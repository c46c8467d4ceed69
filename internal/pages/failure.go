package pages

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
)

// failure is an error that a page explains to its reader.
type failure struct {
	status int
	title  string
	text   string
	remedy string
}

func (f *failure) Error() string { return f.title + ": " + f.text }

// badParameter is a query parameter that cannot be used. What is allowed completes a sentence
// that begins with the parameter and its value.
func badParameter(name, value, allowed string) error {
	return &failure{http.StatusBadRequest, "This address cannot be used", fmt.Sprintf("The parameter %s=%.80q: %s.", name, value, allowed), "Correct the address, or start from the models."}
}

// fail answers with a page about an error. What is not meant for readers is logged.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		s.Log.Error("Page failed", "err", err)
		f = &failure{http.StatusInternalServerError, "The page could not be made", "This is an error of the exporter.", "Its log says more."}
	}
	if as := format(r.URL.Query().Get("format")); as == asCSV || as == asJSON {
		http.Error(w, f.text+" "+f.remedy, f.status)
		return
	}
	var out bytes.Buffer
	body := map[string]any{"Status": f.status, "Title": f.title, "Text": f.text, "Remedy": f.remedy, "Root": root(r)}
	if err := s.templates[errorFile].Execute(&out, s.layout(r, page{file: errorFile, title: f.title}, view{body: body})); err != nil {
		s.Log.Error("Page failed", "err", err)
		http.Error(w, f.text, f.status)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(f.status)
	_, _ = out.WriteTo(w)
}
