package promapi

import (
	"bytes"
	"fmt"
	"math"
	"testing"
)

// requests is an answer like those on 250 pods' requests and limits: four rows a pod, and so
// many moments.
func requests(points int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"status":"success","data":{"resultType":"matrix","result":[`)
	for pod := range 250 {
		for i, name := range []string{"requests", "limits"} {
			for j, resource := range []string{"cpu", "memory"} {
				if pod+i+j > 0 {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, `{"metric":{"__name__":"kube_pod_container_resource_%s","instance":"10.1.0.1:8080","job":"kube-state-metrics","namespace":"ml-%d","pod":"model-%d-default-0-classifier-%d","resource":"%s","uid":"5e3078ca-bd2d-4009-87e0-%012x"},"values":[`,
					name, pod%20, pod/2, pod%2, resource, pod)
				for n := range points {
					if n > 0 {
						b.WriteByte(',')
					}
					fmt.Fprintf(&b, `[%d.956,"268435456"]`, 1767229223+148*n)
				}
				b.WriteString("]}")
			}
		}
	}
	b.WriteString(`]}}`)
	return b.Bytes()
}

// counters is an answer like those on the CPU of pods of two containers, with all their labels.
func counters(rows, points int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"status":"success","data":{"resultType":"matrix","result":[`)
	for n := range rows {
		if n > 0 {
			b.WriteByte(',')
		}
		hash := fmt.Sprintf("%064x", n)
		fmt.Fprintf(&b, `{"metric":{"__name__":"container_cpu_usage_seconds_total","container":"server-%d","cpu":"total","id":"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod00b84431_3275_4cd6_8d4d_%012x.slice/cri-containerd-%s.scope","image":"server:6.0","instance":"10.0.0.%d:10250","job":"kubelet","metrics_path":"/metrics/cadvisor","name":"%s","namespace":"ml-1","node":"node-%d","pod":"model-%d-default-0-classifier-0"},"values":[`,
			n%2, n/2, hash, n/100, hash, n/100, n/2)
		for i := range points {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `[%d.160,"1199040197.%d"]`, 1767232725+30*i, 874321+i)
		}
		b.WriteString("]}")
	}
	b.WriteString(`]}}`)
	return b.Bytes()
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name   string
		answer []byte
	}{
		{"requests at 25 moments", requests(25)},
		{"counters at an edge", counters(500, 3)},
		{"counters of an hour", counters(200, 120)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.answer)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decode(bytes.NewReader(c.answer), newBuilder(math.MinInt64, math.MaxInt64, 64<<20)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
