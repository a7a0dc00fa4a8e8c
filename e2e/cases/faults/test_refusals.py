"""Calls that the API server refuses, loses or answers with nonsense: waited out, and cured without
a restart and without asking too often."""

import pytest

from support import stories
from support.controller import USER
from support.fault_proxy import is_write, rule, told, unary_in
from support.objects import isvc
from support.services import Service
from support.waiting import eventually, holds


def patch_of(resource, namespace, subresource=""):
    return {"verb": "patch", "resource": resource, "namespace": namespace,
            "subresource": subresource}


def gaps_of(calls):
    return [b["began"] - a["ended"] for a, b in zip(calls, calls[1:])]


@pytest.mark.parametrize("retry_after", [3, 0], ids=["with-retry-after", "without"])
def test_throttled_writes_wait_and_others_do_not(cluster, namespace, controller, proxy,
                                                 retry_after):
    """E01, E02: Retry-After is kept; without it the pauses grow; other services go on."""
    other = Service(cluster, namespace, "other")
    mark = proxy.mark()
    refused = {**patch_of("deployments", namespace), "target": "/chat-"}
    count = 3 if retry_after else 8
    proxy.rules(rule("answer", refused, count=count, code=429, retryAfter=retry_after))
    cluster.create(isvc("chat", namespace))
    eventually(lambda: proxy.calls(mark, namespace=namespace, status=429), "throttled")
    other.scale(2)
    other.converges(2)
    cluster.wait_ready("chat", namespace)
    throttled = proxy.calls(mark, namespace=namespace, status=429)
    assert len(throttled) == count
    gaps = gaps_of(throttled)
    if retry_after:
        # Counted from the beginning of the pass that was refused, which took a moment itself.
        assert min(gaps) >= retry_after - 0.2, gaps
    else:
        # 5 ms and twice as long each time: the last one is about 0.32 s, the first ones less.
        assert gaps[-1] >= 0.25 and sum(gaps) >= 0.5, gaps


def test_a_status_in_conflict_is_decided_anew(cluster, namespace, controller, proxy):
    """E03."""
    mark = proxy.mark()
    status = patch_of("inferenceservices", namespace, "status")
    proxy.rules(rule("answer", status, count=5, code=409))
    cluster.create(isvc("chat", namespace))
    cluster.wait_ready("chat", namespace)
    assert len(proxy.calls(mark, namespace=namespace, status=409)) == 5
    eventually(lambda: proxy.quiet(namespace), "quiet")
    writes = proxy.calls(mark, resource="inferenceservices", subresource="status")
    assert len(writes) <= 5 + 8, told(writes)


@pytest.mark.parametrize("fault", [
    rule("reset", unary_in(""), count=3, after=True),
    rule("drop", unary_in(""), count=3, after=True),
    rule("truncate", unary_in(""), count=3),
    rule("answer", unary_in(""), count=3, code=500, after=True),
    rule("answer", unary_in(""), count=3, code=504, after=True),
    # Said once, as by a server that did it and then heard of it a second time.
    rule("answer", unary_in(""), count=1, code=409, reason="AlreadyExists", after=True),
], ids=["reset", "closed", "cut-short", "500", "504", "already-exists"])
def test_a_write_whose_answer_was_lost_is_not_done_twice(cluster, namespace, controller, proxy,
                                                         audit, fault):
    """A05, E04: the server did it; each child is made once, and nobody is told of a failure."""
    fault["match"] = {**unary_in(namespace), "writes": True}
    proxy.rules(fault)
    mark = proxy.mark()
    service = Service(cluster, namespace, replicas={"min": 2, "max": 5})
    eventually(lambda: proxy.quiet(namespace), "quiet")
    made, deleted = audit.made_and_deleted_by(USER, namespace)
    assert set(made.values()) == {1} and len(made) == 5 and not deleted, (made, deleted)
    service.unharmed(proxy, mark)
    warnings = [e["reason"] for e in cluster.list("Event", namespace)
                if e["type"] == "Warning" and e["involvedObject"]["kind"] == "InferenceService"]
    assert not warnings, warnings


