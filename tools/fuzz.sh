# shellcheck shell=bash disable=SC2154  # repo, build and logs come from tools/lib.sh
# ./dev fuzz: libFuzzer on the targets that slipway_fuzz (cmake/slipway.cmake) declares. What a run
# finds beyond the corpus in the tree is kept in build/fuzz-corpus and is where the next one starts.

fuzz_found=$build/fuzz-corpus
fuzz_crashes=$build/fuzz-crashes
# Most files and bytes of one target's corpus in the tree, beside the files that people named.
readonly fuzz_most_files=100 fuzz_most_bytes=49152

# run_fuzz [TARGET [FILE...]] [--seconds N] [--keep]
run_fuzz() {
  local seconds=20 keep='' target='' files=()
  while (($#)); do
    case $1 in
      --seconds)
        seconds=${2:?how many seconds?}
        shift
        ;;
      --keep) keep=1 ;;
      -*) die "no option $1" ;;
      *) if [[ -z $target ]]; then target=$1; else files+=("$1"); fi ;;
    esac
    shift
  done
  [[ -f $build/fuzz/fuzz_targets.txt ]] || cmake --preset fuzz >"$logs/fuzz-build.log" || return 1
  [[ -z $target ]] || grep -q "^$target " "$build/fuzz/fuzz_targets.txt" ||
    die "no target \"$target\"; there is: $(cut -d ' ' -f 1 "$build/fuzz/fuzz_targets.txt" | xargs)"
  fuzz_build "$target" || return 1
  if ((${#files[@]})); then
    fuzz_binary "$target" "${files[@]}"
  elif [[ -n $keep ]]; then
    each_fuzz_target "$target" fuzz_keep
  else
    each_fuzz_target "$target" fuzz_one "$seconds"
  fi
}

# fuzz_build [TARGET]: that one, or all of them.
fuzz_build() {
  local goal=fuzz_targets
  [[ -z ${1:-} ]] || goal=${1}_fuzz
  build_preset fuzz "$goal" >"$logs/fuzz-build.log" 2>&1 && return 0
  tail -n 20 "$logs/fuzz-build.log"
  return 1
}

# The binary of a target.
fuzz_binary() {
  ASAN_SYMBOLIZER_PATH=/usr/lib/llvm-19/bin/llvm-symbolizer "$build/fuzz/bin/${1}_fuzz" -timeout=10 -rss_limit_mb=2048 "${@:2}"
}

# each_fuzz_target TARGET COMMAND [ARG...]: COMMAND NAME ARG... CORPUS SEEDS... for the one target or
# for all of them, as many at a time as there are processors. Closes as ctest does.
each_fuzz_target() {
  local only=$1 command=$2 name rest bad=0 all=0
  shift 2
  while read -r name rest; do
    [[ -z $only || $only == "$name" ]] || continue
    while (($(jobs -rp | wc -l) >= $(nproc))); do wait -n || bad=$((bad + 1)); done
    all=$((all + 1))
    # shellcheck disable=SC2086  # one word a folder
    "$command" "$name" "$@" $rest &
  done <"$build/fuzz/fuzz_targets.txt"
  while (($(jobs -p | wc -l) > 0)); do wait -n || bad=$((bad + 1)); done
  printf '%d%% tests passed, %d tests failed out of %d\n' $(((all - bad) * 100 / all)) "$bad" "$all"
  ((bad == 0))
}

# fuzz_one NAME SECONDS CORPUS SEEDS...
fuzz_one() {
  local name=$1 seconds=$2 log=$logs/fuzz-$1.log input
  shift 2
  mkdir -p "$fuzz_found/$name" "$fuzz_crashes"
  if fuzz_binary "$name" -max_total_time="$seconds" -print_final_stats=1 \
    -artifact_prefix="$fuzz_crashes/$name-" "$fuzz_found/$name" "$@" >"$log" 2>&1; then
    printf ' %-12s ok, %s executions, %s edges covered\n' "$name" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
      "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)"
    return 0
  fi
  input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  grep -v '^#[0-9]' "$log" | tail -n 40 | sed 's/^/      /'
  printf ' %-12s FAILED: %s\n    replay: ./dev fuzz %s %s\n' "$name" "${input:-see $log}" "$name" "$input"
  return 1
}

# fuzz_keep NAME CORPUS SEEDS...: puts the smallest inputs that reach as much as all that was found
# into the tree. Files that people named (a regression, a seed) stay as they are.
fuzz_keep() {
  local name=$1 tree=$2 work file size total=0 count=0 made='.*/[0-9a-f]{40}'
  work=$(mktemp -d)
  mkdir -p "$tree" "$fuzz_found/$name"
  find "$tree" -regextype posix-extended -type f ! -regex "$made" -exec cp -t "$work" {} +
  fuzz_binary "$name" -merge=1 "$work" "${@:2}" "$fuzz_found/$name" >"$logs/fuzz-$name-merge.log" 2>&1 ||
    { tail -n 20 "$logs/fuzz-$name-merge.log"; return 1; }
  find "$tree" -regextype posix-extended -type f -regex "$made" -delete
  while read -r size file; do
    total=$((total + size)) count=$((count + 1))
    ((total <= fuzz_most_bytes && count <= fuzz_most_files)) || break
    cp "$file" "$tree/"
  done < <(find "$work" -regextype posix-extended -type f -regex "$made" -printf '%s %p\n' | sort -n)
  rm -rf "$work"
  printf ' %-12s %d files, %d bytes\n' "$name" "$(find "$tree" -type f | wc -l)" \
    "$(find "$tree" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')"
}
