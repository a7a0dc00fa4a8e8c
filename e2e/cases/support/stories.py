"""What a user does to a service from its making to its end, and how equal two ends are."""

import difflib
import json
import re

from support.cluster import CHILD_KINDS
from support.objects import isvc
from support.waiting import eventually

NAME = "chat"
STEPS = ("create", "update", "shrink", "scale", "delete")

SERVICE = {"replicas": {"min": 2, "max": 4}}
UPDATE = {"spec": {"replicas": {"min": 3, "max": None}, "engine": {"contextLength": 256}}}
SHRINK = {"spec": {"replicas": None}}

# What differs between two equal histories: identities and times.
VOLATILE = {"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation",
            "lastTransitionTime", "clusterIP", "clusterIPs", "lastUpdateTime", "lastScaleTime",
            "deployment.kubernetes.io/revision"}


def change(cluster, namespace, what):
    if what == "create":
        cluster.apply(isvc(NAME, namespace, **SERVICE))
    elif what == "update":
        cluster.patch("InferenceService", NAME, namespace, UPDATE)
    elif what == "shrink":
        cluster.patch("InferenceService", NAME, namespace, SHRINK)
    elif what == "scale":
        cluster.kubectl("-n", namespace, "scale", "isvc", NAME, "--replicas=2")
    else:
        cluster.delete("InferenceService", NAME, namespace)


def settled(cluster, namespace, what):
    """Whether the step is done as far as the service itself tells."""
    own = cluster.get("InferenceService", NAME, namespace)
    if what == "delete":
        return own is None
    status = (own or {}).get("status") or {}
    conditions = {c["type"]: c["status"] for c in status.get("conditions") or []}
    return (status.get("observedGeneration") == own["metadata"]["generation"]
            and conditions.get("Ready") == "True" and conditions.get("Reconciling") == "False"
            and len(cluster.list("Deployment", namespace)) == 1)


def settle(cluster, namespace, what):
    if what == "delete":
        cluster.wait_gone("InferenceService", NAME, namespace)
        eventually(lambda: not cluster.children(namespace) and not cluster.list("Pod", namespace),
                   "everything is gone", describe=lambda: cluster.describe(NAME, namespace))
        return
    cluster.wait_ready(NAME, namespace)
    eventually(lambda: len(cluster.list("Deployment", namespace)) == 1, "one revision is left",
               describe=lambda: cluster.describe(NAME, namespace))


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
    own = cluster.get("InferenceService", NAME, namespace)
    status = stripped(own["status"]) if own else {}
    # The generation counts the edits since the object was made, which are the same in every run.
    state["status"] = json.loads(re.sub(r'"observedGeneration": \d+', '"observedGeneration": 0',
                                        json.dumps(status)))
    return json.dumps(state, indent=1, sort_keys=True)


def ends_like(cluster, namespace, expected, what):
    eventually(lambda: end_state(cluster, namespace) == expected, f"the same end state: {what}", 30,
               describe=lambda: difference(expected, end_state(cluster, namespace)))


def difference(expected, actual):
    return "\n".join(difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected",
                                          "actual", lineterm="", n=2))