def test_a_refused_child_is_told_and_cured_by_the_spec_alone(cluster, namespace, controller, proxy):
    """E05: the server's text in the condition, few attempts, and a changed spec is tried at once."""
    mark = proxy.mark()
    autoscaler = patch_of("horizontalpodautoscalers", namespace)
    proxy.rules(rule("answer", autoscaler, code=422, message="exceeded quota: autoscalers=0"))
    cluster.create(isvc("chat", namespace, replicas={"min": 1, "max": 3}))
    cluster.wait_condition("chat", namespace, "Stalled", "True", "exceeded quota: autoscalers=0")
    holds(lambda: len(proxy.calls(mark, namespace=namespace, status=422)) <= 5, "few attempts", 6)
    proxy.rules()
    cluster.patch("InferenceService", "chat", namespace, {"spec": {"replicas": {"max": 2}}})
    cluster.wait_ready("chat", namespace, timeout=5)
    [found] = cluster.list("HorizontalPodAutoscaler", namespace)
    assert found["spec"]["maxReplicas"] == 2


def test_three_of_ten_calls_fail(cluster, namespace, controller, proxy):
    """E06: it gets there all the same, with at most three times the writes."""
    def story():
        mark = proxy.mark()
        for what in ("create", "update", "shrink", "scale"):
            stories.change(cluster, namespace, what)
            stories.settle(cluster, namespace, what)
        eventually(lambda: proxy.quiet(namespace), "quiet", 60)
        return stories.end_state(cluster, namespace), proxy.writes(mark, namespace)

    state, calm = story()
    stories.change(cluster, namespace, "delete")
    stories.settle(cluster, namespace, "delete")
    calls = unary_in(namespace)
    # Of those that the one before leaves: 0.1 of all each.
    proxy.rules(rule("answer", calls, chance=0.1, code=500),
                rule("drop", calls, chance=1 / 9),
                rule("reset", calls, chance=1 / 8, after=True), seed=11)
    _, disturbed = story()
    proxy.rules()
    stories.ends_like(cluster, namespace, state, "after the faults")
    hit = [call for call in disturbed if call["outcome"] != "passed"]
    assert len(hit) >= 5, "the faults must have happened: " + told(disturbed)
    assert len(disturbed) <= 3 * len(calm), f"{len(disturbed)} against {len(calm)} in calm"


def test_slow_and_silent_calls_hold_up_nobody_else(cluster, namespace, controller, proxy):
    """E07: one service's writes take 3 s or are never answered; the others' changes go through."""
    slow, silent, other = [Service(cluster, namespace, name) for name in ("slow", "silent", "other")]
    mark = proxy.mark()
    writes = {"writes": True, "namespace": namespace}
    proxy.rules(rule("delay", {**writes, "target": "/slow"}, milliseconds=3000),
                rule("freeze", {**writes, "target": "/silent"}))
    slow.scale(2)
    silent.scale(2)
    eventually(lambda: [c for c in proxy.writes(mark, namespace) if "/silent" in c["target"]]
               and [c for c in proxy.writes(mark, namespace) if "/slow" in c["target"]],
               "both are under way")
    for replicas in (2, 3):
        other.scale(replicas)
        other.converges(replicas, timeout=10)
    # A write without an answer is given up after 5 s: then it can no longer take effect late.
    given_up = eventually(lambda: [c for c in proxy.writes(mark, namespace)
                                   if "/silent" in c["target"] and c["ended"]], "given up", 30)
    assert 4.9 <= given_up[0]["ended"] - given_up[0]["began"] <= 6, told(given_up)
    proxy.rules()
    for service in (slow, silent):
        service.converges(2)
        service.unharmed(proxy, mark)


def test_a_namespace_that_ends_takes_everything_with_it(cluster, namespace, controller, proxy):
    """E12: what can no longer be made there is not asked for again and again."""
    for i in range(4):
        Service(cluster, namespace, f"chat-{i}", replicas={"min": 1, "max": 2})
    mark = proxy.mark()
    cluster.delete("Namespace", namespace)
    cluster.wait_gone("Namespace", namespace, None, timeout=90)
    eventually(lambda: proxy.quiet(namespace, 2), "quiet", 30)
    refused = [call for call in proxy.calls(mark, namespace=namespace) if call["status"] == 403]
    writes = [call for call in proxy.writes(mark, namespace) if is_write(call)]
    # 4 services with 5 children each; none of them more than a few times.
    assert len(refused) <= 40 and len(writes) <= 100, f"{len(refused)} refused of {len(writes)}"
