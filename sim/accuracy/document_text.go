package accuracy

// opening is what the document says before its tables; it takes the Prometheus' version.
const opening = `# Accuracy

<!-- Written by "make accuracy". Do not edit. -->

Each history is a simulated cluster whose exact averages are known by integration. What its
kube-state-metrics and kubelets would have exposed is stored in a real Prometheus (%s), and
the window's averages are then computed from there in several ways:

- **exporter** is this project, over each of its transports.
  [Engines](engines.md#what-is-right) counts what is right on other engines,
  [on a real node](node.md) compares it with what a kernel counted.
- **textbook rules** are what a competent user would write as recording rules: avg_over_time or
  rate over the window per container, joined with kube_pod_labels and summed, for
  kube-state-metrics 2.x.
- **OpenCost** is its allocation, with its default resolution of 5 minutes: the averages of each
  container, times the minutes that its pod ran (queries of 2026, commit 023c35d).
- **koku-metrics-operator** is the pod report of Red Hat's cost management: queries for each
  minute, added up (queries of 2025, commit 02f8acf).
- **Seldon's usage rules** are the rules named model_* of seldon-core-analytics, evaluated every
  2 minutes, and averaged (file model-usage.rules.yml of 2021, commit 2985075).

The last three are emulated: their expressions, steps and joins, and how each makes sums of the
answers, in one file each of sim/accuracy. Each gets what it needs. OpenCost and koku leave it to
their users whose a pod is, by its labels: they get the exporter's rule. OpenCost measures the
working set of memory; here it is asked for the usage. It can also expose series of
kube-state-metrics itself, which is not done here. Seldon's rules read a kube-state-metrics 1.9
and the labels of its time, in every history: with kube-state-metrics 2.x, four of the seven
find nothing.

A way is **right** in a history if every value of every model is within the error that the
scrape interval makes unknowable, and none is missing or made up. What a way does not measure is
not judged, and "-" below.

## Who is right

`

// reasons are the kinds of errors, as the deviations of each way show them.
const reasons = `
## Why they are wrong

Textbook rules

- **A part of the window.** avg_over_time divides by the samples that are there: a pod that
  lived for a tenth of the window counts in full.
- **Two series of one thing.** A restarted container, a pod replaced under its name, a moved
  kube-state-metrics and a second scrape job are further series, which are added.
- **Joins.** Two series of kube_pod_labels for one pod fail the rule, for all models. A pod that
  ended before the window did has no labels at its end, and is missing.
- **States.** Completed pods keep their requests, and init containers their rows.

OpenCost

- **The average over series.** After a restart a container has two series of CPU, each with a part
  of it: their average is about half.
- **CPU weighted twice.** rate over the window is less already for a pod that came late, and is
  multiplied by the minutes that the pod ran.
- **5 minutes.** The run of a pod begins and ends with a step of 5 minutes. A pod between two steps
  is missing.
- **Containers run as long as their pod.** An init container's memory counts for all of it, and so
  does that of a container that ended.
- **Names.** A pod replaced under its name, and a pod that changes its model, are one pod with
  merged labels. Requests of a pod whose containers do not run count as nothing, and so do those of
  native sidecars.
- **Forms.** kube-state-metrics 1.x and exported_ labels show it nothing.

koku-metrics-operator

- **Sums over all series.** Two scrape jobs of the kubelets double CPU and memory, two
  kube-state-metrics double requests and limits.
- **A minute without samples is zero.** While Prometheus was down, nothing was used.
- **rate over 5 minutes.** CPU counts late: what was used in the minutes before the window is in
  it, and part of what was used at its end is not.
- **Rows that end late.** Rows with timestamps of their own have no staleness marker: a dead
  container's memory counts for 5 minutes more.
- **States and names.** Requests count from Running on, not while Pending, and not those of
  native sidecars. A pod that moves to another node, or changes its labels, is wholly what its
  last row says. One operator reads one cluster.

Seldon's usage rules

- **Memory is a rate.** The rule takes rate of a gauge: steady memory is 0.
- **Every pod twice.** The row of the pod's own cgroup is the sum of its containers, and is added
  to them.
- **A share of the most samples.** A pod counts by its number of samples in 2 minutes, divided by
  the highest of any pod: one failed scrape, or a target scraped more often, changes all.
- **Joins.** Two kube-state-metrics fail every rule, for all models.
- **States.** Containers that ended or never started count, and so do the requests of completed
  pods; native sidecars do not count.

## All histories

`
