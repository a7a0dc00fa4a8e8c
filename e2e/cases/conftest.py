"""Fixtures of all suites: a cluster, and a namespace of one's own for every case."""

import re
import secrets

import pytest

from support.waiting import eventually


@pytest.fixture
def namespace(cluster, request):
    """An empty namespace that insists on the restricted Pod Security Standard; gone afterwards."""
    stem = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:40].strip("-")
    name = f"{stem}-{secrets.token_hex(3)}"
    cluster.create({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name,
                     "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
    eventually(lambda: cluster.get("ServiceAccount", "default", name),
               f"namespace {name} has its service account")
    yield name
    cluster.delete("Namespace", name)
