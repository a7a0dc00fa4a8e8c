"""Runs last: what the other cases made the controller do, against what the chart lets it do."""

import pytest

from support.audit import line
from support.controller import NAMESPACE, USER

# Granted for failures that the cases do not provoke.
UNUSED_IS_FINE = {
    # Re-reads of one object or a fall-back list, where a watch cannot begin with WatchList.
    "get", "list",
}
# An owner reference is checked against it without a call of its own.
NOT_A_CALL = {"inferenceservices/finalizers", "modelversions/finalizers"}


def granted(cluster):
    rights = set()
    rules = [*cluster.get("ClusterRole", "slipway-controller")["rules"],
             *cluster.get("Role", "slipway-controller", NAMESPACE)["rules"]]
    for rule in rules:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                rights |= {(group, resource, verb) for verb in rule["verbs"]}
    return rights


def used(audit):
    rights = set()
    for call in audit.of(USER):
        ref = call.get("objectRef")
        if ref and call["verb"] != "head":
            resource = "/".join(x for x in (ref["resource"], ref.get("subresource")) if x)
            rights.add((ref.get("apiGroup", ""), resource, call["verb"]))
    return rights


def test_nothing_was_forbidden(audit_of_all):
    refused = [call for call in audit_of_all.of(USER)
               if call.get("annotations", {}).get("authorization.k8s.io/decision") == "forbid"]
    assert not refused, "; ".join(sorted({line(call) for call in refused}))


def test_every_right_is_used(cluster, audit_of_all, request):
    if len(request.session.items) < 40:
        pytest.skip("only meaningful after the whole suite")
    idle = {right for right in granted(cluster) - used(audit_of_all)
            if right[2] not in UNUSED_IS_FINE and right[1] not in NOT_A_CALL
            # A server-side apply is a patch, which needs create as well to make the object.
            and (right[2] != "create" or right[1] == "events")}
    assert not idle, f"granted, but never used: {sorted(idle)}"
