package main

import (
	"bytes"
	"fmt"
)

// document writes the report for readers, as Markdown.
func (r *report) document(m machine, rounds int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Benchmarks

<!-- Written by "make bench". Do not edit. -->

Measured on: %s.

Everything here is a ratio of two things that were measured in turn, in one run, on one
machine: other machines have other seconds, and about the same ratios. Each was measured
once to warm the caches and %d times to count; the medians are shown.
[Scaling](scaling.md) says what follows for larger clusters.

- A **refresh** computes one window of an hour on a simulated cluster of %s, scraped every
  %.0f s. Its samples are in the TSDB of a real Prometheus, which runs as a process of its
  own. Every value computed is checked against the truth.
- The exporter reads raw samples over **remote read** or by **PromQL**, each with the samples
  in the **head** of the TSDB, where a Prometheus has its newest hours, and in a **block**. All
  other tables are about remote read from a block.
- **Samples** are those in the answers to the exporter, and those that the Prometheus says it
  has read for other ways (`+"`stats=all`"+`). **Most at once** is how many one answer held, and for
  other ways what the Prometheus calls peakSamples.
- CPU is that of the Prometheus' process, or of the exporter's.
- The **exporter** of the first tables runs in the process that measures, and has computed the
  window once before. Its own CPU and memory, and what a scrape costs, are those of the built
  binary, whose requests go through a proxy that notes when one is under way. The proxy's time
  counts as the requests'.
- **Long windows** are measured on a smaller cluster, %s.
- **Backfill** computes past windows into a file, as `+"`promtool tsdb create-blocks-from rules`"+`
  does by textbook rules.
- What is **scraped** is the window of %s, by text format 0.0.4 over HTTP.
  Beside it, a program serves the same series by client_golang's `+"`promhttp`"+`.
- CPU of equal work differs by some %.0f %% from run to run. Where the goal is to grow no faster
  than the models do, that much is allowed for.
- Prometheus 2.42 counts the samples of a subquery's result, and not those that it read.
`, m, rounds, usual, scrapeInterval.Seconds(), small, large, 100*noise)
	r.goals.markdown(&b)
	fmt.Fprintf(&b, "\n%s\n", r.verdict())
	for _, t := range r.tables {
		t.markdown(&b)
	}
	fmt.Fprintf(&b, `
## The other ways

**Textbook rules** are seven recording rules of the kind that [accuracy.md](accuracy.md) judges.
One has this form:

%s

**Joins in subqueries** join each pod with its model at every scrape. One of the seven:

%s

**query_range by the minute** reads the whole cluster at a minute's steps, as metering
operators do every hour, to join and average elsewhere. One of the eight, the last of which
is `+"`kube_pod_labels`"+`:

%s
`, block(textbookForm), block(joined(perPod("2m")[0], "1h")), block(perPod("5m")[0]))
	return b.Bytes()
}

// textbookForm is a textbook rule, broken into lines.
const textbookForm = `sum by (namespace, label_seldon_deployment_id) (
  avg_over_time(kube_pod_container_status_running[1h])
  * on (namespace, pod) group_left (label_seldon_deployment_id)
  kube_pod_labels{label_seldon_deployment_id!=""})`

func block(code string) string { return "```\n" + code + "\n```" }
