"""One Kubernetes API server, spoken to with the official client and with kubectl."""

import json
import os
import pathlib
import subprocess

from kubernetes import config
from kubernetes.client import ApiException
from kubernetes.dynamic import DynamicClient

from support.waiting import eventually

REPO = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("SLIPWAY_KUBE_BIN", REPO / "build/kube/bin"))
GROUP = "serving.slipway.dev/v1alpha1"

# kind -> apiVersion, for the kinds that the cases touch.
KINDS = {
    "InferenceService": GROUP,
    "ModelVersion": GROUP,
    "ServingRuntime": GROUP,
    "ClusterServingRuntime": GROUP,
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
    "Lease": "coordination.k8s.io/v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "FlowSchema": "flowcontrol.apiserver.k8s.io/v1",
}
CHILD_KINDS = ("Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget",
               "ModelVersion")


class Cluster:
    def __init__(self, kubeconfig):
        self.kubeconfig = str(kubeconfig)
        self.client = DynamicClient(config.new_client_from_config(config_file=self.kubeconfig))

    def server(self):
        """The API server's URL."""
        return self.client.configuration.host

    def resource(self, kind):
        return self.client.resources.get(api_version=KINDS.get(kind, "v1"), kind=kind)

    def get(self, kind, name, namespace=None):
        """The object as a dict, or None."""
        try:
            return self.resource(kind).get(name=name, namespace=namespace).to_dict()
        except ApiException as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind, namespace=None, selector=None):
        found = self.resource(kind).get(namespace=namespace, label_selector=selector)
        return [item.to_dict() for item in found.items]

    def create(self, obj):
        meta = obj["metadata"]
        return self.resource(obj["kind"]).create(
            body=obj, namespace=meta.get("namespace")).to_dict()

    def apply(self, obj, manager="tester", dry_run=False):
        """Server-side apply, as `kubectl apply --server-side` does it."""
        meta = obj["metadata"]
        return self.resource(obj["kind"]).server_side_apply(
            body=obj, name=meta["name"], namespace=meta.get("namespace"), field_manager=manager,
            force_conflicts=True, query_params=[("dryRun", "All")] if dry_run else []).to_dict()

    def patch(self, kind, name, namespace, patch, subresource=None):
        resource = self.resource(kind)
        if subresource:
            resource = resource.subresources[subresource]
        return resource.patch(name=name, namespace=namespace, body=patch,
                              content_type="application/merge-patch+json").to_dict()

    def delete(self, kind, name, namespace=None, grace=None):
        body = {"propagationPolicy": "Background"}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        try:
            self.resource(kind).delete(name=name, namespace=namespace, body=body)
        except ApiException as error:
            if error.status != 404:
                raise

    def kubectl(self, *args, stdin=None, check=True, timeout=60):
        done = subprocess.run(
            [str(BIN / "kubectl"), "--kubeconfig", self.kubeconfig, *args], input=stdin,
            capture_output=True, text=True, timeout=timeout, check=False)
        if check:
            assert done.returncode == 0, f"kubectl {' '.join(args)}: {done.stderr}{done.stdout}"
        return done

    def helm(self, *args, check=True, timeout=120):
        done = subprocess.run(
            [str(BIN / "helm"), "--kubeconfig", self.kubeconfig, *args], capture_output=True,
            text=True, timeout=timeout, check=False)
        if check:
            assert done.returncode == 0, f"helm {' '.join(args)}: {done.stderr}{done.stdout}"
        return done

    def conditions(self, name, namespace, kind="InferenceService"):
        obj = self.get(kind, name, namespace)
        found = ((obj or {}).get("status") or {}).get("conditions") or []
        return {c["type"]: c for c in found}

    def wait_ready(self, name, namespace, timeout=60):
        """Waits until the service is Ready with what its present generation asks for."""
        def ready():
            isvc = self.get("InferenceService", name, namespace)
            status = isvc.get("status") or {}
            done = {c["type"]: c["status"] for c in status.get("conditions") or []}
            current = status.get("observedGeneration") == isvc["metadata"]["generation"]
            return isvc if (current and done.get("Ready") == "True" and
                            done.get("Reconciling") == done.get("Stalled") == "False") else None
        return eventually(ready, f"{namespace}/{name} is Ready", timeout,
                          describe=lambda: self.describe(name, namespace))

    def wait_condition(self, name, namespace, type_, status, text="", timeout=60):
        """Waits for a condition with that status whose reason or message contains `text`."""
        def seen():
            condition = self.conditions(name, namespace).get(type_)
            return condition if (condition and condition["status"] == status and
                                 text in f"{condition['reason']}: {condition['message']}") else None
        return eventually(seen, f"{namespace}/{name} has {type_}={status} with '{text}'", timeout,
                          describe=lambda: self.describe(name, namespace))

    def describe(self, name, namespace):
        isvc = self.get("InferenceService", name, namespace)
        children = {k: [o["metadata"]["name"] for o in self.list(k, namespace)]
                    for k in (*CHILD_KINDS, "Pod")}
        return json.dumps({"status": isvc and isvc.get("status"), "children": children}, indent=1)

    def wait_gone(self, kind, name, namespace, timeout=60):
        eventually(lambda: self.get(kind, name, namespace) is None,
                   f"{kind} {namespace}/{name} is gone", timeout)

    def children(self, namespace):
        """Every object that Slipway makes, in this namespace, by kind and name."""
        return {(kind, obj["metadata"]["name"]): obj for kind in CHILD_KINDS
                for obj in self.list(kind, namespace)}
