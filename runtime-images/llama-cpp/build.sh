#!/usr/bin/env bash
# Builds build/images/llama-cpp.tar: llama-server of Debian sid with its CPU backends, as an image.
#
#   build.sh [--refresh]
#
# The Debian root is downloaded once and kept in build/images/llama-cpp; --refresh takes sid as it
# is now. Everything after the download is repeatable: the same root gives the same image digest.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
cache=$top/build/images/llama-cpp
image=$top/build/images/llama-cpp.tar
reference=localhost/slipway-llama-cpp:dev
packages=base-files,llama.cpp-tools

say() { printf 'llama-cpp: %s\n' "$*"; }
die() { printf 'llama-cpp: %s\n' "$*" >&2; exit 1; }

# The archive this machine itself uses, so that a local mirror is used here too.
find_mirror() {
  # shellcheck disable=SC2016  # the dollar signs are apt's, not the shell's
  apt-get indextargets --format '$(LABEL)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' |
    awk -F'|' '$1 == "Debian" && $2 == "main" && !found { print $3; found = 1 }'
}

download_root() {
  local target=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror try
  mirror=${SLIPWAY_DEBIAN_MIRROR:-$(find_mirror)}
  [ -n "$mirror" ] ||
    die "no Debian archive in apt's sources; run apt-get update, or set SLIPWAY_DEBIAN_MIRROR"
  # extract: no maintainer script runs. The packages stay in the root, trim.py reads them. Sid's
  # Release file may be past its date, its signature is checked all the same. Sid may move between
  # index and download, hence the tries.
  for try in 1 2 3; do
    if mmdebstrap --quiet --variant=extract --mode=root --architectures=amd64 --format=tar \
      --skip=cleanup/apt/cache --include="$packages" \
      --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
      --aptopt='Acquire::Check-Valid-Until "false"' \
      sid "$target" "deb [signed-by=$keyring] $mirror sid main"; then
      return
    fi
    say "download failed (try $try of 3)"
  done
  die "could not get $packages from Debian sid"
}

hash_of() { cat "$@" | sha256sum | cut -d' ' -f1; }

refresh=no
case "${1:-}" in
  '') ;;
  --refresh) refresh=yes ;;
  *) die "usage: build.sh [--refresh]" ;;
esac
[ "$(dpkg --print-architecture)" = amd64 ] || die "the recipe is for amd64"
[ "$(id -u)" = 0 ] || die "needs root, for chroot"
command -v mmdebstrap >/dev/null || die "mmdebstrap is missing: see runtime-images/packages.txt"
mkdir -p "$cache"

# Two builds at once would share the work folder.
exec 9>"$cache/lock"
flock 9
rm -rf "$cache"/work.* "$cache/rootfs.tar.partial"  # what an interrupted build left

if [ "$refresh" = yes ] || [ ! -s "$cache/rootfs.tar" ]; then
  say "1/4 downloading $packages and what they need from Debian sid"
  download_root "$cache/rootfs.tar.partial"
  mv "$cache/rootfs.tar.partial" "$cache/rootfs.tar"
else
  say "1/4 Debian root of $(date -r "$cache/rootfs.tar" '+%F %R') is kept (--refresh renews it)"
fi

stamp=$(hash_of "$cache/rootfs.tar" "$here"/{build.sh,trim.py,contract.py,config.json} \
  "$here"/../pack/pack.py "$here"/../model/tiny.gguf)
if [ -s "$image" ] && [ "$(cat "$cache/stamp" 2>/dev/null)" = "$stamp" ]; then
  say "up to date: $image"
  exit 0
fi

work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
say "2/4 picking the files llama-server needs"
mkdir "$work/rootfs"
tar -C "$work/rootfs" --exclude='./dev/*' -xf "$cache/rootfs.tar"
python3 "$here/trim.py" "$work/rootfs" "$work/base" "$work/engine" | sed 's/^/  /'
say "3/4 checking the engine's contract"
python3 "$here/contract.py" "$here/../model/tiny.gguf" "$work/base" "$work/engine" | sed 's/^/  /'
say "4/4 packing"
python3 "$here/../pack/pack.py" --ref "$reference" --config "$here/config.json" --out "$image" \
  "$work/base" "$work/engine" | sed 's/^/  /'
echo "$stamp" >"$cache/stamp"
say "done: $image"
