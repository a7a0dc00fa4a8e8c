#!/usr/bin/env bash
# Copies into the chart what has its source elsewhere (Helm reads nothing outside of a chart): the
# CRDs of crds/ and the runtime of each engine. With --check, says whether the copies are right.
set -euo pipefail
cd "$(dirname "$0")/.."

files=charts/slipway/files

copy_to() {
  local target="$1" runtime
  mkdir -p "$target/crds" "$target/runtimes"
  cp -- crds/*.yaml "$target/crds/"
  for runtime in runtime-images/*/servingruntime.yaml; do
    cp -- "$runtime" "$target/runtimes/$(basename "$(dirname "$runtime")").yaml"
  done
}

if [[ "${1:-}" == --check ]]; then
  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  copy_to "$work"
  diff -r "$work" "$files" >&2 || {
    echo "$files is not a copy of its sources: run charts/sync.sh" >&2
    exit 1
  }
else
  rm -rf "$files"
  copy_to "$files"
fi
