#!/usr/bin/env bash
# Makes build/venv with exactly what requirements.txt names (nothing to do when it is there), and
# prints the path of its python. With --lock, makes requirements.txt anew from requirements.in.
set -euo pipefail
cd "$(dirname "$0")/../.."

cases=e2e/cases
venv=build/venv
base="${PYTHON:-/usr/bin/python3}"

if [[ "${1:-}" == --lock ]]; then
  tools="$(mktemp -d)"
  trap 'rm -rf "$tools"' EXIT
  "$base" -m venv "$tools"
  "$tools/bin/pip" install --quiet pip-tools
  (cd "$cases" && CUSTOM_COMPILE_COMMAND="e2e/cases/venv.sh --lock" "$tools/bin/pip-compile" \
    --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-trusted-host \
    --no-emit-find-links --output-file requirements.txt requirements.in)
  exit 0
fi

stamp="$venv/.requirements"
mkdir -p build
exec 9>build/venv.lock # two shells may need it at once
flock 9
if ! cmp -s "$cases/requirements.txt" "$stamp"; then
  rm -rf "$venv"
  "$base" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    -r "$cases/requirements.txt" >&2
  cp "$cases/requirements.txt" "$stamp"
fi
echo "$PWD/$venv/bin/python"
