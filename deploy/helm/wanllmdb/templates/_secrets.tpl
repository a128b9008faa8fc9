{{/* Where secrets are: in one of the user's, or in one that the chart makes. */}}

{{- define "wanllmdb.tlsSecret" -}}
{{- ternary .Values.tls.existingSecret (printf "%s-tls" (include "wanllmdb.fullname" .)) (eq .Values.tls.mode "existing") -}}
{{- end -}}

{{/* A reference to one key; takes root, given (name and key) and key, of the chart's own Secret. */}}
{{- define "wanllmdb.keyReference" -}}
{{- if .given.name -}}
name: {{ .given.name }}
key: {{ .given.key }}
{{- else -}}
name: {{ include "wanllmdb.fullname" .root }}-keys
key: {{ .key }}
{{- end -}}
{{- end -}}

{{/*
The value of a key in a Secret that the chart made before, encoded as there; else the new value.
Takes root, secret, key and new. Without a cluster, as in `helm template`, it is always the new one.
*/}}
{{- define "wanllmdb.keptOr" -}}
{{- $stored := lookup "v1" "Secret" .root.Release.Namespace .secret | default dict -}}
{{- get (get $stored "data" | default dict) .key | default (.new | b64enc) -}}
{{- end -}}

{{/* 64 hexadecimal digits. */}}
{{- define "wanllmdb.hexSecret" -}}
{{- randAlphaNum 64 | sha256sum -}}
{{- end -}}

{{/* The environment variable with the database's address; takes root and secret, of the chart. */}}
{{- define "wanllmdb.databaseEnv" -}}
{{- $values := .root.Values -}}
{{- if $values.postgresql.enabled -}}
- name: POSTGRES_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "wanllmdb.fullname" .root }}-postgresql
      key: password
- name: WANLLMDB_REGISTRY_DATABASE_URL
  value: postgresql://wanllmdb:$(POSTGRES_PASSWORD)@{{ include "wanllmdb.fullname" .root }}-postgresql:5432/wanllmdb
{{- else -}}
- name: WANLLMDB_REGISTRY_DATABASE_URL
  valueFrom:
    secretKeyRef:
      {{- if $values.database.existingSecret.name }}
      name: {{ $values.database.existingSecret.name }}
      key: {{ $values.database.existingSecret.key }}
      {{- else }}
      name: {{ .secret }}
      key: url
      {{- end }}
{{- end -}}
{{- end -}}

{{/* Ends with a message where values contradict each other in ways that the schema can't state. */}}
{{- define "wanllmdb.check" -}}
{{- $values := .Values -}}
{{- $databases := list $values.database.url $values.database.existingSecret.name | compact | len | add (ternary 1 0 $values.postgresql.enabled) -}}
{{- if ne $databases 1 -}}
{{- fail "set exactly one of database.existingSecret.name, database.url and postgresql.enabled: the registry needs a PostgreSQL" -}}
{{- end -}}
{{- if and (eq $values.tls.mode "existing") (not $values.tls.existingSecret) -}}
{{- fail "tls.mode existing needs tls.existingSecret: the name of a Secret with tls.crt, tls.key and, with tls.authority private, ca.crt" -}}
{{- end -}}
{{- if and (eq $values.tls.mode "off") (not $values.insecure) -}}
{{- fail "tls.mode off would send API keys in plain text: choose another mode, or set insecure: true if the network is trusted" -}}
{{- end -}}
{{- if and (not $values.keys.required) (not $values.insecure) -}}
{{- fail "without keys.required everyone who reaches the services may read and change everything: set insecure: true if that is meant" -}}
{{- end -}}
{{- if and $values.tls.clientCertificates (or (eq $values.tls.mode "off") (ne $values.tls.authority "private")) -}}
{{- fail "tls.clientCertificates needs TLS and tls.authority private, whose ca.crt signs the certificates of clients" -}}
{{- end -}}
{{- if and (eq $values.tls.mode "generated") (ne $values.tls.authority "private") -}}
{{- fail "tls.mode generated makes an authority of its own: tls.authority must be private" -}}
{{- end -}}
{{- if and $values.gateway.ingress.enabled (not $values.gateway.ingress.host) -}}
{{- fail "gateway.ingress needs gateway.ingress.host, the name that people open" -}}
{{- end -}}
{{- if ge (float64 $values.shutdown.drainDelaySeconds) (float64 $values.shutdown.graceSeconds) -}}
{{- fail "shutdown.drainDelaySeconds is a part of shutdown.graceSeconds, so it must be shorter" -}}
{{- end -}}
{{- range $name := list "registry" "suggestion" "gateway" -}}
{{- $scaling := (get $values $name).autoscaling -}}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) -}}
{{- fail (printf "%s.autoscaling.minReplicas is above maxReplicas" $name) -}}
{{- end -}}
{{- if and (ne $scaling.metric "cpu") (not $values.metrics.enabled) -}}
{{- fail (printf "%s.autoscaling.metric %s needs metrics.enabled" $name $scaling.metric) -}}
{{- end -}}
{{- end -}}
{{- end -}}
