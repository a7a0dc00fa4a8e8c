"""SIGKILL of the controller right after any of its writes: the end is the same.

The audit log says when a write has been answered; the controller is killed at that moment, which
is before, while or after it handles the answer, and started again.
"""

import json
import re
import threading
import time

import pytest

from support.cluster import CHILD_KINDS
from support.controller import USER
from support.objects import isvc
from support.waiting import eventually

pytestmark = pytest.mark.usefixtures("controller")

SERVICE = {"replicas": {"min": 2, "max": 4}}
UPDATE = {"spec": {"replicas": {"min": 3, "max": None}, "engine": {"contextLength": 256}}}
SHRINK = {"spec": {"replicas": None}}

# What differs between two equal histories: identities and times.
VOLATILE = {"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation",
            "lastTransitionTime", "clusterIP", "clusterIPs", "lastUpdateTime", "lastScaleTime",
            "deployment.kubernetes.io/revision"}


def stripped(value):
    if isinstance(value, dict):
        return {k: stripped(v) for k, v in sorted(value.items()) if k not in VOLATILE}
    if isinstance(value, list):
        return [stripped(v) for v in value]
    return value


def end_state(cluster, namespace):
    """All children without their status, and the service's own status, as comparable text."""
    state = {}
    for kind in CHILD_KINDS:
        for obj in cluster.list(kind, namespace):
            obj = stripped(obj)
            obj.pop("status", None)
            state[f"{kind} {obj['metadata']['name']}"] = obj
    own = cluster.get("InferenceService", "chat", namespace)
    status = stripped(own["status"]) if own else {}
    # The generation counts the edits since the object was made, which are the same in every run.
    state["status"] = json.loads(re.sub(r'"observedGeneration": \d+', '"observedGeneration": 0',
                                        json.dumps(status)))
    return json.dumps(state, indent=1, sort_keys=True)


def change(cluster, namespace, what):
    if what == "create":
        cluster.apply(isvc("chat", namespace, **SERVICE))
    elif what == "update":
        cluster.patch("InferenceService", "chat", namespace, UPDATE)
    elif what == "shrink":
        cluster.patch("InferenceService", "chat", namespace, SHRINK)
    else:
        cluster.delete("InferenceService", "chat", namespace)


def settle(cluster, namespace, what):
    if what == "delete":
        cluster.wait_gone("InferenceService", "chat", namespace)
        eventually(lambda: not cluster.children(namespace) and not cluster.list("Pod", namespace),
                   "everything is gone", describe=lambda: cluster.describe("chat", namespace))
        return
    cluster.wait_ready("chat", namespace)
    eventually(lambda: len(cluster.list("Deployment", namespace)) == 1, "one revision is left")


PLACE = "crash-cases"
STEPS = ("create", "update", "shrink", "delete")


def kill_after(controller, audit, count):
    """A thread that kills the controller once it has made `count` writes more."""
    before = len(audit.writes_of(USER, PLACE))
    done = threading.Event()
    killed = []

    def watch():
        while not done.is_set():
            if len(audit.writes_of(USER, PLACE)) - before >= count:
                controller.kill()
                killed.append(True)
                return
            time.sleep(0.001)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()

    def finish():
        done.set()
        thread.join()
        return bool(killed)
    return finish


@pytest.fixture(scope="module")
def expected(request):
    """End states without any crash, by step; filled by the first case that needs them."""
    return {}


def run_uninterrupted(cluster, namespace, audit, expected):
    if expected:
        return
    for what in STEPS:
        before = len(audit.writes_of(USER, PLACE))
        change(cluster, namespace, what)
        settle(cluster, namespace, what)
        expected[what] = (end_state(cluster, namespace),
                          len(audit.writes_of(USER, PLACE)) - before)


@pytest.fixture(scope="module")
def place(installed):
    """One namespace for all runs, so that names and texts are comparable."""
    installed.wait_gone("Namespace", PLACE, None)
    installed.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLACE}})
    eventually(lambda: installed.get("ServiceAccount", "default", PLACE), "its service account")
    yield PLACE
    installed.delete("Namespace", PLACE)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kill_at", range(0, 10))
def test_killed_after_the_kth_write_of_each_step(cluster, place, audit, controller, expected,
                                                 kill_at):
    run_uninterrupted(cluster, place, audit, expected)
    for what in STEPS:
        state, writes = expected[what]
        if kill_at == 0:
            # Down already when the change is made: it must be found at the next start.
            controller.kill()
            change(cluster, place, what)
            controller.start()
        else:
            finish = kill_after(controller, audit, kill_at)
            change(cluster, place, what)
            eventually(lambda: not controller.running() or settled(cluster, place, what),
                       "killed, or done before that many writes", 60)
            # An uninterrupted run may need a status write or two fewer or more.
            assert finish() or kill_at > writes - 2, f"{what} made fewer than {kill_at} writes"
            if not controller.running():
                controller.start()
        settle(cluster, place, what)
        eventually(lambda w=what, s=state: end_state(cluster, place) == s,
                   f"the same end state after {what}", 30,
                   describe=lambda s=state: difference(s, end_state(cluster, place)))


def settled(cluster, namespace, what):
    own = cluster.get("InferenceService", "chat", namespace)
    if what == "delete":
        return own is None
    status = (own or {}).get("status") or {}
    conditions = {c["type"]: c["status"] for c in status.get("conditions") or []}
    return (status.get("observedGeneration") == own["metadata"]["generation"]
            and conditions.get("Ready") == "True" and conditions.get("Reconciling") == "False"
            and len(cluster.list("Deployment", namespace)) == 1)


def difference(expected_state, actual):
    import difflib
    return "\n".join(difflib.unified_diff(expected_state.splitlines(), actual.splitlines(),
                                          "expected", "actual", lineterm="", n=2))


@pytest.mark.timeout(300)
def test_killed_again_and_again(cluster, place, audit, controller, expected):
    """Killed after each single write until nothing is left to write."""
    run_uninterrupted(cluster, place, audit, expected)
    for what in STEPS:
        change_made = False
        kills = 0
        while True:
            finish = kill_after(controller, audit, 1)
            if not change_made:
                change(cluster, place, what)
                change_made = True
            eventually(lambda w=what: not controller.running() or settled(cluster, place, w),
                       "killed or settled", 60)
            finish()
            if controller.running():
                # A deletion is mostly the garbage collector's work: maybe nothing is written then.
                assert kills or what == "delete", f"{what}: never killed"
                break
            kills += 1
            assert kills < 60, f"{what} does not come to an end"
            controller.start()
        settle(cluster, place, what)
        eventually(lambda w=what: end_state(cluster, place) == expected[w][0],
                   f"the same end state after {what} and {kills} kills", 30,
                   describe=lambda w=what: difference(expected[w][0], end_state(cluster, place)))
