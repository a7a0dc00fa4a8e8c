"""A small https file server inside the cluster, as the place that models come from.

Its files are in a folder of the node's volume; a path prefix switches a fault on (see
e2e/cluster/modules/fileserver): /flip/F, /short/F, /truncate/F, /slow/F, /status/CODE/F.
"""

import base64
import hashlib
import pathlib
import shutil
import struct
import subprocess
import tempfile

from support.certificates import new_authority, new_certificate
from support.cluster import REPO
from support.waiting import eventually

NAMESPACE = "model-source"
HOST = f"source.{NAMESPACE}.svc.cluster.local"
MODEL = REPO / "runtime-images/model/tiny.gguf"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Source:
    def __init__(self, cluster):
        self.cluster = cluster
        self.folder = REPO / "build/cluster/node/volumes/cases-models"
        self.ca = None

    def start(self):
        node = REPO / "e2e/cluster/node.sh"
        self.cluster.apply({"apiVersion": "v1", "kind": "Namespace",
                            "metadata": {"name": NAMESPACE}})
        subprocess.run([node, "volume", "cases-models", f"{NAMESPACE}/models"], check=True,
                       capture_output=True)
        shutil.copy(MODEL, self.folder / "tiny.gguf")
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            new_authority(folder, "cases source CA")
            new_certificate(folder, f"DNS:{HOST}")
            self.ca, certificate, key = [
                (folder / name).read_text() for name in ("ca.crt", "tls.crt", "tls.key")]
        self.cluster.apply({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": "tls", "namespace": NAMESPACE},
            "data": {"tls.crt": base64.b64encode(certificate.encode()).decode(),
                     "tls.key": base64.b64encode(key.encode()).decode()}})
        self.cluster.apply({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "source", "namespace": NAMESPACE},
            "spec": {
                "strategy": {"type": "Recreate"},
                "selector": {"matchLabels": {"app": "source"}},
                "template": {
                    # Another certificate is another pod: none runs on with an old one.
                    "metadata": {"labels": {"app": "source"},
                                 "annotations": {"certificate": sha256(certificate.encode())}},
                    "spec": {
                        "terminationGracePeriodSeconds": 1,
                        "containers": [{
                            "name": "source", "image": "localhost/fileserver:dev",
                            "args": ["--token=cases-token"],
                            "readinessProbe": {"periodSeconds": 1, "httpGet": {
                                "path": "/healthz", "port": 8443, "scheme": "HTTPS"}},
                            "volumeMounts": [{"name": "models", "mountPath": "/data"},
                                             {"name": "tls", "mountPath": "/tls"}]}],
                        "volumes": [
                            {"name": "models", "persistentVolumeClaim": {"claimName": "models"}},
                            {"name": "tls", "secret": {"secretName": "tls"}}]}}}})
        self.cluster.apply({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "source", "namespace": NAMESPACE},
            "spec": {"selector": {"app": "source"}, "ports": [{"port": 443, "targetPort": 8443}]}})
        def up():
            deployment = self.cluster.get("Deployment", "source", NAMESPACE)
            status = deployment.get("status") or {}
            return (status.get("observedGeneration") == deployment["metadata"]["generation"]
                    and status.get("updatedReplicas") == 1 == status.get("readyReplicas")
                    # One with the certificate of an earlier run must not answer any more.
                    and len(self.cluster.list("Pod", NAMESPACE, "app=source")) == 1)
        eventually(up, "the model source answers", 150,
                   describe=lambda: self.cluster.kubectl(
                       "-n", NAMESPACE, "describe", "pods", check=False).stdout[-3000:])

    def put(self, name, data):
        """Adds a file; returns its URI."""
        (self.folder / name).write_bytes(data)
        return self.uri(name, data)

    def uri(self, path="tiny.gguf", data=None):
        digest = sha256(MODEL.read_bytes() if data is None else data)
        return f"https://{HOST}/{path}#sha256={digest}"

    def trust_in(self, namespace):
        """The ConfigMap that caRef names."""
        self.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap",
                            "metadata": {"name": "source-ca", "namespace": namespace},
                            "data": {"ca.crt": self.ca}})

    def log(self):
        return self.cluster.kubectl("-n", NAMESPACE, "logs", "deploy/source").stdout


def header_with_length(length):
    """A GGUF file that says its first key has `length` bytes."""
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", length) + b"general.name"
