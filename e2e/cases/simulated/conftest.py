"""A control plane with simulated nodes, the chart installed, and the controller as a process."""

import pytest

from support import objects
from support.audit import Audit
from support.control_plane import install, running
from support.controller import Controller, account_kubeconfig


@pytest.fixture(scope="session")
def control_plane():
    with running("cases", "--nodes", "4", "--gpus", "1:h100:mig-2g.20gb=3",
                 "--gpus", "1:h100:gpu=4") as folder:
        yield folder


@pytest.fixture(scope="session")
def installed(control_plane):
    cluster = install(control_plane)
    cluster.apply(objects.runtime("llama-cpp-gpu", ["nvidia"]))
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


@pytest.fixture(scope="session")
def audit_of_all(control_plane):
    """The audit log from the start of the session on; asked for by the first case there is."""
    return Audit(control_plane / "audit/audit.log")


@pytest.fixture(autouse=True)
def _record_all(audit_of_all):
    """Every case takes part in the comparison of rights granted and rights used."""
    yield
    audit_of_all.read()
