"""What cannot be done is said: at apply by the API server, or in a condition, with the number."""

import pytest
from kubernetes.client import ApiException

from support import objects
from support.controller import USER
from support.objects import isvc
from support.waiting import eventually, holds

pytestmark = pytest.mark.usefixtures("controller")


def set_quota(cluster, namespace, hard):
    cluster.create({"apiVersion": "v1", "kind": "ResourceQuota",
                    "metadata": {"name": "small", "namespace": namespace}, "spec": {"hard": hard}})
    eventually(lambda: (cluster.get("ResourceQuota", "small", namespace).get("status") or {})
               .get("hard") == hard, "the quota is in force")


def test_quota_refuses_the_pods(cluster, namespace):
    set_quota(cluster, namespace, {"pods": "1"})
    cluster.create(isvc("chat", namespace, replicas={"min": 3}))
    stalled = cluster.wait_condition("chat", namespace, "Stalled", "True", "exceeded quota: small")
    assert "pods=1" in stalled["message"], "the numbers are the quota's own"
    # One pod answers, and that is what is said: no more, no less.
    status = cluster.get("InferenceService", "chat", namespace)["status"]
    assert status["ready"] == "1/3", status
    cluster.delete("ResourceQuota", "small", namespace)
    cluster.wait_ready("chat", namespace, timeout=90)


@pytest.mark.parametrize("resource, kind", [
    ("count/deployments.apps", "Deployment"), ("services", "Service"),
    ("count/horizontalpodautoscalers.autoscaling", "HorizontalPodAutoscaler"),
    ("count/poddisruptionbudgets.policy", "PodDisruptionBudget"),
    ("count/modelversions.serving.slipway.dev", "ModelVersion")])
def test_quota_refuses_a_child(cluster, namespace, resource, kind, audit):
    set_quota(cluster, namespace, {resource: "0"})
    cluster.create(isvc("chat", namespace, replicas={"min": 2, "max": 3}))
    stalled = cluster.wait_condition("chat", namespace, "Stalled", "True", "exceeded quota: small")
    assert stalled["reason"] == "QuotaExceeded"
    assert not cluster.list(kind, namespace)
    seen = len(audit.writes_of(USER, namespace))
    holds(lambda: len(audit.writes_of(USER, namespace)) - seen <= 8, "no hot loop at the quota", 4)
    cluster.delete("ResourceQuota", "small", namespace)
    cluster.wait_ready("chat", namespace, timeout=90)


def test_gpu_by_memory_takes_the_smallest_that_fits(cluster, namespace):
    cluster.create(isvc("chat", namespace, gpu={"memory": "18Gi"}))
    status = cluster.wait_ready("chat", namespace)["status"]
    assert status["gpu"]["resource"] == "nvidia.com/mig-2g.20gb"
    assert status["gpu"]["column"] == "mig-2g.20gb"
    assert status["gpu"]["grantedMiB"] >= 18 * 1024
    assert status["resolved"]["runtime"] == "llama-cpp-gpu"
    [pod] = cluster.list("Pod", namespace)
    limits = next(c for c in pod["spec"]["containers"] if c["name"] == "engine")["resources"]["limits"]
    assert limits["nvidia.com/mig-2g.20gb"] == "1"
    node = cluster.get("Node", pod["spec"]["nodeName"])
    assert "nvidia.com/mig-2g.20gb" in node["status"]["allocatable"]


def test_usable_memory_counts_not_the_name(cluster, namespace):
    """20Gi is more than a 2g.20gb has: a whole GPU it is."""
    cluster.create(isvc("chat", namespace, gpu={"memory": "20Gi"}))
    status = cluster.wait_ready("chat", namespace)["status"]
    assert status["gpu"]["resource"] == "nvidia.com/gpu"


def test_gpu_by_count(cluster, namespace):
    cluster.create(isvc("chat", namespace, gpu={"count": 2}))
    status = cluster.wait_ready("chat", namespace)["status"]
    assert (status["gpu"]["resource"], status["gpu"]["count"]) == ("nvidia.com/gpu", 2)


@pytest.mark.parametrize("gpu, resource, words", [
    ({"profile": "7g.80gb"}, "nvidia.com/mig-7g.80gb", ["nvidia.com/mig-7g.80gb", "mig-2g.20gb"]),
    ({"count": 9}, "nvidia.com/gpu", ["9", "has 4"]),
    ({"memory": "400Gi"}, "nvidia.com/gpu", ["409600 MiB", "81559 MiB"]),
])
def test_gpu_that_no_node_has(cluster, namespace, gpu, resource, words):
    """The pod exists and stays Pending, which is what node autoscalers look at."""
    cluster.create(isvc("chat", namespace, gpu=gpu))
    stalled = cluster.wait_condition("chat", namespace, "Stalled", "True", "NoSuitableGpu")
    for word in words:
        assert word in stalled["message"], stalled["message"]
    [pod] = cluster.list("Pod", namespace)
    assert pod["status"]["phase"] == "Pending"
    limits = next(c for c in pod["spec"]["containers"] if c["name"] == "engine")["resources"]["limits"]
    assert resource in limits
    assert cluster.conditions("chat", namespace)["Ready"]["status"] == "False"


def test_a_gpu_that_arrives_is_taken(cluster, namespace):
    cluster.create(isvc("chat", namespace, gpu={"profile": "3g.40gb"}))
    cluster.wait_condition("chat", namespace, "Stalled", "True", "NoSuitableGpu")
    node = objects.kwok_node(f"late-{namespace}"[:63].rstrip("-"),
                             {"nvidia.com/mig-3g.40gb.memory": "40448"},
                             **{"nvidia.com/mig-3g.40gb": 1})
    cluster.create(node)
    try:
        cluster.wait_ready("chat", namespace)
    finally:
        cluster.delete("InferenceService", "chat", namespace)
        cluster.delete("Node", node["metadata"]["name"])


