#!/usr/bin/env bash
# Writes the chart as plain manifests, for clusters without Helm, to build/slipway.yaml or to the
# file given. The CRDs are in it too; apply those first:
#   kubectl apply -f crds/ && kubectl apply -f build/slipway.yaml
# With --check, says whether an existing file is what the chart renders now.
set -euo pipefail
cd "$(dirname "$0")/.."

check=false
if [[ "${1:-}" == --check ]]; then
  check=true
  shift
fi
out="${1:-build/slipway.yaml}"
helm="${HELM:-build/kube/bin/helm}"

render() {
  cat <<'NAMESPACE'
apiVersion: v1
kind: Namespace
metadata:
  name: slipway-system
  labels:
    pod-security.kubernetes.io/enforce: restricted
NAMESPACE
  "$helm" template slipway charts/slipway --namespace slipway-system --set runtimes.hooks=false
}

if $check; then
  diff <(render) "$out" >&2 || {
    echo "$out is not what the chart renders: run charts/render.sh" >&2
    exit 1
  }
else
  mkdir -p "$(dirname "$out")"
  render >"$out.tmp"
  mv "$out.tmp" "$out"
fi
