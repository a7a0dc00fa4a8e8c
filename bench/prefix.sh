#!/usr/bin/env bash
# Hit rates of prefix caches and times to the first token for ways to choose an engine, on traces
# that are replayed against simulated engines. Takes a few minutes; --help lists what can be set.
#   ./dev bench prefix [--trace conversation_trace.jsonl]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/lib.sh
source tools/lib.sh

build_preset release slipway-bench-prefix >"$logs/bench-build.log"
exec "$build/release/bin/slipway-bench-prefix" "$@"
