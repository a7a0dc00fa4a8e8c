"""Connections whose packets are lost without a word, in a network namespace of the case's own."""

import pathlib
import secrets
import subprocess
import time

import pytest

from support.controller import Controller, rotating_kubeconfig
from support.fault_proxy import FaultProxy, told
from support.services import Service
from support.waiting import eventually


def run(*command):
    subprocess.run(command, check=True, capture_output=True, timeout=30)


@pytest.fixture
def elsewhere():
    """The file of a network namespace that has a loopback and nothing else."""
    name = f"faults-{secrets.token_hex(3)}"
    run("ip", "netns", "add", name)
    run("ip", "-n", name, "link", "set", "lo", "up")
    yield f"/run/netns/{name}"
    run("ip", "netns", "delete", name)


@pytest.fixture
def proxy(elsewhere, cluster, control_plane, tmp_path):
    """A proxy that only that namespace reaches."""
    proxy = FaultProxy(tmp_path, control_plane)
    proxy.start(cluster.server(), f"--listen-namespace={elsewhere}")
    yield proxy
    proxy.stop()


@pytest.fixture
def controller(elsewhere, cluster, control_plane, proxy, controller_process, tmp_path):
    controller_process.kill()
    config = rotating_kubeconfig(cluster, tmp_path, proxy.url, control_plane / "pki/ca.crt")
    process = Controller(config, tmp_path / "controller.log",
                         prefix=["nsenter", f"--net={elsewhere}"])
    process.start(wait=False)
    yield process
    process.kill()


def connected_ports(pid, server_port):
    """The local ports of the process's namespace that are connected to the server's."""
    ports = []
    for row in pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        local, remote, state = row.split()[1:4]
        if state == "01" and int(remote.split(":")[1], 16) == server_port:
            ports.append(int(local.split(":")[1], 16))
    return ports


def test_watches_of_a_peer_that_vanished_are_opened_again(cluster, namespace, elsewhere, controller,
                                                          proxy):
    """D05: all packets of the open connections are lost; in about 45 s there are new ones."""
    service = Service(cluster, namespace)
    eventually(lambda: proxy.quiet(namespace), "quiet")
    port = int(proxy.addresses["front"].rsplit(":", 1)[1])
    mark, began = proxy.mark(), time.monotonic()
    for lost in connected_ports(controller.process.pid, port):
        for way in ("--sport", "--dport"):
            run("nsenter", f"--net={elsewhere}", "iptables", "-A", "INPUT", "-p", "tcp", way,
                str(lost), "-j", "DROP")
    service.scale(2)
    eventually(lambda: len(proxy.calls(mark, verb="watch")) >= 10, "new watches", 75,
               describe=controller.tail)
    took = time.monotonic() - began
    print(f"new watches after {took:.0f} s")
    assert took > 20, "the old ones must have been dead, or this case shows nothing"
    assert not [c for c in proxy.calls(mark, verb="watch") if "sendInitialEvents" in c["target"]], \
        "they go on where the dead ones stood: " + told(proxy.calls(mark, verb="watch"))
    service.converges(2)
    service.unharmed(proxy, mark)
