package doctor

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// columns is the width of the text.
const columns = 80

// Style is how a report looks as text.
type Style struct{ Color bool }

// paint colors a text by a status.
func (s Style) paint(status Status, text string) string {
	code := map[Status]string{Pass: "32", Warn: "33", Fail: "31", Skipped: "2"}[status]
	if !s.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Text writes the report for people, in 80 columns. Only code is wider: it can be copied.
func (r *Report) Text(out io.Writer, style Style) error {
	p := &printer{style: style}
	for _, x := range r.Results {
		p.indent = max(p.indent, len(x.Name))
	}
	p.indent += len("  pass  ") + 2
	p.wrap("", printable(r.URL), 0)
	group := ""
	for _, x := range r.Results {
		if x.Group != group {
			group = x.Group
			p.line("")
			p.line(group)
		}
		p.result(x)
	}
	if r.Calendar != nil {
		p.calendar(r.Calendar)
	}
	p.line("")
	p.line(fmt.Sprintf("%s: %d passed, %s, %d failed, %d skipped", count(len(r.Results), "check"),
		r.Count(Pass), count(r.Count(Warn), "warning"), r.Count(Fail), r.Count(Skipped)))
	_, err := io.WriteString(out, p.text.String())
	return err
}

// printer collects lines.
type printer struct {
	text   strings.Builder
	style  Style
	indent int // of what was found
}

func (p *printer) line(text string) { p.text.WriteString(strings.TrimRight(text, " ") + "\n") }

func (p *printer) result(x Result) {
	word := map[Status]string{Pass: "pass", Warn: "warn", Fail: "FAIL", Skipped: "skip"}[x.Status]
	head := fmt.Sprintf("  %s  %s", word, x.Name)
	head += strings.Repeat(" ", max(1, p.indent-len(head)))
	before := p.text.Len()
	p.wrap(head, x.Found, p.indent)
	if p.style.Color { // the width of a line does not include its colors
		text := p.text.String()
		p.text.Reset()
		p.text.WriteString(text[:before] + strings.Replace(text[before:], word, p.style.paint(x.Status, word), 1))
	}
	if x.Remedy == "" {
		return
	}
	const margin = "        "
	for i, line := range strings.Split(x.Remedy, "\n") {
		switch {
		case strings.HasPrefix(line, "    "):
			p.line(margin + " " + line)
		case i == 0:
			p.wrap(margin, "-> "+capitalized(line), len(margin)+3)
		default:
			p.wrap(margin+"   ", line, len(margin)+3)
		}
	}
	p.line(margin + "   see " + x.Link())
}

func capitalized(text string) string {
	r, n := utf8.DecodeRuneInString(text)
	return strings.ToUpper(string(r)) + text[n:]
}

// wrap writes a text after a head, and the lines after the first one indented.
func (p *printer) wrap(head, text string, indent int) {
	line := head
	begun := false
	for _, word := range strings.Fields(text) {
		if begun && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > columns {
			p.line(line)
			line, begun = strings.Repeat(" ", indent), false
		}
		if begun {
			line += " "
		}
		line += word
		begun = true
	}
	p.line(line)
}

// calendar writes a row of blocks for what was scraped, and one for what is recorded.
func (p *printer) calendar(c *Calendar) {
	first, last := c.Days[0].Date, c.Days[len(c.Days)-1].Date
	p.line("")
	p.line(fmt.Sprintf("The last %d days (UTC), %s to %s: the covered part of each", len(c.Days), first.Format(time.DateOnly), last.Format(time.DateOnly)))
	scraped, recorded := c.Rows()
	p.line("  kube-state-metrics scraped   " + scraped)
	if c.Recorded {
		p.line("  windows that are recorded    " + recorded)
	}
}

// Rows returns a block for each day: what was scraped, and what is recorded.
func (c *Calendar) Rows() (scraped, recorded string) {
	for _, d := range c.Days {
		scraped += Block(d.Scraped)
		recorded += Block(d.Recorded)
	}
	return scraped, recorded
}

// Block shows a share from 0 to 1. Only the whole is a whole block, only nothing is a dot.
func Block(share float64) string {
	blocks := []rune("▁▂▃▄▅▆▇")
	switch {
	case share <= 0:
		return "·"
	case share > 0.995:
		return "█"
	}
	return string(blocks[min(len(blocks)-1, int(share*float64(len(blocks))))])
}
