"""What users, other controllers and nodes do to a service that runs."""

import json

import pytest

from support.objects import isvc, kwok_node
from support.waiting import eventually, holds

pytestmark = pytest.mark.usefixtures("controller")


def restored(cluster, namespace, kind, name, check, what):
    eventually(lambda: check(cluster.get(kind, name, namespace)), what, 30,
               describe=lambda: cluster.describe("chat", namespace))


def test_edited_children_are_restored(cluster, namespace):
    cluster.create(isvc("chat", namespace, replicas={"min": 2, "max": 3}))
    cluster.wait_ready("chat", namespace)
    [deployment] = [o["metadata"]["name"] for o in cluster.list("Deployment", namespace)]

    cluster.patch("Service", "chat", namespace, {"spec": {"selector": {
        "serving.slipway.dev/revision": "elsewhere"}}})
    restored(cluster, namespace, "Service", "chat",
             lambda s: s["spec"]["selector"]["serving.slipway.dev/revision"] != "elsewhere",
             "the Service selects our pods again")
    image = {"spec": {"template": {"spec": {"containers": [{
        "name": "engine", "image": "example.com/evil:1"}]}}}}
    cluster.kubectl("-n", namespace, "patch", "deployment", deployment, "--type=strategic", "-p",
                    json.dumps(image))
    restored(cluster, namespace, "Deployment", deployment,
             lambda d: d["spec"]["template"]["spec"]["containers"][0]["image"]
             == "localhost/slipway-llama-cpp:dev", "the engine's image is ours again")
    hpa = cluster.list("HorizontalPodAutoscaler", namespace)[0]["metadata"]["name"]
    cluster.patch("HorizontalPodAutoscaler", hpa, namespace, {"spec": {"maxReplicas": 50}})
    restored(cluster, namespace, "HorizontalPodAutoscaler", hpa,
             lambda h: h["spec"]["maxReplicas"] == 3, "the autoscaler's bound is ours again")
    budget = cluster.list("PodDisruptionBudget", namespace)[0]["metadata"]["name"]
    cluster.patch("PodDisruptionBudget", budget, namespace, {"spec": {"maxUnavailable": 2}})
    restored(cluster, namespace, "PodDisruptionBudget", budget,
             lambda b: b["spec"]["maxUnavailable"] == 1, "the budget is ours again")
    cluster.wait_ready("chat", namespace)


def test_what_others_add_to_children_stays(cluster, namespace):
    cluster.create(isvc("chat", namespace))
    cluster.wait_ready("chat", namespace)
    note = {"metadata": {"annotations": {"example.com/note": "keep"}}}
    cluster.patch("Service", "chat", namespace, note)
    cluster.patch("Service", "chat", namespace, {"spec": {"selector": {"x": "y"}}})
    restored(cluster, namespace, "Service", "chat",
             lambda s: "x" not in s["spec"]["selector"], "the selector is ours again")
    service = cluster.get("Service", "chat", namespace)
    assert service["metadata"]["annotations"]["example.com/note"] == "keep"


def test_deleted_children_come_back(cluster, namespace):
    cluster.create(isvc("chat", namespace, replicas={"min": 2, "max": 3}))
    cluster.wait_ready("chat", namespace)
    before = cluster.children(namespace)
    for (kind, name), child in before.items():
        cluster.delete(kind, name, namespace)
        eventually(lambda k=kind, n=name, c=child: (lambda o: o and o["metadata"]["uid"]
                   != c["metadata"]["uid"])(cluster.get(k, n, namespace)),
                   f"{kind} {name} is there again", describe=lambda: cluster.describe(
                       "chat", namespace))
    cluster.wait_ready("chat", namespace)
    assert set(cluster.children(namespace)) == set(before)


def test_status_edited_by_someone_is_told_anew(cluster, namespace):
    cluster.create(isvc("chat", namespace))
    cluster.wait_ready("chat", namespace)
    cluster.patch("InferenceService", "chat", namespace,
                  {"status": {"state": "Wonderful", "readyReplicas": 99}}, subresource="status")
    eventually(lambda: cluster.get("InferenceService", "chat", namespace)["status"]["state"]
               == "Stable", "the state is the true one")
    assert cluster.get("InferenceService", "chat", namespace)["status"]["readyReplicas"] == 1


HELM = {"labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "web"}}


def foreign(kind, name, namespace, metadata):
    bodies = {
        "Service": {"apiVersion": "v1", "spec": {"selector": {"app": "web"},
                                                 "ports": [{"port": 8000}]}},
        "PodDisruptionBudget": {"apiVersion": "policy/v1", "spec": {
            "minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}},
        "HorizontalPodAutoscaler": {"apiVersion": "autoscaling/v2", "spec": {
            "maxReplicas": 7, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment",
                                                 "name": "web"}}},
    }
    return {**bodies[kind], "kind": kind,
            "metadata": {"name": name, "namespace": namespace, **metadata}}


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"])
@pytest.mark.parametrize("metadata", [HELM, {}], ids=["of-helm", "plain"])
def test_a_namesake_of_someone_else_is_left_alone(cluster, namespace, kind, metadata):
    theirs = cluster.create(foreign(kind, "chat", namespace, metadata))
    cluster.create(isvc("chat", namespace, replicas={"min": 2, "max": 3}))
    stalled = cluster.wait_condition("chat", namespace, "Stalled", "True", f'{kind} "chat" exists')
    assert stalled["reason"] == "NameConflict"
    assert not metadata or "Helm release web" in stalled["message"]
    now = cluster.get(kind, "chat", namespace)
    assert now["spec"] == theirs["spec"]
    for key in ("labels", "annotations", "ownerReferences"):
        assert now["metadata"].get(key) == theirs["metadata"].get(key), key
    # Its owner removes it: nothing has to be asked for again.
    cluster.delete(kind, "chat", namespace)
    cluster.wait_ready("chat", namespace, timeout=90)


def test_node_lost(cluster, namespace):
    """The pods of a node that goes away are made anew elsewhere, and it answers from there."""
    name = f"doomed-{namespace}"[:63].rstrip("-")
    label = {"pool": namespace}
    cluster.create(kwok_node(name, label))
    try:
        cluster.create(isvc("chat", namespace, replicas={"min": 2},
                            pod={"nodeSelector": label}))
        cluster.wait_ready("chat", namespace)
        before = {p["metadata"]["uid"] for p in cluster.list("Pod", namespace)}
        cluster.delete("Node", name)
        cluster.patch("Node", "cpu-1", None, {"metadata": {"labels": label}})

        def moved():
            pods = [p for p in cluster.list("Pod", namespace)
                    if not p["metadata"].get("deletionTimestamp")]
            return len(pods) == 2 and all(
                p["spec"].get("nodeName") == "cpu-1" and p["metadata"]["uid"] not in before
                for p in pods)
        # The pod garbage collector gives a lost node 40 to 60 s.
        eventually(moved, "both pods are new and elsewhere", 120,
                   describe=lambda: cluster.describe("chat", namespace))
        cluster.wait_ready("chat", namespace)
    finally:
        cluster.delete("Node", name)
        cluster.patch("Node", "cpu-1", None, {"metadata": {"labels": {"pool": None}}})


def test_a_lost_pod_is_not_called_ready(cluster, namespace):
    cluster.create(isvc("chat", namespace, pod={"nodeSelector": {"type": "ghost"}}))
    cluster.wait_condition("chat", namespace, "Stalled", "True", "Unschedulable")
    holds(lambda: cluster.conditions("chat", namespace)["Ready"]["status"] == "False",
          "not Ready without a pod", 2)
