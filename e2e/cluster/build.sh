#!/usr/bin/env bash
# Builds the Kubernetes binaries the local clusters run, from Go modules, into build/kube/bin.
#   build.sh [NAME...]     build what is missing or out of date (all of them without NAME)
#   build.sh --list        the names, in build order
# A binary is rebuilt only when its module's files, its flags or the Go release changed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
out=$repo/build/kube
readonly here repo out
readonly version=1.34.4

# name | module folder | package | extra linker flags
table() {
  local kube="-X k8s.io/component-base/version.gitVersion=v$version"
  kube+=" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34"
  kube+=" -X k8s.io/client-go/pkg/version.gitVersion=v$version"
  local helm="-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1"
  helm+=" -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34"
  cat <<END
fileserver|fileserver|.|
faultproxy|faultproxy|.|
etcd|kubernetes|go.etcd.io/etcd/server/v3|
kube-apiserver|kubernetes|k8s.io/kubernetes/cmd/kube-apiserver|$kube
kube-controller-manager|kubernetes|k8s.io/kubernetes/cmd/kube-controller-manager|$kube
kube-scheduler|kubernetes|k8s.io/kubernetes/cmd/kube-scheduler|$kube
kubectl|kubernetes|k8s.io/kubernetes/cmd/kubectl|$kube
kwok|kwok|sigs.k8s.io/kwok/cmd/kwok|
kubelet|kubernetes|k8s.io/kubernetes/cmd/kubelet|$kube
kube-proxy|kubernetes|k8s.io/kubernetes/cmd/kube-proxy|$kube
helm|helm|helm.sh/helm/v3/cmd/helm|$helm
coredns|coredns|.|
END
}

# What the binary is made of, as one digest: the module's own files, the flags, the Go release.
digest_of() {
  local module=$1 package=$2 flags=$3
  {
    go env GOVERSION GOARCH
    printf '%s\n' "$package" "$flags"
    find "$here/modules/$module" -type f \( -name '*.go' -o -name 'go.mod' -o -name 'go.sum' \) \
      -print0 | sort -z | xargs -0 cat
  } | sha256sum | cut -d' ' -f1
}

build_one() {
  local name=$1 module=$2 package=$3 flags=$4
  local stamp=$out/stamps/$name log=$out/logs/$name.log want began=$SECONDS
  want=$(digest_of "$module" "$package" "$flags")
  if [[ -x $out/bin/$name && -f $stamp && $(<"$stamp") == "$want" ]]; then
    printf '  %-24s cached\n' "$name"
    return 0
  fi
  printf '  %-24s building ...\n' "$name"
  if ! (cd "$here/modules/$module" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false nice -n 5 \
    go build -trimpath -ldflags "-s -w $flags" -o "$out/bin/$name.new" "$package") >"$log" 2>&1; then
    printf '  %-24s FAILED, last lines of %s:\n' "$name" "$log"
    tail -n 20 "$log"
    return 1
  fi
  # A rename, because the old binary may be running.
  mv "$out/bin/$name.new" "$out/bin/$name"
  echo "$want" >"$stamp"
  printf '  %-24s ok (%d s)\n' "$name" "$((SECONDS - began))"
}

# The simulated nodes' behaviour comes with the module; ours replaces its pod-ready stage.
collect_stages() {
  local module stage
  module=$(cd "$here/modules/kwok" && go list -m -f '{{.Dir}}' sigs.k8s.io/kwok)
  mkdir -p "$out/share"
  for stage in node/fast/node-initialize node/heartbeat-with-lease/node-heartbeat-with-lease \
    pod/fast/pod-complete pod/fast/pod-delete; do
    echo '---'
    cat "$module/kustomize/stage/$stage.yaml"
  done >"$out/share/kwok-stages.yaml.new"
  mv "$out/share/kwok-stages.yaml.new" "$out/share/kwok-stages.yaml"
}

main() {
  if [[ ${1:-} == --list ]]; then
    table | cut -d'|' -f1
    return 0
  fi
  command -v go >/dev/null || {
    echo "build.sh: no go in PATH; Go 1.26 or newer is needed" >&2
    return 1
  }
  mkdir -p "$out/bin" "$out/stamps" "$out/logs"
  # Two builds of the same tree at once would only fight for the processors.
  exec 9>"$out/lock"
  flock 9
  local wanted=" $* " name module package flags
  while IFS='|' read -r name module package flags; do
    [[ $# -eq 0 || $wanted == *" $name "* ]] || continue
    build_one "$name" "$module" "$package" "$flags" </dev/null 9>&-
    if [[ $name == kwok ]]; then collect_stages; fi
  done < <(table)
}

main "$@"
exit
