package config

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	upstreamsKey = "upstreams" // of the list in the file
	upstreamFlag = "upstream"  // which of them a command is about
)

// upstream is one entry of the list of upstreams in the file.
type upstream struct {
	name string
	place
	hasURL bool
	values map[string]fileValue // by flag
}

// addUpstream defines which upstream a command is about.
func (f Flags) addUpstream() {
	f.in(groupConfiguration).add(upstreamFlag, "UPSTREAM", "<name>",
		"Upstream that the command is about, if the file lists several.")
}

// upstreams reads the list of upstreams.
func (r *fileReader) upstreams(key, list *yaml.Node) {
	at := r.at(key)
	r.list.listed = &at
	if list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
		r.failAt(list, "%s has no entries: write - name: eu, and below the name the settings of this upstream", upstreamsKey)
		return
	}
	for _, entry := range list.Content {
		of := &upstream{place: r.at(entry), values: map[string]fileValue{}}
		own := &fileReader{checker: r.checker, name: r.name, settings: r.settings, values: of.values, lines: map[string]int{}, of: of}
		if entry.Kind != yaml.MappingNode {
			r.failAt(entry, "an entry of %s has no settings: write name: eu, and below it the settings of this upstream", upstreamsKey)
			continue
		}
		own.section(entry, "")
		_, named := own.lines["name"]
		_, of.hasURL = own.lines["prometheus.url"]
		i := slices.IndexFunc(r.list.upstreams, func(o upstream) bool { return o.name == of.name })
		switch {
		case !named:
			r.failAt(entry, "an entry of %s has no name: write one, such as name: eu", upstreamsKey)
		case of.name == "": // an error already
		case i >= 0:
			r.failf("name=%q in %s is an upstream's already, in line %d: choose another", of.name, of.place, r.list.upstreams[i].line)
		default:
			r.list.upstreams = append(r.list.upstreams, *of)
		}
	}
}

// upstreamName reads the name of an upstream, which becomes a label's value.
func (r *fileReader) upstreamName(value *yaml.Node) {
	texts, ok := r.texts(&setting{flag: "name"}, value)
	if !ok {
		return
	}
	text := texts[0]
	if !regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`).MatchString(text) {
		r.failf("name=%.70q in %s cannot be an upstream's: write 1 to 63 letters, digits, -, _ and ., with a letter or a digit at both ends", text, r.at(value))
		return
	}
	r.of.name = text
}

// upstreams checks the settings of each upstream as if it were the only one, with a definition
// of its own, and returns what the command is about: all of them, or one.
func (d *definition) upstreams(c *checker, all *Config, file fileContent, define func() *definition) *Config {
	for _, s := range inOrder(all.settings) {
		if s.scope == ofOne && s.origin() != FromDefault {
			c.failf("%s cannot be used with %s in %s: it would be of all of them: set %s in each", s.name(), upstreamsKey, file.listed, s.flag)
		}
	}
	if os.Getenv(tokenEnv) != "" {
		c.failf("%s cannot be used with %s in %s: it would be sent to all of them: set prometheus.token-file in each", tokenEnv, upstreamsKey, file.listed)
	}
	listed := file.upstreams
	chosen := all.settings[upstreamFlag]
	if chosen != nil {
		listed = choose(c, all.Command, chosen, listed)
	}
	for _, u := range listed {
		if !u.hasURL {
			c.failf("%s: this upstream has no prometheus.url: set it", u.place)
			continue
		}
		all.Upstreams = append(all.Upstreams, define().check(c, all.Command, u.name, file.values, u.values))
	}
	if len(c.errs) == 0 {
		refuseTwice(c, listed, all.Upstreams)
	}
	if chosen != nil && len(all.Upstreams) == 1 {
		return all.Upstreams[0]
	}
	all.Prometheus, all.RemoteWrite.Query = Prometheus{}, Prometheus{}
	return all
}

// choose returns the upstream that a command is about.
func choose(c *checker, command string, chosen *setting, listed []upstream) []upstream {
	if chosen.raw == "" && len(listed) == 1 {
		return listed
	}
	var names []string
	for _, u := range listed {
		if u.name == chosen.raw {
			return []upstream{u}
		}
		names = append(names, u.name)
	}
	switch {
	case len(names) == 0: // an error already
	case chosen.raw == "":
		c.failf("%s is about one upstream: give --%s=%s", command, upstreamFlag, strings.Join(names, " or "))
	default:
		c.failf("%s is unknown: choose %s", chosen, strings.Join(names, ", "))
	}
	return nil
}

// refuseTwice refuses two upstreams that read the same: all models would count twice. The HTTP
// settings may choose a tenant.
func refuseTwice(c *checker, listed []upstream, all []*Config) {
	for i, a := range all {
		for j, b := range all[:i] {
			if reflect.DeepEqual(a.Prometheus, b.Prometheus) {
				c.failf("%s: this upstream reads the same as the one in line %d: every model would count twice: keep one of them, with a cluster-label if it holds several clusters",
					listed[i].place, listed[j].line)
			}
		}
	}
}
