package debian

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// between is how often is said how many packages are there.
const between = 5 * time.Second

// downloads follows apt-get's output and says how far it is.
type downloads struct {
	to    io.Writer
	line  strings.Builder
	total string
	said  time.Time
}

var (
	installs = regexp.MustCompile(`^\d+ upgraded, (\d+) newly installed`)
	needs    = regexp.MustCompile(`^Need to get (?:\S+ \S+/)?(\S+ \S+) of archives`)
	gets     = regexp.MustCompile(`^Get:(\d+) `)
)

func (d *downloads) Write(p []byte) (int, error) {
	for _, b := range p {
		if b != '\n' {
			d.line.WriteByte(b)
			continue
		}
		d.follow(d.line.String())
		d.line.Reset()
	}
	return len(p), nil
}

func (d *downloads) follow(line string) {
	switch {
	case installs.MatchString(line):
		d.total = installs.FindStringSubmatch(line)[1]
	case needs.MatchString(line):
		fmt.Fprintf(d.to, "  downloading %s packages from Debian, %s\n", d.total, needs.FindStringSubmatch(line)[1])
		d.said = time.Now()
	case gets.MatchString(line) && time.Since(d.said) > between:
		fmt.Fprintf(d.to, "  package %s of %s\n", gets.FindStringSubmatch(line)[1], d.total)
		d.said = time.Now()
	}
}
