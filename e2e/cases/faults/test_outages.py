"""The API server is gone, silent, or comes back: nothing is restarted for it."""

import pytest

from support.fault_proxy import most_at_once, rule, told
from support.services import Service
from support.waiting import eventually, holds

SERVICES = 12


@pytest.fixture
def services(cluster, namespace, controller):
    small = {"resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}}
    return [Service(cluster, namespace, f"chat-{i}", pod=small) for i in range(SERVICES)]


def test_an_api_server_that_was_away_is_not_overrun(services, namespace, controller, proxy):
    """E08, short: what changed meanwhile is done, nothing else is written, little at once."""
    eventually(lambda: proxy.quiet(namespace), "quiet")
    pid = controller.process.pid
    proxy.network("refuse")
    changed = services[:4]
    for service in changed:
        service.scale(2)
    holds(controller.running, "it runs on", 10)
    assert controller.http("/healthz")[0] == 200
    mark = proxy.mark()
    proxy.network("open")
    for service in changed:
        service.converges(2)
    eventually(lambda: proxy.quiet(namespace), "quiet")
    calls = proxy.calls(mark)
    assert most_at_once([call for call in calls if call["verb"] != "watch"]) <= 32
    others = {f"chat-{i}" for i in range(len(changed), SERVICES)}
    touched = [c for c in proxy.writes(mark, namespace)
               if any(c.get("name", "").startswith(f"{name}-") or c.get("name") == name
                      for name in others)]
    assert not touched, told(touched)
    assert not [c for c in calls if "sendInitialEvents" in c["target"]], "no list for a short absence"
    assert controller.process.pid == pid and controller.running()
    for service in services:
        service.unharmed(proxy, mark)


def test_a_connection_that_died_in_silence_is_given_up(cluster, namespace, controller, proxy):
    """D05: it swallows a write and never says so; the write is done over another one."""
    service = Service(cluster, namespace)
    mark = proxy.mark()
    proxy.rules(rule("half-open", {"writes": True, "namespace": namespace}, count=1))
    service.scale(2)
    service.converges(2, timeout=30)
    [lost] = [c for c in proxy.writes(mark, namespace) if c["outcome"].startswith("half-open")]
    again = [c for c in proxy.writes(mark, namespace)
             if c["target"] == lost["target"] and c["index"] > lost["index"]]
    assert 5 <= again[0]["began"] - lost["began"] <= 20, told([lost, *again])
    service.unharmed(proxy, mark)
