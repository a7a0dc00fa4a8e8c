"""Watches that expire, break, lie or fall silent: the view heals, and nothing is deleted for it."""

import pytest

from support.fault_proxy import rule, told, watch_of
from support.services import Service
from support.waiting import eventually, holds

SET = "sendInitialEvents=true"
RESUMED = r"resourceVersion=[0-9]"


def is_set(call):
    return SET in call["target"]


@pytest.mark.parametrize("fault", [
    rule("answer", watch_of("deployments"), count=1, code=410),
    rule("error", watch_of("deployments"), count=1, code=410),
    rule("answer", watch_of("deployments"), count=1, code=504, message="Too large resource version"),
], ids=["410-as-status", "410-as-event", "504-version-from-the-future"])
def test_an_expired_version_is_a_new_set_and_not_an_empty_one(cluster, namespace, controller, proxy,
                                                              fault):
    """D01, D02, D11."""
    service = Service(cluster, namespace, replicas={"min": 2, "max": 5})
    mark = proxy.mark()
    proxy.rules(fault)
    proxy.network("cut")
    eventually(lambda: any(map(is_set, proxy.watches(mark, "deployments"))), "a set is asked for")
    assert not any(map(is_set, proxy.watches(mark, "services"))), "only what expired"
    assert proxy.quiet(namespace, 1), told(proxy.writes(mark, namespace))
    service.scale(3)
    service.cluster.wait_ready("chat", namespace)
    service.unharmed(proxy, mark)
    assert len(proxy.watches(mark, "deployments")) <= 3


def test_versions_that_always_expire_are_not_asked_for_in_a_hot_loop(cluster, namespace, controller,
                                                                     proxy):
    """D01, D06: one set at once, then pauses; other kinds go on."""
    service = Service(cluster, namespace)
    mark = proxy.mark()
    proxy.rules(rule("answer", watch_of("nodes"), code=410))
    proxy.network("cut")
    service.scale(2)
    service.converges(2)
    holds(lambda: len(proxy.watches(mark, "nodes")) <= 6, "few watches of nodes", 5)
    proxy.rules()
    eventually(lambda: proxy.watches(mark, "nodes")[-1]["outcome"] == "under way",
               "nodes are watched again", 60)


def test_a_server_without_watch_list_is_asked_for_lists(cluster, namespace, controller, proxy):
    """D03, D08: the refusal is remembered; an expired page begins its list anew."""
    services = [Service(cluster, namespace, f"chat-{i}") for i in range(5)]
    mark = proxy.mark()
    proxy.rules(
        rule("answer", {"verb": "watch", "target": SET}, code=422),
        rule("page", {"verb": "list"}, limit=2),
        rule("answer", {"verb": "list", "resource": "deployments", "target": "continue="}, start=2,
             count=1, code=410))
    controller.restart()
    lists = proxy.calls(mark, verb="list", resource="deployments")
    begun = [call for call in lists if "continue=" not in call["target"]]
    assert len(begun) == 2, told(lists)
    assert sum(call["status"] == 410 for call in lists) == 1, told(lists)
    assert proxy.quiet(namespace, 2), "an unchanged cluster needs no write"
    refused = [call for call in proxy.calls(mark, verb="watch") if is_set(call)]
    assert len(refused) == 10, told(refused)

    proxy.rules(rule("answer", watch_of("deployments"), count=1, code=410))
    proxy.network("cut")
    eventually(lambda: len(proxy.calls(mark, verb="list", resource="deployments")) > len(lists),
               "a list, because watch lists were refused")
    services[0].scale(2)
    services[0].cluster.wait_ready("chat-0", namespace)
    for service in services:
        service.unharmed(proxy, mark)
    assert len([call for call in proxy.calls(mark, verb="watch") if is_set(call)]) == 10


@pytest.mark.parametrize("resource", ["inferenceservices", "deployments", "pods"])
def test_a_stream_cut_in_the_middle_of_an_object_goes_on_from_the_last_one(cluster, namespace,
                                                                           controller, proxy,
                                                                           resource):
    """D04."""
    service = Service(cluster, namespace)
    mark = proxy.mark()
    proxy.rules(rule("truncate", watch_of(resource), count=3))
    proxy.network("cut")
    eventually(lambda: proxy.watches(mark, resource), "the watch is open again")
    service.scale(2)
    service.converges(2)
    service.unharmed(proxy, mark)
    eventually(lambda: len(proxy.watches(mark, resource)) > 1, "at least one was cut")
    watches = proxy.watches(mark, resource)
    assert [c["outcome"] for c in watches[:-1]] == ["truncated"] * (len(watches) - 1), told(watches)
    assert not any(map(is_set, watches)), "no new set: " + told(watches)


def test_watches_that_end_at_once_are_asked_for_at_growing_intervals(cluster, namespace, controller,
                                                                     proxy):
    """D06."""
    service = Service(cluster, namespace)
    mark = proxy.mark()
    proxy.rules(rule("empty", watch_of("deployments"), count=3))
    proxy.network("cut")
    eventually(lambda: len(proxy.watches(mark, "deployments")) == 4, "the fourth one is open", 30)
    began = [call["began"] for call in proxy.watches(mark, "deployments")]
    gaps = [later - earlier for earlier, later in zip(began, began[1:])]
    assert all(gap >= least for gap, least in zip(gaps, (0.8, 1.6, 3.2))), gaps
    service.scale(2)
    service.converges(2)
    service.unharmed(proxy, mark)


