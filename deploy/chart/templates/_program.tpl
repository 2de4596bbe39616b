{{/*
The labels of everything that belongs to a program, and by which its pods are selected. There is one installation in a
cluster, so the release's name is no part of them.
*/}}
{{- define "capstan.labels" -}}
app.kubernetes.io/name: {{ . }}
app.kubernetes.io/part-of: capstan
{{- end }}

{{/* The image, by its digest where one is given. */}}
{{- define "capstan.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/*
A Deployment, and a PodDisruptionBudget where a pod can be spared. Takes
  root     the chart's own scope
  name     of the Deployment, its service account and its bundle in the image
  values   replicas, resources, heapMiB
  args     flags, beyond those of every program
  env      further variables, in YAML
  ports    container ports beside the one of health, in YAML
  audits   whether it writes an audit log
  volumes, mounts  in YAML
  drainSeconds     how long it goes on serving after it was taken out of its Service
*/}}
{{- define "capstan.program" -}}
{{- $root := .root -}}
{{- $audits := and .audits $root.Values.auditLog.volume -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "capstan.labels" .name | nindent 4 }}
spec:
  replicas: {{ .values.replicas }}
  selector:
    matchLabels:
      {{- include "capstan.labels" .name | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "capstan.labels" .name | nindent 8 }}
      {{- with $root.Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ .name }}
      automountServiceAccountToken: true
      enableServiceLinks: false
      # The programs stop by themselves within 28 seconds.
      terminationGracePeriodSeconds: {{ add 30 (.drainSeconds | default 0) }}
      securityContext:
        runAsNonRoot: true
        {{- range $name := list "runAsUser" "runAsGroup" "fsGroup" }}
        {{- with get $root.Values.podSecurityContext $name }}
        {{ $name }}: {{ int64 . }}
        {{- end }}
        {{- end }}
        seccompProfile: { type: RuntimeDefault }
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with $root.Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          matchLabelKeys: [pod-template-hash]
          labelSelector:
            matchLabels:
              {{- include "capstan.labels" $.name | nindent 14 }}
        {{- end }}
      containers:
        - name: {{ .name }}
          image: {{ include "capstan.image" $root | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args:
            - {{ .name }}.js
            - --log-level={{ $root.Values.logLevel }}
            {{- if $audits }}
            - --audit-log=/var/log/capstan/$(POD_NAME).jsonl
            {{- end }}
            {{- range .args }}
            - {{ . | quote }}
            {{- end }}
          env:
            - name: POD_NAMESPACE
              valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
            {{- if $audits }}
            - name: POD_NAME
              valueFrom: { fieldRef: { fieldPath: metadata.name } }
            {{- end }}
            # V8 collects late when it may take a lot, and glibc gives each thread that signs a heap of its own.
            - name: NODE_OPTIONS
              value: --max-old-space-size={{ .values.heapMiB }} --max-semi-space-size=8
            - name: MALLOC_ARENA_MAX
              value: "2"
            {{- with .env }}
            {{- . | nindent 12 }}
            {{- end }}
          ports:
            - { name: metrics, containerPort: 8081 }
            {{- with .ports }}
            {{- . | nindent 12 }}
            {{- end }}
          startupProbe:
            httpGet: { path: /healthz, port: metrics }
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: { path: /healthz, port: metrics }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet: { path: /readyz, port: metrics }
            periodSeconds: 5
            timeoutSeconds: 5
            failureThreshold: 2
          {{- with .drainSeconds }}
          lifecycle:
            preStop: { sleep: { seconds: {{ . }} } }
          {{- end }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          {{- if or $audits .mounts }}
          volumeMounts:
            {{- if $audits }}
            - { name: audit-log, mountPath: /var/log/capstan }
            {{- end }}
            {{- with .mounts }}
            {{- . | nindent 12 }}
            {{- end }}
          {{- end }}
      {{- if or $audits .volumes }}
      volumes:
        {{- if $audits }}
        - name: audit-log
          {{- toYaml $root.Values.auditLog.volume | nindent 10 }}
        {{- end }}
        {{- with .volumes }}
        {{- . | nindent 8 }}
        {{- end }}
      {{- end }}
{{- if gt (int .values.replicas) 1 }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "capstan.labels" .name | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "capstan.labels" .name | nindent 6 }}
{{- end }}
{{- end }}
