"""The CRDs as the API server understands them: what they accept, refuse, and let change."""

import pathlib

import pytest
import yaml

from support.cluster import REPO

DATA = REPO / "crds/schema/testdata"


def cases(folder):
    files = sorted((DATA / folder).glob("*.yaml"))
    assert files, f"{DATA / folder} is empty"
    return [pytest.param(path, id=path.stem) for path in files]


def first_line(path):
    line = path.read_text(encoding="utf-8").splitlines()[0]
    assert line.startswith("# "), f"{path} says nothing in its first line"
    return line.removeprefix("# ").strip()


def apply(cluster, namespace, text, *flags):
    return cluster.kubectl("-n", namespace, "apply", "-f", "-", *flags, stdin=text, check=False)


@pytest.mark.parametrize("path", cases("good"))
def test_accepted(cluster, path):
    done = apply(cluster, "default", path.read_text(encoding="utf-8"), "--dry-run=server")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", cases("bad"))
def test_refused_with_the_reason(cluster, path):
    done = apply(cluster, "default", path.read_text(encoding="utf-8"), "--dry-run=server")
    assert done.returncode != 0, "it was accepted"
    assert first_line(path) in done.stderr


@pytest.mark.parametrize("path", cases("change"))
def test_change(cluster, namespace, path):
    before, after = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    made = apply(cluster, namespace, yaml.safe_dump(before))
    assert made.returncode == 0, made.stderr
    done = apply(cluster, namespace, yaml.safe_dump(after), "--dry-run=server")
    if first_line(path) == "allowed":
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode != 0 and first_line(path) in done.stderr, done.stderr


def test_every_crd_is_small(cluster):
    """A client-side `kubectl apply` keeps a copy in an annotation of at most 256 KiB."""
    for path in (REPO / "crds").glob("*.yaml"):
        assert path.stat().st_size < 100_000, path
        done = cluster.kubectl("apply", "--dry-run=server", "-f", str(path), check=False)
        assert done.returncode == 0, done.stderr


def test_server_side_apply_of_nothing_new_changes_nothing(cluster, namespace):
    """No field is defaulted into what a user wrote, so GitOps sees no drift."""
    path = pathlib.Path(DATA / "good/isvc-whole-pod-override.yaml")
    obj = yaml.safe_load(path.read_text(encoding="utf-8"))
    obj["metadata"]["namespace"] = namespace
    first = cluster.apply(obj)
    assert first["spec"] == obj["spec"]
    again = cluster.apply(obj)
    assert again["metadata"]["generation"] == first["metadata"]["generation"]
