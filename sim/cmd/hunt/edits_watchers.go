package main

import (
	"slices"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"
	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

const usualInterval = 30 * time.Second

// editWatchers leaves out targets, outages and what is special about a target.
func editWatchers(n histories.Named) []edit {
	out := []edit{
		func(n *histories.Named) bool { return set(&n.History.NoUp, false) },
		all(ksms, func(k *cluster.KSM) bool { return set(&k.NoUID, false) }),
		all(ksms, func(k *cluster.KSM) bool { return set(&k.Version, cluster.KSM2) }),
		all(ksms, func(k *cluster.KSM) bool { k.Shard = 0; return set(&k.Shards, 0) }),
		all(ksms, func(k *cluster.KSM) bool { return set(&k.Every, usualInterval) }),
	}
	for _, o := range n.History.Outages {
		out = append(out, func(n *histories.Named) bool { return set(&n.History.Outages, without(n.History.Outages, o)) })
	}
	for _, k := range n.History.KSMs {
		out = append(out, ksmEdits(k)...)
	}
	for _, k := range n.History.Kubelets {
		out = append(out, kubeletEdits(k)...)
	}
	for _, node := range n.History.Nodes {
		out = append(out, nodeEdits(node)...)
	}
	return out
}

func ksmEdits(k cluster.KSM) []edit {
	same := func(o cluster.KSM) bool { return o.Instance == k.Instance && o.Offset == k.Offset }
	out := []edit{drop(ksms, same)}
	for _, hole := range k.Holes {
		out = append(out, each(ksms, same, func(k *cluster.KSM) bool { return set(&k.Holes, without(k.Holes, hole)) })...)
	}
	return append(out, each(ksms, same,
		func(k *cluster.KSM) bool { return set(&k.Life.From, cluster.Beginning) },
		func(k *cluster.KSM) bool { return set(&k.Life.To, cluster.Forever) },
		func(k *cluster.KSM) bool { k.Shard = 0; return set(&k.Shards, 0) },
		func(k *cluster.KSM) bool { return set(&k.Version, cluster.KSM2) },
		func(k *cluster.KSM) bool { return set(&k.NoUID, false) },
		func(k *cluster.KSM) bool { k.HonorLabels = true; return set(&k.Target, nil) },
		func(k *cluster.KSM) bool { return set(&k.Every, usualInterval) },
	)...)
}

func kubeletEdits(k cluster.Kubelet) []edit {
	same := sameJob(k)
	out := []edit{drop(kubelets, same)}
	for _, hole := range k.Holes {
		out = append(out, each(kubelets, same, func(k *cluster.Kubelet) bool { return set(&k.Holes, without(k.Holes, hole)) })...)
	}
	return append(out, each(kubelets, same,
		func(k *cluster.Kubelet) bool { return set(&k.Life, cluster.Always()) },
		func(k *cluster.Kubelet) bool { k.HonorLabels = true; return set(&k.Target, nil) },
		func(k *cluster.Kubelet) bool { return set(&k.Timestamps, false) },
		func(k *cluster.Kubelet) bool { return set(&k.CRI, false) },
		func(k *cluster.Kubelet) bool { k.KeepName = false; return set(&k.DropID, false) },
		func(k *cluster.Kubelet) bool { return set(&k.KeepName, false) },
		func(k *cluster.Kubelet) bool { return set(&k.DropMemory, false) },
		func(k *cluster.Kubelet) bool { return set(&k.PathLabel, true) },
		func(k *cluster.Kubelet) bool { return set(&k.Every, usualInterval) },
		func(k *cluster.Kubelet) bool { return set(&k.Spread, usualSpread) },
		func(k *cluster.Kubelet) bool { return set(&k.Endpoint, cluster.CAdvisor) },
	)...)
}

// sameJob finds a job again after its interval or its offset changed.
func sameJob(k cluster.Kubelet) func(cluster.Kubelet) bool {
	return func(o cluster.Kubelet) bool {
		return o.Job == k.Job && o.Endpoint == k.Endpoint && slices.Equal(o.Target, k.Target)
	}
}

func nodeEdits(node cluster.Node) []edit {
	same := func(o cluster.Node) bool { return o.Name == node.Name && o.Cluster == node.Cluster }
	out := []edit{func(n *histories.Named) bool {
		n.History.Pods = slices.DeleteFunc(n.History.Pods, func(p cluster.Pod) bool { return p.Node == node.Name && p.Cluster == node.Cluster })
		return drop(nodes, same)(n)
	}}
	for _, hole := range node.Holes {
		out = append(out, each(nodes, same, func(k *cluster.Node) bool { return set(&k.Holes, without(k.Holes, hole)) })...)
	}
	return append(out, each(nodes, same,
		func(k *cluster.Node) bool { return set(&k.Life, cluster.Always()) },
		func(k *cluster.Node) bool { return set(&k.Linger, 0) },
		func(k *cluster.Node) bool { return set(&k.Driver, cluster.Systemd) },
		func(k *cluster.Node) bool { return set(&k.Runtime, cluster.Containerd) },
	)...)
}

// editPlaces gives what is left the places and the offsets that a story begins with.
func editPlaces(n histories.Named) []edit {
	var out []edit
	for i, node := range n.History.Nodes {
		same := func(o cluster.Node) bool { return o.Address == node.Address }
		name := nodeName(i)
		out = append(out, func(n *histories.Named) bool {
			if slices.ContainsFunc(n.History.Nodes, func(o cluster.Node) bool { return o.Name == name }) {
				return false
			}
			all(pods, func(p *cluster.Pod) bool { return p.Node == node.Name && set(&p.Node, name) })(n)
			return each(nodes, same, func(k *cluster.Node) bool { return set(&k.Name, name) })[0](n)
		})
		for _, p := range n.History.Pods {
			out = append(out, each(pods, samePod(p), func(p *cluster.Pod) bool { return node.Name < p.Node && set(&p.Node, node.Name) })...)
		}
	}
	for i, k := range n.History.KSMs {
		same := func(o cluster.KSM) bool { return o.Instance == k.Instance && o.Offset == k.Offset }
		out = append(out, each(ksms, same, func(k *cluster.KSM) bool { return set(&k.Offset, ksmOffset(i)) })...)
	}
	for i, k := range n.History.Kubelets {
		out = append(out, each(kubelets, sameJob(k), func(k *cluster.Kubelet) bool { return set(&k.Offset, kubeletOffset(i)) })...)
	}
	return append(out, func(n *histories.Named) bool { // shards go by uids
		changed := false
		for i := range n.History.Pods {
			p := &n.History.Pods[i]
			changed = set(&p.UID, usualUID(i, p)) || changed
		}
		return changed
	})
}
