{{/* Each volume, and where it is mounted, in the same order. */}}
{{- define "exporter.volumes" -}}
{{- $p := .Values.prometheus }}
- name: exporter-config
  configMap:
    name: {{ include "exporter.fullname" . }}
{{- if or $p.tokenSecret.name $p.token $p.serviceAccountToken.enabled }}
- name: token
  projected:
    sources:
      {{- if $p.tokenSecret.name }}
      - secret:
          name: {{ $p.tokenSecret.name }}
          items:
            - key: {{ $p.tokenSecret.key }}
              path: token
      {{- else if $p.token }}
      - secret:
          name: {{ include "exporter.fullname" . }}
          items:
            - key: token
              path: token
      {{- else }}
      - serviceAccountToken:
          path: token
          expirationSeconds: {{ $p.serviceAccountToken.expirationSeconds }}
          {{- with $p.serviceAccountToken.audience }}
          audience: {{ . }}
          {{- end }}
      {{- end }}
{{- end }}
{{- with $p.config.secretName }}
- name: prometheus
  secret:
    secretName: {{ . }}
{{- end }}
{{- with .Values.remoteWrite.config.secretName }}
- name: remote-write
  secret:
    secretName: {{ . }}
{{- end }}
{{- if or (include "exporter.prometheusConfig" .) .Values.remoteWrite.config.content }}
- name: own
  secret:
    secretName: {{ include "exporter.fullname" . }}
    items:
      {{- if include "exporter.prometheusConfig" . }}
      - key: prometheus-http-config.yml
        path: prometheus-http-config.yml
      {{- end }}
      {{- if .Values.remoteWrite.config.content }}
      - key: remote-write-http-config.yml
        path: remote-write-http-config.yml
      {{- end }}
{{- end }}
{{- if .Values.openshift.serviceCA }}
- name: service-ca
  configMap:
    name: {{ include "exporter.suffixed" (dict "root" . "suffix" "service-ca") }}
{{- end }}
{{- end }}

{{- define "exporter.mounts" -}}
{{- $dir := include "exporter.dir" . }}
{{- range include "exporter.volumes" . | fromYamlArray }}
- name: {{ .name }}
  mountPath: {{ $dir }}/{{ .name }}
  readOnly: true
{{- end }}
{{- end }}
