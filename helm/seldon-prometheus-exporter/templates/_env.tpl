{{- define "exporter.dir" -}}
/etc/seldon-prometheus-exporter
{{- end }}

{{/* The variables that the values become. */}}
{{- define "exporter.env" -}}
{{- $dir := include "exporter.dir" . }}
{{- $p := .Values.prometheus }}
{{- $rw := .Values.remoteWrite }}
- name: PROMETHEUS_URL
  value: {{ $p.url | quote }}
{{- if or $p.tokenSecret.name $p.token $p.serviceAccountToken.enabled }}
- name: PROMETHEUS_TOKEN_FILE
  value: {{ $dir }}/token/token
{{- end }}
{{- if $p.config.secretName }}
- name: PROMETHEUS_CONFIG_FILE
  value: {{ $dir }}/prometheus/{{ $p.config.key }}
{{- else if include "exporter.prometheusConfig" . }}
- name: PROMETHEUS_CONFIG_FILE
  value: {{ $dir }}/own/prometheus-http-config.yml
{{- end }}
- name: TIME_PERIOD
  value: {{ .Values.timePeriod | quote }}
- name: SETTLE_DELAY
  value: {{ .Values.settleDelay | quote }}
- name: KINDS
  value: {{ join "," .Values.kinds | quote }}
{{- with .Values.ownKinds }}
- name: KIND
  value: {{ join ";" . | quote }}
{{- end }}
{{- with .Values.clusterLabel }}
- name: CLUSTER_LABEL
  value: {{ . | quote }}
{{- end }}
- name: QUERY_ENGINE
  value: {{ .Values.queryEngine | quote }}
- name: QUERY_TRANSPORT
  value: {{ .Values.queryTransport | quote }}
{{- with .Values.sources.kubeStateMetrics }}
- name: SOURCE_KUBE_STATE_METRICS
  value: {{ . | quote }}
{{- end }}
{{- with .Values.sources.cadvisor }}
- name: SOURCE_CADVISOR
  value: {{ . | quote }}
{{- end }}
{{- if $rw.url }}
- name: REMOTE_WRITE_URL
  value: {{ $rw.url | quote }}
{{- with $rw.queryUrl }}
- name: REMOTE_WRITE_QUERY_URL
  value: {{ . | quote }}
{{- end }}
{{- if $rw.config.secretName }}
- name: REMOTE_WRITE_CONFIG_FILE
  value: {{ $dir }}/remote-write/{{ $rw.config.key }}
{{- else if $rw.config.content }}
- name: REMOTE_WRITE_CONFIG_FILE
  value: {{ $dir }}/own/remote-write-http-config.yml
{{- end }}
- name: CATCH_UP_MAX_AGE
  value: {{ $rw.catchUpMaxAge | quote }}
{{- end }}
{{- if not .Values.pages.enabled }}
- name: WEB_PAGES
  value: "false"
{{- end }}
{{- with .Values.pages.grafanaUrl }}
- name: WEB_GRAFANA_URL
  value: {{ . | quote }}
{{- end }}
- name: LOG_LEVEL
  value: {{ .Values.log.level | quote }}
- name: LOG_FORMAT
  value: {{ .Values.log.format | quote }}
{{- $names := list }}
{{- range .Values.extraEnv }}{{ $names = append $names .name }}{{ end }}
{{- with include "exporter.memoryLimit" . }}
{{- if not (has "GOMEMLIMIT" $names) }}
- name: GOMEMLIMIT
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Nine tenths of the container's memory limit in bytes, "" where there is none. */}}
{{- define "exporter.memoryLimit" -}}
{{- $limit := dig "limits" "memory" "" .Values.resources | toString }}
{{- $quantity := "^([0-9]+(?:[.][0-9]*)?(?:[eE][+-]?[0-9]+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$" }}
{{- if regexMatch $quantity $limit }}
{{- $units := dict "" 1 "m" 0.001 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "P" 1000000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 }}
{{- $number := regexReplaceAll $quantity $limit "${1}" | float64 }}
{{- printf "%.0f" (mulf $number (get $units (regexReplaceAll $quantity $limit "${2}")) 0.9 | floor) }}
{{- end }}
{{- end }}
