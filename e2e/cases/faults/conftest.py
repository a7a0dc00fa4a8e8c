"""A control plane, and the controller as a process whose way to the API server is the fault proxy.

Every case begins with a controller that has just started and with nothing wrong.
"""

import datetime

import pytest

from support.control_plane import install, running
from support.controller import Controller, rotating_kubeconfig
from support.fault_proxy import FaultProxy, told


def pytest_addoption(parser):
    parser.addoption("--kill-points", default="some", choices=["some", "all"],
                     help="at which calls the controller is killed: all, or every second one, "
                     "changing every third day")
    parser.addoption("--one-of", type=int, default=1, metavar="N",
                     help="only every N-th case, tomorrow those behind today's")


def pytest_collection_modifyitems(config, items):
    of = config.getoption("--one-of")
    chosen = items[datetime.date.today().toordinal() % of::of]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


@pytest.fixture(scope="session")
def control_plane():
    with running("faults", "--nodes", "4") as folder:
        yield folder


@pytest.fixture(scope="session")
def installed(control_plane):
    return install(control_plane)


@pytest.fixture(scope="session")
def proxy_process(installed, control_plane, tmp_path_factory):
    process = FaultProxy(tmp_path_factory.mktemp("proxy"), control_plane)
    process.start(installed.server())
    yield process
    process.stop()


@pytest.fixture(scope="session")
def controller_process(installed, proxy_process, control_plane, tmp_path_factory):
    folder = tmp_path_factory.mktemp("controller")
    config = rotating_kubeconfig(installed, folder, proxy_process.url, control_plane / "pki/ca.crt")
    process = Controller(config, folder / "controller.log")
    yield process
    process.stop()


@pytest.fixture
def proxy(proxy_process):
    """The proxy, with no rule and an open network at the start of the case."""
    proxy_process.reset()
    yield proxy_process
    proxy_process.reset()


@pytest.fixture
def controller(controller_process, proxy, request):
    controller_process.restart()
    started = controller_process.process.pid
    before = controller_process.log.stat().st_size
    mark = proxy.mark()
    yield controller_process
    if getattr(request.node, "failed", False):
        log = controller_process.log.read_text(encoding="utf-8", errors="replace")[before:]
        print(f"controller {started} log:\n{log[-6000:]}")
        print(f"calls: {told(proxy.calls(mark)[-60:])}")
    controller_process.kill()
