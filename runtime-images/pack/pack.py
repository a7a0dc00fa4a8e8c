#!/usr/bin/env python3
"""Packs folders into an OCI image archive, without a container engine.

    pack.py --ref localhost/NAME:TAG --config CONFIG.json --out FILE.tar LAYERDIR...

One layer per folder, the lowest first. The archive is an OCI image layout in a tar file;
`ctr images import` and `skopeo copy oci-archive:` read it.

Reproducible: the bytes depend on names, contents, modes and link structure only. Entries are
sorted by name, owned by 0:0 and carry one fixed time; the order and time of their creation, their
owner and their inode numbers do not matter. Extended attributes (file capabilities) are left out.

CONFIG.json is an OCI image configuration without `rootfs`; `architecture` and `os` default to
amd64 and linux: {"config": {"User": "65532:65532", "WorkingDir": "/"}}
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import stat
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"

# Only complete references: what `ctr images import` records is what a pod has to name.
REFERENCE = re.compile(
    r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+"
    r":(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})"
)


class PackError(Exception):
    """The input cannot become an image; the message says which part and why."""


@dataclass(frozen=True)
class Blob:
    """One content-addressed part of the image: bytes in memory or a file on disk."""

    media_type: str
    digest: str
    size: int
    content: bytes | Path

    def descriptor(self) -> dict:
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}

    def open(self) -> BinaryIO:
        if isinstance(self.content, Path):
            return self.content.open("rb")
        return io.BytesIO(self.content)


@dataclass(frozen=True)
class Layer:
    """A compressed layer: its blob, the digest of the tar inside it, and that tar's size."""

    blob: Blob
    diff_id: str
    unpacked: int
    entries: int


class HashingWriter:
    """Passes bytes on to a file object, counting and hashing them."""

    def __init__(self, sink: BinaryIO):
        self._sink = sink
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._sink.write(data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        self._sink.flush()

    def digest(self) -> str:
        return "sha256:" + self._hash.hexdigest()


def walk(root: Path) -> list[str]:
    """Every path below root, relative, in byte order of each part: parents before children."""

    def fail(error: OSError) -> None:
        raise PackError(f"{error.filename}: {error.strerror}")

    paths = []
    for folder, folders, files in os.walk(root, onerror=fail):
        # A link to a folder is listed among the folders, and is an entry like any other.
        paths += [os.path.relpath(os.path.join(folder, name), root) for name in folders + files]
    return sorted(paths, key=lambda path: os.fsencode(path).split(b"/"))


def tar_entry(root: Path, name: str, epoch: int, links: dict) -> tarfile.TarInfo:
    """The header of one path. `links` remembers the first name of every file with several names."""
    if os.path.basename(name).startswith(".wh."):
        raise PackError(f"{name}: a name that starts with .wh. would delete files of lower layers")
    status = os.lstat(root / name)
    entry = tarfile.TarInfo(name)
    entry.mode = stat.S_IMODE(status.st_mode)
    entry.mtime = epoch
    if stat.S_ISLNK(status.st_mode):
        entry.type = tarfile.SYMTYPE
        entry.linkname = os.readlink(root / name)
        entry.mode = 0o777
    elif stat.S_ISDIR(status.st_mode):
        entry.type = tarfile.DIRTYPE
    elif stat.S_ISREG(status.st_mode):
        first = links.setdefault((status.st_dev, status.st_ino), name)
        if first != name:
            entry.type = tarfile.LNKTYPE
            entry.linkname = first
        else:
            entry.size = status.st_size
    else:
        raise PackError(f"{name}: neither a file, a folder nor a link")
    return entry


def make_layer(root: Path, epoch: int, target: Path) -> Layer:
    """Writes the gzip-compressed tar of root to target."""
    if not root.is_dir():
        raise PackError(f"{root}: not a folder")
    links: dict = {}
    entries = 0
    with target.open("wb") as file:
        packed = HashingWriter(file)
        with gzip.GzipFile("", "wb", compresslevel=9, fileobj=packed, mtime=0) as stream:
            plain = HashingWriter(stream)
            with tarfile.open(mode="w|", fileobj=plain, format=tarfile.PAX_FORMAT) as tar:
                for name in walk(root):
                    entry = tar_entry(root, name, epoch, links)
                    if entry.isreg():
                        with (root / name).open("rb") as source:
                            tar.addfile(entry, source)
                    else:
                        tar.addfile(entry)
                    entries += 1
    blob = Blob(LAYER_TYPE, packed.digest(), packed.size, target)
    return Layer(blob, plain.digest(), plain.size, entries)


def json_blob(media_type: str, value: dict) -> Blob:
    content = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    return Blob(media_type, digest, len(content), content)


def read_config(path: Path) -> dict:
    try:
        config = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PackError(f"{path}: {error}") from error
    if not isinstance(config, dict):
        raise PackError(f"{path}: has to be a JSON object")
    if "rootfs" in config:
        raise PackError(f"{path}: rootfs is computed from the layers, leave it out")
    return config


def image_blobs(config: dict, layers: list[Layer], epoch: int) -> tuple[Blob, Blob]:
    """The configuration and the manifest of an image made of these layers."""
    created = datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    whole = {"architecture": "amd64", "os": "linux", "created": created, **config}
    whole["rootfs"] = {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]}
    config_blob = json_blob(CONFIG_TYPE, whole)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config_blob.descriptor(),
        "layers": [layer.blob.descriptor() for layer in layers],
    }
    return config_blob, json_blob(MANIFEST_TYPE, manifest)


