package promapi

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// hour returns answers of an hour of 1,000 series at 30 s, by chunks and whole: a counter's,
// with its noise, or a gauge's that stands still.
func hour(counter bool) (chunks, samples []byte) {
	var results []byte
	for n := range 1000 {
		hash := fmt.Sprintf("%064x", n)
		labels := labelsOf("__name__", "container_cpu_usage_seconds_total", "container", "server", "cpu", "total",
			"id", "/kubepods.slice/kubepods-burstable.slice/cri-containerd-"+hash+".scope", "image", "server:6.0",
			"instance", fmt.Sprintf("10.0.0.%d:10250", n/100), "job", "kubelet", "metrics_path", "/metrics/cadvisor",
			"name", hash, "namespace", "ml-1", "node", fmt.Sprintf("node-%d", n/100), "pod", fmt.Sprintf("model-%d-default-0-classifier-0", n))
		of := make([]Sample, 120)
		for i := range of {
			of[i] = Sample{1767232725000 + int64(30_000*i+n), 268435456}
			if counter {
				of[i].T += int64(i * 7919 % 1000)
				of[i].V = 1199040 + float64(n) + 0.37*float64(i) + 1/float64(i+3)
			}
		}
		chunks = append(chunks, stream(chunked(0, labels, chunkOf(of...)))...)
		results = append(results, timeSeries(labels, of...)...)
	}
	return chunks, wholeOf(results)
}

func BenchmarkRead(b *testing.B) {
	for _, of := range []string{"counters", "gauges"} {
		chunks, samples := hour(of == "counters")
		for kind, answer := range map[string][]byte{streamed: chunks, whole: samples} {
			name := map[string]string{streamed: "chunks", whole: "whole"}[kind]
			b.Run(of+"/"+name, func(b *testing.B) {
				r := remoteRead{c: &Client{cfg: Config{MaxAnswerBytes: 64 << 20}}, queries: 1, from: 0, to: 1 << 60, each: func(int, Series) error { return nil }}
				b.ReportAllocs()
				b.ReportMetric(float64(len(answer))/120_000, "B/sample")
				for b.Loop() {
					resp := &http.Response{Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(bytes.NewReader(answer))}
					if err := r.read(resp, &body{resp: resp, left: 64 << 20, limit: 64 << 20}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/120_000, "ns/sample")
			})
		}
	}
}
