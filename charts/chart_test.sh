#!/usr/bin/env bash
# Tests the chart without a cluster: lint, refusals by the values schema, and rules that every
# rendering must keep (charts/check_render.py), for several sets of values.
set -euo pipefail
cd "$(dirname "$0")/.."

helm="${HELM:-build/kube/bin/helm}"
python="${PYTHON:-python3}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
chart=charts/slipway
failed=0

fail() {
  echo "FAIL: $*" >&2
  failed=1
}

# expect NAME STATE HELM_ARGS...: renders and checks; STATE says what the output must be like.
expect() {
  local name="$1" state="$2"
  shift 2
  if ! "$helm" template slipway "$chart" -n slipway-system "$@" >"$work/$name.yaml" 2>"$work/err"; then
    fail "$name does not render: $(cat "$work/err")"
  elif ! "$python" charts/check_render.py "$state" "$work/$name.yaml"; then
    fail "$name"
  else
    echo "ok: $name"
  fi
}

# refuse NAME TEXT HELM_ARGS...: the values schema must say no, in words that contain TEXT.
refuse() {
  local name="$1" text="$2"
  shift 2
  if "$helm" template slipway "$chart" "$@" >/dev/null 2>"$work/err"; then
    fail "$name was accepted"
  elif ! grep -q -- "$text" "$work/err"; then
    fail "$name: expected '$text' in: $(cat "$work/err")"
  else
    echo "ok: refused $name"
  fi
}

charts/sync.sh --check || fail "the chart's CRDs are not those of crds/"
"$helm" lint --strict "$chart" || fail "helm lint"

prometheus=(--api-versions monitoring.coreos.com/v1/ServiceMonitor
  --api-versions monitoring.coreos.com/v1/PrometheusRule)
expect default crds,hook
expect upgrade crds,hook --is-upgrade
expect plain crds,runtime --set runtimes.hooks=false
expect no-crds hook --set crds.install=false
expect no-runtime crds --set runtimes.llamaCpp.enabled=false
expect minimal nothing --set crds.install=false,rbac.aggregate=false \
  --set flowSchema.enabled=false,metrics.service.enabled=false,runtimes.llamaCpp.enabled=false
expect single crds,hook,single --set controller.replicas=1
expect monitoring crds,hook,monitoring "${prometheus[@]}" \
  --set metrics.serviceMonitor.enabled=true,metrics.prometheusRule.enabled=true
# Asked for, but the cluster does not know the kinds: left out, or nothing could be installed.
expect monitoring-unknown crds,hook \
  --set metrics.serviceMonitor.enabled=true,metrics.prometheusRule.enabled=true
expect digest crds,hook \
  --set image.digest=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef \
  --set 'image.pullSecrets={one,two}' --set controller.priorityClassName=system-cluster-critical \
  --set controller.nodeSelector.pool=ops --set controller.podLabels.team=ml \
  --set controller.podAnnotations.note=yes --set 'controller.extraArgs={--transport=cpprest}' \
  --set serviceAccount.annotations.owner=ml

refuse misspelt-key 'imag' --set imag.tag=1
refuse too-many-replicas 'replicas' --set controller.replicas=6
refuse bad-digest 'digest' --set image.digest=sha256:12
refuse privileged-port 'port' --set controller.port=80

charts/render.sh "$work/all.yaml" || fail "charts/render.sh"
charts/render.sh --check "$work/all.yaml" || fail "the plain manifests are not the chart's"
echo '# changed' >>"$work/all.yaml"
charts/render.sh --check "$work/all.yaml" 2>/dev/null && fail "render.sh --check accepts a change"

exit "$failed"
