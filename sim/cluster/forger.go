package cluster

// Forger is a target of somebody's own, which exposes what only kube-state-metrics or a
// kubelet should: series about other people's pods.
type Forger struct {
	Schedule
	Job, Instance string
	Target        []Label // labels that its target carries besides job and instance
	HonorLabels   bool
	Series        []Forged
}

// Forged is a series that a forger exposes, all the time.
type Forged struct {
	Name   string
	Labels []string // names and values
	Value  float64
}

func (f *Forger) target() []Label { return sourceLabels(f.Job, f.Instance, f.Target...) }

func (f *Forger) rows() []row {
	a := &answer{target: f.target(), honor: f.HonorLabels}
	for _, s := range f.Series {
		a.add(Always(), stamps{}, constant(s.Value), s.Name, s.Labels...)
	}
	return a.rows
}
