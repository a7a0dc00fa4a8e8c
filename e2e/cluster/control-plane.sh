#!/usr/bin/env bash
# Tier 1: a real control plane with simulated nodes, on loopback ports. Pods are scheduled for
# real and become Ready at once; nothing runs. Several of them, each with its NAME, can be up.
#
#   control-plane.sh start NAME [--nodes N] [--gpus COUNT:PRODUCT:RESOURCE=N[,RESOURCE=N]]...
#                               [--apiserver-arg ARG]... [--manager-arg ARG]...
#   control-plane.sh start NAME --api-only         etcd and API server: nobody else writes
#   control-plane.sh stop NAME | status NAME | kubeconfig NAME | list
#   control-plane.sh kill-node NAME NODE | revive-node NAME NODE
#   control-plane.sh second-apiserver NAME ETCD    another API server on the same etcd, which it
#                                                  reaches at ETCD (HOST:PORT); prints its URL
#
#   control-plane.sh start sim --nodes 10 --gpus 4:h100:gpu=8 --gpus 2:h100:gpu=6,mig-1g.10gb=7
#
# State: build/cluster/NAME (kubeconfig, logs/, audit/audit*.log, pids/, etcd-address). `start` begins with an
# empty cluster; what a stopped one leaves is its logs. lib/nodes.py lists the GPU products.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
bin=${SLIPWAY_KUBE_BIN:-$repo/build/kube/bin}
manifests=$here/manifests
# shellcheck source=lib/process.sh
source "$here/lib/process.sh"
# shellcheck source=lib/pki.sh
source "$here/lib/pki.sh"
# shellcheck source=lib/control-plane.sh
source "$here/lib/control-plane.sh"

usage() {
  sed -n '2,16s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

# shellcheck disable=SC2034  # read by lib/control-plane.sh
enter=()
apiserver_args=()
manager_args=()
configure() {
  address=127.0.0.1
  bind=127.0.0.1
  # Endpoints may not hold a loopback address; nothing ever connects to this one.
  advertise=198.19.255.1
  service_range=198.19.0.0/16
  pod_range=198.18.0.0/16
  apiserver_args+=(--endpoint-reconciler-type=none)
  read -r etcd_port etcd_peer_port api_port manager_port scheduler_port < <(free_ports 5)
}

# Not `kubectl wait`: it asks for one node after the other, at a client's default rate.
# shellcheck disable=SC2317  # called by wait_ready
nodes_are_ready() {
  local listed
  listed=$(kube get nodes --no-headers) && [[ -n $listed ]] && ! grep -qv ' Ready ' <<<"$listed"
}

start_simulated_nodes() {
  # kwok manages the nodes that carry its annotation, renews their leases, and gives
  # pods addresses of the pod range.
  daemon kwok "$bin/kwok" --kubeconfig="$state/kubeconfig" \
    --config="$repo/build/kube/share/kwok-stages.yaml" \
    --config="$manifests/kwok-pod-ready.yaml" --manage-all-nodes=false \
    --manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake \
    --node-lease-duration-seconds=40 --cidr="$pod_range" --node-ip=198.19.255.1 \
    --server-address= --v=warn
  if ((${#node_args[@]} > 0)); then
    "$here/lib/nodes.py" "${node_args[@]}" >"$state/nodes.yaml"
    kube create -f "$state/nodes.yaml" >/dev/null
    wait_ready kwok 60 nodes_are_ready
  fi
}

start() {
  local node_args=() api_only=
  apiserver_args=()
  manager_args=()
  while (($# > 0)); do
    if [[ $1 == --api-only ]]; then
      api_only=yes
      shift
      continue
    fi
    (($# > 1)) || usage
    case $1 in
      --nodes | --gpus) node_args+=("$1" "$2") ;;
      --apiserver-arg) apiserver_args+=("$2") ;;
      --manager-arg) manager_args+=("$2") ;;
      *) usage ;;
    esac
    shift 2
  done
  if pid_of kube-apiserver >/dev/null; then
    die "'$name' is running already (control-plane.sh stop $name)"
  fi
  "$here/build.sh" etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kwok \
    >"$state/build.log" || { cat "$state/build.log" >&2; die "build failed"; }
  stop
  configure
  trap 'say "start failed; stopping what runs"; stop' EXIT
  start_api
  if [[ -z $api_only ]]; then
    start_controllers
    start_simulated_nodes
  fi
  trap - EXIT
  say "control plane '$name' is up: $state/kubeconfig"
}

stop() {
  stop_daemon 2 kwok kube-apiserver-second
  stop_daemon 2 "${control_plane_programs[@]}"
}

# The node stops being Ready at once; its pods are evicted when their tolerations run out. kwok
# goes on renewing the lease of a node it once knew, so the condition is written here.
kill_node() {
  [[ -n ${1:-} ]] || usage
  kube annotate node "$1" kwok.x-k8s.io/node- >/dev/null
  kube patch node "$1" --subresource=status --type=strategic --patch '{"status": {"conditions": [
    {"type": "Ready", "status": "False", "reason": "Killed", "message": "killed by a test"}]}}'
}

revive_node() {
  [[ -n ${1:-} ]] || usage
  kube annotate node "$1" kwok.x-k8s.io/node=fake
}

second_apiserver() {
  [[ ${1:-} == *:* ]] || usage
  pid_of kube-apiserver >/dev/null || die "'$name' does not run"
  stop_daemon 2 kube-apiserver-second
  configure
  start_apiserver kube-apiserver-second "$api_port" "$1" second
  new_kubeconfig "$state/second.kubeconfig" "https://$address:$api_port" admin
  wait_ready kube-apiserver-second 60 \
    "$bin/kubectl" --kubeconfig="$state/second.kubeconfig" get --raw=/readyz
  echo "https://$address:$api_port"
}

status() {
  local program up=0
  for program in "${control_plane_programs[@]}" kwok; do
    printf '%-24s %s\n' "$program" "$(pid_of "$program" || echo stopped)"
    pid_of "$program" >/dev/null && up=$((up + 1))
  done
  ((up == 5))
}

list() {
  local folder
  for folder in "$repo"/build/cluster/*/; do
    state=${folder%/}
    pid_of kube-apiserver >/dev/null && echo "${state##*/}"
  done
  return 0
}

main() {
  local command=${1:-} name=${2:-}
  [[ $command == list ]] && { list; return 0; }
  [[ $name =~ ^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$ && $name != node ]] || usage
  state=$repo/build/cluster/$name
  mkdir -p "$state"
  shift 2
  case $command in
    start) start "$@" ;;
    stop) stop ;;
    status) status ;;
    kill-node) kill_node "$@" ;;
    revive-node) revive_node "$@" ;;
    second-apiserver) second_apiserver "$@" ;;
    kubeconfig) echo "$state/kubeconfig" ;;
    *) usage ;;
  esac
}

main "$@"
exit
