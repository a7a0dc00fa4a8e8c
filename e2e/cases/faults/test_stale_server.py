"""A second API server on the same etcd that lags behind, and a controller whose watches end up
there while its writes take effect at once: what it sees is old, what it does is not.

The second server's way from etcd can be frozen or made late by the proxy; see lag.go there.
"""

import json
import subprocess

import pytest

from support import stories
from support.cluster import BIN
from support.control_plane import SCRIPT
from support.controller import USER
from support.fault_proxy import rule, told
from support.services import Service
from support.waiting import eventually, holds

SECOND = "second"
READS = [rule("route", {"verb": verb}, upstream=SECOND) for verb in ("watch", "list")]


class SecondServer:
    def __init__(self, control_plane, proxy):
        self.kubeconfig = control_plane / "second.kubeconfig"
        done = subprocess.run([SCRIPT, "second-apiserver", control_plane.name,
                               proxy.addresses["link"]], check=True, capture_output=True, text=True,
                              timeout=120)
        proxy.upstream(SECOND, done.stdout.strip())

    def cached_replicas(self, service):
        """What its watch cache holds of the Deployment, however old."""
        target = f"/apis/apps/v1/namespaces/{service.namespace}/deployments?resourceVersion=0"
        done = subprocess.run([BIN / "kubectl", f"--kubeconfig={self.kubeconfig}", "get", "--raw",
                               target], check=True, capture_output=True, text=True, timeout=30)
        return [item["spec"]["replicas"] for item in json.loads(done.stdout)["items"]]


@pytest.fixture(scope="module")
def second(control_plane, proxy_process):
    return SecondServer(control_plane, proxy_process)


def moved(controller, proxy, how):
    """The controller's reads go to the second server from now on. Returns a mark."""
    if how == "restarted":
        controller.kill()
    mark = proxy.mark()
    proxy.rules(*READS)
    if how == "restarted":
        controller.start(wait=False)
    else:
        proxy.network("cut")
    eventually(lambda: len(proxy.calls(mark, verb="watch")) >= 10, "its watches are there")
    return mark


@pytest.mark.parametrize("how", ["restarted", "reconnected"])
def test_an_old_view_does_not_scale_down(cluster, namespace, controller, proxy, second, how):
    """B02, B03: scaled 3 -> 5, the lagging server says 3."""
    service = Service(cluster, namespace, replicas={"min": 3})
    eventually(lambda: second.cached_replicas(service) == [3], "the second server knows it")
    proxy.link("freeze")
    service.scale(5)
    service.converges(5)
    eventually(lambda: proxy.quiet(namespace), "quiet")
    mark = moved(controller, proxy, how)
    holds(lambda: service.scaled(5) and not proxy.writes(mark, namespace),
          "five replicas and no write", 6)
    assert second.cached_replicas(service) == [3], "it must lag, or this case shows nothing"
    proxy.link("open")
    controller.wait_ready(60)
    assert proxy.quiet(namespace, 2) and not proxy.writes(mark, namespace), \
        told(proxy.writes(mark, namespace))
    service.scale(4)
    service.converges(4)
    service.unharmed(proxy, mark)


@pytest.mark.parametrize("how", ["restarted", "reconnected"])
def test_a_namesake_is_not_harmed_by_news_of_its_predecessor(cluster, namespace, controller, proxy,
                                                             second, how):
    """B01: deleted and made anew; the lagging server still tells of the first one."""
    first = Service(cluster, namespace, replicas={"min": 3})
    eventually(lambda: second.cached_replicas(first) == [3], "the second server knows it")
    proxy.link("freeze")
    cluster.delete("InferenceService", "chat", namespace)
    eventually(lambda: not cluster.children(namespace), "all of the first one is gone", 60)
    service = Service(cluster, namespace, replicas={"min": 2})
    eventually(lambda: proxy.quiet(namespace), "quiet")
    mark = moved(controller, proxy, how)

    def unharmed():
        service.unharmed(proxy, mark)
        return not proxy.writes(mark, namespace)
    holds(unharmed, "the second one's children", 6)
    assert second.cached_replicas(service) == [3], "it must lag, or this case shows nothing"
    proxy.link("open")
    controller.wait_ready(60)
    service.scale(3)
    service.converges(3)
    service.unharmed(proxy, mark)


def test_a_whole_life_on_a_view_that_is_always_late(cluster, namespace, controller, proxy, second,
                                                    audit):
    """B04: every event comes 1.5 s late, every own write takes effect at once: the same end, each
    child made once, nothing deleted that the undisturbed run does not delete."""
    def story():
        seen = len(audit.writes_of(USER, namespace))
        for what in stories.STEPS[:-1]:
            stories.change(cluster, namespace, what)
            stories.settle(cluster, namespace, what)
            eventually(lambda: proxy.quiet(namespace, 2), "quiet")
        return (stories.end_state(cluster, namespace),
                audit.made_and_deleted_by(USER, namespace, seen))

    calm = story()
    stories.change(cluster, namespace, "delete")
    stories.settle(cluster, namespace, "delete")
    proxy.link("open", milliseconds=1500)
    moved(controller, proxy, "restarted")
    controller.wait_ready(60)
    state, changed = story()
    assert changed == calm[1]
    assert state == calm[0], stories.difference(calm[0], state)


def test_a_namesake_made_at_once_on_a_view_that_is_late(cluster, namespace, controller, proxy,
                                                        second, audit):
    """B01: deleted and made anew before the controller has heard of the first's end."""
    proxy.link("open", milliseconds=1500)
    moved(controller, proxy, "restarted")
    controller.wait_ready(60)
    Service(cluster, namespace, replicas={"min": 3})
    eventually(lambda: proxy.quiet(namespace, 2), "quiet")
    seen = len(audit.writes_of(USER, namespace))
    cluster.delete("InferenceService", "chat", namespace)
    cluster.wait_gone("InferenceService", "chat", namespace)
    service = Service(cluster, namespace, replicas={"min": 2})
    service.converges(2)
    eventually(lambda: proxy.quiet(namespace, 2), "quiet")
    owner = cluster.get("InferenceService", "chat", namespace)["metadata"]["uid"]
    for (kind, name), child in cluster.children(namespace).items():
        assert [o["uid"] for o in child["metadata"]["ownerReferences"]] == [owner], (kind, name)
    _, deleted = audit.made_and_deleted_by(USER, namespace, seen)
    assert not deleted, "the garbage collector takes what was the first one's"
