# shellcheck shell=bash disable=SC2154,SC2034  # repo and build come from tools/lib.sh
# ./dev verify: formats, lints, layering, sizes, generated files.

check_format() { git ls-files '*.cpp' '*.hpp' | xargs clang-format-19 --dry-run --Werror; }

check_shell() {
  git ls-files '*.sh' dev .ci/run | xargs shellcheck -x
}

check_python() {
  git ls-files '*.py' | xargs "$PYTHON" -m py_compile
}

check_readme() { "$PYTHON" tools/check_readme.py --self-test && "$PYTHON" tools/check_readme.py; }

check_generated() {
  build_preset dev slipway-crdgen >/dev/null
  local work
  work=$(mktemp -d)
  "$build/dev/bin/slipway-crdgen" --out "$work" >/dev/null
  local file
  for file in "$work"/*.yaml; do
    diff -u "crds/$(basename "$file")" "$file" || { echo "run ./dev golden"; return 1; }
  done
  diff -ru crds/docs "$work/docs" || { echo "run ./dev golden"; return 1; }
  rm -rf "$work"
  charts/sync.sh --check
}

# Boost.Asio 1.74 looks for coroutines of clang in <experimental/coroutine> only.
readonly tidy_defines=--extra-arg=-DBOOST_ASIO_HAS_CO_AWAIT=1\ --extra-arg=-DBOOST_ASIO_HAS_STD_COROUTINE=1

# clang-tidy takes seconds a file, so a file that passed is not looked at again until it, a header
# or the configuration changes.
check_tidy() {
  local stamps=$build/tidy headers file stamp
  build_preset dev >/dev/null
  mkdir -p "$stamps"
  headers=$({ git ls-files -z '*.hpp' .clang-tidy tools/verify.sh | xargs -0 cat; clang-tidy-19 --version; } | sha256sum)
  # shellcheck disable=SC2016  # $0 and $1 are for the inner shell
  git ls-files '*.cpp' | grep -v -e '_test\.cpp$' -e '_fuzz\.cpp$' -e '/testing/' -e '^controller/sim/' | while read -r file; do
    stamp=$stamps/$({ echo "$headers"; cat "$file"; } | sha256sum | cut -c1-32)
    [[ -e $stamp ]] || printf '%s %s\n' "$file" "$stamp"
  done |
    xargs -r -P "$(nproc)" -L 1 bash -c \
    'nice clang-tidy-19 --quiet '"$tidy_defines"' -p "'"$build"'/dev" "$0" 2>/dev/null && touch "$1"'
}

verify() {
  step_total=9
  step "format" "./dev fmt" check_format || return 1
  step "shell" "shellcheck names the line" check_shell || return 1
  step "python" "python names the line" check_python || return 1
  step "layers" "design: decisions are pure, includes point downwards" \
    "$PYTHON" tools/check_layers.py || return 1
  step "sizes" "split by responsibility, not by line count" "$PYTHON" tools/check_sizes.py || return 1
  step "contract" "controller/CONTRACT.md: rule, tests, mutants" "$PYTHON" tools/check_contract.py || return 1
  step "readme" "README.md names only what is there" check_readme || return 1
  step "generated files" "./dev golden" check_generated || return 1
  step "clang-tidy" "clang-tidy names the line; a suppression needs its reason beside it" check_tidy
}
