#!/usr/bin/env bash
# Packs the images that only the local cluster needs into build/kube/images:
#   pause.tar       localhost/pause:1        holds a pod's namespaces
#   fileserver.tar  localhost/fileserver:dev https model source with switchable faults
# An image is packed again when what it is made of is newer.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
out=$repo/build/kube/images
pack=$repo/runtime-images/pack/pack.py

# pack_image NAME REF BINARY USER: an image of one static binary, /BINARY's name.
pack_image() {
  local name=$1 ref=$2 binary=$3 user=$4 root
  if [[ $out/$name.tar -nt $binary && $out/$name.tar -nt $pack ]]; then
    printf '  %-24s cached\n' "$name"
    return 0
  fi
  root=$(mktemp -d)
  # shellcheck disable=SC2064  # the value of now is wanted
  trap "rm -rf '$root'" RETURN
  install -D -m 0755 "$binary" "$root/rootfs/$name"
  chmod 0755 "$root/rootfs"
  printf '{"config": {"User": "%s", "WorkingDir": "/", "Entrypoint": ["/%s"]}}\n' "$user" "$name" \
    >"$root/config.json"
  python3 "$pack" --ref "$ref" --config "$root/config.json" --out "$out/$name.tar" "$root/rootfs" \
    >/dev/null
  printf '  %-24s ok\n' "$name"
}

main() {
  mkdir -p "$out"
  if [[ ! $out/pause -nt $here/pause.c ]]; then
    gcc -static -Os -Wall -Wextra -Werror -s -o "$out/pause" "$here/pause.c"
  fi
  pack_image pause localhost/pause:1 "$out/pause" 65535:65535
  "$here/build.sh" fileserver
  pack_image fileserver localhost/fileserver:dev "$repo/build/kube/bin/fileserver" 65532:65532
}

main "$@"
exit
