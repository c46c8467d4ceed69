{{- define "exporter.dir" -}}
/etc/seldon-prometheus-exporter
{{- end }}

{{/* The variables of the container: what is in no file. */}}
{{- define "exporter.env" -}}
{{- range $name, $url := include "exporter.urls" . | fromYaml }}
{{- if not (include "exporter.inFile" $url) }}
- name: {{ $name | upper | replace "." "_" | replace "-" "_" }}
  value: {{ $url | quote }}
{{- end }}
{{- end }}
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
