#!/usr/bin/env bash
# What the check of a request's token costs: by algorithm, with and without the cache of known ones.
#   ./dev bench gateway_jwt
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/lib.sh
source tools/lib.sh

build_preset release slipway-bench-gateway-jwt >"$logs/bench-build.log"
exec "$build/release/bin/slipway-bench-gateway-jwt" "$@"
