{{/* How the Prometheus Operator is to scrape, by Service or by pod. */}}
{{- define "exporter.endpoint" -}}
port: metrics
path: /metrics
# The label namespace is the model's: without this it would be the exporter's own.
honorLabels: true
{{- with .interval }}
interval: {{ . }}
{{- end }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
