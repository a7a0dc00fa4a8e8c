#!/usr/bin/env bash
# What one look at a service costs that has nothing to do, and each event that leads to one.
#   ./dev bench reconcile
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/lib.sh
source tools/lib.sh

build_preset release slipway-bench-reconcile >"$logs/bench-build.log"
exec "$build/release/bin/slipway-bench-reconcile" "$@"
