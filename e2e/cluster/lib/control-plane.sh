# shellcheck shell=bash disable=SC2154,SC2034
# etcd, kube-apiserver, kube-controller-manager and kube-scheduler of one cluster. Both tiers use
# this file. Source it after process.sh and pki.sh. Needs
#   state      the cluster's folder             bin    the folder of the binaries
#   manifests  e2e/cluster/manifests            enter  array: a command prefix (network namespace)
#   address    where the API server is reached  bind   address it binds
#   ports      etcd_port etcd_peer_port api_port manager_port scheduler_port
#   service_range pod_range                     apiserver_args manager_args: arrays, may be empty

# The order in which they are stopped: clients first, the database last.
readonly control_plane_programs=(kube-scheduler kube-controller-manager kube-apiserver etcd)

create_credentials() {
  local names="DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
  # Certificates survive a stop; what they say depends on the addresses only.
  if [[ -f $state/pki/complete && $(<"$state/pki/complete") == "$address $service_range" ]]; then
    return 0
  fi
  rm -rf "$state/pki"
  new_ca
  new_cert apiserver "/CN=kube-apiserver" \
    "$names,IP:127.0.0.1,IP:$address,IP:${service_range%.*}.1"
  new_cert admin "/O=system:masters/CN=admin"
  new_cert controller-manager "/CN=system:kube-controller-manager"
  new_cert scheduler "/CN=system:kube-scheduler"
  new_cert front-proxy "/CN=front-proxy"
  echo "$address $service_range" >"$state/pki/complete"
}

write_kubeconfigs() {
  local server=https://$address:$api_port
  new_kubeconfig "$state/kubeconfig" "$server" admin
  new_kubeconfig "$state/controller-manager.kubeconfig" "$server" controller-manager
  new_kubeconfig "$state/scheduler.kubeconfig" "$server" scheduler
}

start_etcd() {
  local client=http://127.0.0.1:$etcd_port peer=http://127.0.0.1:$etcd_peer_port
  # No fsync: the data is thrown away at the next start anyway.
  daemon etcd "${enter[@]}" "$bin/etcd" --name=e2e --data-dir="$state/etcd" --unsafe-no-fsync \
    --listen-client-urls="$client" --advertise-client-urls="$client" \
    --listen-peer-urls="$peer" --initial-advertise-peer-urls="$peer" \
    --initial-cluster="e2e=$peer" --log-level=warn --quota-backend-bytes=4294967296 \
    --auto-compaction-mode=periodic --auto-compaction-retention=5m
  echo "127.0.0.1:$etcd_port" >"$state/etcd-address"
}

# start_apiserver PROGRAM PORT ETCD LOG: the first one, or another one on the same etcd.
start_apiserver() {
  local pki=$state/pki program=$1 port=$2 etcd=$3 log=$4
  daemon "$program" "${enter[@]}" "$bin/kube-apiserver" \
    --bind-address="$bind" --secure-port="$port" --advertise-address="$advertise" \
    --etcd-servers="http://$etcd" --service-cluster-ip-range="$service_range" \
    --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
    --client-ca-file="$pki/ca.crt" \
    --kubelet-client-certificate="$pki/admin.crt" --kubelet-client-key="$pki/admin.key" \
    --kubelet-preferred-address-types=InternalIP \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-key-file="$pki/service-account.pub" \
    --service-account-signing-key-file="$pki/service-account.key" \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
    --requestheader-client-ca-file="$pki/ca.crt" --requestheader-allowed-names=front-proxy \
    --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
    --requestheader-extra-headers-prefix=X-Remote-Extra- \
    --proxy-client-cert-file="$pki/front-proxy.crt" --proxy-client-key-file="$pki/front-proxy.key" \
    --audit-policy-file="$manifests/audit-policy.yaml" --audit-log-path="$state/audit/$log.log" \
    --audit-log-maxsize=100 --audit-log-maxbackup=100 --allow-privileged=true --profiling=false \
    "${apiserver_args[@]}"
}

start_controller_manager() {
  local pki=$state/pki config=$state/controller-manager.kubeconfig
  # The default client limits (20 a second) would be what a scale test measures.
  daemon kube-controller-manager "${enter[@]}" "$bin/kube-controller-manager" \
    --kubeconfig="$config" --authentication-kubeconfig="$config" \
    --authorization-kubeconfig="$config" --bind-address=127.0.0.1 --secure-port="$manager_port" \
    --leader-elect=false --use-service-account-credentials=true --kube-api-qps=500 \
    --kube-api-burst=1000 --pvclaimbinder-sync-period=1s \
    --service-account-private-key-file="$pki/service-account.key" \
    --root-ca-file="$pki/ca.crt" --cluster-signing-cert-file="$pki/ca.crt" \
    --cluster-signing-key-file="$pki/ca.key" --requestheader-client-ca-file="$pki/ca.crt" \
    --cluster-cidr="$pod_range" --service-cluster-ip-range="$service_range" --profiling=false \
    "${manager_args[@]}"
}

start_scheduler() {
  local config=$state/scheduler.kubeconfig
  cat >"$state/scheduler.yaml" <<END
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection: {kubeconfig: "$config", qps: 500, burst: 1000}
leaderElection: {leaderElect: false}
enableProfiling: false
END
  daemon kube-scheduler "${enter[@]}" "$bin/kube-scheduler" --config="$state/scheduler.yaml" \
    --authentication-kubeconfig="$config" --authorization-kubeconfig="$config" \
    --bind-address=127.0.0.1 --secure-port="$scheduler_port"
}

kube() { "${enter[@]}" "$bin/kubectl" --kubeconfig="$state/kubeconfig" "$@"; }

# The default service account is the last thing the controller manager makes that pods need.
control_plane_works() {
  kube get serviceaccount default -n default -o name
}

start_api() {
  rm -rf "$state/etcd" "$state/logs" "$state/audit"
  mkdir -p "$state/audit"
  create_credentials
  write_kubeconfigs
  start_etcd
  start_apiserver kube-apiserver "$api_port" "127.0.0.1:$etcd_port" audit
  wait_ready kube-apiserver 60 kube get --raw=/readyz
}

start_controllers() {
  start_controller_manager
  start_scheduler
  wait_ready kube-controller-manager 60 control_plane_works
}