@pytest.mark.parametrize("what", ["duplicate", "bookmarks", "no-bookmarks"])
def test_repeated_events_and_any_number_of_bookmarks_change_nothing(cluster, namespace, controller,
                                                                    proxy, what):
    """B07, D07."""
    mark = proxy.mark()
    proxy.rules(rule(what, {"verb": "watch", "target": RESUMED}, repeat=20))
    proxy.network("cut")
    eventually(lambda: len(proxy.calls(mark, verb="watch")) >= 10, "all watches are open again")
    service = Service(cluster, namespace, replicas={"min": 2, "max": 5})
    service.scale(3)
    cluster.wait_ready("chat", namespace)
    service.unharmed(proxy, mark)
    eventually(lambda: proxy.quiet(namespace, 1), "quiet")
    # 12 for a new service and few for the change, whatever the watches say how often.
    assert len(proxy.writes(mark, namespace)) <= 20, told(proxy.writes(mark, namespace))
    # Where the watches stand they go on after the next cut.
    mark = proxy.mark()
    proxy.network("cut")
    eventually(lambda: len(proxy.calls(mark, verb="watch")) >= 10, "all watches are open again")
    assert not any(is_set(call) for call in proxy.calls(mark, verb="watch"))


def test_a_set_without_an_end_is_not_taken_for_the_truth(cluster, namespace, controller, proxy):
    """D09: not ready, no write, and /readyz says which kind is missing."""
    service = Service(cluster, namespace)
    controller.kill()
    service.scale(2)
    mark = proxy.mark()
    proxy.rules(rule("no-bookmarks", watch_of("deployments")))
    controller.start(wait=False)

    def missing():
        status, text = controller.http("/readyz")
        return status == 503 and text.startswith("not in sync: deployments") and \
            text.count("not in sync") == 1
    eventually(missing, "only deployments are missing", describe=lambda: controller.http("/readyz"))
    holds(lambda: missing() and not proxy.calls(mark, namespace=namespace), "not ready, no call", 3)
    proxy.rules()
    proxy.network("cut")
    controller.wait_ready()
    service.converges(2)
    service.unharmed(proxy, mark)


def test_a_server_that_restarts_is_not_asked_for_everything_again(cluster, namespace, controller,
                                                                  proxy):
    """D17: every watch goes on from its version, and nothing is written for it."""
    service = Service(cluster, namespace)
    eventually(lambda: proxy.quiet(namespace), "quiet")
    for _ in range(3):
        mark = proxy.mark()
        proxy.network("cut")
        eventually(lambda m=mark: len([c for c in proxy.calls(m, verb="watch")
                                       if c["outcome"] == "under way"]) == 10,
                   "all watches are open again", 30)
        watches = proxy.calls(mark, verb="watch")
        assert not any(map(is_set, watches)), told(watches)
        assert len(watches) == 10, told(watches)
        assert not proxy.writes(mark, namespace), told(proxy.writes(mark, namespace))
    service.scale(2)
    service.converges(2)


def test_versions_without_an_order_are_good_enough(cluster, namespace, controller, proxy):
    """D18: a whole life with versions that are no numbers."""
    proxy.rules(rule("opaque"))
    controller.restart()
    mark = proxy.mark()
    service = Service(cluster, namespace, replicas={"min": 2, "max": 5})
    assert "resourceVersion=v-" not in told(proxy.calls(mark))
    proxy.network("cut")
    eventually(lambda: any("resourceVersion=v-" in call["target"]
                           for call in proxy.watches(mark, "pods")), "watches go on from a text")
    service.scale(3)
    cluster.wait_ready("chat", namespace)
    service.unharmed(proxy, mark)
    eventually(lambda: proxy.quiet(namespace), "quiet")
    cluster.delete("InferenceService", "chat", namespace)
    eventually(lambda: not cluster.children(namespace), "everything is gone", 60)


@pytest.fixture
def auditing(controller):
    controller.arguments.append("--audit-period=10")
    controller.restart()
    yield controller
    controller.arguments.pop()


def test_what_a_watch_has_lost_for_good_is_found_by_an_audit(cluster, namespace, auditing, proxy):
    """Nobody says it again: without the audit the Deployment would stay away until a restart."""
    service = Service(cluster, namespace)
    [(child, uid)] = [item for item in service.children.items() if item[0][0] == "Deployment"]
    mark = proxy.mark()
    proxy.rules(rule("lose", watch_of("deployments"), count=1))
    proxy.network("cut")
    eventually(lambda: proxy.watches(mark, "deployments"), "the watch is open again")
    cluster.delete(*child, namespace)
    eventually(lambda: service.uids().get(child, uid) != uid, "it is made anew", 60)
    cluster.wait_ready("chat", namespace)
    metrics = auditing.http("/metrics")[1]
    assert 'slipway_audit_differences_total{kind="Deployment"}' in metrics
    assert metrics.count("slipway_audit_differences_total{") == 1, "no other watch has lost any"
    assert [call for call in proxy.watches(mark, "deployments")[1:] if is_set(call)], "a new set"
    assert not any(is_set(call) for call in proxy.watches(mark, "pods")), "only what was wrong"
