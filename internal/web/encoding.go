package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/internal/exposition"
)

// contentEncoding returns the encoding that promhttp would choose: the one with the highest
// weight, and among equal ones the first that is offered. An asterisk means any of them.
func contentEncoding(h http.Header) exposition.Encoding {
	best, most := exposition.Identity, 0.0
	for _, offer := range []exposition.Encoding{exposition.Identity, exposition.Gzip, exposition.Zstd} {
		for _, header := range h["Accept-Encoding"] {
			for clause := range strings.SplitSeq(header, ",") {
				coding, weight, ok := weigh(clause)
				if !ok {
					break // the rest of the header is ignored after an error
				}
				if weight > most && (coding == "*" || coding == string(offer)) {
					best, most = offer, weight
				}
			}
		}
	}
	return best
}

// weigh reads a clause such as "gzip;q=0.5" (RFC 9110, 12.5.3).
func weigh(clause string) (coding string, weight float64, ok bool) {
	coding, parameter, weighted := strings.Cut(clause, ";")
	coding = strings.TrimSpace(coding)
	if !weighted {
		return coding, 1, coding != ""
	}
	q, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
	if !ok {
		return "", 0, false
	}
	weight, err := strconv.ParseFloat(q, 64)
	return coding, weight, err == nil && 0 <= weight && weight <= 1
}
