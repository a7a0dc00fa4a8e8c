#!/usr/bin/env bash
# Tier 2: one real Kubernetes node on which pods run, inside a network namespace of its own.
#
#   node.sh start                start it; does nothing when it works already
#   node.sh load TAR...          import image archives
#   node.sh exec COMMAND...      run a command in the node's network, with KUBECONFIG set
#   node.sh volume NAME NS/PVC   a PersistentVolume on build/cluster/node/volumes/NAME, and its claim
#   node.sh signal SIGNAL UID PROGRAM   to each PROGRAM of the pod with that UID
#   node.sh stop | status
#
# State: build/cluster/node (kubeconfig, logs/, audit/, volumes/). `stop` leaves nothing but that
# folder's logs and volumes; every start begins with an empty cluster without images.
# SLIPWAY_NODE=NAME (default "node") names another, independent node, in build/cluster/NAME.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
bin=${SLIPWAY_KUBE_BIN:-$repo/build/kube/bin}
manifests=$here/manifests
instance=${SLIPWAY_NODE:-node}
state=$repo/build/cluster/$instance
# Addresses are the same in every instance: each has a network of its own.
netns=slipway
[[ $instance == node ]] || netns=slipway-$instance
# Unix sockets have short paths; the checkout may not.
run=/run/slipway-e2e/$instance
cgroup=slipway-e2e-$instance
node_name=slipway
node_address=198.19.255.1
dns_address=198.19.0.10
# shellcheck source=lib/process.sh
source "$here/lib/process.sh"
# shellcheck source=lib/pki.sh
source "$here/lib/pki.sh"
# shellcheck source=lib/network.sh
source "$here/lib/network.sh"
# shellcheck source=lib/control-plane.sh
source "$here/lib/control-plane.sh"
# shellcheck source=lib/runtime.sh
source "$here/lib/runtime.sh"

readonly node_programs=(kubelet kube-proxy coredns)

# shellcheck disable=SC2034  # read by lib/control-plane.sh
configure() {
  address=$node_address
  advertise=$node_address
  bind=0.0.0.0
  service_range=198.19.0.0/20
  pod_range=198.18.0.0/16
  etcd_port=2379 etcd_peer_port=2380 api_port=6443 manager_port=10257 scheduler_port=10259
  apiserver_args=()
  manager_args=()
}

create_node_credentials() {
  local name
  if [[ ! -f $state/pki/coredns.crt ]]; then
    new_cert kubelet "/O=system:nodes/CN=system:node:$node_name" "DNS:$node_name,IP:$node_address"
    new_cert kube-proxy "/CN=system:kube-proxy"
    new_cert coredns "/CN=system:coredns"
  fi
  for name in kubelet kube-proxy coredns; do
    new_kubeconfig "$state/$name.kubeconfig" "https://$node_address:$api_port" "$name"
  done
}

is_ready() { kube wait --for=condition=Ready "node/$node_name" --timeout=1s; }

works() {
  local program
  network_exists || return 1
  for program in "${control_plane_programs[@]}" containerd "${node_programs[@]}"; do
    pid_of "$program" >/dev/null || return 1
  done
  is_ready >/dev/null 2>&1
}

# Another checkout of this repository may have started it. Its remains may be swept, not its life.
refuse_foreign() {
  local owner
  owner=$(cat "$run/owner" 2>/dev/null) || return 0
  if [[ $owner != "$state" ]] && state=$owner pid_of containerd >/dev/null; then
    die "'$instance' runs from $owner: stop it there, or set SLIPWAY_NODE to another name"
  fi
}

require_programs() {
  local program
  for program in containerd ctr runc ip iptables conntrack nsenter unshare openssl \
    /usr/lib/cni/{bridge,host-local,loopback,portmap}; do
    command -v "$program" >/dev/null || die "$program is missing; packages.txt lists what to install"
  done
}

