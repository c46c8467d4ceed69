package histories

import "github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/cluster"

// kindStories are about kinds that other labels name.
func kindStories() []story {
	return []story{
		{"llm-inference-service", "prefill and decode pods are one model; a name without the label beside it is nobody's", func(b *builder) {
			b.cast()
			llm := func(name string) podPart {
				return func(p *cluster.Pod) {
					label(cluster.AppLabel, name)(p)
					label(cluster.PartOfLabel, "llminferenceservice")(p)
				}
			}
			b.pod("llama-kserve-decode-0", llm("llama"), plain("main"), plain("routing", role(cluster.Sidecar)))
			b.pod("llama-kserve-prefill-0", llm("llama"), lives(6*m+4*s, end), plain("main"))
			b.pod("shop-0", label(cluster.AppLabel, "llama"), container("shop", uses(1, 1*Gi), requests(2, 2*Gi)))
			b.pod("cart-0", label(cluster.AppLabel, "llama"), label(cluster.PartOfLabel, "shop"), container("cart", uses(1, 1*Gi)))
		}},
		{"inference-graph", "the router's pods are the graph's, the steps' pods are not", func(b *builder) {
			b.cast()
			b.pod("menu-0", label(cluster.GraphLabel, "menu"), plain("router"), lives(begin, 13*m+2*s))
			b.pod("menu-1", label(cluster.GraphLabel, "menu"), plain("router"), lives(12*m+50*s, end))
		}},
		{"seldon-core-2-server", "pods of a server that many models share", func(b *builder) {
			b.cast()
			server := func(name string) podPart {
				return func(p *cluster.Pod) {
					label(cluster.AppLabel, "seldon-server")(p)
					label(cluster.ServerLabel, name)(p)
				}
			}
			b.pod("mlserver-0", server("mlserver"), plain("mlserver"), plain("agent"), plain("rclone"))
			b.pod("mlserver-1", server("mlserver"), lives(5*m+9*s, 15*m+1*s), plain("mlserver"), plain("agent"))
			b.pod("scheduler-0", label(cluster.AppLabel, "seldon-scheduler"), label(cluster.ServerLabel, "mlserver"), plain("scheduler"))
		}},
		{"a-kind-loses-its-second-label", "what makes the name a model's goes in the middle of the pod's life", func(b *builder) {
			b.cast()
			b.pod("llama-0", label(cluster.AppLabel, "llama"), label(cluster.PartOfLabel, "llminferenceservice"),
				labelFrom(9*m+3*s, cluster.PartOfLabel, "shop"), plain("main"))
		}},
	}
}
