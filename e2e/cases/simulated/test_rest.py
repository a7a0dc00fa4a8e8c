"""At rest the controller writes nothing, and it stops and starts quietly."""

import pytest

from support.audit import line
from support.controller import USER
from support.objects import isvc
from support.waiting import eventually, holds

pytestmark = pytest.mark.usefixtures("controller")


def settle(cluster, namespace, count=5):
    for i in range(count):
        cluster.create(isvc(f"chat-{i}", namespace, replicas={"min": 1, "max": 2 + i % 2}))
    for i in range(count):
        cluster.wait_ready(f"chat-{i}", namespace)


def quiet(audit, namespace, seconds, what):
    """No write of the controller, Events included, in a window."""
    before = len(audit.writes_of(USER, namespace))
    def nothing_new():
        new = audit.writes_of(USER, namespace)[before:]
        assert not new, f"{what}: " + "; ".join(line(call) for call in new)
        return True
    holds(nothing_new, what, seconds)


def test_no_writes_at_rest(cluster, namespace, audit):
    settle(cluster, namespace)
    # What is under way when the last one becomes Ready (an Event, a status) is let finish.
    eventually(lambda: stable(audit, namespace), "the last writes are done")
    quiet(audit, namespace, 15, "at rest")


def test_no_writes_after_a_restart(cluster, namespace, audit, controller):
    settle(cluster, namespace)
    eventually(lambda: stable(audit, namespace), "the last writes are done")
    before = len(audit.writes_of(USER, namespace))
    controller.restart()
    quiet(audit, namespace, 10, "after a restart")
    new = audit.writes_of(USER, namespace)[before:]
    assert not new, "; ".join(line(call) for call in new)


def stable(audit, namespace, seconds=2.0):
    """True when the controller wrote nothing for that long."""
    before = len(audit.writes_of(USER, namespace))
    try:
        holds(lambda: len(audit.writes_of(USER, namespace)) == before, "no write", seconds)
    except AssertionError:
        return False
    return True


def test_few_calls_for_a_new_service(cluster, namespace, audit):
    cluster.create(isvc("warm", namespace))
    cluster.wait_ready("warm", namespace)
    eventually(lambda: stable(audit, namespace), "the last writes are done")
    before = len(audit.of(USER, namespace))
    cluster.create(isvc("chat", namespace))
    cluster.wait_ready("chat", namespace)
    eventually(lambda: stable(audit, namespace), "the last writes are done")
    calls = [call for call in audit.of(USER, namespace)[before:] if call["verb"] not in ("watch", "list")]
    reads = [call for call in calls if call["verb"] == "get"]
    assert not reads, "reads come from the watches: " + "; ".join(map(line, reads))
    events = [call for call in calls if call["objectRef"]["resource"] == "events"]
    # Model version, Deployment, Service, and the status as it moves.
    assert len(calls) - len(events) <= 12, "; ".join(map(line, calls))
    assert len(events) <= 4, "; ".join(map(line, events))


def test_stops_on_sigterm_and_says_nothing_at_rest(cluster, namespace, controller):
    settle(cluster, namespace, 1)
    size = eventually(lambda: log_at_rest(controller), "the log is quiet")
    assert controller.log.stat().st_size == size
    assert controller.stop() == 0
    controller.start()


def log_at_rest(controller, seconds=2.0):
    size = controller.log.stat().st_size
    try:
        holds(lambda: controller.log.stat().st_size == size, "no line", seconds)
    except AssertionError:
        return None
    return size


def test_health_and_metrics(controller):
    assert controller.http("/healthz")[0] == 200
    assert controller.http("/readyz")[0] == 200
    status, text = controller.http("/metrics")
    assert status == 200
    names = [row.split("{")[0].split(" ")[0] for row in text.splitlines()
             if row and not row.startswith("#")]
    assert any(name.startswith("slipway_") for name in names), text[:500]
    assert controller.http("/nothing")[0] == 404
