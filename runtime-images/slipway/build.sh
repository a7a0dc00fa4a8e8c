#!/usr/bin/env bash
# Builds build/images/slipway.tar: the controller with the libraries it needs, and the static agent.
#
#   build.sh [BUILD_DIR [ARCHIVE]]     default: build/release, build/images/slipway.tar
#
# Two layers: what comes from the distribution, and what is ours, so that a new build of ours leaves
# the larger layer as it is. The same binaries and packages give the same image digest.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${1:-$top/build/release}
image=${2:-$top/build/images/slipway.tar}
reference=localhost/slipway:dev
libraries=usr/lib/x86_64-linux-gnu
loader=usr/lib64/ld-linux-x86-64.so.2

say() { printf 'slipway: %s\n' "$*"; }
die() { printf 'slipway: %s\n' "$*" >&2; exit 1; }

# Every library that PROGRAM maps, the loader included, as this machine resolves them.
closure() {
  local listing
  listing=$(env -u LD_LIBRARY_PATH -u LD_PRELOAD ldd "$1") || die "$1 has no dynamic section"
  ! grep 'not found' <<<"$listing" || die "$1 lacks libraries"
  awk '{ for (i = 1; i <= NF; i++) if ($i ~ /^\//) print $i }' <<<"$listing" | sort -u
}

# The package FILE belongs to; the database may know it with or without the usr of merged folders.
package_of() {
  local real
  real=$(realpath "$1")
  { dpkg-query -S "$real" || dpkg-query -S "${real#/usr}" || dpkg-query -S "/usr$real"; } \
    2>/dev/null | sed -n '1s/[:,].*//p'
}

add_skeleton() {
  local root=$1 name
  mkdir -p "$root"/{dev,etc/ssl/certs,proc,run,sys,tmp,usr/bin,usr/sbin,usr/lib64,usr/lib/ssl} \
    "$root/$libraries" "$root/usr/share/slipway"
  chmod 1777 "$root/tmp"
  for name in bin lib lib64 sbin; do ln -s "usr/$name" "$root/$name"; done
  printf '%s\n' 'root:x:0:0:root:/:/sbin/nologin' \
    'slipway:x:65532:65532:slipway:/tmp:/sbin/nologin' >"$root/etc/passwd"
  printf '%s\n' 'root:x:0:' 'slipway:x:65532:' >"$root/etc/group"
  printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$root/etc/nsswitch.conf"
}

# The distribution's authorities alone: what an administrator added to this machine stays here.
add_authorities() {
  local root=$1 bundle=/etc/ssl/certs/ca-certificates.crt
  local -a files=(/usr/share/ca-certificates/mozilla/*.crt)
  [ -e "${files[0]}" ] || die "ca-certificates is not installed"
  cat "${files[@]}" >"$root$bundle"
  # Where OpenSSL looks when it is told nothing.
  ln -s "$bundle" "$root/usr/lib/ssl/cert.pem"
}

# Copies the libraries and records which package, in which version, each came from.
add_libraries() {
  local program=$1 root=$2 files file package
  local -A packages=([ca-certificates]=1)
  files=$(closure "$program")
  while read -r file; do
    if [ "$(basename "$file")" = "$(basename "$loader")" ]; then
      cp -L "$file" "$root/$loader"
    else
      cp -L "$file" "$root/$libraries/"
    fi
    package=$(package_of "$file")
    [ -n "$package" ] || die "$file belongs to no package"
    packages[$package]=1
  done <<<"$files"
  while read -r package; do
    install -D -m 644 "/usr/share/doc/$package/copyright" \
      "$root/usr/share/doc/$package/copyright"
    # shellcheck disable=SC2016  # the dollar signs are dpkg's
    dpkg-query -W -f '${Package} ${Version}\n' "$package" | head -n 1
  done < <(printf '%s\n' "${!packages[@]}" | sort) >"$root/usr/share/slipway/versions.txt"
  cp -rL /usr/share/common-licenses "$root/usr/share/"
}

# The image's own loader has to find everything inside the image.
check_closure() {
  local program=$1 root=$2 listing
  listing=$("$root/$loader" --inhibit-cache --library-path "$root/$libraries" --list "$program") ||
    die "the image's loader cannot map $(basename "$program")"
  ! awk '/=>/ { print $3 }' <<<"$listing" | grep -v "^$root/" || die "libraries outside the image"
}

for name in slipway-controller slipway-agent; do
  [ -x "$build/bin/$name" ] || die "$build/bin/$name is missing: build it first"
done
! readelf --program-headers "$build/bin/slipway-agent" | grep -q INTERP ||
  die "$build/bin/slipway-agent is not static: it runs in images that have no libraries"

umask 022
mkdir -p "$(dirname "$image")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say "1/3 our binaries from $build"
mkdir -p "$work/slipway/usr/bin"
for name in slipway-controller slipway-agent; do
  strip --strip-all -o "$work/slipway/usr/bin/$name" "$build/bin/$name"
done
say "2/3 their libraries and the certificate authorities"
add_skeleton "$work/base"
add_authorities "$work/base"
add_libraries "$build/bin/slipway-controller" "$work/base"
check_closure "$work/slipway/usr/bin/slipway-controller" "$work/base"
say "3/3 packing"
python3 "$here/../pack/pack.py" --ref "$reference" --config "$here/config.json" --out "$image" \
  "$work/base" "$work/slipway" | sed 's/^/  /'
say "done: $image"
