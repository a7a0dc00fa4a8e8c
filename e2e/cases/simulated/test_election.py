"""Two replicas, one Lease: one writes, the other is ready to; nothing is written for the change."""

import signal
import time

import pytest

from support.controller import NAMESPACE, USER, Controller, account_kubeconfig
from support.objects import isvc
from support.waiting import eventually, holds

LEASE = "slipway-controller"
EPOCH = "serving.slipway.dev/epoch"
SERVICES = 10


@pytest.fixture(scope="module")
def kubeconfig(installed, tmp_path_factory):
    return account_kubeconfig(installed, tmp_path_factory.mktemp("election"))


@pytest.fixture
def pair(cluster, controller_process, kubeconfig, tmp_path):
    """Two replicas under one Lease that nobody holds: (leader, standby)."""
    controller_process.kill()
    cluster.patch("Lease", LEASE, NAMESPACE, {"spec": {"holderIdentity": ""}})
    replicas = [Controller(kubeconfig, tmp_path / f"{name}.log", elect=True) for name in "ab"]
    for replica in replicas:
        replica.start()
    eventually(lambda: any(replica.leads() for replica in replicas), "one of them leads", 20)
    yield sorted(replicas, key=lambda replica: not replica.leads())
    for replica in replicas:
        if replica.running():
            replica.process.send_signal(signal.SIGCONT)
        replica.stop()


def lease(cluster):
    return cluster.get("Lease", LEASE, NAMESPACE)["spec"]


def children_epochs(cluster, namespace):
    return {obj["metadata"].get("annotations", {}).get(EPOCH)
            for obj in cluster.children(namespace).values()}


def services(cluster, namespace):
    for i in range(SERVICES):
        cluster.create(isvc(f"chat-{i}", namespace, replicas={"min": 1, "max": 2}))
    for i in range(SERVICES):
        cluster.wait_ready(f"chat-{i}", namespace)


def writes_at(audit, namespace):
    return len(audit.writes_of(USER, namespace))


def settled_writes(audit, namespace):
    """How many writes there were once there were no more for two seconds."""
    count, since = writes_at(audit, namespace), time.monotonic()
    while time.monotonic() - since < 2:
        time.sleep(0.2)
        if writes_at(audit, namespace) != count:
            count, since = writes_at(audit, namespace), time.monotonic()
    return count


@pytest.mark.timeout(180)
def test_a_standby_takes_over_and_writes_nothing(cluster, namespace, audit, pair):
    """F01, F08: 17 s after a crash, 2 s after a clean stop."""
    leader, standby = pair
    assert not standby.leads() and standby.http("/readyz")[0] == 200
    services(cluster, namespace)
    assert children_epochs(cluster, namespace) == {str(lease(cluster)["leaseTransitions"])}
    before = settled_writes(audit, namespace)

    leader.kill()
    began = time.monotonic()
    eventually(standby.leads, "the standby leads", 30, interval=0.02)
    took = time.monotonic() - began
    print(f"failover after a crash: {took:.1f} s")
    assert took <= 17
    assert settled_writes(audit, namespace) == before, "a takeover writes nothing"

    leader.start()
    assert leader.http("/readyz")[0] == 200 and not leader.leads()
    began = time.monotonic()
    assert standby.stop() == 0
    eventually(leader.leads, "the other one leads again", 10, interval=0.02)
    took = time.monotonic() - began
    print(f"failover after a clean stop: {took:.1f} s")
    assert took <= 2
    assert settled_writes(audit, namespace) == before
    # It is no idle title: a change is carried out, and only what had to be written says by whom.
    cluster.patch("InferenceService", "chat-0", namespace, {"spec": {"replicas": {"max": 3}}})
    now = str(lease(cluster)["leaseTransitions"])
    eventually(lambda: now in children_epochs(cluster, namespace), "the change is carried out")
    assert len(children_epochs(cluster, namespace)) == 2


@pytest.mark.timeout(120)
def test_a_leader_that_was_frozen_writes_nothing_when_it_wakes(cluster, namespace, pair):
    """F02: stopped with work to do, and woken when another has done it."""
    leader, standby = pair
    cluster.create(isvc("chat", namespace, replicas={"min": 1, "max": 2}))
    cluster.wait_ready("chat", namespace)
    leader.process.send_signal(signal.SIGSTOP)
    cluster.patch("InferenceService", "chat", namespace, {"spec": {"replicas": {"max": 4}}})
    eventually(standby.leads, "the standby leads", 30)
    eventually(lambda: cluster.get("HorizontalPodAutoscaler", "chat", namespace)["spec"]
               ["maxReplicas"] == 4, "the new leader works")
    term = lease(cluster)
    versions = {k: o["metadata"]["resourceVersion"] for k, o in
                cluster.children(namespace).items() if k[0] in ("Service", "ModelVersion")}
    leader.process.send_signal(signal.SIGCONT)
    eventually(lambda: leader.http("/metrics")[0] == 200, "it is awake")
    holds(lambda: not leader.leads() and standby.leads(), "the other one still leads", 5)
    assert lease(cluster)["holderIdentity"] == term["holderIdentity"]
    assert versions == {k: o["metadata"]["resourceVersion"] for k, o in
                        cluster.children(namespace).items() if k in versions}
    hpa = cluster.get("HorizontalPodAutoscaler", "chat", namespace)
    assert hpa["metadata"]["annotations"][EPOCH] == str(term["leaseTransitions"])


@pytest.mark.timeout(120)
@pytest.mark.parametrize("how", ["deleted", "taken"])
def test_a_lease_that_is_lost_by_hand_stops_the_leader(cluster, namespace, pair, how):
    """F04: it steps down at once; somebody leads again once nobody else can."""
    leader, standby = pair
    cluster.create(isvc("chat", namespace))
    cluster.wait_ready("chat", namespace)
    before = lease(cluster)["leaseTransitions"]
    if how == "deleted":
        cluster.delete("Lease", LEASE, NAMESPACE)
    else:
        cluster.patch("Lease", LEASE, NAMESPACE, {"spec": {"holderIdentity": "somebody"}})
    eventually(lambda: not leader.leads(), "it steps down", 2, interval=0.02)
    cluster.patch("InferenceService", "chat", namespace, {"spec": {"replicas": {"max": 5}}})
    holds(lambda: not cluster.get("HorizontalPodAutoscaler", "chat", namespace),
          "nobody writes", 3)
    eventually(lambda: leader.leads() or standby.leads(), "one leads again", 30)
    assert leader.leads() != standby.leads()
    eventually(lambda: cluster.get("HorizontalPodAutoscaler", "chat", namespace), "it works again")
    assert lease(cluster)["leaseTransitions"] > before, "the count goes on"
