# shellcheck shell=bash disable=SC2154  # repo, build, logs and PYTHON come from tools/lib.sh
# ./dev mutants: each patch in controller/mutants breaks one rule of controller/CONTRACT.md. It is
# applied to a copy of the tree, built there, and the test that it names must fail.

mutants_patches=$repo/controller/mutants
mutants_copy=$build/mutants/src
# A test that takes longer hangs, which is as good as failing.
readonly mutant_seconds=120

# run_mutants [NAME...] | --rotate N: all of them, those, or N that change from day to day.
run_mutants() {
  local names=() name caught=0 survived=0
  if [[ ${1:-} == --rotate ]]; then
    mapfile -t names < <(mutants_of_today "${2:?how many?}")
  elif (($#)); then
    names=("${@%.patch}")
  else
    mapfile -t names < <(all_mutants)
  fi
  for name in "${names[@]}"; do
    [[ -f $mutants_patches/$name.patch ]] || die "no mutant \"$name\" in controller/mutants"
  done
  ((${#names[@]})) || die "no mutants in controller/mutants"
  copy_tree || return 1
  try_unbroken "${names[@]}" || return 1
  for name in "${names[@]}"; do
    if try_mutant "$name"; then caught=$((caught + 1)); else survived=$((survived + 1)); fi
  done
  printf '%d caught, %d survived\n' "$caught" "$survived"
  ((survived == 0))
}

all_mutants() { (cd "$mutants_patches" && printf '%s\n' *.patch | sed 's/\.patch$//' | LC_ALL=C sort); }

# Some days later every mutant has had its turn.
mutants_of_today() {
  all_mutants | awk -v most="$1" -v day="$(date +%j)" '
    { names[NR - 1] = $0 }
    END { for (i = 0; i < most && i < NR; ++i) print names[(day * most + i) % NR] }'
}

# The tree as it is, committed or not. A file that differs is written anew with the time of now, and
# no other is touched: what the last run left half broken is then built again, and nothing else.
copy_tree() {
  local file
  mkdir -p "$mutants_copy"
  git -C "$repo" ls-files -z --cached --others --exclude-standard |
    (cd "$repo" && xargs -0 bash -c 'find "$@" -maxdepth 0 -type f -print0' find 2>/dev/null) | LC_ALL=C sort -z >"$build/mutants/files"
  while IFS= read -r -d '' file; do
    cmp -s "$repo/$file" "$mutants_copy/$file" && continue
    mkdir -p "$mutants_copy/$(dirname "$file")" && cp "$repo/$file" "$mutants_copy/$file" || return 1
  done <"$build/mutants/files"
  (cd "$mutants_copy" && find . -path ./build -prune -o -type f -printf '%P\0') |
    LC_ALL=C sort -z | LC_ALL=C comm -z -13 "$build/mutants/files" - |
    (cd "$mutants_copy" && xargs -0 -r rm -f)
}

in_copy() { (cd "$mutants_copy" && GIT_CEILING_DIRECTORIES=$build/mutants CCACHE_BASEDIR=$mutants_copy "$@"); }

# mutant_says NAME FIELD: a line of the patch's head.
mutant_says() { sed -n "/^diff /q; s/^$2: *//p" "$mutants_patches/$1.patch"; }

# build_in_copy TARGET...
build_in_copy() {
  [[ -f $mutants_copy/build/dev/build.ninja ]] || in_copy cmake --preset dev || return 1
  in_copy cmake --build build/dev --target "$@"
}

# test_in_copy TARGET FILTER
test_in_copy() {
  local binary
  binary=$(find "$mutants_copy/build/dev" -type f -name "$1" -perm -u+x)
  GTEST_FILTER=$2 in_copy timeout -k 5 "$mutant_seconds" "$binary"
}

# try_unbroken NAME...: the tests that the mutants name exist and pass.
try_unbroken() {
  local name caught_by targets=() log=$logs/mutants-unbroken.log started=$SECONDS
  local -A tests=()
  for name in "$@"; do
    caught_by=$(mutant_says "$name" "Caught by")
    tests[$caught_by]=$name
    targets+=("${caught_by%% *}")
  done
  mapfile -t targets < <(printf '%s\n' "${targets[@]}" | sort -u)
  if ! build_in_copy "${targets[@]}" >"$log" 2>&1; then
    tail -n 20 "$log"
    printf 'the unbroken tree does not build: %s\n' "$log"
    return 1
  fi
  for caught_by in "${!tests[@]}"; do
    # Without a test of that name the program would pass too.
    if ! test_in_copy "${caught_by%% *}" "${caught_by#* }" >"$log" 2>&1 || ! grep -q '\[  PASSED  \] [1-9]' "$log"; then
      tail -n 20 "$log"
      printf 'fails in the unbroken tree, or is not there: %s (%s)\n' "$caught_by" "${tests[$caught_by]}"
      return 1
    fi
  done
  printf ' %d tests pass in the unbroken tree (%d s)\n' "${#tests[@]}" $((SECONDS - started))
}

# try_mutant NAME: one line with its fate; true if it was caught.
try_mutant() {
  local name=$1 patch=$mutants_patches/$1.patch caught_by log=$logs/mutant-$1.log started=$SECONDS fate
  caught_by=$(mutant_says "$name" "Caught by")
  if ! in_copy git apply "$patch" >"$log" 2>&1; then
    fate="DOES NOT APPLY: make it anew"
  else
    if ! build_in_copy "${caught_by%% *}" >"$log" 2>&1; then
      fate="DOES NOT BUILD: $log"
    elif test_in_copy "${caught_by%% *}" "${caught_by#* }" >"$log" 2>&1; then
      fate="SURVIVED: passes all the same: $caught_by"
    elif ! grep -q '^\[ RUN ' "$log"; then
      fate="DOES NOT RUN: $log"
    else
      fate="caught by $caught_by"
    fi
    in_copy git apply -R "$patch" >>"$log" 2>&1 || copy_tree
  fi
  printf ' %-44s rule %-2s  %s (%d s)\n' "$name" "$(mutant_says "$name" Rule)" "$fate" $((SECONDS - started))
  [[ $fate == caught* ]]
}
