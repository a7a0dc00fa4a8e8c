#!/usr/bin/env python3
"""Picks what llama-server needs out of a Debian root, and nothing else.

    trim.py ROOTFS BASE ENGINE

ROOTFS is an unpacked Debian root that still holds its packages in var/cache/apt/archives. BASE gets
the C and C++ runtime, OpenSSL and the accounts; ENGINE gets llama-server, its libraries and every
CPU backend. Both become image layers: a new engine version leaves BASE as it is. No shell, no
package manager. usr/share/slipway/versions.txt in ENGINE names the packages the files came from,
and the licence of each of them is kept.
"""

import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

SERVER = "usr/bin/llama-server"
# Loaded by name at run time, so no list of needed libraries shows them. Which one fits is decided
# on the node, by its CPU.
BACKENDS = "usr/lib/*/ggml/backends*/libggml-cpu-*.so"
LOADER = "/lib64/ld-linux-x86-64.so.2"
ENGINE_PACKAGES = ("llama.cpp", "libllama", "libggml")
MERGED = ("bin", "lib", "lib64", "sbin")  # links into usr in every present Debian

ACCOUNTS = {
    "etc/passwd": (
        "root:x:0:0:root:/:/sbin/nologin\nslipway:x:65532:65532:slipway:/tmp:/sbin/nologin\n"
    ),
    "etc/group": "root:x:0:\nslipway:x:65532:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


class TrimError(Exception):
    """The root is not what this recipe expects; the message names the difference."""


def under_usr(path: str) -> str:
    """A path relative to the root, with the merged top-level folders resolved."""
    relative = os.path.normpath(path.lstrip("/"))
    return "usr/" + relative if relative.split("/")[0] in MERGED else relative


def needed_libraries(rootfs: Path, program: str) -> set[str]:
    """What the root's own loader would map for program, the loader included.

    The loader runs in the root: its C library is newer than the one of the building machine.
    """
    command = ["/usr/sbin/chroot", rootfs, LOADER, "--inhibit-cache", "--list", "/" + program]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env={})
    if run.returncode != 0 or "not found" in run.stdout:
        raise TrimError(f"{program}: libraries missing: {run.stdout}{run.stderr}")
    words = (word for line in run.stdout.splitlines() for word in line.split())
    return {under_usr(word) for word in words if word.startswith("/")}


def with_targets(rootfs: Path, path: str) -> list[str]:
    """path and, when it is a link, everything it leads to."""
    chain = [path]
    while (rootfs / chain[-1]).is_symlink():
        target = os.readlink(rootfs / chain[-1])
        chain.append(under_usr(os.path.join("/", os.path.dirname(chain[-1]), target)))
    if not (rootfs / chain[-1]).is_file():
        raise TrimError(f"{path}: leads to {chain[-1]}, which is not there")
    return chain


def package_files(deb: Path) -> list[str]:
    listing = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], capture_output=True, check=True)
    names = subprocess.run(["tar", "-t"], input=listing.stdout, capture_output=True, check=True)
    return [under_usr(name) for name in names.stdout.decode().splitlines()]


def package_field(deb: Path, field: str) -> str:
    run = subprocess.run(["dpkg-deb", "-f", deb, field], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def read_packages(rootfs: Path) -> tuple[dict[str, str], dict[str, str]]:
    """File -> package and package -> version, from the packages the root was made of."""
    owners: dict[str, str] = {}
    versions: dict[str, str] = {}
    for deb in sorted(rootfs.glob("var/cache/apt/archives/*.deb")):
        name = package_field(deb, "Package")
        versions[name] = package_field(deb, "Version")
        owners.update((path, name) for path in package_files(deb))
    if not versions:
        raise TrimError(f"{rootfs}: no packages in var/cache/apt/archives")
    return owners, versions


def wanted_files(rootfs: Path) -> set[str]:
    backends = [os.path.relpath(path, rootfs) for path in glob.glob(str(rootfs / BACKENDS))]
    if not backends:
        raise TrimError(f"{rootfs}: no CPU backend matches {BACKENDS}")
    wanted: set[str] = set()
    for program in [SERVER, *backends]:
        wanted.add(program)
        for library in needed_libraries(rootfs, program):
            wanted.update(with_targets(rootfs, library))
    return wanted


def put(rootfs: Path, path: str, layer: Path) -> None:
    target = layer / path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(rootfs / path, target, follow_symlinks=False)


def put_licence(rootfs: Path, package: str, layer: Path) -> None:
    """The copyright file, found through the folder link that shared packages have."""
    source = rootfs / "usr/share/doc" / package / "copyright"
    if not source.is_file():
        raise TrimError(f"{package}: no copyright file")
    target = layer / "usr/share/doc" / package / "copyright"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o644)


def make_base_skeleton(rootfs: Path, base: Path) -> None:
    for name in MERGED:
        (base / name).symlink_to("usr/" + name)
    for folder in ("dev", "etc", "proc", "run", "sys", "tmp"):
        (base / folder).mkdir(exist_ok=True)
    (base / "tmp").chmod(0o1777)
    for path, text in ACCOUNTS.items():
        (base / path).write_text(text)
    put(rootfs, "usr/lib/os-release", base)
    (base / "etc/os-release").symlink_to("../usr/lib/os-release")
    for licence in sorted((rootfs / "usr/share/common-licenses").iterdir()):
        put(rootfs, str(licence.relative_to(rootfs)), base)


def trim(rootfs: Path, base: Path, engine: Path) -> list[str]:
    """Fills the two layers; returns the lines of versions.txt."""
    owners, versions = read_packages(rootfs)
    make_base_skeleton(rootfs, base)
    used = {"base-files"}
    for path in sorted(wanted_files(rootfs)):
        if path not in owners:
            raise TrimError(f"{path}: belongs to no package")
        package = owners[path]
        used.add(package)
        put(rootfs, path, engine if package.startswith(ENGINE_PACKAGES) else base)
    for package in sorted(used):
        put_licence(rootfs, package, engine if package.startswith(ENGINE_PACKAGES) else base)
    lines = [f"{package} {versions[package]}" for package in sorted(used)]
    record = engine / "usr/share/slipway/versions.txt"
    record.parent.mkdir(parents=True)
    record.write_text("\n".join(lines) + "\n")
    return lines


def main(arguments: list[str]) -> int:
    if len(arguments) != 3:
        print("usage: trim.py ROOTFS BASE ENGINE", file=sys.stderr)
        return 2
    os.umask(0o022)
    rootfs, base, engine = (Path(argument) for argument in arguments)
    for layer in (base, engine):
        layer.mkdir(parents=True)
    try:
        lines = trim(rootfs, base, engine)
    except (TrimError, OSError, subprocess.CalledProcessError) as error:
        print(f"trim: {error}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