start() {
  local began=$SECONDS
  if works; then
    say "the node works already: $state/kubeconfig"
    return 0
  fi
  require_programs
  "$here/build.sh" >"$state/build.log" 2>&1 || { tail -n 30 "$state/build.log" >&2; die "build failed"; }
  "$here/images.sh" >>"$state/build.log" 2>&1 || { tail -n 30 "$state/build.log" >&2; die "images failed"; }
  stop
  mkdir -p "$state/volumes"
  trap 'say "start failed; stopping what runs"; stop' EXIT
  mkdir -p "$run"
  echo "$state" >"$run/owner"
  create_network
  start_api
  start_controllers
  create_node_credentials
  kube apply -f "$manifests/coredns-rbac.yaml" >/dev/null
  start_containerd
  load "$repo/build/kube/images/pause.tar"
  start_kubelet
  start_kube_proxy
  start_coredns
  wait_ready kubelet 60 is_ready
  trap - EXIT
  say "node $node_name at $node_address is Ready ($((SECONDS - began)) s): $state/kubeconfig"
}

load() {
  local archive
  for archive in "$@"; do
    ctr --address "$run/containerd.sock" --namespace k8s.io images import "$archive"
  done
}

volume() {
  [[ ${1:-} =~ ^[a-z0-9-]+$ && ${2:-} =~ ^[a-z0-9-]+/[a-z0-9.-]+$ ]] || usage
  mkdir -p "$state/volumes/$1"
  kube apply -f - <<END
apiVersion: v1
kind: PersistentVolume
metadata: {name: $1}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce, ReadOnlyMany]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ""
  hostPath: {path: $state/volumes/$1, type: Directory}
  claimRef: {namespace: ${2%/*}, name: ${2#*/}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${2#*/}, namespace: ${2%/*}}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  volumeName: $1
  resources: {requests: {storage: 1Gi}}
END
}

# A pod's processes are below a cgroup that bears its UID.
signal_program() {
  [[ ${1:-} =~ ^[A-Z]+$ && ${2:-} =~ ^[0-9a-f-]{36}$ && -n ${3:-} ]] || usage
  local pid sent=
  while read -r pid; do
    [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "$3" ]] || continue
    grep -q "/pod$2/" "/proc/$pid/cgroup" || continue
    kill "-$1" "$pid"
    sent=1
  done < <(pod_pids)
  [[ -n $sent ]] || die "no $3 runs in pod $2"
}

stop() {
  local pid
  stop_daemon 5 "${node_programs[@]}"
  kill_pods
  for pid in $(shim_pids); do kill -KILL "$pid" 2>/dev/null || true; done
  stop_daemon 5 containerd
  wait_until 10 no_pods_left || die "processes of pods do not die: $(shim_pids | tr '\n' ' ')"
  stop_daemon 2 "${control_plane_programs[@]}"
  delete_network
  wait_until 5 remove_cgroups || say "cgroup $cgroup could not be removed"
  remove_files
}

remove_files() {
  # Never across a mount: what is mounted below is not ours to delete.
  rm -rf --one-file-system "$run" "$state/containerd" "$state/kubelet" "$state/etcd" \
    "$state/pod-logs" "$state/container-logs"
  # Folders that were made only to be mounted over. The last node removes them: removing a folder
  # takes away what other mount namespaces have mounted on it.
  local folder
  if [[ -z $(find "${run%/*}" -mindepth 1 -maxdepth 1 -type d 2>/dev/null) ]]; then
    while read -r folder; do rmdir "$folder" 2>/dev/null || true; done < <(cat "${run%/*}/created" 2>/dev/null)
    rm -rf "${run%/*}"
  fi
}

status() {
  local program
  for program in "${control_plane_programs[@]}" containerd "${node_programs[@]}"; do
    printf '%-24s %s\n' "$program" "$(pid_of "$program" || echo stopped)"
  done
  works
}

usage() {
  sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

main() {
  local command=${1:-}
  [[ $instance =~ ^[a-z0-9-]{1,20}$ ]] || die "SLIPWAY_NODE: lower-case letters, digits and '-'"
  [[ $EUID -eq 0 ]] || die "needs root (network namespaces, containers)"
  shift || usage
  mkdir -p "$state"
  configure
  case $command in
    start) refuse_foreign && start ;;
    stop) refuse_foreign && stop ;;
    status) status ;;
    load) load "$@" ;;
    volume) volume "$@" ;;
    signal) signal_program "$@" ;;
    exec)
      network_exists || die "the node is not running (node.sh start)"
      KUBECONFIG=$state/kubeconfig PATH=$bin:$PATH exec "${enter[@]}" "$@"
      ;;
    *) usage ;;
  esac
}

main "$@"
exit
