package remotewrite

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

// reason is what a refusal says about the samples, if that is known.
type reason int

const (
	unknown   reason = iota
	old              // they are too old, because it has newer ones
	tooOld           // they are too old, whatever it has
	duplicate        // there is another value for that time
)

// phrases are the words of receivers: Prometheus, Thanos Receive, Mimir, Cortex. The first one
// that is found counts.
func phrases() []struct {
	reason reason
	text   string
} {
	return []struct {
		reason reason
		text   string
	}{
		{unknown, "future"},             // Prometheus: out of bounds, too; Mimir: err-mimir-too-far-in-future
		{unknown, "too new"},            // Cortex: timestamp too new
		{duplicate, "duplicate sample"}, // Prometheus, Thanos
		{duplicate, "duplicate-timestamp"},
		{duplicate, "different value"}, // Mimir, Cortex: the same timestamp, but a different value
		{duplicate, "new value for existing timestamp"},
		{tooOld, "too far in the past"}, // Mimir
		{tooOld, "too-far-in-past"},
		{tooOld, "timestamp too old"}, // Cortex
		{old, "out of order"},         // Prometheus, Thanos; Cortex: sample timestamp out of order
		{old, "out-of-order"},
		{old, "out of bounds"},
		{old, "too old"}, // Prometheus: too old sample
		{old, "too-old"},
	}
}

// quoted matches what a refusal repeats of a series: the name of a model must not be taken for
// the receiver's words. A text that was cut off may end in the middle.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*(?:"|$)|\{[^}]*(?:\}|$)|(?:^|[\s:=(])'[^']*(?:'|$)`)

// reasonOf reads a refusal.
func reasonOf(status int, body []byte) reason {
	words := strings.ToLower(ownWords(body))
	for _, p := range phrases() {
		if strings.Contains(words, p.text) {
			return p.reason
		}
	}
	// Thanos Receive may say nothing else.
	if status == http.StatusConflict && (strings.TrimSpace(words) == "" || strings.Contains(words, "conflict")) {
		return old
	}
	return unknown
}

// ownWords returns a refusal's text without quotations.
func ownWords(body []byte) string {
	var refusal struct{ Error, Message string }
	text := string(body)
	if json.Unmarshal(body, &refusal) == nil {
		text = refusal.Error + " " + refusal.Message
	}
	// Braces may be in quotes, and quotes in braces: twice, innermost first.
	for range 2 {
		text = quoted.ReplaceAllString(text, " ")
	}
	return text
}
