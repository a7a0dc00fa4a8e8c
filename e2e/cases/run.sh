#!/usr/bin/env bash
# Runs one suite of the cases:
#   run.sh simulated [PYTEST ARGS]   starts and stops a control plane of its own, or uses the one
#                                    that $SLIPWAY_KUBECONFIG names
#   run.sh conformance [PYTEST ARGS] likewise; API server only; --sequences N
#   run.sh faults [PYTEST ARGS]      likewise, with a second API server and faults on the way there
#   run.sh gateway [PYTEST ARGS]     the gateway with engines that pretend; no cluster
#   run.sh node [PYTEST ARGS]        on the running node (e2e/cluster/node.sh), chart installed
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
suite="${1:-}"
[[ "$suite" =~ ^(simulated|conformance|faults|gateway|node)$ ]] || {
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 2
}
shift
python="$("$here/venv.sh")"
cd "$here"
command=("$python" -m pytest "$suite" "$@")
if [[ "$suite" == node ]]; then
  command=(../cluster/node.sh exec "${command[@]}")
fi
exec "${command[@]}"
