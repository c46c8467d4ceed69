package histories

import "github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"

// ownerStories are about which pod is which model's.
func ownerStories() []story {
	return []story{
		{"same-name-in-two-namespaces", "two models, and their pods, have the same names in two namespaces", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", in("red"))
			b.server("wine-0", "wine", in("white"), plain("agent"))
			b.server("wine-1", "wine", in("white"), lives(8*m+3*s, end))
		}},
		{"same-name-in-two-kinds", "a SeldonDeployment and an InferenceService have the same name", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine")
			b.pod("wine-predictor-0", kserve("wine"), plain("kserve-container"), plain("agent"))
		}},
		{"same-pod-name-in-two-namespaces", "one of two pods of the same name is no model's", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", in("red"))
			b.pod("wine-0", in("white"), container("classifier", uses(3, 5*Gi), requests(4, 8*Gi)))
		}},
		{"both-kinds-on-one-pod", "a pod with both labels is the SeldonDeployment's alone", func(b *builder) {
			b.cast()
			b.server("wine-0", "wine", kserve("beer"))
		}},
		{"kubeflow-label", "an InferenceService of KFServing's days, and one with both labels", func(b *builder) {
			b.cast()
			b.pod("wine-0", label(cluster.KubeflowLabel, "wine"), plain("kfserving-container"))
			b.pod("beer-0", label(cluster.KubeflowLabel, "old-beer"), kserve("beer"), plain("kserve-container"))
		}},
		{"empty-label", "a pod whose label is empty is no model's", func(b *builder) {
			b.cast()
			b.pod("wine-0", func(p *cluster.Pod) {
				p.Labels = []cluster.Labels{{At: begin, Set: map[string]string{cluster.SeldonLabel: ""}}}
			}, plain("classifier"))
		}},
		{"dots-in-names", "pod and model names hold dots, which are no wildcards", func(b *builder) {
			b.cast()
			b.server("wine-v1.2-0", "wine.v1.2")
			b.server("wine-v1x2-0", "wine.v1x2", plain("agent"))
			b.pod("wine-v1-2-0", container("classifier", uses(2, 3*Gi)))
		}},
		{"pod-name-reused-by-another-model", "a pod is deleted, and its name goes to another model's pod", func(b *builder) {
			b.cast()
			b.server("serving-0", "wine", lives(begin, 8*m+31*s))
			b.pod("serving-0", seldon("beer"), lives(9*m+2*s, end),
				container("classifier", uses(1.1, 600*Mi), requests(1.5, 1*Gi)))
		}},
		{"pod-name-reused-by-a-stranger", "a model's pod name goes to a pod that is no model's", func(b *builder) {
			b.cast()
			b.server("serving-0", "wine", lives(begin, 8*m+31*s))
			b.pod("serving-0", lives(8*m+33*s, end), container("classifier", uses(2, 3*Gi), requests(4, 4*Gi)))
		}},
		{"relabelled-to-another-model", "a pod is another model's from the middle of its life on", func(b *builder) {
			b.cast()
			b.pod("serving-0", seldon("wine"), labelFrom(11*m+22*s, cluster.SeldonLabel, "beer"), plain("classifier"))
		}},
		{"relabelled-to-another-kind", "a pod changes from one kind to another", func(b *builder) {
			b.cast()
			b.pod("serving-0", kserve("wine"), labelFrom(6*m+49*s, cluster.SeldonLabel, "wine"), plain("classifier"))
		}},
		{"relabelled-back-and-forth", "a pod is lent to another model for four minutes", func(b *builder) {
			b.cast()
			b.pod("serving-0", seldon("wine"), plain("classifier"),
				labelFrom(5*m+17*s, cluster.SeldonLabel, "beer"), labelFrom(9*m+20*s, cluster.SeldonLabel, "wine"))
		}},
		{"label-taken-away", "a pod is released from its model, and runs on as nobody's", func(b *builder) {
			b.cast()
			b.pod("serving-0", seldon("wine"), labelFrom(12*m+6*s, cluster.SeldonLabel, ""), plain("classifier"))
		}},
		{"another-label-changes", "a label changes that names no model: nothing happens", func(b *builder) {
			b.cast()
			b.pod("serving-0", seldon("wine"), labelFrom(12*m+6*s, "version", "2"), plain("classifier"))
		}},
	}
}
