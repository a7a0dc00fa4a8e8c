#!/usr/bin/env bash
# Copies the CRDs of crds/ into the chart (Helm reads nothing outside of a chart), or with --check
# says whether the copy is what crds/ holds.
set -euo pipefail
cd "$(dirname "$0")/.."

from=crds
to=charts/slipway/files/crds

if [[ "${1:-}" == --check ]]; then
  expected="$(cd "$from" && sha256sum -- *.yaml)"
  actual="$(cd "$to" && sha256sum -- *.yaml)"
  if [[ "$expected" != "$actual" ]]; then
    diff <(printf '%s\n' "$expected") <(printf '%s\n' "$actual") >&2 || true
    echo "$to differs from $from: run charts/sync.sh" >&2
    exit 1
  fi
  exit 0
fi

mkdir -p "$to"
rm -f -- "$to"/*.yaml
cp -- "$from"/*.yaml "$to"/
