#!/usr/bin/env bash
# What the gateway's parsers cost: heads, request bodies with each lexer, events of a stream.
#   ./dev bench gateway_parse
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/lib.sh
source tools/lib.sh

build_preset release slipway-bench-gateway-parse >"$logs/bench-build.log"
exec "$build/release/bin/slipway-bench-gateway-parse" "$@"
