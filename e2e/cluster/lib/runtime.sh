# shellcheck shell=bash disable=SC2154,SC2034
# containerd, kubelet, kube-proxy and CoreDNS of tier 2. Source it after control-plane.sh and
# network.sh. Needs run (a short folder for sockets), cgroup, node_name, node_address, dns_address.
#
# containerd and kubelet share a mount namespace of their own, so every mount they make (root file
# systems, tmpfs volumes, pod namespaces) ends with their last process, however that came about.
# The pods' processes live below one cgroup, so they are found even when nobody remembers them.

write_containerd_config() {
  mkdir -p "$state/cni" "$run"
  cat >"$state/containerd.toml" <<END
version = 2
root = "$state/containerd"
state = "$run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "$run/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  netns_mounts_under_state_dir = true
  # Without CAP_SYS_RESOURCE a score below one's own is refused, and runc dies on it.
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$state/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
END
  cat >"$state/cni/10-slipway.conflist" <<END
{"cniVersion": "1.0.0", "name": "slipway", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "ipMasq": false,
   "ipam": {"type": "host-local", "dataDir": "$run/cni", "ranges": [[{"subnet": "$pod_range"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
END
}

start_containerd() {
  write_containerd_config
  # Paths that are fixed in the programs are covered, so that the machine's own stay untouched.
  mkdir -p "$run/shim" "$run/cni-cache" "$run/kubelet" "$state/container-logs"
  # shellcheck disable=SC2016  # the inner shell expands
  daemon containerd "${enter[@]}" unshare --mount --propagation slave bash -euc '
    covered() { [[ -d $2 ]] || { mkdir -p "$2"; echo "$2" >>"${0%/*}/created"; }; mount --bind "$1" "$2"; }
    covered "$0/shim" /run/containerd
    covered "$0/cni-cache" /var/lib/cni
    covered "$1/container-logs" /var/log/containers
    covered "$0/kubelet" /var/lib/kubelet
    exec containerd --config "$1/containerd.toml"' "$run" "$state"
  wait_ready containerd 20 ctr --address "$run/containerd.sock" version
}

# Where the pods' cgroup is: one place with cgroup v2, one for each controller with v1.
cgroup_folders() { find /sys/fs/cgroup -mindepth 1 -maxdepth 2 -type d -name "$cgroup"; }

pod_pids() {
  local folder
  while read -r folder; do
    find "$folder" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  done < <(cgroup_folders) | sort -un
}

# Fast and complete: the pods are not asked.
kill_pods() {
  local pid
  while read -r pid; do kill -KILL "$pid" 2>/dev/null || true; done < <(pod_pids)
}

# A shim is ours when it was started with our socket's address.
shim_pids() {
  local process command
  for process in /proc/[0-9]*; do
    # The process may be gone by now, hence the braces: the redirection is what fails.
    command=$({ tr '\0' ' ' <"$process/cmdline"; } 2>/dev/null) || continue
    if [[ $command == *containerd-shim*"-address $run/containerd.sock "* ]]; then
      printf '%s\n' "${process##*/}"
    fi
  done
}

no_pods_left() { [[ -z $(pod_pids) && -z $(shim_pids) ]]; }

remove_cgroups() {
  local folder
  while read -r folder; do
    # Deepest first; a cgroup is removed with rmdir, never with its files.
    find "$folder" -depth -type d -exec rmdir {} +
  done < <(cgroup_folders)
}

create_cgroups() {
  local controller
  if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
    # Version 2: kubelet wants every controller that the machine offers.
    for controller in $(</sys/fs/cgroup/cgroup.controllers); do
      echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true
    done
    mkdir -p "/sys/fs/cgroup/$cgroup"
    return 0
  fi
  for controller in /sys/fs/cgroup/*/; do
    controller=${controller%/}
    [[ -L $controller || ${controller##*/} == unified ]] && continue
    mkdir -p "$controller/$cgroup"
    if [[ -f $controller/cpuset.cpus ]]; then
      cat "$controller/cpuset.cpus" >"$controller/$cgroup/cpuset.cpus"
      cat "$controller/cpuset.mems" >"$controller/$cgroup/cpuset.mems"
    fi
  done
}

write_kubelet_config() {
  cat >"$state/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://$run/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$cgroup
failCgroupV1: false
failSwapOn: false
clusterDNS: [$dns_address]
clusterDomain: cluster.local
resolvConf: ""
podLogsDir: $state/pod-logs
volumePluginDir: $state/kubelet/plugins-exec
tlsCertFile: $state/pki/kubelet.crt
tlsPrivateKeyFile: $state/pki/kubelet.key
authentication:
  x509: {clientCAFile: $state/pki/ca.crt}
  anonymous: {enabled: false}
  webhook: {enabled: true}
authorization: {mode: Webhook}
# The disk is the developer's: a full one must not evict the pods of a test.
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
serializeImagePulls: false
registerNode: true
END
}

start_kubelet() {
  local containerd
  containerd=$(pid_of containerd) || die "containerd does not run"
  create_cgroups
  write_kubelet_config
  mkdir -p "$state/kubelet" "$state/pod-logs"
  daemon kubelet "${enter[@]}" nsenter --mount="/proc/$containerd/ns/mnt" \
    "$bin/kubelet" --config="$state/kubelet.yaml" --kubeconfig="$state/kubelet.kubeconfig" \
    --root-dir="$state/kubelet" --cert-dir="$state/kubelet" --hostname-override="$node_name" \
    --node-ip="$node_address"
}

start_kube_proxy() {
  # The limits of connection tracking belong to the machine: 0 leaves them as they are.
  daemon kube-proxy "${enter[@]}" "$bin/kube-proxy" --kubeconfig="$state/kube-proxy.kubeconfig" \
    --proxy-mode=iptables --cluster-cidr="$pod_range" --hostname-override="$node_name" \
    --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0s \
    --conntrack-tcp-timeout-close-wait=0s --bind-address="$node_address" \
    --metrics-bind-address=127.0.0.1:10249
}

start_coredns() {
  SLIPWAY_KUBECONFIG=$state/coredns.kubeconfig daemon coredns "${enter[@]}" "$bin/coredns" \
    -conf "$manifests/coredns.conf"
}
