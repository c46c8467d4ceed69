package config

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/exporter-toolkit/web"
	webflag "github.com/prometheus/exporter-toolkit/web/kingpinflag"
)

// maxStampedDelay leaves a quarter of an hour to scrape values with timestamps.
const maxStampedDelay = 30 * time.Minute

// longestCatchUp is older than what receivers accept.
const longestCatchUp = 31 * 24 * time.Hour

// ServeFlags defines the flags of the command serve.
func ServeFlags(f Flags) Check {
	remoteWrite := remoteWriteFlags(f.in(groupRemoteWrite))
	catchUp := catchUpFlag(f.in(groupRemoteWrite))
	f = f.in(groupWeb)
	toolkit := toolkitFlags(f)
	timestamps := f.addSwitch("web.timestamps", "WEB_TIMESTAMPS",
		"Expose the models' metrics with their window's end as timestamp, so that one sample is stored per window. Not every Prometheus accepts that: see docs/how-it-works.md.")
	pages := f.add("web.pages", "WEB_PAGES", "true",
		"Serve pages for people: the models, what they used, and why. Without them, / has a few links only.")
	pages.isSwitch = true
	doctor := f.add("web.doctor", "WEB_DOCTOR", "true",
		"Serve the checks of doctor as a page. They are made when somebody asks for it, at most once a minute, and write nothing.")
	doctor.isSwitch = true
	grafana := f.add("web.grafana-url", "WEB_GRAFANA_URL", "<url>",
		"Grafana that the pages link to.")
	grafana.show = hideSecrets
	lifecycle := f.addSwitch("web.enable-lifecycle", "WEB_ENABLE_LIFECYCLE",
		"Read the settings again at POST /-/reload, as at SIGHUP.")
	fix(timestamps)
	return func(c *checker, cfg *Config) {
		remoteWrite(c, cfg)
		cfg.Lifecycle = parse(c, lifecycle, boolean)
		catchUp(c, cfg)
		toolkit(c, cfg)
		cfg.Timestamps = parse(c, timestamps, boolean)
		cfg.Pages = parse(c, pages, boolean)
		cfg.DoctorPage = parse(c, doctor, boolean)
		cfg.GrafanaURL = parse(c, grafana, orNothing(linked))
		if cfg.Timestamps && cfg.SettleDelay > maxStampedDelay {
			c.failf("%s is too long for %s, whose values are withdrawn 45m after their window's end: choose %s at most",
				f.settings["settle-delay"], timestamps.name(), model.Duration(maxStampedDelay))
		}
	}
}

// catchUpFlag defines which missed windows are delivered.
func catchUpFlag(f Flags) Check {
	catchUp := f.add("catch-up.max-age", "CATCH_UP_MAX_AGE", "24h",
		"Maximum age of a missed window that is still computed and delivered. 0 delivers the newest window only.")
	return func(c *checker, cfg *Config) { cfg.CatchUp = parse(c, catchUp, durationBetween(0, longestCatchUp)) }
}

// toolkitFlags defines the flags of the exporter-toolkit.
func toolkitFlags(f Flags) Check {
	flags := webflag.AddFlags(f.of, ":8000")
	listen := f.adopt(f.of.GetFlag("web.listen-address"), "web.listen-address", "WEB_LISTEN_ADDRESS")
	listen.separator = "\n"
	file := f.adopt(f.of.GetFlag("web.config.file").
		Help("File that enables TLS or authentication, as documented by the Prometheus exporter-toolkit."), "web.config.file", "WEB_CONFIG_FILE")
	file.isPath, file.placeholder = true, "<file>"
	systemd := new(setting)
	if clause := f.of.GetFlag("web.systemd-socket"); clause != nil { // Linux only
		systemd = f.adopt(clause, "web.systemd-socket", "WEB_SYSTEMD_SOCKET")
		systemd.isSwitch = true
	}
	fix(listen, file, systemd)
	return func(c *checker, cfg *Config) {
		*flags.WebListenAddresses = strings.Split(listen.raw, listen.separator)
		*flags.WebSystemdSocket = parse(c, systemd, boolean)
		*flags.WebConfigFile = file.raw
		for _, address := range *flags.WebListenAddresses {
			if !*flags.WebSystemdSocket && !listenable(address) {
				c.failf("%s cannot be listened on: write it like :8000 or 127.0.0.1:8000", listen.with(strconv.Quote(address)))
			}
		}
		if file.raw != "" {
			if err := web.Validate(file.raw); err != nil {
				c.failf("%s cannot be used: %s", file, plain(err))
			}
		}
		cfg.Web = flags
	}
}

// linked reads a URL that pages link to.
func linked(s string) (string, error) {
	u, err := serverURL(s, "https://grafana.example.com/d/models")
	if err != nil {
		return "", err
	}
	if u.User != nil {
		return "", errors.New("holds a user, whom every page would show: remove it")
	}
	return u.String(), nil
}

// listenable says whether an address has a port: without one, any free port would be used.
func listenable(address string) bool {
	_, port, err := net.SplitHostPort(address)
	n, notNumber := strconv.Atoi(port)
	return strings.HasPrefix(address, "vsock://") || err == nil && port != "" && (notNumber != nil || n >= 0 && n <= 65535)
}
