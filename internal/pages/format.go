package pages

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// format is how a page is answered.
type format string

const (
	asHTML format = "html"
	asCSV  format = "csv"
	asJSON format = "json"
)

// formatOf checks which parameters a request has, and returns its format.
func formatOf(r *http.Request, known []string) (format, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", &failure{http.StatusBadRequest, "This address cannot be used", "What follows the question mark is not a list of parameters.", "Correct the address, or start from the models."}
	}
	known = append(slices.Clone(known), "format")
	for name, values := range query {
		switch {
		case !slices.Contains(known, name):
			return "", badParameter(name, values[0], "is unknown here: this page takes "+strings.Join(known, ", "))
		case len(values) > 1:
			return "", badParameter(name, values[1], "is given more than once")
		}
	}
	as := format(query.Get("format"))
	switch as {
	case "":
		return asHTML, nil
	case asHTML, asCSV, asJSON:
		return as, nil
	}
	return "", badParameter("format", string(as), "is unknown: choose html, csv or json")
}

// writeCSV streams rows, so that many models take no memory.
func (s *site) writeCSV(w http.ResponseWriter, rows func(write func(cells ...string) error) error) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	out := csv.NewWriter(w)
	err := rows(func(cells ...string) error {
		for i := range cells {
			cells[i] = inert(cells[i])
		}
		return out.Write(cells)
	})
	out.Flush()
	if err != nil || out.Error() != nil {
		s.Log.Debug("Page was not read to its end", "err", err)
	}
}

// inert keeps a spreadsheet from taking a text for a formula. Numbers stay as they are.
func inert(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return cell
	}
	if _, err := strconv.ParseFloat(cell, 64); err == nil {
		return cell
	}
	return "'" + cell
}

// writeJSON streams a document, so that many models take no memory.
func (s *site) writeJSON(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.MarshalWrite(w, document, jsontext.Multiline(true)); err != nil {
		s.Log.Debug("Page was not read to its end", "err", err)
	}
}
