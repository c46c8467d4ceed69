package promapi

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// encodings matches a text, each of whose characters is written as it is, or as JSON, a URL,
// HTML or Go would write it, once or several times over.
func encodings(text string) *regexp.Regexp {
	var pattern strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		pattern.WriteString("(?:" + strings.Join(forms(r, text[:n]), "|") + ")")
		text = text[n:]
	}
	return regexp.MustCompile(pattern.String())
}

// forms returns patterns of the ways to write a character.
func forms(r rune, raw string) []string {
	forms := []string{
		escaped(`(?:%%(?:25)*|\\+x)%02x`, []byte(raw)),
		escaped(`\\+u%04x`, utf16.Encode([]rune{r})),
		escaped(`\\+u%08x`, []rune{r}),
	}
	if short := strconv.QuoteRune(r); len(short) == len(`'\n'`) && short[1] == '\\' {
		forms = append(forms, `\\+`+regexp.QuoteMeta(short[2:3]))
	}
	if r < utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
		forms = append(forms, fmt.Sprintf(`(?i:&(?:amp;)*#(?:0*%d|x0*%x);)`, r, r))
	}
	switch r {
	case ' ':
		forms = append(forms, `\+`, `%(?:25)*2[bB]`)
	case '&':
		forms = append(forms, `&(?:amp;)+`)
	case '<':
		forms = append(forms, `&(?:amp;)*lt;`)
	case '>':
		forms = append(forms, `&(?:amp;)*gt;`)
	case '"':
		forms = append(forms, `&(?:amp;)*quot;`)
	case '\'':
		forms = append(forms, `&(?:amp;)*apos;`)
	}
	return append(forms, `\\*`+regexp.QuoteMeta(string(r))) // last, for & begins &amp; too
}

// escaped returns a pattern of each unit of a character in a row, without regard to case.
func escaped[T byte | uint16 | rune](format string, units []T) string {
	var pattern strings.Builder
	for _, unit := range units {
		fmt.Fprintf(&pattern, format, unit)
	}
	return "(?i:" + pattern.String() + ")"
}

// decoded returns a text without what JSON, URLs, HTML and Go add to it. Where one text holds
// another, encoded, so does what is returned, but for a character at either end.
func decoded(text string) string {
	escape := regexp.MustCompile(`\\+u[dD][89abAB][0-9a-fA-F]{2}\\+u[dD][c-fC-F][0-9a-fA-F]{2}|` + // two surrogates
		`\\+U[0-9a-fA-F]{8}|\\+u[0-9a-fA-F]{4}|(?:%|\\+x)[0-9a-fA-F]{2}`)
	for range 3 {
		text = html.UnescapeString(escape.ReplaceAllStringFunc(text, decodedEscape))
	}
	return strings.NewReplacer(`\`, "", "+", " ").Replace(text)
}

func decodedEscape(code string) string {
	codes := strings.FieldsFunc(code, func(r rune) bool { return strings.ContainsRune(`\uUx%`, r) })
	var units [2]rune
	for i, hex := range codes {
		n, _ := strconv.ParseUint(hex, 16, 31) // the pattern makes it a number
		units[i] = rune(n)
	}
	switch {
	case len(codes) == 2:
		return string(utf16.DecodeRune(units[0], units[1]))
	case strings.ContainsAny(code, "uU"):
		return string(units[0])
	default:
		return string([]byte{byte(units[0])})
	}
}
