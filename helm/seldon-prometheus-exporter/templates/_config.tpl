{{- define "exporter.configFile" -}}
{{ include "exporter.dir" . }}/exporter-config/exporter.yml
{{- end }}

{{/* The URLs, by the names of their flags. */}}
{{- define "exporter.urls" -}}
{{- if not .Values.config.upstreams }}
prometheus.url: {{ .Values.prometheus.url | quote }}
{{- end }}
{{- with .Values.remoteWrite }}
{{- if .url }}
remote-write.url: {{ .url | quote }}
{{- with .queryUrl }}
remote-write.query-url: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A query may be a secret, which the exporter refuses in a file: the URL is a variable then. */}}
{{- define "exporter.inFile" -}}
{{- if not (regexMatch "[?@]" .) }}true{{ end }}
{{- end }}

{{/* The settings that the values become, by the names of the flags. */}}
{{- define "exporter.settings" -}}
{{- $dir := include "exporter.dir" . }}
{{- $p := .Values.prometheus }}
{{- $rw := .Values.remoteWrite }}
{{- range $name, $url := include "exporter.urls" . | fromYaml }}
{{- if include "exporter.inFile" $url }}
{{ $name }}: {{ $url | quote }}
{{- end }}
{{- end }}
{{- if or $p.tokenSecret.name $p.token $p.serviceAccountToken.enabled }}
prometheus.token-file: {{ $dir }}/token/token
{{- end }}
{{- if $p.config.secretName }}
prometheus.config-file: {{ printf "%s/prometheus/%s" $dir $p.config.key | quote }}
{{- else if include "exporter.prometheusConfig" . }}
prometheus.config-file: {{ $dir }}/own/prometheus-http-config.yml
{{- end }}
time-period: {{ .Values.timePeriod | quote }}
settle-delay: {{ .Values.settleDelay | quote }}
kinds: {{ .Values.kinds | toJson }}
{{- with .Values.ownKinds }}
kind: {{ . | toJson }}
{{- end }}
{{- with .Values.clusterLabel }}
cluster-label: {{ . | quote }}
{{- end }}
query.engine: {{ .Values.queryEngine | quote }}
query.transport: {{ .Values.queryTransport | quote }}
{{- with .Values.sources.kubeStateMetrics }}
source.kube-state-metrics: {{ . | quote }}
{{- end }}
{{- with .Values.sources.cadvisor }}
source.cadvisor: {{ . | quote }}
{{- end }}
{{- if $rw.url }}
{{- if $rw.config.secretName }}
remote-write.config-file: {{ printf "%s/remote-write/%s" $dir $rw.config.key | quote }}
{{- else if $rw.config.content }}
remote-write.config-file: {{ $dir }}/own/remote-write-http-config.yml
{{- end }}
{{- with $rw.labels }}
remote-write.label:
{{- range $name, $value := . }}
  - {{ printf "%s=%s" $name $value | quote }}
{{- end }}
{{- end }}
catch-up.max-age: {{ $rw.catchUpMaxAge | quote }}
{{- end }}
web.pages: {{ .Values.pages.enabled }}
{{- with .Values.pages.grafanaUrl }}
web.grafana-url: {{ . | quote }}
{{- end }}
log.level: {{ .Values.log.level | quote }}
log.format: {{ .Values.log.format | quote }}
{{- end }}

{{/* The names of all settings in a tree, nested at the dots. */}}
{{- define "exporter.names" -}}
{{- $prefix := .prefix }}
{{- range $name, $value := .of }}
{{- if and (kindIs "map" $value) $value }}
{{- include "exporter.names" (dict "prefix" (printf "%s%s." $prefix $name) "of" $value) }}
{{- else }}
- {{ printf "%s%s" $prefix $name | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The exporter's configuration file. */}}
{{- define "exporter.config" -}}
{{ include "exporter.settings" . | trim }}
{{- with .Values.config }}
{{ toYaml . }}
{{- end }}
{{- end }}
