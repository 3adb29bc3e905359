{{- define "podsec.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of everything: the release's, where that says podsec already. */}}
{{- define "podsec.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- else if contains (include "podsec.name" .) .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "podsec.name" .) | trunc 48 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "podsec.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "podsec.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* What a Deployment selects by can never be changed: keep the version and the user's labels out of it. */}}
{{- define "podsec.selectorLabels" -}}
app.kubernetes.io/name: {{ include "podsec.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "podsec.labels" -}}
{{ include "podsec.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The labels of an object that has some of its own: a list of the root and those. */}}
{{- define "podsec.labelsWith" -}}
{{ include "podsec.labels" (index . 0) }}
{{- with index . 1 }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "podsec.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{- if .Values.image.digest -}}
{{- printf "%s:%s@%s" .Values.image.repository $tag .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository $tag -}}
{{- end -}}
{{- end -}}

{{/* The flags of podsec controller. What is not set is left to the program's own default. */}}
{{- define "podsec.args" -}}
- controller
{{- with .Values.leaderElection }}
{{- if .enabled }}
- --leader-elect
- --lease-duration={{ .leaseDuration }}
- --renew-deadline={{ .renewDeadline }}
- --retry-period={{ .retryPeriod }}
{{- end }}
{{- end }}
- --listen=0.0.0.0:8080
- --log-format={{ .Values.controller.logFormat }}
- --concurrency={{ .Values.controller.concurrency }}
{{- with .Values.controller.protectedNamespaces }}
- {{ printf "--protected-namespaces=%s" (join "," .) | quote }}
{{- end }}
{{- $defaults := list }}
{{- range $mode, $level := .Values.controller.serverDefaults }}
{{- $defaults = append $defaults (printf "%s=%s" $mode $level) }}
{{- end }}
{{- with $defaults }}
- {{ printf "--server-defaults=%s" (join "," .) | quote }}
{{- end }}
{{- with .Values.controller.serverExemptRuntimeClasses }}
- {{ printf "--server-exempt-runtime-classes=%s" (join "," .) | quote }}
{{- end }}
{{- if .Values.controller.neverWeaken }}
- --never-weaken
{{- end }}
{{- if .Values.controller.metricsPerNamespace }}
- --metrics-per-namespace
{{- end }}
{{- with .Values.controller.reconcilers }}
- {{ printf "--reconcilers=%s" (join "," .) | quote }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end -}}
