"""A right or a kind that goes away and comes back while the controller runs."""

import copy

import pytest

from support.control_plane import wait_for_garbage_collector
from support.fault_proxy import told
from support.services import Service
from support.waiting import eventually, holds

ROLE = "slipway-controller"
CRD = "inferenceservices.serving.slipway.dev"


@pytest.fixture
def role(cluster):
    """The controller's role; its rules come back."""
    before = cluster.get("ClusterRole", ROLE)["rules"]
    yield before
    cluster.patch("ClusterRole", ROLE, None, {"rules": before})


def without(rules, resource):
    rules = copy.deepcopy(rules)
    for one in rules:
        one["resources"] = [name for name in one["resources"] if name != resource]
    return [one for one in rules if one["resources"]]


def test_a_revoked_right_stops_one_watch_and_heals(cluster, namespace, controller, proxy, role):
    """D15: the other kinds go on, the metrics tell, and no restart is needed."""
    service = Service(cluster, namespace)
    cluster.patch("ClusterRole", ROLE, None, {"rules": without(role, "pods")})
    mark = proxy.mark()
    proxy.network("cut")
    eventually(lambda: any(c["status"] == 403 for c in proxy.watches(mark, "pods")), "refused")
    service.scale(2)
    eventually(lambda: service.scaled(2), "changes still reach the Deployment")
    holds(lambda: len(proxy.watches(mark, "pods")) <= 5, "asked at growing intervals", 3)
    assert 'slipway_watch_troubles_total{resource="pods"} 0' not in controller.http("/metrics")[1]
    cluster.patch("ClusterRole", ROLE, None, {"rules": role})
    eventually(lambda: proxy.watches(mark, "pods")[-1]["outcome"] == "under way", "watched again",
               90)
    service.converges(2)
    service.unharmed(proxy, mark)


def test_a_kind_that_goes_and_comes_back(cluster, namespace, controller, proxy):
    """D14: the watch waits for it; nothing is made for services that are no more."""
    Service(cluster, namespace, replicas={"min": 1, "max": 2})
    definition = cluster.get("CustomResourceDefinition", CRD)
    mark = proxy.mark()
    cluster.delete("CustomResourceDefinition", CRD)
    try:
        eventually(lambda: any(c["status"] == 404 for c in proxy.watches(mark, "inferenceservices")),
                   "the watch is refused", 30)
        eventually(lambda: not cluster.children(namespace), "the children are collected", 90)
        assert controller.running()
        eventually(lambda: proxy.quiet(namespace, 2), "quiet",
                   describe=lambda: told(proxy.calls(mark, namespace=namespace)))
        watches = proxy.watches(mark, "inferenceservices")
        assert len(watches) <= 12, told(watches)
    finally:
        kept = {key: definition["metadata"].get(key) for key in ("name", "labels", "annotations")}
        cluster.create({"apiVersion": definition["apiVersion"], "kind": definition["kind"],
                        "metadata": {k: v for k, v in kept.items() if v},
                        "spec": definition["spec"]})
        cluster.kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=30s")
    eventually(lambda: proxy.watches(mark, "inferenceservices")[-1]["outcome"] == "under way",
               "watched again", 90)
    Service(cluster, namespace, "again")
    wait_for_garbage_collector(cluster)
