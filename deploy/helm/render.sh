#!/bin/sh
# Writes what comes from the chart into the folder $2, which is deploy/ or a copy of it: with the Helm $1.
set -eu
here=$(dirname "$0")
helm=$1 folder=$2

render() {
    "$helm" template podsec "$here/podsec" --namespace podsec-system --kubeconfig /dev/null "$@"
}

written='# Written by `make manifests` from deploy/helm/podsec and deploy/namespace.yaml. Do not edit.'
{
    echo "$written"
    cat "$here/../namespace.yaml"
    render
} >"$folder/install.yaml"

mkdir -p "$folder/kustomize/monitoring"
{
    echo "$written"
    render --set serviceMonitor.enabled=true,prometheusRule.enabled=true,dashboards.enabled=true \
        --api-versions monitoring.coreos.com/v1/ServiceMonitor \
        --api-versions monitoring.coreos.com/v1/PrometheusRule \
        --show-only templates/servicemonitor.yaml \
        --show-only templates/prometheusrule.yaml \
        --show-only templates/dashboards.yaml
} >"$folder/kustomize/monitoring/monitoring.yaml"

# For those who have Prometheus and Grafana without an operator.
mkdir -p "$folder/monitoring"
{
    echo "$written"
    cat "$here/podsec/files/alerts.yaml"
} >"$folder/monitoring/alerts.yaml"
cp "$here/podsec/files/dashboards/podsec.json" "$folder/monitoring/dashboard.json"
