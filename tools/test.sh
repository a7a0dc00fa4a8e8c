# shellcheck shell=bash disable=SC2154,SC2034,SC2153  # repo, build, PYTHON ... come from tools/lib.sh
# ./dev test: the whole ladder, cheapest rung first. Closes with "N passed, N failed".

passed=0
failed=0

# rung NAME HINT COMMAND...: a step whose log tells how many tests passed and failed. The rungs are
# independent: a failed one does not keep the others from telling what they know.
rung() {
  local log ok=0
  step "$@" && ok=1
  log=$(find "$logs" -name "$(printf '%02d' "$step_number")-*.log" -newer "$logs/.started" | head -n 1)
  local good bad
  read -r good bad < <("$PYTHON" "$repo/tools/count_tests.py" "$log")
  ((good + bad > 0)) || { ((ok)) && good=1 || bad=1; }
  ((ok || bad > 0)) || bad=1
  passed=$((passed + good))
  failed=$((failed + bad))
}

unit_and_simulation() {
  build_preset dev
  ctest --test-dir "$build/dev" --output-on-failure -j "$(nproc)"
}

# Broken controllers, others every day; `./dev mutants` tries all.
some_mutants() {
  # shellcheck source=tools/mutants.sh
  source "$repo/tools/mutants.sh"
  run_mutants --rotate 3
}

fuzz_targets() {
  # shellcheck source=tools/fuzz.sh
  source "$repo/tools/fuzz.sh"
  # Every target's corpus is replayed by the unit tests. Explored are those that are built in seconds
  # and have nothing left that is known to be found; `./dev fuzz` explores all.
  local target
  for target in quantity kubeconfig gguf; do
    run_fuzz "$target" --seconds 10 || return 1
  done
}

# The servers that stand in for others in the cases: the model source and the fault proxy.
test_server_tests() {
  local module
  for module in fileserver faultproxy; do
    (cd "$repo/e2e/cluster/modules/$module" && go test -v -timeout 120s ./...) || return 1
  done
}

packer_tests() { (cd "$repo/runtime-images/pack" && "$PYTHON" -m unittest -v pack_test 2>&1); }

kubernetes_binaries() {
  ensure_go
  "$repo/e2e/cluster/build.sh"
}

release_and_images() {
  build_preset release slipway-controller slipway-agent
  build_images
}

start_node() {
  # shellcheck source=tools/up.sh
  source "$repo/tools/up.sh"
  start_cluster && install_slipway && apply_example
}

stop_node() { "$repo/e2e/cluster/node.sh" stop; }

run_tests() {
  step_total=17
  : >"$logs/.started"
  trap 'stop_node >/dev/null 2>&1 || true' EXIT
  step "packages" "apt-get update, and the disk's free space" ensure_packages || return 1
  ensure_go
  rung "checks" "./dev verify" quick_checks
  rung "unit and simulation" "./dev unit, ./dev sim" unit_and_simulation
  rung "mutants" "./dev mutants" some_mutants
  rung "fuzz targets" "./dev fuzz" fuzz_targets
  rung "image packer" "runtime-images/pack" packer_tests
  step "build kubernetes" "the Go module proxy must answer" kubernetes_binaries || return 1
  step "release and images" "runtime-images/README.md" release_and_images || return 1
  rung "test servers" "e2e/cluster/modules: fileserver, faultproxy" test_server_tests
  rung "chart" "charts/chart_test.sh" "$repo/charts/chart_test.sh"
  rung "gateway" "./dev e2e gateway" "$repo/e2e/cases/run.sh" gateway
  rung "simulated nodes" "./dev e2e simulated" "$repo/e2e/cases/run.sh" simulated
  rung "conformance" "./dev e2e conformance" "$repo/e2e/cases/run.sh" conformance \
    --sequences 200
  rung "faults" "./dev e2e faults" "$repo/e2e/cases/run.sh" faults --one-of 3
  rung "node leaves nothing" "e2e/cluster/README.md" "$repo/e2e/cluster/cluster_test.sh"
  step "start a real node" "./dev down, then again" start_node || failed=$((failed + 1))
  rung "real node" "./dev e2e node" "$repo/e2e/cases/run.sh" node
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0))
}

quick_checks() {
  # shellcheck source=tools/verify.sh
  source "$repo/tools/verify.sh"
  check_format && check_shell && check_python && "$PYTHON" tools/check_layers.py &&
    "$PYTHON" tools/check_sizes.py && "$PYTHON" tools/check_contract.py && check_readme && check_generated
}

# run_e2e [gateway|simulated|conformance|faults|node [PYTEST ARGS]]: one suite, or all.
run_e2e() {
  local suite=${1:-all} which
  (($# == 0)) || shift
  [[ $suite == gateway ]] || kubernetes_binaries
  build_preset dev
  for which in gateway simulated conformance faults; do
    if [[ $suite == all || $suite == "$which" ]]; then "$repo/e2e/cases/run.sh" "$which" "$@"; fi
  done
  if [[ $suite == all || $suite == node ]]; then
    release_and_images
    start_node
    "$repo/e2e/cases/run.sh" node "$@"
    stop_node
  fi
}
