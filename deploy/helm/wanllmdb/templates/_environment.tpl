{{/*
The environment of the servers. Names of variables are those of the settings.py of each service, which
tests/unit/test_helm_chart.py compares.
*/}}

{{/* What all servers have; takes root, name and values. */}}
{{- define "wanllmdb.commonEnv" -}}
{{- $prefix := printf "WANLLMDB_%s_" (upper .name) -}}
{{- $values := .root.Values -}}
- name: {{ $prefix }}HOST
  value: {{ $values.listenAddress | quote }}
- name: {{ $prefix }}PORT
  value: {{ .port | quote }}
- name: {{ $prefix }}GRACE
  value: {{ $values.shutdown.graceSeconds | quote }}
- name: {{ $prefix }}DRAIN_DELAY
  value: {{ $values.shutdown.drainDelaySeconds | quote }}
{{- if $values.metrics.enabled }}
- name: {{ $prefix }}METRICS_PORT
  value: "9464"
{{- end }}
{{- if include "wanllmdb.hasTls" . }}
- name: {{ $prefix }}TLS_CERT
  value: /etc/wanllmdb/tls/tls.crt
- name: {{ $prefix }}TLS_KEY
  value: /etc/wanllmdb/tls/tls.key
{{- end }}
{{- if or $values.insecure (and (ne $values.tls.mode "off") (not (include "wanllmdb.hasTls" .))) }}
- name: {{ $prefix }}INSECURE
  value: "true"
{{- end }}
{{- range $setting, $value := .values.settings }}
- name: {{ $prefix }}{{ upper $setting }}
  {{- /* YAML gives large integers as floats, which would be printed as 1e+06. */}}
  value: {{ (kindIs "float64" $value | ternary (regexReplaceAll "\\.0+$" (printf "%f" (float64 $value)) "") (toString $value)) | quote }}
{{- end }}
{{- end -}}

{{/* Whether a server speaks TLS; takes root, name and values. */}}
{{- define "wanllmdb.hasTls" -}}
{{- if and (ne .root.Values.tls.mode "off") (not (and (eq .name "gateway") .values.plainHttp)) -}}true{{- end -}}
{{- end -}}

{{/* What the gRPC servers have besides. */}}
{{- define "wanllmdb.grpcEnv" -}}
{{- $prefix := printf "WANLLMDB_%s_" (upper .name) -}}
- name: {{ $prefix }}HEALTH_PORT
  value: "50070"
{{- if .root.Values.tls.clientCertificates }}
- name: {{ $prefix }}TLS_CLIENT_CA
  value: /etc/wanllmdb/tls/ca.crt
{{- end }}
{{- end -}}

{{/* TLS to other servers; takes root and prefix, the beginning of the settings' names. */}}
{{- define "wanllmdb.clientTlsEnv" -}}
{{- $tls := .root.Values.tls -}}
{{- if ne $tls.mode "off" -}}
{{- if eq $tls.authority "private" -}}
- name: {{ .prefix }}TLS_CA
  value: /etc/wanllmdb/tls/ca.crt
{{- else -}}
- name: {{ .prefix }}TLS
  value: "1"
{{- end }}
{{- if $tls.clientCertificates }}
- name: {{ .prefix }}TLS_CERT
  value: /etc/wanllmdb/tls/tls.crt
- name: {{ .prefix }}TLS_KEY
  value: /etc/wanllmdb/tls/tls.key
{{- end }}
{{- if $tls.serverName }}
- name: {{ .prefix }}TLS_SERVER_NAME
  value: {{ $tls.serverName | quote }}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "wanllmdb.registryEnv" -}}
{{ include "wanllmdb.commonEnv" . }}
{{ include "wanllmdb.grpcEnv" . }}
{{ include "wanllmdb.databaseEnv" (dict "root" .root "secret" (printf "%s-database" (include "wanllmdb.fullname" .root))) }}
{{- if .root.Values.keys.required }}
- name: WANLLMDB_REGISTRY_REQUIRE_KEYS
  value: "true"
- name: WANLLMDB_REGISTRY_ADMIN_KEY
  valueFrom:
    secretKeyRef:
      {{- include "wanllmdb.keyReference" (dict "root" .root "given" .root.Values.keys.admin.existingSecret "key" "admin-key") | nindent 6 }}
{{- end }}
{{- end -}}

{{- define "wanllmdb.suggestionEnv" -}}
{{ include "wanllmdb.commonEnv" . }}
{{ include "wanllmdb.grpcEnv" . }}
- name: WANLLMDB_SUGGESTION_REGISTRY
  value: {{ include "wanllmdb.target" (dict "root" .root "name" "registry" "port" 50051) }}
- name: WANLLMDB_SUGGESTION_STATE_KEY
  valueFrom:
    secretKeyRef:
      {{- include "wanllmdb.keyReference" (dict "root" .root "given" .values.stateKey.existingSecret "key" "state-key") | nindent 6 }}
{{ include "wanllmdb.clientTlsEnv" (dict "root" .root "prefix" "WANLLMDB_SUGGESTION_REGISTRY_") }}
{{- end -}}

{{- define "wanllmdb.gatewayEnv" -}}
{{ include "wanllmdb.commonEnv" . }}
- name: WANLLMDB_GATEWAY_REGISTRY
  value: {{ include "wanllmdb.target" (dict "root" .root "name" "registry" "port" 50051) }}
- name: WANLLMDB_GATEWAY_SUGGESTION
  value: {{ include "wanllmdb.target" (dict "root" .root "name" "suggestion" "port" 50052) }}
- name: WANLLMDB_GATEWAY_SESSION_KEY_FILE
  value: /etc/wanllmdb/session/session-key
{{- with coalesce .values.publicUrl (ternary (printf "https://%s" .values.ingress.host) "" .values.ingress.enabled) }}
- name: WANLLMDB_GATEWAY_PUBLIC_URL
  value: {{ . | quote }}
{{- end }}
{{ include "wanllmdb.clientTlsEnv" (dict "root" .root "prefix" "WANLLMDB_GATEWAY_SERVICES_") }}
{{- end -}}

{{/* What a client in the cluster needs. */}}
{{- define "wanllmdb.clientEnv" -}}
- name: WANLLMDB_REGISTRY
  value: {{ include "wanllmdb.target" (dict "root" . "name" "registry" "port" 50051) }}
- name: WANLLMDB_SUGGESTION
  value: {{ include "wanllmdb.target" (dict "root" . "name" "suggestion" "port" 50052) }}
{{ include "wanllmdb.clientTlsEnv" (dict "root" . "prefix" "WANLLMDB_") }}
{{- if eq .Values.tls.mode "off" }}
- name: WANLLMDB_INSECURE
  value: "1"
{{- end }}
{{- if .Values.keys.required }}
- name: WANLLMDB_API_KEY
  valueFrom:
    secretKeyRef:
      {{- include "wanllmdb.keyReference" (dict "root" . "given" .Values.keys.admin.existingSecret "key" "admin-key") | nindent 6 }}
{{- end }}
{{- end -}}
