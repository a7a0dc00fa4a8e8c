"""One real node (e2e/cluster/node.sh) with images loaded and the chart installed.

Run inside of the node's network: e2e/cases/run.sh node.
"""

import os
import socket
import subprocess

import pytest
from openai import OpenAI

from support.cluster import REPO, Cluster
from support.source import Source
from support.waiting import eventually

OPERATOR = "slipway-system"


@pytest.fixture(scope="session")
def cluster():
    kubeconfig = os.environ.get("SLIPWAY_NODE_KUBECONFIG", REPO / "build/cluster/node/kubeconfig")
    found = Cluster(kubeconfig)
    def controller_ready():
        deployment = found.get("Deployment", "slipway-controller", OPERATOR)
        assert deployment, "the chart is not installed"
        wanted = deployment["spec"]["replicas"]
        return (deployment.get("status") or {}).get("readyReplicas") == wanted
    eventually(controller_ready, "the controller is ready", 60)
    return found


@pytest.fixture(scope="session")
def source(cluster):
    server = Source(cluster)
    server.start()
    return server


@pytest.fixture
def trusted(source, namespace):
    """The case's namespace, with the source's CA in it."""
    source.trust_in(namespace)
    return namespace


def accepts(address):
    try:
        socket.create_connection((address, 80), timeout=2).close()
        return True
    except OSError:
        return False


@pytest.fixture
def client(cluster):
    """Makes an OpenAI client of a service, through its Service's address."""
    made = []

    def connect(namespace, name="chat", **options):
        address = cluster.get("Service", name, namespace)["spec"]["clusterIP"]
        # Ready is about the pods; kube-proxy learns of them about a second later.
        eventually(lambda: accepts(address), f"the Service {namespace}/{name} leads to a pod", 60)
        made.append(OpenAI(base_url=f"http://{address}/v1", api_key="none",
                           **{"max_retries": 0, "timeout": 60, **options}))
        return made[-1]
    yield connect
    for one in made:
        one.close()


@pytest.fixture
def signal():
    """Sends a signal to the engine of a pod, as the node's administrator could."""
    def send(name, pod):
        subprocess.run([REPO / "e2e/cluster/node.sh", "signal", name, pod["metadata"]["uid"],
                        "llama-server"], check=True, capture_output=True)
    return send


@pytest.fixture
def volume(cluster):
    """Makes a claim whose volume holds the given files."""
    def make(namespace, claim, files):
        name = f"{namespace}-{claim}"[-50:].strip("-")
        subprocess.run([REPO / "e2e/cluster/node.sh", "volume", name, f"{namespace}/{claim}"],
                       check=True, capture_output=True)
        folder = REPO / "build/cluster/node/volumes" / name
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
            (folder / path).chmod(0o644)
        made.append(name)
    made = []
    yield make
    for name in made:
        cluster.delete("PersistentVolume", name)
