{{/* What Pods have in common. All meet the Pod Security Standard `restricted`. */}}

{{/* Takes the number of the user and group. */}}
{{- define "wanllmdb.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "wanllmdb.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* What a Pod gets from the cluster. */}}
{{- define "wanllmdb.pulling" -}}
automountServiceAccountToken: false
# The variables of service links would be taken for settings: WANLLMDB_GATEWAY_PORT.
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Without versions, so that an upgrade of the chart alone restarts nothing; takes root and name. */}}
{{- define "wanllmdb.podLabels" -}}
{{ include "wanllmdb.selector" . }}
app.kubernetes.io/part-of: wanllmdb
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
When the Job runs. The bundled PostgreSQL does not exist before the first installation, so then the
registries themselves bring its tables up to date.
*/}}
{{- define "wanllmdb.migrationHook" -}}
{{ ternary "post-install,pre-upgrade" "pre-install,pre-upgrade" .Values.postgresql.enabled }}
{{- end -}}

{{/*
The number of replicas that a Deployment has when autoscaling is turned on for it; else nothing, which
leaves it to the autoscaler. Helm takes a number that it stated before and does not state any more for
1, so one that was stated once is stated from then on, as what the autoscaler has made of it. An
annotation marks such a Deployment. Takes root and name.
*/}}
{{- define "wanllmdb.keptReplicas" -}}
{{- $space := .root.Release.Namespace -}}
{{- $name := printf "%s-%s" (include "wanllmdb.fullname" .root) .name -}}
{{- with lookup "apps/v1" "Deployment" $space $name -}}
{{- $isScaled := lookup "autoscaling/v2" "HorizontalPodAutoscaler" $space $name -}}
{{- if or (not $isScaled) (hasKey (.metadata.annotations | default dict) "wanllmdb/kept-replicas") -}}
{{- .spec.replicas -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Takes root, name, values and port. */}}
{{- define "wanllmdb.deployment" -}}
{{- $values := .root.Values -}}
{{- $isGateway := eq .name "gateway" -}}
{{- $fullname := include "wanllmdb.fullname" .root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $fullname }}-{{ .name }}
  labels:
    {{- include "wanllmdb.partLabels" . | nindent 4 }}
  {{- $kept := "" }}
  {{- if .values.autoscaling.enabled }}
  {{- $kept = include "wanllmdb.keptReplicas" (dict "root" .root "name" .name) }}
  {{- end }}
  {{- if $kept }}
  annotations:
    wanllmdb/kept-replicas: "true"
  {{- end }}
spec:
  {{- if not .values.autoscaling.enabled }}
  replicas: {{ .values.replicas }}
  {{- else if $kept }}
  replicas: {{ $kept }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "wanllmdb.selector" . | nindent 6 }}
  # A new Pod serves before an old one drains.
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  minReadySeconds: 5
  template:
    metadata:
      labels:
        {{- include "wanllmdb.podLabels" . | nindent 8 }}
        {{- with .values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- $annotations := .values.podAnnotations }}
      {{- if and (eq .name "registry") $values.database.url }}
      {{- /* A registry reads the address when it starts, so another one restarts it. */}}
      {{- $annotations = merge (dict "checksum/database" ($values.database.url | sha256sum | trunc 16)) $annotations }}
      {{- end }}
      {{- with $annotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "wanllmdb.serviceAccount" .root }}
      {{- include "wanllmdb.pulling" .root | nindent 6 }}
      securityContext:
        {{- include "wanllmdb.podSecurity" 10001 | nindent 8 }}
      terminationGracePeriodSeconds: {{ add $values.shutdown.preStopSeconds $values.shutdown.graceSeconds 5 }}
      {{- with .values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      containers:
        - name: {{ .name }}
          image: {{ include "wanllmdb.image" . | quote }}
          imagePullPolicy: {{ $values.image.pullPolicy }}
          securityContext:
            {{- include "wanllmdb.containerSecurity" . | nindent 12 }}
          env:
            {{- include (printf "wanllmdb.%sEnv" .name) . | nindent 12 }}
            {{- with .values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            - {name: {{ ternary "http" "grpc" $isGateway }}, containerPort: {{ .port }}}
            {{- if not $isGateway }}
            - {name: health, containerPort: 50070}
            {{- end }}
            {{- if $values.metrics.enabled }}
            - {name: metrics, containerPort: 9464}
            {{- end }}
          {{- include "wanllmdb.probes" . | nindent 10 }}
          lifecycle:
            preStop:
              sleep:
                seconds: {{ $values.shutdown.preStopSeconds }}
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            {{- if ne $values.tls.mode "off" }}
            - {name: tls, mountPath: /etc/wanllmdb/tls, readOnly: true}
            {{- end }}
            {{- if $isGateway }}
            - {name: session, mountPath: /etc/wanllmdb/session, readOnly: true}
            {{- end }}
            {{- with .values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: {sizeLimit: 256Mi}
        {{- if ne $values.tls.mode "off" }}
        # Not by subPath: the servers read the files again when the Secret changes.
        - name: tls
          secret: {secretName: {{ include "wanllmdb.tlsSecret" .root }}, defaultMode: 0440}
        {{- end }}
        {{- if $isGateway }}
        {{- $session := include "wanllmdb.keyReference" (dict "root" .root "given" .values.sessionKey.existingSecret "key" "session-key") | fromYaml }}
        - name: session
          secret:
            secretName: {{ $session.name }}
            defaultMode: 0440
            items: [{key: {{ $session.key }}, path: session-key}]
        {{- end }}
        {{- with .values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      topologySpreadConstraints:
        {{- if .values.topologySpreadConstraints }}
        {{- toYaml .values.topologySpreadConstraints | nindent 8 }}
        {{- else }}
        {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - maxSkew: 1
          topologyKey: {{ $key }}
          whenUnsatisfiable: ScheduleAnyway
          # Only Pods of the same release of the template count, so that a rolling update spreads too.
          matchLabelKeys: [pod-template-hash]
          labelSelector:
            matchLabels:
              {{- include "wanllmdb.selector" $ | nindent 14 }}
        {{- end }}
        {{- end }}
      {{- with .values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end -}}

{{/*
The kubelet's gRPC probes speak no TLS, so the gRPC servers have a port for health alone. A server
opens its ports once it has what it needs for that, so only the startup probe waits for long.
*/}}
{{- define "wanllmdb.probes" -}}
{{- if eq .name "gateway" -}}
{{- $scheme := ternary "HTTPS" "HTTP" (ne (include "wanllmdb.hasTls" .) "") -}}
startupProbe:
  httpGet: {path: /healthz, port: http, scheme: {{ $scheme }}}
  periodSeconds: 2
  failureThreshold: 150
livenessProbe:
  httpGet: {path: /healthz, port: http, scheme: {{ $scheme }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: http, scheme: {{ $scheme }}}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- else -}}
startupProbe:
  grpc: {port: 50070}
  periodSeconds: 2
  failureThreshold: 150
livenessProbe:
  grpc: {port: 50070}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  grpc: {port: 50070, service: readiness}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end -}}
{{- end -}}
