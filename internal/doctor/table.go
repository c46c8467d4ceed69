package doctor

// Groups is the table of checks, in the order in which they are made. A check that needs
// another one comes after it.
func Groups() []Group {
	return []Group{
		{"The Prometheus", upstreamChecks()},
		{"kube-state-metrics", kubeStateMetricsChecks()},
		{"Models", modelChecks()},
		{"cAdvisor", cadvisorChecks()},
		{"History and other servers", historyChecks()},
		{"Who stores the averages", storeChecks()},
		{"Remote write", receiverChecks()},
	}
}

// Checks returns all rows of the table.
func Checks() []Check {
	var all []Check
	for _, g := range Groups() {
		all = append(all, g.Checks...)
	}
	return all
}
