"""Fixtures of all suites: a cluster, and a namespace of one's own for every case."""

import re
import secrets

import pytest

from support.audit import Audit
from support.waiting import eventually


def pytest_collection_modifyitems(items):
    """Each case is marked with its suite."""
    for item in items:
        item.add_marker(item.path.parent.name)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Fixtures ask item.failed whether to print logs."""
    report = (yield).get_result()
    if report.when == "call":
        item.failed = report.failed


@pytest.fixture
def cluster(installed):
    """The suite's own, with the chart installed."""
    return installed


@pytest.fixture
def audit(control_plane):
    """The API server's audit log from here on, in the suites with a control plane of their own."""
    return Audit(control_plane / "audit/audit.log")


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
