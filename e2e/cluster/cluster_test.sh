#!/usr/bin/env bash
# Tests both tiers of the local cluster for real, on instances of its own ("selftest"): a running
# node is not touched. Takes about a minute; prints what it checks. Needs root.
#   cluster_test.sh [simulated|node|crash]...      all three without an argument
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
export SLIPWAY_NODE=selftest
state=$repo/build/cluster/$SLIPWAY_NODE
work=$(mktemp -d)
readonly here repo state work

node() { "$here/node.sh" "$@"; }
kube() { "$here/kubectl.sh" "$@"; }
sim() { "$repo/build/kube/bin/kubectl" --kubeconfig="$repo/build/cluster/selftest-sim/kubeconfig" "$@"; }

began=$SECONDS
pass() { printf '  ok %4d s  %s\n' "$((SECONDS - began))" "$*"; }
fail() {
  printf '  FAILED    %s\n' "$*" >&2
  exit 1
}
# expect WHAT WANT GOT
expect() {
  [[ $3 == "$2" ]] || fail "$1: want '$2', got '$3'"
  pass "$1"
}

clean_up() {
  "$here/control-plane.sh" stop selftest-sim || true
  node stop || true
  rm -rf "$work"
}
trap clean_up EXIT
trap 'printf "  FAILED    line %s: %s\n" "$LINENO" "$BASH_COMMAND" >&2' ERR
set -E

# The machine's own network, one fact a line.
network_traces() {
  ip -o link show | awk -F': ' '{print "link", $2}'
  ip -o address show | awk '{print "address", $4}'
  ip route show table all | sed 's/^/route /'
  iptables-save | sed '/^#/d; s/\[[0-9:]*\]//; s/^/rule /'
}

# Everything of the machine that a node could leave behind.
traces() {
  network_traces
  ip netns list | sed 's/ .*//; s/^/netns /'
  awk '{print "mount", $2}' /proc/self/mounts
  find /sys/fs/cgroup -type d -name '*slipway*' -printf 'cgroup %p\n'
  find /run /var/lib/cni /var/lib/kubelet /var/log/pods /var/log/containers /etc/cni -maxdepth 1 \
    -printf 'file %p\n' 2>/dev/null || true
  local process
  for process in /proc/[0-9]*; do
    { tr '\0' ' ' <"$process/cmdline"; } 2>/dev/null | grep -a "$SLIPWAY_NODE" |
      grep -av cluster_test | sed 's/^/process /' || true
  done
}

# Without what belongs to another node, which may come and go meanwhile.
new_traces() {
  comm -13 <(sort -u "$work/before") <(traces | sort -u) |
    grep -v "slipway-e2e\(/\|-\)node\|netns[ /]slipway$\|/run/slipway-e2e$" || true
}

test_simulated() {
  "$here/control-plane.sh" start selftest-sim --nodes 18 --gpus 2:h100:gpu=2,mig-1g.10gb=7
  pass "control plane with 20 simulated nodes is up"
  sim create deployment web --image=localhost/none:1 --replicas=100 >/dev/null
  sim rollout status deployment/web --timeout=60s >/dev/null
  pass "100 pods scheduled and Ready"
  sim run slices --image=localhost/none:1 --overrides='{"spec":{"containers":[{"name":"c",
    "image":"localhost/none:1","resources":{"limits":{"nvidia.com/mig-1g.10gb":"7"}}}]}}' >/dev/null
  sim wait --for=condition=Ready pod/slices --timeout=30s >/dev/null
  expect "a pod with 7 MIG slices is on a GPU node" h100 \
    "$(sim get pod slices -o jsonpath='{.spec.nodeName}' | cut -d- -f1)"
  sim run toomany --image=localhost/none:1 --overrides='{"spec":{"containers":[{"name":"c",
    "image":"localhost/none:1","resources":{"limits":{"nvidia.com/gpu":"3"}}}]}}' >/dev/null
  sim wait --for=jsonpath='{.status.conditions[0].reason}'=Unschedulable pod/toomany \
    --timeout=30s >/dev/null
  pass "a pod with more GPUs than any node stays Pending"
  grep -q '"userAgent":"kube-scheduler' "$repo"/build/cluster/selftest-sim/audit/*.log ||
    fail "the audit log counts the scheduler's calls"
  pass "the audit log counts calls by user agent"
  "$here/control-plane.sh" stop selftest-sim
  ! "$here/control-plane.sh" status selftest-sim >/dev/null || fail "it runs after stop"
  pass "stopped"
}

# A certificate for the Service, signed by an authority that only the pods know.
make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj /CN=files -addext 'subjectAltName=DNS:files.files.svc.cluster.local' \
    -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
  kube -n files create secret generic tls --from-file="$work/tls.key" \
    --from-file="$work/tls.crt" --from-file=ca.crt="$work/tls.crt" >/dev/null
}

test_node() {
  traces >"$work/before"
  node start
  pass "node is Ready"
  node load "$repo/build/kube/images/fileserver.tar" >/dev/null
  kube apply -f "$here/manifests/cluster-test.yaml" -l part=namespace >/dev/null
  node volume models files/data >/dev/null
  echo "hello from the volume" >"$state/volumes/models/hello.txt"
  make_certificate
  kube apply -f "$here/manifests/cluster-test.yaml" -l part=server >/dev/null
  kube -n files rollout status deployment/files --timeout=60s >/dev/null
  pass "two real pods are Ready (volume, secret, https probe, restricted)"
  kube apply -f "$here/manifests/cluster-test.yaml" -l part=client >/dev/null
  kube -n files wait --for=condition=Complete job/client --timeout=60s >/dev/null
  expect "a pod reaches them by DNS name and ClusterIP" "hello from the volume" \
    "$(kube -n files logs job/client)"
  expect "kubectl exec works" "hello from the volume" "$(kube -n files exec deployment/files -- \
    /fileserver --get https://files.files.svc.cluster.local/hello.txt)"
  local cluster_ip
  cluster_ip=$(kube -n files get service files -o jsonpath='{.spec.clusterIP}')
  expect "the node reaches the ClusterIP" ok \
    "$(node exec curl -sSk --max-time 5 "https://$cluster_ip/healthz")"
  expect "the machine's own network is unchanged while it runs" "" \
    "$(comm -13 <(sort -u "$work/before") <(network_traces | sort -u))"
  node stop
  expect "nothing is left behind" "" "$(new_traces)"
}

# Every process of the node dies at once, as when the machine loses power; only files remain.
test_crash() {
  [[ -f $work/before ]] || traces >"$work/before"
  node start
  node load "$repo/build/kube/images/fileserver.tar" >/dev/null
  kube create deployment idle --image=localhost/fileserver:dev -- /fileserver --plain --root=/ \
    >/dev/null
  kube rollout status deployment/idle --timeout=60s >/dev/null
  local program
  for program in "$state"/pids/*; do kill -KILL "$(cut -d' ' -f1 "$program")"; done
  pass "killed everything that was started, a pod left running"
  node start
  expect "starts again, empty" "" "$(kube get pods -o name)"
  node stop
  node stop
  expect "nothing is left behind; a second stop does no harm" "" "$(new_traces)"
}

(($# > 0)) || set -- simulated node crash
for part in "$@"; do
  case $part in
    simulated | node | crash) "test_$part" ;;
    *) fail "no test '$part'" ;;
  esac
done
