"""Create, look, change, delete: the road that every user takes."""

import pytest

from support.cluster import GROUP
from support.objects import DIGEST, isvc
from support.waiting import eventually, holds

pytestmark = pytest.mark.usefixtures("controller")


def pods(cluster, namespace, name="chat"):
    return cluster.list("Pod", namespace, f"serving.slipway.dev/service={name}")


def live_pods(cluster, namespace, name="chat"):
    return [p for p in pods(cluster, namespace, name)
            if not p["metadata"].get("deletionTimestamp")]


def selected_revision(cluster, namespace, name="chat"):
    return cluster.get("Service", name, namespace)["spec"]["selector"][
        "serving.slipway.dev/revision"]


def test_create_makes_the_children_and_becomes_ready(cluster, namespace):
    cluster.create(isvc("chat", namespace, replicas={"min": 2, "max": 4}))
    ready = cluster.wait_ready("chat", namespace)

    children = cluster.children(namespace)
    assert sorted(kind for kind, _ in children) == [
        "Deployment", "HorizontalPodAutoscaler", "ModelVersion", "PodDisruptionBudget", "Service"]
    for (kind, name), child in children.items():
        owners = child["metadata"]["ownerReferences"]
        assert [(o["uid"], o["controller"]) for o in owners] == [
            (ready["metadata"]["uid"], True)], f"{kind} {name}"
        assert child["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "slipway"
        assert len(name) <= 63

    status = ready["status"]
    assert status["observedGeneration"] == 1
    assert status["readyReplicas"] == 2
    assert status["url"] == f"http://chat.{namespace}.svc"
    assert status["model"]["digest"] == f"sha256:{DIGEST}"
    assert status["resolved"]["runtime"] == "llama-cpp"
    selector = children["Service", "chat"]["spec"]["selector"]
    chosen = [p for p in pods(cluster, namespace)
              if selector.items() <= p["metadata"]["labels"].items()]
    assert len(chosen) == 2, "the Service selects the pods that serve"


def test_columns_are_never_blank(cluster, namespace):
    cluster.create(isvc("chat", namespace))
    cluster.wait_ready("chat", namespace)
    lines = cluster.kubectl("-n", namespace, "get", "isvc", "chat").stdout.splitlines()
    assert lines[0].split() == ["NAME", "MODEL", "STATE", "STEP", "WEIGHT", "GATES", "GPU",
                                "READY", "AGE"]
    row = lines[1].split()
    assert len(row) == 9, lines[1]
    assert row[0] == "chat" and row[1].startswith("chat-")
    assert row[2:8] == ["Stable", "-", "100", "-", "-", "1/1"]
    wide = cluster.kubectl("-n", namespace, "get", "isvc", "chat", "-o", "wide").stdout
    assert "URL" in wide and "SUMMARY" in wide and f"http://chat.{namespace}.svc" in wide


MANIFEST = f"""
apiVersion: {GROUP}
kind: InferenceService
metadata: {{name: chat}}
spec:
  model: {{uri: "https://models.example.com/tiny.gguf#sha256={DIGEST}"}}
"""


def test_kubectl_wait_and_describe(cluster, namespace):
    cluster.kubectl("-n", namespace, "apply", "-f", "-", stdin=MANIFEST)
    cluster.kubectl("-n", namespace, "wait", "--for=condition=Ready", "isvc/chat", "--timeout=30s")
    text = cluster.kubectl("-n", namespace, "describe", "isvc", "chat").stdout
    assert "Ready" in text
    eventually(lambda: [e for e in cluster.list("Event", namespace)
                        if e["involvedObject"]["name"] == "chat" and e["reason"] == "Ready"],
               "an Event says that it is ready")


def test_delete_removes_everything_and_apply_again_works(cluster, namespace):
    service = isvc("chat", namespace, replicas={"min": 2, "max": 3})
    for _ in range(2):
        cluster.apply(service)
        cluster.wait_ready("chat", namespace)
        cluster.delete("InferenceService", "chat", namespace)
        cluster.wait_gone("InferenceService", "chat", namespace)
        eventually(lambda: not cluster.children(namespace) and not pods(cluster, namespace),
                   "all children are gone", 60, describe=lambda: cluster.describe("chat", namespace))


def test_kubectl_scale(cluster, namespace):
    cluster.create(isvc("chat", namespace))
    cluster.wait_ready("chat", namespace)
    revision = selected_revision(cluster, namespace)
    cluster.kubectl("-n", namespace, "scale", "isvc", "chat", "--replicas=3")
    ready = cluster.wait_ready("chat", namespace)
    assert ready["status"]["readyReplicas"] == 3 and ready["status"]["ready"] == "3/3"
    assert selected_revision(cluster, namespace) == revision, "scaling is not a new revision"
    cluster.kubectl("-n", namespace, "scale", "isvc", "chat", "--replicas=1")
    cluster.wait_ready("chat", namespace)
    eventually(lambda: len(live_pods(cluster, namespace)) == 1, "one pod is left")


def test_an_autoscaler_comes_and_goes_with_the_bounds(cluster, namespace):
    cluster.create(isvc("chat", namespace, replicas={"min": 3}))
    cluster.wait_ready("chat", namespace)
    cluster.patch("InferenceService", "chat", namespace, {"spec": {"replicas": {"max": 5}}})
    cluster.wait_ready("chat", namespace)
    [hpa] = cluster.list("HorizontalPodAutoscaler", namespace)
    assert (hpa["spec"]["minReplicas"], hpa["spec"]["maxReplicas"]) == (3, 5)
    # Handing spec.replicas to the autoscaler must not let it fall to the default of one.
    holds(lambda: cluster.list("Deployment", namespace)[0]["spec"]["replicas"] == 3,
          "three replicas", 2)
    cluster.patch("InferenceService", "chat", namespace, {"spec": {"replicas": {"max": 3}}})
    cluster.wait_ready("chat", namespace)
    eventually(lambda: not cluster.list("HorizontalPodAutoscaler", namespace), "no autoscaler")
    assert cluster.list("Deployment", namespace)[0]["spec"]["replicas"] == 3


@pytest.mark.parametrize("scaled", [False, True])
def test_update_serves_the_old_revision_until_the_new_one_is_ready(cluster, namespace, scaled):
    replicas = {"min": 2, "max": 4} if scaled else {"min": 2}
    cluster.create(isvc("chat", namespace, replicas=replicas))
    first = cluster.wait_ready("chat", namespace)
    old = selected_revision(cluster, namespace)

    # No node has this label yet, so the new revision's pods wait.
    pool = {"pool": namespace}
    cluster.patch("InferenceService", "chat", namespace, {"spec": {"pod": {"nodeSelector": pool}}})
    eventually(lambda: len(cluster.list("Deployment", namespace)) == 2, "two revisions")
    eventually(lambda: len(live_pods(cluster, namespace)) == 4, "both have their pods")
    blocked = cluster.wait_condition("chat", namespace, "Ready", "True")
    assert blocked
    holds(lambda: selected_revision(cluster, namespace) == old, "the old revision serves", 2)
    status = cluster.get("InferenceService", "chat", namespace)["status"]
    assert status["revision"]["stable"] == old and status["revision"]["candidate"] != old
    assert status["readyReplicas"] == 2, "two old pods answer"
    assert first["status"]["model"]["servedVersion"] == status["model"]["servedVersion"]
    assert "serve" in status["summary"], status["summary"]

    cluster.patch("Node", "cpu-0", None, {"metadata": {"labels": pool}})
    try:
        cluster.wait_ready("chat", namespace)
        assert selected_revision(cluster, namespace) != old
        eventually(lambda: len(cluster.list("Deployment", namespace)) == 1, "the old one is gone")
        eventually(lambda: {p["spec"]["nodeName"] for p in live_pods(cluster, namespace)}
                   == {"cpu-0"}, "only the new revision's pods are left")
    finally:
        cluster.patch("Node", "cpu-0", None, {"metadata": {"labels": {"pool": None}}})


def test_a_new_model_is_another_version(cluster, namespace):
    cluster.create(isvc("chat", namespace))
    before = cluster.wait_ready("chat", namespace)["status"]
    other = "https://models.example.com/other.gguf#sha256=" + "ab" * 32
    cluster.patch("InferenceService", "chat", namespace, {"spec": {"model": {"uri": other}}})
    after = cluster.wait_ready("chat", namespace)["status"]
    assert after["model"]["version"] != before["model"]["version"]
    assert after["model"]["digest"] == "sha256:" + "ab" * 32
    eventually(lambda: [m["metadata"]["name"] for m in cluster.list("ModelVersion", namespace)]
               == [after["model"]["version"]], "only the version in use is left")


def test_a_reverted_update_ends_where_it_began(cluster, namespace):
    cluster.create(isvc("chat", namespace))
    cluster.wait_ready("chat", namespace)
    before = set(cluster.children(namespace))
    patch = {"spec": {"pod": {"nodeSelector": {"pool": "nowhere"}}}}
    cluster.patch("InferenceService", "chat", namespace, patch)
    eventually(lambda: len(cluster.list("Deployment", namespace)) == 2, "two revisions")
    cluster.patch("InferenceService", "chat", namespace, {"spec": {"pod": None}})
    cluster.wait_ready("chat", namespace)
    eventually(lambda: set(cluster.children(namespace)) == before, "the first children only",
               describe=lambda: cluster.describe("chat", namespace))


def test_a_named_model_version_is_used(cluster, namespace):
    version = {"apiVersion": GROUP, "kind": "ModelVersion",
               "metadata": {"name": "tiny-v1", "namespace": namespace},
               "spec": {"model": "tiny", "version": "1",
                        "source": {"uri": "https://models.example.com/tiny.gguf"},
                        "digest": f"sha256:{DIGEST}", "format": "gguf"}}
    service = isvc("chat", namespace)
    service["spec"]["model"] = {"version": "tiny-v1"}
    cluster.create(service)
    cluster.wait_condition("chat", namespace, "Ready", "False", "tiny-v1")
    cluster.create(version)
    cluster.wait_ready("chat", namespace)
    status = cluster.get("InferenceService", "chat", namespace)["status"]
    assert status["model"]["version"] == status["model"]["servedVersion"] == "tiny-v1"
    eventually(lambda: (cluster.get("ModelVersion", "tiny-v1", namespace).get("status") or {})
               .get("usedBy") == ["chat"], "the version says who uses it")
    assert cluster.get("ModelVersion", "tiny-v1", namespace)["status"]["phase"] == "Verified"
    # It is the user's: it stays when the service goes.
    cluster.delete("InferenceService", "chat", namespace)
    eventually(lambda: not cluster.list("Deployment", namespace), "the children are gone")
    eventually(lambda: not cluster.get("ModelVersion", "tiny-v1", namespace)["status"].get("usedBy"),
               "the version is used by nobody")