def index_of(manifest: Blob, config: dict, reference: str, tag: str) -> dict:
    descriptor = manifest.descriptor()
    descriptor["platform"] = {
        "architecture": config.get("architecture", "amd64"),
        "os": config.get("os", "linux"),
    }
    descriptor["annotations"] = {
        "io.containerd.image.name": reference,  # containerd: the name the image gets on import
        "org.opencontainers.image.ref.name": tag,
    }
    return {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [descriptor]}


def add_to_archive(
    tar: tarfile.TarFile, name: str, size: int, source: BinaryIO, epoch: int
) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mtime = epoch
    tar.addfile(entry, source)


def write_archive(out: Path, blobs: list[Blob], index: dict, epoch: int) -> None:
    """Writes the image layout; `out` appears whole or not at all."""
    layout = json.dumps({"imageLayoutVersion": "1.0.0"}).encode()
    index_bytes = json.dumps(index, sort_keys=True, separators=(",", ":")).encode()
    partial = out.with_name(out.name + ".partial")
    try:
        with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar:
            add_to_archive(tar, "oci-layout", len(layout), io.BytesIO(layout), epoch)
            add_to_archive(tar, "index.json", len(index_bytes), io.BytesIO(index_bytes), epoch)
            for blob in sorted({b.digest: b for b in blobs}.values(), key=lambda b: b.digest):
                with blob.open() as source:
                    name = "blobs/" + blob.digest.replace(":", "/")
                    add_to_archive(tar, name, blob.size, source, epoch)
        os.replace(partial, out)
    finally:
        partial.unlink(missing_ok=True)


def pack(
    reference: str, config: dict, roots: list[Path], out: Path, epoch: int = 0
) -> tuple[str, list[Layer]]:
    """Writes the image archive and returns the manifest's digest and the layers."""
    match = REFERENCE.fullmatch(reference)
    if not match:
        raise PackError(f"{reference}: not a full image reference like localhost/name:tag")
    if not roots:
        raise PackError("an image needs at least one layer")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".pack-", dir=out.parent) as scratch:
        layers = [
            make_layer(root, epoch, Path(scratch) / f"layer-{number}")
            for number, root in enumerate(roots)
        ]
        config_blob, manifest = image_blobs(config, layers, epoch)
        index = index_of(manifest, config, reference, match["tag"])
        blobs = [*(layer.blob for layer in layers), config_blob, manifest]
        write_archive(out, blobs, index, epoch)
    return manifest.digest, layers


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Packs folders into an OCI image archive.")
    add = parser.add_argument
    add("--ref", required=True, help="full image reference, e.g. localhost/slipway:dev")
    add("--config", required=True, type=Path, help="OCI image configuration (JSON)")
    add("--out", required=True, type=Path, help="archive to write")
    add("--root", type=Path, action="append", default=[], help="a layer; same as LAYERDIR")
    add("--epoch", type=int, default=0, help="time of every entry, in Unix seconds")
    add("layers", metavar="LAYERDIR", type=Path, nargs="*", help="lowest layer first")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    roots = options.root + options.layers
    try:
        config = read_config(options.config)
        digest, layers = pack(options.ref, config, roots, options.out, options.epoch)
    except (PackError, OSError) as error:
        print(f"pack: {error}", file=sys.stderr)
        return 1
    for root, layer in zip(roots, layers):
        print(
            f"layer {root.name}: {layer.entries} entries, {layer.unpacked / 1e6:.1f} MB,"
            f" gzip {layer.blob.size / 1e6:.1f} MB, {layer.blob.digest}"
        )
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB")
    print(f"{options.ref}@{digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
