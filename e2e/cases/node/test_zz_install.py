"""Runs last, because it takes the operator away and brings it back."""

import pytest

from support.cluster import REPO
from support.objects import isvc
from support.waiting import eventually

OPERATOR = "slipway-system"
CHART = str(REPO / "charts/slipway")


def install(cluster, *args):
    cluster.helm("upgrade", "--install", "slipway", CHART, "-n", OPERATOR, "--create-namespace",
                 "--wait", "--timeout", "120s", *args, timeout=150)


def everything(cluster):
    """(kind, namespace, name) of every object in the cluster, except what moves by itself."""
    kinds = cluster.kubectl("api-resources", "--verbs=list", "-o", "name").stdout.split()
    skip = ("events", "events.events.k8s.io", "endpoints", "endpointslices.discovery.k8s.io", "replicasets.apps", "pods",
            "controllerrevisions.apps", "componentstatuses")
    names = cluster.kubectl(
        "get", ",".join(k for k in kinds if k not in skip), "-A", "--ignore-not-found",
        "-o", "jsonpath={range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name}{\"\\n\"}{end}")
    return set(names.stdout.split("\n")) - {""}


@pytest.mark.timeout(420)
def test_install_upgrade_uninstall(cluster, trusted, source, client):
    from node.models import AHOY, ask
    released = cluster.helm("get", "values", "slipway", "-n", OPERATOR, "-o", "yaml").stdout
    service = isvc("chat", trusted, source.uri())
    service["spec"]["model"]["caRef"] = {"name": "source-ca"}
    cluster.create(service)
    cluster.wait_ready("chat", trusted)
    [pod] = cluster.list("Pod", trusted)
    try:
        # An upgrade of the operator restarts no model.
        install(cluster, "--reuse-values", "--set", "controller.podAnnotations.upgraded=yes")
        cluster.wait_ready("chat", trusted)
        assert [p["metadata"]["uid"] for p in cluster.list("Pod", trusted)] == [
            pod["metadata"]["uid"]]

        text = cluster.helm("uninstall", "slipway", "-n", OPERATOR, "--wait").stdout
        assert "were kept" in text and text.count("[CustomResourceDefinition]") == 4, text
        eventually(lambda: not cluster.list("Pod", OPERATOR), "the controller's pod is gone")
        left = {line for line in everything(cluster) if "slipway" in line
                and line.split()[1].startswith(("/", f"{OPERATOR}/"))}
        # The CRDs with the group that they serve, the namespace that Helm made but does not own,
        # with what Kubernetes puts into each, and the node, whose name is slipway.
        left = {line for line in left
                if line.split()[0] not in ("CustomResourceDefinition", "Node", "CSINode")}
        assert left <= {"APIService /v1alpha1.serving.slipway.dev", f"Namespace /{OPERATOR}",
                        f"ServiceAccount {OPERATOR}/default",
                        f"ConfigMap {OPERATOR}/kube-root-ca.crt"}, left
        assert not cluster.list("ClusterServingRuntime"), "the runtime goes with the release"
        # Models go on answering without the operator.
        assert ask(client(trusted), f"{trusted}/chat") == AHOY
    finally:
        values = REPO / "build/cluster/node/values.yaml"
        values.write_text(released if released.strip() != "null" else "{}", encoding="utf-8")
        install(cluster, "-f", str(values))
    # And is taken over by the next installation, without a restart.
    cluster.wait_ready("chat", trusted)
    assert [p["metadata"]["uid"] for p in cluster.list("Pod", trusted)] == [pod["metadata"]["uid"]]
