"""A control plane with simulated nodes, the chart installed, and the controller as a process.

$SLIPWAY_KUBECONFIG names a control plane that runs already (its audit log beside it); without it,
one is started and stopped here.
"""

import os
import pathlib
import subprocess

import pytest

from support import objects
from support.audit import Audit
from support.cluster import REPO, Cluster
from support.controller import NAMESPACE, Controller, account_kubeconfig
from support.waiting import eventually

NAME = "cases"


def pytest_collection_modifyitems(items):
    for item in items:
        if "simulated" in item.path.parts:
            item.add_marker(pytest.mark.simulated)


@pytest.fixture(scope="session")
def control_plane():
    """The folder of a running control plane: kubeconfig, audit/audit.log."""
    given = os.environ.get("SLIPWAY_KUBECONFIG")
    if given:
        yield pathlib.Path(given).parent
        return
    script = REPO / "e2e/cluster/control-plane.sh"
    subprocess.run([script, "start", NAME, "--nodes", "4", "--gpus", "1:h100:mig-2g.20gb=3",
                    "--gpus", "1:h100:gpu=4"], check=True, timeout=600)
    yield REPO / "build/cluster" / NAME
    subprocess.run([script, "stop", NAME], check=True, timeout=120)


def wait_for_garbage_collector(cluster):
    """It learns of new kinds every 30 s; until then nothing goes with an owner of our kinds."""
    owner = cluster.create(objects.isvc("collected", "default"))
    cluster.create({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "collected", "namespace": "default", "ownerReferences": [{
            "apiVersion": owner["apiVersion"], "kind": owner["kind"],
            "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}]}})
    cluster.delete("InferenceService", "collected", "default")
    cluster.wait_gone("ConfigMap", "collected", "default", timeout=120)


@pytest.fixture(scope="session")
def installed(control_plane):
    """The chart as users install it; its Deployment has no replica, the process stands in."""
    cluster = Cluster(control_plane / "kubeconfig")
    cluster.helm("upgrade", "--install", "slipway", str(REPO / "charts/slipway"), "-n", NAMESPACE,
                 "--create-namespace", "--set", "controller.replicas=0")
    cluster.kubectl("wait", "--for=condition=Established", "crd", "-l",
                    "app.kubernetes.io/part-of=slipway", "--timeout=30s")
    # Discovery is cached in the client: one that knows the new kinds.
    cluster = Cluster(control_plane / "kubeconfig")
    eventually(lambda: cluster.get("ClusterServingRuntime", "llama-cpp"), "the runtime is there")
    cluster.apply(objects.runtime("llama-cpp-gpu", ["nvidia"]))
    wait_for_garbage_collector(cluster)
    return cluster


@pytest.fixture(scope="session")
def controller_process(installed, control_plane, tmp_path_factory):
    folder = tmp_path_factory.mktemp("controller")
    process = Controller(account_kubeconfig(installed, folder), folder / "controller.log")
    yield process
    process.stop()


@pytest.fixture
def controller(controller_process, request):
    """The controller, running at the start of the case whatever the one before did to it."""
    if not controller_process.running():
        controller_process.start()
    before = controller_process.log.stat().st_size
    yield controller_process
    if getattr(request.node, "failed", False):
        log = controller_process.log.read_text(encoding="utf-8", errors="replace")[before:]
        print("controller log:\n" + log[-6000:])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.when == "call":
        item.failed = report.failed


@pytest.fixture
def cluster(installed):
    return installed


@pytest.fixture
def audit(control_plane):
    """The API server's audit log from here on."""
    return Audit(control_plane / "audit/audit.log")


@pytest.fixture(scope="session")
def audit_of_all(control_plane):
    """The audit log from the start of the session on; asked for by the first case there is."""
    return Audit(control_plane / "audit/audit.log")


@pytest.fixture(autouse=True)
def _record_all(audit_of_all):
    """Every case takes part in the comparison of rights granted and rights used."""
    yield
    audit_of_all.read()
