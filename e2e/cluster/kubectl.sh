#!/usr/bin/env bash
# kubectl for the real node (tier 2), from any shell and folder: enters its network by itself.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
exec "$here/node.sh" exec kubectl "$@"
