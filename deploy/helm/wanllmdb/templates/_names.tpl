{{/* Names, labels and addresses. Templates of one part get a dict: root, name, values. */}}

{{- define "wanllmdb.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "wanllmdb.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: wanllmdb
{{ include "wanllmdb.releaseSelector" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "wanllmdb.releaseSelector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The labels that select the Pods of one part. */}}
{{- define "wanllmdb.selector" -}}
{{ include "wanllmdb.releaseSelector" .root }}
app.kubernetes.io/component: {{ .name }}
{{- end -}}

{{- define "wanllmdb.partLabels" -}}
{{ include "wanllmdb.labels" .root }}
app.kubernetes.io/component: {{ .name }}
{{- end -}}

{{/* What a Service with metrics has: the name of its job, by which the alert rules know the part. */}}
{{- define "wanllmdb.scrapedLabels" -}}
wanllmdb/job: wanllmdb-{{ .name }}
{{- end -}}

{{- define "wanllmdb.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "wanllmdb.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* One name that resolves to all replicas of a part; gRPC spreads the calls over them. */}}
{{- define "wanllmdb.target" -}}
dns:///{{ include "wanllmdb.fullname" .root }}-{{ .name }}.{{ .root.Release.Namespace }}.svc:{{ .port }}
{{- end -}}

{{/* The names that the generated certificate has, as JSON. */}}
{{- define "wanllmdb.certificateNames" -}}
{{- $names := list "localhost" -}}
{{- range $part := list "registry" "suggestion" "gateway" -}}
{{- $service := printf "%s-%s" (include "wanllmdb.fullname" $) $part -}}
{{- $space := $.Release.Namespace -}}
{{- $names = concat $names (list $service (printf "%s.%s" $service $space) (printf "%s.%s.svc" $service $space) (printf "%s.%s.svc.cluster.local" $service $space)) -}}
{{- end -}}
{{- concat $names .Values.tls.extraNames | uniq | toJson -}}
{{- end -}}

{{- define "wanllmdb.image" -}}
{{- $image := .values.image -}}
{{- $tag := coalesce $image.tag .root.Values.image.tag .root.Chart.AppVersion -}}
{{- printf "%s%s%s" .root.Values.image.prefix $image.repository (ternary (printf "@%s" $image.digest) (printf ":%s" $tag) (ne $image.digest "")) -}}
{{- end -}}
