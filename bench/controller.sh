#!/usr/bin/env bash
# What the controller costs: API calls and writes per service, CPU, memory, restart, rest.
#   ./dev bench controller [--services N] [--foreign N] [--quiet SECONDS]
#                          [--transport beast|cpprest]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/lib.sh
source tools/lib.sh

e2e/cluster/build.sh >"$logs/bench-kubernetes.log"
build_preset release slipway-controller >"$logs/bench-build.log"
python=$(e2e/cases/venv.sh)
trap 'e2e/cluster/control-plane.sh stop bench >/dev/null' EXIT
e2e/cluster/control-plane.sh start bench --nodes 60 >"$logs/bench-cluster.log"
SLIPWAY_CONTROLLER=$build/release/bin/slipway-controller PYTHONPATH=e2e/cases \
  "$python" bench/controller.py --state "$build/cluster/bench" "$@"
