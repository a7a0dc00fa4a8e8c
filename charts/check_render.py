#!/usr/bin/env python3
"""Checks one rendering of the chart: check_render.py STATE RENDERED_YAML (from the root folder)

STATE is a comma list of what must be there (crds, runtime, hook, monitoring, single: one replica);
what is not named must be absent. The other rules hold for every rendering.
"""

import pathlib
import sys

import yaml

# The whole of what the controller may do. A change here is a change of what people have to trust.
CONTROLLER_RULES = {
    ("serving.slipway.dev", "inferenceservices"): "get list watch",
    ("serving.slipway.dev", "servingruntimes"): "get list watch",
    ("serving.slipway.dev", "clusterservingruntimes"): "get list watch",
    ("serving.slipway.dev", "modelversions"): "create delete get list patch watch",
    ("serving.slipway.dev", "inferenceservices/status"): "patch",
    ("serving.slipway.dev", "modelversions/status"): "patch",
    ("serving.slipway.dev", "inferenceservices/finalizers"): "update",
    ("", "pods"): "get list watch",
    ("", "nodes"): "get list watch",
    ("", "services"): "create get list patch watch",
    ("apps", "deployments"): "create delete get list patch watch",
    ("autoscaling", "horizontalpodautoscalers"): "create delete get list patch watch",
    ("policy", "poddisruptionbudgets"): "create delete get list patch watch",
    ("events.k8s.io", "events"): "create",
}
LEASE_RULES = [
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
     "verbs": ["get", "list", "watch", "patch"], "resourceNames": ["slipway-controller"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
]
FORBIDDEN_RESOURCES = {"secrets", "pods/exec", "pods/attach", "nodes/proxy", "serviceaccounts/token"}
FORBIDDEN_VERBS = {"*", "escalate", "bind", "impersonate"}

CRDS = pathlib.Path("crds")
RUNTIME = pathlib.Path("runtime-images/llama-cpp/servingruntime.yaml")

problems = []


def check(condition, message):
    if not condition:
        problems.append(message)


def check_rbac(objects):
    for role in (o for o in objects if o["kind"] in ("ClusterRole", "Role")):
        name = role["metadata"]["name"]
        for rule in role["rules"]:
            check("*" not in rule["apiGroups"] + rule["resources"], f"{name}: wildcard in {rule}")
            check(not FORBIDDEN_VERBS & set(rule["verbs"]), f"{name}: forbidden verb in {rule}")
            check(not FORBIDDEN_RESOURCES & set(rule["resources"]), f"{name}: {rule}")
    controller = [o for o in objects if o["kind"] == "ClusterRole"
                  and o["metadata"]["name"] == "slipway-controller"]
    check(len(controller) == 1, "no ClusterRole slipway-controller")
    granted = {}
    for rule in controller[0]["rules"] if controller else []:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                check((group, resource) not in granted, f"granted twice: {group}/{resource}")
                granted[group, resource] = " ".join(sorted(rule["verbs"]))
    check(granted == CONTROLLER_RULES,
          f"controller rules differ: {sorted(granted.items() ^ CONTROLLER_RULES.items())}")
    roles = [o["rules"] for o in objects if o["kind"] == "Role"]
    check(roles == [LEASE_RULES], f"roles of the release namespace: {roles}")


def check_pod(name, spec):
    """The restricted Pod Security Standard, a read-only root, and limits."""
    security = spec.get("securityContext", {})
    check(security.get("runAsNonRoot") is True, f"{name}: runAsNonRoot")
    check(security.get("runAsUser") == 65532, f"{name}: runAsUser")
    check(security.get("seccompProfile") == {"type": "RuntimeDefault"}, f"{name}: seccompProfile")
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        check(field not in spec, f"{name}: {field}")
    check(all("hostPath" not in v for v in spec.get("volumes", [])), f"{name}: hostPath")
    for container in spec["containers"] + spec.get("initContainers", []):
        own = container.get("securityContext", {})
        where = f"{name}/{container['name']}"
        check(own.get("allowPrivilegeEscalation") is False, f"{where}: allowPrivilegeEscalation")
        check(own.get("readOnlyRootFilesystem") is True, f"{where}: readOnlyRootFilesystem")
        check(own.get("capabilities") == {"drop": ["ALL"]}, f"{where}: capabilities")
        check(own.get("privileged", False) is False, f"{where}: privileged")
        check("memory" in container["resources"]["limits"], f"{where}: no memory limit")
        check({"cpu", "memory"} <= set(container["resources"]["requests"]), f"{where}: requests")
        paths = {container[p]["httpGet"]["path"] for p in ("livenessProbe", "readinessProbe")}
        check(paths == {"/healthz", "/readyz"}, f"{where}: probes {paths}")


def check_deployment(objects, state):
    found = [o for o in objects if o["kind"] == "Deployment"]
    check([o["metadata"]["name"] for o in found] == ["slipway-controller"], "one Deployment")
    for deployment in found:
        spec = deployment["spec"]
        replicas = spec["replicas"]
        check(replicas == (1 if "single" in state else 2), f"replicas: {replicas}")
        budgets = [o for o in objects if o["kind"] == "PodDisruptionBudget"]
        check(len(budgets) == (0 if "single" in state else 1), f"{len(budgets)} budgets")
        for budget in budgets:
            check(budget["spec"] == {"minAvailable": 1, "selector": spec["selector"]}, "budget")
        leases = [o for o in objects if o["kind"] == "Lease"]
        check([o["metadata"]["name"] for o in leases] == ["slipway-controller"]
              and all("spec" not in o for o in leases), "one Lease, without content of its own")
        template = spec["template"]
        selector = spec["selector"]["matchLabels"]
        check(selector.items() <= template["metadata"]["labels"].items(), "selector misses the pods")
        check_pod("slipway-controller", template["spec"])
        container = template["spec"]["containers"][0]
        check(f"--agent-image={container['image']}" in container["args"],
              "the agent is not of the controller's own image")
        for service in (o for o in objects if o["kind"] == "Service"):
            check(service["spec"]["selector"].items() <= template["metadata"]["labels"].items(),
                  "the metrics Service selects nothing")


def check_crds(objects, expected):
    rendered = {o["metadata"]["name"]: o for o in objects
                if o["kind"] == "CustomResourceDefinition"}
    if not expected:
        check(not rendered, "CRDs although they are switched off")
        return
    sources = [yaml.safe_load(path.read_text()) for path in sorted(CRDS.glob("*.yaml"))]
    check(len(sources) >= 4, f"only {len(sources)} CRDs in {CRDS}")
    check({s["metadata"]["name"] for s in sources} == set(rendered), "CRDs are missing")
    for source in sources:
        name = source["metadata"]["name"]
        crd = rendered.get(name, {})
        check(crd.get("spec") == source["spec"], f"{name} differs from {CRDS}")
        annotations = crd.get("metadata", {}).get("annotations", {})
        check(annotations.get("helm.sh/resource-policy") == "keep", f"{name} would be deleted")
        own = source["metadata"].get("annotations", {})
        check(own.items() <= annotations.items(), f"{name} lost annotations")


def check_runtime(objects, state):
    runtimes = [o for o in objects if o["kind"] == "ClusterServingRuntime"]
    hooks = [o["metadata"].get("annotations", {}).get("helm.sh/hook") for o in runtimes]
    for runtime in runtimes:
        check(runtime["spec"] == yaml.safe_load(RUNTIME.read_text(encoding="utf-8"))["spec"],
              f"the runtime differs from {RUNTIME}")
    if "hook" in state:
        check(hooks == ["post-install,post-upgrade", "pre-delete"], f"hooks: {hooks}")
    elif "runtime" in state:
        check(hooks == [None], f"runtimes: {hooks}")
    else:
        check(not runtimes, "a runtime although it is switched off")


def main():
    state = set(sys.argv[1].split(","))
    with open(sys.argv[2], encoding="utf-8") as file:
        objects = [o for o in yaml.safe_load_all(file) if o]
    kinds = [o["kind"] for o in objects]
    check_rbac(objects)
    check_deployment(objects, state)
    check_crds(objects, "crds" in state)
    check_runtime(objects, state)
    for kind in ("ServiceMonitor", "PrometheusRule"):
        check((kind in kinds) == ("monitoring" in state), f"{kind}: {kind in kinds}")
    check("Secret" not in kinds, f"kinds: {kinds}")
    names = [(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]) for o in objects
             if "helm.sh/hook" not in o["metadata"].get("annotations", {})]
    check(len(names) == len(set(names)), "an object is there twice")
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
