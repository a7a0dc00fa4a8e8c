"""Control planes with simulated nodes for the suites that need no running model."""

import contextlib
import os
import pathlib
import subprocess

from support import objects
from support.cluster import REPO, Cluster
from support.controller import NAMESPACE
from support.waiting import eventually

SCRIPT = REPO / "e2e/cluster/control-plane.sh"


@contextlib.contextmanager
def running(name, *nodes):
    """The folder of a running control plane: kubeconfig, audit/audit.log.

    $SLIPWAY_KUBECONFIG names one that runs already; without it, one is started and stopped here.
    """
    given = os.environ.get("SLIPWAY_KUBECONFIG")
    if given:
        yield pathlib.Path(given).parent
        return
    subprocess.run([SCRIPT, "start", name, *nodes], check=True, timeout=600)
    try:
        yield REPO / "build/cluster" / name
    finally:
        subprocess.run([SCRIPT, "stop", name], check=True, timeout=120)


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


def install(folder):
    """The chart as users install it; its Deployment has no replica, a process stands in."""
    cluster = Cluster(folder / "kubeconfig")
    cluster.helm("upgrade", "--install", "slipway", str(REPO / "charts/slipway"), "-n", NAMESPACE,
                 "--create-namespace", "--set", "controller.replicas=0")
    cluster.kubectl("wait", "--for=condition=Established", "crd", "-l",
                    "app.kubernetes.io/part-of=slipway", "--timeout=30s")
    # Discovery is cached in the client: one that knows the new kinds.
    cluster = Cluster(folder / "kubeconfig")
    eventually(lambda: cluster.get("ClusterServingRuntime", "llama-cpp"), "the runtime is there")
    wait_for_garbage_collector(cluster)
    return cluster
