package config

import (
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
	remoteWrite := remoteWriteFlags(f.in("Remote write"))
	catchUp := f.in("Remote write").add("catch-up.max-age", "CATCH_UP_MAX_AGE", "24h",
		"Maximum age of a missed window that is still computed and delivered. 0 delivers the newest window only.")
	f = f.in("Web")
	toolkit := toolkitFlags(f)
	timestamps := f.addSwitch("web.timestamps", "WEB_TIMESTAMPS",
		"Expose the models' metrics with their window's end as timestamp, so that one sample is stored per window. Not every Prometheus accepts that: see docs/how-it-works.md.")
	return func(c *checker, cfg *Config) {
		remoteWrite(c, cfg)
		cfg.CatchUp = parse(c, catchUp, durationBetween(0, longestCatchUp))
		toolkit(c, cfg)
		cfg.Timestamps = parse(c, timestamps, boolean)
		if cfg.Timestamps && cfg.SettleDelay > maxStampedDelay {
			c.failf("%s is too long for %s, whose values are withdrawn 45m after their window's end: choose %s at most",
				f.settings["settle-delay"], timestamps.name(), model.Duration(maxStampedDelay))
		}
	}
}

// toolkitFlags defines the flags of the exporter-toolkit.
func toolkitFlags(f Flags) Check {
	flags := webflag.AddFlags(f.of, ":8000")
	listen := f.adopt(f.of.GetFlag("web.listen-address"), "web.listen-address", "WEB_LISTEN_ADDRESS")
	listen.separator = "\n"
	file := f.adopt(f.of.GetFlag("web.config.file").
		Help("File that enables TLS or authentication, as documented by the Prometheus exporter-toolkit."), "web.config.file", "WEB_CONFIG_FILE")
	file.isPath = true
	systemd := new(setting)
	if clause := f.of.GetFlag("web.systemd-socket"); clause != nil { // Linux only
		systemd = f.adopt(clause, "web.systemd-socket", "WEB_SYSTEMD_SOCKET")
		systemd.isSwitch = true
	}
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

// listenable says whether an address has a port: without one, any free port would be used.
func listenable(address string) bool {
	_, port, err := net.SplitHostPort(address)
	n, notNumber := strconv.Atoi(port)
	return strings.HasPrefix(address, "vsock://") || err == nil && port != "" && (notNumber != nil || n >= 0 && n <= 65535)
}
