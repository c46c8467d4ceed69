{{- define "exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "exporter.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "exporter.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* A name with a suffix that survives the limit of 63 characters. */}}
{{- define "exporter.suffixed" -}}
{{- $suffix := printf "-%s" .suffix }}
{{- printf "%s%s" (include "exporter.fullname" .root | trunc (int (sub 63 (len $suffix))) | trimSuffix "-") $suffix }}
{{- end }}

{{- define "exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "exporter.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "exporter.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "exporter.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "exporter.serviceCAFile" -}}
/etc/seldon-prometheus-exporter/service-ca/service-ca.crt
{{- end }}

{{/* What the release's own Secret holds, "" where it needs none. */}}
{{- define "exporter.secretData" -}}
{{- with .Values.prometheus.token }}
token: {{ . | b64enc }}
{{- end }}
{{- with include "exporter.prometheusConfig" . }}
prometheus-http-config.yml: {{ . | b64enc }}
{{- end }}
{{- with .Values.remoteWrite.config.content }}
remote-write-http-config.yml: {{ toYaml . | b64enc }}
{{- end }}
{{- end }}

{{/* The HTTP settings that the values bring themselves. */}}
{{- define "exporter.prometheusConfig" -}}
{{- if .Values.prometheus.config.content }}
{{- toYaml .Values.prometheus.config.content }}
{{- else if and .Values.openshift.serviceCA (not .Values.prometheus.config.secretName) (not .Values.config.upstreams) }}
{{- toYaml (dict "tls_config" (dict "ca_file" (include "exporter.serviceCAFile" .))) }}
{{- end }}
{{- end }}

{{/* The period in seconds: what Prometheus takes for any multiple of it. */}}
{{- define "exporter.periodSeconds" -}}
{{- $seconds := 0 }}
{{- $period := regexReplaceAll "[0-9]+ms" .Values.timePeriod "" }}
{{- range $unit, $length := dict "y" 31536000 "w" 604800 "d" 86400 "h" 3600 "m" 60 "s" 1 }}
{{- range regexFindAll (printf "[0-9]+%s" $unit) $period -1 }}
{{- $seconds = add $seconds (mul (trimSuffix $unit . | int64) $length) }}
{{- end }}
{{- end }}
{{- $seconds }}
{{- end }}

{{/* Values that exclude each other, and those that the schema cannot judge. */}}
{{- define "exporter.check" -}}
{{- $p := .Values.prometheus }}
{{- $tokens := list }}
{{- if $p.tokenSecret.name }}{{ $tokens = append $tokens "prometheus.tokenSecret.name" }}{{ end }}
{{- if $p.token }}{{ $tokens = append $tokens "prometheus.token" }}{{ end }}
{{- if $p.serviceAccountToken.enabled }}{{ $tokens = append $tokens "prometheus.serviceAccountToken.enabled" }}{{ end }}
{{- if gt (len $tokens) 1 }}
{{- fail (printf "%s are set: keep one of them" (join " and " $tokens)) }}
{{- end }}
{{/* Each upstream has its own: one for all could be sent to another's server. */}}
{{- if .Values.config.upstreams }}
{{- $ofAll := $tokens }}
{{- if $p.config.secretName }}{{ $ofAll = append $ofAll "prometheus.config.secretName" }}{{ end }}
{{- if $p.config.content }}{{ $ofAll = append $ofAll "prometheus.config.content" }}{{ end }}
{{- range $ofAll }}
{{- fail (printf "%s and config.upstreams are set: give each upstream its prometheus.token-file or prometheus.config-file, in a Secret that extraVolumes mounts" .) }}
{{- end }}
{{- end }}
{{- range $which, $c := dict "prometheus.config" $p.config "remoteWrite.config" .Values.remoteWrite.config }}
{{- if and $c.secretName $c.content }}
{{- fail (printf "%s.secretName and %s.content are set: keep one of them" $which $which) }}
{{- end }}
{{- end }}
{{/* Seldon Core Analytics' Prometheus copies pod labels to every series, over those of the metrics. */}}
{{- range $which, $labels := dict "podLabels" .Values.podLabels "commonLabels" .Values.commonLabels "remoteWrite.labels" .Values.remoteWrite.labels }}
{{- range $taken := list "namespace" "type" "name" }}
{{- if hasKey $labels $taken }}
{{- fail (printf "%s.%s would take the place of the models' own label: choose another name" $which $taken) }}
{{- end }}
{{- end }}
{{- end }}
{{/* What is in a URL can be read in the Deployment. */}}
{{- range $which, $url := dict "prometheus.url" $p.url "remoteWrite.url" .Values.remoteWrite.url "remoteWrite.queryUrl" .Values.remoteWrite.queryUrl }}
{{- if regexMatch "^https?://[^/?#]*@" $url }}
{{- $config := ternary "prometheus.config" "remoteWrite.config" (eq $which "prometheus.url") }}
{{- fail (printf "%s holds a user or a password, which everybody could read in the Deployment: take it out, and give basic_auth in a Secret that %s.secretName names, or in %s.content" $which $config $config) }}
{{- end }}
{{- end }}
{{- $own := include "exporter.settings" . | fromYaml }}
{{- range include "exporter.names" (dict "prefix" "" "of" .Values.config) | fromYamlArray }}
{{- if or (hasKey $own .) (has . (list "prometheus.url" "remote-write.url" "config.file" "web.listen-address")) }}
{{- fail (printf "config sets %s, which the chart sets by a value of its own: set that value" .) }}
{{- end }}
{{- end }}
{{- $variables := dict }}
{{- range include "exporter.env" . | fromYamlArray }}{{ $_ := set $variables .name true }}{{ end }}
{{- range $name, $_ := $own }}{{ $_ := set $variables ($name | upper | replace "." "_" | replace "-" "_") true }}{{ end }}
{{- if hasKey $own "remote-write.label" }}{{ $_ := set $variables "REMOTE_WRITE_LABELS" true }}{{ end }}
{{- range .Values.extraEnv }}
{{- if hasKey $variables .name }}
{{- fail (printf "extraEnv sets %s, which the chart sets by a value of its own: set that value" .name) }}
{{- end }}
{{- end }}
{{- if not (regexMatch "^[a-z]" (include "exporter.fullname" .)) }}
{{- fail (printf "a Service cannot be called %s: set fullnameOverride to a name that begins with a letter" (include "exporter.fullname" .)) }}
{{- end }}
{{- if and .Values.openshift.monitoringView (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) }}
{{- fail "openshift.monitoringView would give its right to the namespace's default service account: set serviceAccount.create or serviceAccount.name" }}
{{- end }}
{{- end }}
