#!/usr/bin/env python3
"""Tests of the image packer: `python3 -m unittest pack_test` in this folder."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
import unittest
from pathlib import Path

import pack

REF = "localhost/slipway-test:dev"
CONFIG = {"config": {"User": "65532:65532"}}


class Archive:
    """An image archive read back, its digests checked on the way."""

    def __init__(self, path: Path):
        with tarfile.open(path) as tar:
            self.files = {m.name: tar.extractfile(m).read() for m in tar if m.isreg()}
            self.owners = {(m.uid, m.gid, m.mtime) for m in tar}
        self.index = json.loads(self.files["index.json"])
        self.entry = self.index["manifests"][0]
        self.manifest = json.loads(self.blob(self.entry))
        self.config = json.loads(self.blob(self.manifest["config"]))

    def blob(self, descriptor: dict) -> bytes:
        algorithm, value = descriptor["digest"].split(":")
        content = self.files[f"blobs/{algorithm}/{value}"]
        assert hashlib.sha256(content).hexdigest() == value, "blob is not what its name says"
        assert len(content) == descriptor["size"], "blob has another size than its descriptor says"
        return content

    def layer(self, number: int) -> tarfile.TarFile:
        return tarfile.open(fileobj=io.BytesIO(gzip.decompress(self.raw_layer(number))))

    def raw_layer(self, number: int) -> bytes:
        return self.blob(self.manifest["layers"][number])


class PackTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)
        self.out = self.dir / "image.tar"

    def make_root(self, name: str, order: int = 1) -> Path:
        """A root with every kind of entry; the same one whatever the order of creation."""
        root = self.dir / name
        root.mkdir()
        texts = {"usr/bin/tool": "#!/x\n", "etc/passwd": "root:x:0:0\n", "etc/os-release": "ID=x\n"}
        for path in sorted(texts, reverse=order < 0):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(texts[path])
        (root / "usr/bin/tool").chmod(0o755)
        (root / "etc/passwd").chmod(0o644)
        (root / "etc/os-release").chmod(0o640)
        (root / "tmp").mkdir()
        (root / "tmp").chmod(0o1777)
        (root / "bin").symlink_to("usr/bin")
        names = ["usr/bin/alias-a", "usr/bin/alias-b"]
        for path in names[::order]:
            os.link(root / "usr/bin/tool", root / path)
        for folder in ("usr", "usr/bin", "etc"):
            (root / folder).chmod(0o755)
        return root

    def pack(self, *roots: Path, out: Path | None = None) -> str:
        return pack.pack(REF, CONFIG, list(roots), out or self.out)[0]

    def test_same_input_gives_the_same_bytes(self):
        root = self.make_root("root")
        self.pack(root)
        first = self.out.read_bytes()
        self.pack(root)
        self.assertEqual(first, self.out.read_bytes())

    def test_order_time_owner_and_place_do_not_matter(self):
        one, two = self.make_root("one"), self.make_root("elsewhere", order=-1)
        for path in two.rglob("*"):
            os.utime(path, (1_000_000_000, 1_234_567_890.5), follow_symlinks=False)
            if os.geteuid() == 0:
                os.chown(path, 1234, 1234, follow_symlinks=False)
        self.pack(one)
        self.pack(two, out=self.dir / "other.tar")
        self.assertEqual(self.out.read_bytes(), (self.dir / "other.tar").read_bytes())

    def test_content_mode_name_and_link_each_change_the_digest(self):
        before = self.pack(self.make_root("root"))
        changes = {
            "content": lambda root: (root / "etc/passwd").write_text("root:x:0:1\n"),
            "mode": lambda root: (root / "etc/passwd").chmod(0o600),
            "name": lambda root: (root / "etc/passwd").rename(root / "etc/passwe"),
            "link": lambda root: ((root / "bin").unlink(), (root / "bin").symlink_to("usr/sbin")),
        }
        for what, change in changes.items():
            with self.subTest(what):
                root = self.make_root(what)
                change(root)
                self.assertNotEqual(before, self.pack(root))

    def test_entries_keep_modes_and_links_and_lose_owner_and_time(self):
        root = self.make_root("root")
        self.pack(root)
        with Archive(self.out).layer(0) as tar:
            entries = {m.name: m for m in tar}
            names = [m.name for m in tar]
            content = tar.extractfile("usr/bin/tool").read()
        self.assertEqual(["bin", "etc", "etc/os-release", "etc/passwd", "tmp", "usr"], names[:6])
        self.assertEqual({(0, 0, "", "", 0)}, {(m.uid, m.gid, m.uname, m.gname, m.mtime)
                                               for m in entries.values()})
        self.assertEqual(0o1777, entries["tmp"].mode)
        self.assertEqual(0o640, entries["etc/os-release"].mode)
        self.assertEqual(("usr/bin", True), (entries["bin"].linkname, entries["bin"].issym()))
        self.assertTrue(entries["usr/bin/alias-a"].isreg())
        for name in ("usr/bin/alias-b", "usr/bin/tool"):
            self.assertTrue(entries[name].islnk(), name)
            self.assertEqual("usr/bin/alias-a", entries[name].linkname)
        self.assertEqual(b"#!/x\n", content)

    def test_layers_config_and_annotations(self):
        base, top = self.make_root("base"), self.dir / "top"
        top.mkdir()
        (top / "model").write_bytes(bytes(range(256)) * 1000)
        digest = self.pack(base, top)
        image = Archive(self.out)
        self.assertEqual(digest, image.entry["digest"])
        self.assertEqual({(0, 0, 0)}, image.owners)
        self.assertEqual({"imageLayoutVersion": "1.0.0"}, json.loads(image.files["oci-layout"]))
        self.assertEqual(REF, image.entry["annotations"]["io.containerd.image.name"])
        self.assertEqual("dev", image.entry["annotations"]["org.opencontainers.image.ref.name"])
        self.assertEqual({"architecture": "amd64", "os": "linux"}, image.entry["platform"])
        self.assertEqual("65532:65532", image.config["config"]["User"])
        self.assertEqual("1970-01-01T00:00:00Z", image.config["created"])
        diff_ids = [hashlib.sha256(gzip.decompress(image.raw_layer(n))).hexdigest() for n in (0, 1)]
        self.assertEqual([f"sha256:{d}" for d in diff_ids], image.config["rootfs"]["diff_ids"])
        with image.layer(1) as tar:
            self.assertEqual(["model"], tar.getnames())

    def test_gzip_header_has_no_name_and_no_time(self):
        self.pack(self.make_root("root"))
        header = Archive(self.out).raw_layer(0)[:8]
        self.assertEqual(b"\x1f\x8b\x08\x00\x00\x00\x00\x00", header)

    def test_equal_layers_share_one_blob(self):
        self.pack(self.make_root("one"), self.make_root("two"))
        with tarfile.open(self.out) as tar:
            names = tar.getnames()
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual(2, len(Archive(self.out).manifest["layers"]))

    def test_long_and_foreign_names_survive(self):
        root = self.dir / "root"
        deep = "a" * 100 + "/" + "b" * 120 + "/" + "c" * 90
        for name in (deep, "r\u00e9sum\u00e9"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(name)
        self.pack(root)
        with Archive(self.out).layer(0) as tar:
            self.assertEqual(deep, tar.extractfile(deep).read().decode())
            self.assertIn("r\u00e9sum\u00e9", tar.getnames())

    def test_refuses_what_cannot_be_an_image(self):
        root = self.make_root("root")
        named = lambda reference: pack.pack(reference, CONFIG, [root], self.out)
        cases = {
            "short reference": (lambda: named("slipway:dev"), "reference"),
            "no tag": (lambda: named("localhost/slipway"), "reference"),
            "no layer": (lambda: self.pack(), "at least one layer"),
            "missing folder": (lambda: self.pack(self.dir / "gone"), "not a folder"),
            "a file": (lambda: self.pack(root / "etc/passwd"), "not a folder"),
        }
        for name, (act, words) in cases.items():
            with self.subTest(name), self.assertRaisesRegex(pack.PackError, words):
                act()
        os.mkfifo(root / "pipe")
        with self.assertRaisesRegex(pack.PackError, "pipe: neither"):
            self.pack(root)
        (root / "pipe").rename(root / ".wh.etc")
        with self.assertRaisesRegex(pack.PackError, "would delete"):
            self.pack(root)
        self.assertEqual([], [p.name for p in self.dir.iterdir() if p.name.startswith("image.tar")])

    def test_command_line(self):
        root, config = self.make_root("root"), self.dir / "config.json"
        config.write_text(json.dumps(CONFIG))
        common = ["--ref", REF, "--config", str(config), "--out", str(self.out)]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            self.assertEqual(0, pack.main([*common, "--root", str(root)]))
        digest = Archive(self.out).entry["digest"]
        self.assertEqual(f"{REF}@{digest}", printed.getvalue().splitlines()[-1])
        complaints = io.StringIO()
        for text in ("[]", "{", '{"rootfs": {}}'):
            config.write_text(text)
            with self.subTest(text), contextlib.redirect_stderr(complaints):
                self.assertEqual(1, pack.main([*common, str(root)]))
        self.assertIn("rootfs is computed", complaints.getvalue())


if __name__ == "__main__":
    unittest.main()