def test_unknown_runtime(cluster, namespace):
    cluster.create(isvc("chat", namespace, runtime="nope"))
    stalled = cluster.wait_condition("chat", namespace, "Stalled", "True", "UnknownRuntime")
    assert '"nope"' in stalled["message"] and "llama-cpp" in stalled["message"]
    assert not cluster.list("Deployment", namespace)
    own = {**objects.runtime("nope", ["cpu"]), "kind": "ServingRuntime"}
    own["metadata"]["namespace"] = namespace
    cluster.create(own)
    assert cluster.wait_ready("chat", namespace)["status"]["resolved"]["runtimeKind"] == \
        "ServingRuntime"


def test_a_broken_update_leaves_the_old_revision_serving(cluster, namespace):
    cluster.create(isvc("chat", namespace))
    cluster.wait_ready("chat", namespace)
    served = cluster.get("Service", "chat", namespace)["spec"]["selector"]
    cluster.patch("InferenceService", "chat", namespace, {"spec": {"runtime": "nope"}})
    cluster.wait_condition("chat", namespace, "Stalled", "True", "UnknownRuntime")
    assert cluster.conditions("chat", namespace)["Ready"]["status"] == "True"
    assert cluster.get("Service", "chat", namespace)["spec"]["selector"] == served
    assert len(cluster.list("Deployment", namespace)) == 1


LONG = "long-" + "name." * 49 + "abc"  # 253 characters


@pytest.mark.parametrize("name", [LONG, "l" * 63, "l" * 64, "l" * 253, "1chat", "a.b"])
def test_strange_names(cluster, namespace, name):
    """Works with children of valid names, or is refused with a text that says so."""
    assert len(name) <= 253
    try:
        cluster.create(isvc(name, namespace))
    except ApiException as error:
        assert error.status == 422 and "metadata.name" in str(error.body), error.body
        return
    isvc_now = cluster.wait_ready(name, namespace)
    for (kind, child), _ in cluster.children(namespace).items():
        assert len(child) <= 63, f"{kind} {child}"
    assert len(isvc_now["status"]["url"]) < 512


def test_long_names_with_one_beginning_stay_apart(cluster, namespace):
    names = ["x" * 70 + end for end in ("-one", "-two")]
    try:
        for name in names:
            cluster.create(isvc(name, namespace))
    except ApiException as error:
        assert error.status == 422 and "metadata.name" in str(error.body), error.body
        return
    for name in names:
        cluster.wait_ready(name, namespace)
    owners = {(kind, child): obj["metadata"]["ownerReferences"][0]["name"]
              for (kind, child), obj in cluster.children(namespace).items()}
    for kind in ("Deployment", "Service", "ModelVersion"):
        assert sorted(owner for (k, _), owner in owners.items() if k == kind) == names


def test_colliding_child_names(cluster, namespace):
    """A service named like another's child: the later one says so, and nothing is stolen."""
    first = "y" * 80
    try:
        cluster.create(isvc(first, namespace))
    except ApiException as error:
        assert error.status == 422 and "metadata.name" in str(error.body), error.body
        return
    cluster.wait_ready(first, namespace)
    [service] = cluster.list("Service", namespace)
    taken = service["metadata"]["name"]
    assert taken != first
    before = {key: obj["metadata"]["uid"] for key, obj in cluster.children(namespace).items()}
    cluster.create(isvc(taken, namespace))
    cluster.wait_condition(taken, namespace, "Stalled", "True", "NameConflict")
    after = cluster.children(namespace)
    for key, uid in before.items():
        assert after[key]["metadata"]["uid"] == uid
        assert after[key]["metadata"]["ownerReferences"][0]["name"] == first
    assert cluster.conditions(first, namespace)["Ready"]["status"] == "True"
    status = cluster.get("InferenceService", first, namespace)["status"]
    assert status["replicas"] == 1, "the pods of a namesake are not counted"


def test_pods_keep_to_the_restricted_standard(cluster, namespace):
    """The namespace enforces it; what a service may say itself cannot lower it."""
    cluster.create(isvc("chat", namespace, pod={
        "labels": {"team": "ml"}, "env": [{"name": "A", "value": "b"}],
        "volumes": [{"name": "data", "mountPath": "/data", "emptyDir": {}}]}))
    cluster.wait_ready("chat", namespace)
    [pod] = cluster.list("Pod", namespace)
    assert pod["spec"]["automountServiceAccountToken"] is False
    for container in pod["spec"]["containers"] + pod["spec"]["initContainers"]:
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
        assert security["capabilities"] == {"drop": ["ALL"]}


def test_a_whole_gpu_is_one_of_enough_memory(cluster, namespace):
    """Two kinds of nodes offer nvidia.com/gpu; only one kind has the memory."""
    small = objects.kwok_node(f"small-{namespace}"[:63].rstrip("-"),
                              {"nvidia.com/gpu.memory": "23034"}, **{"nvidia.com/gpu": 8})
    cluster.create(small)
    try:
        # More than the small node would have room for in the same time by chance.
        cluster.create(isvc("chat", namespace, gpu={"memory": "40Gi"}, replicas={"min": 4}))
        cluster.wait_ready("chat", namespace)
        nodes = {p["spec"]["nodeName"] for p in cluster.list("Pod", namespace)}
        assert small["metadata"]["name"] not in nodes
    finally:
        cluster.delete("Node", small["metadata"]["name"])
