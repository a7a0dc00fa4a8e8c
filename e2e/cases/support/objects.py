"""The objects that the cases apply."""

# The tiny model's file, as the tests of the pod agent know it; simulated pods fetch nothing.
DIGEST = "0123456789abcdef" * 4
URI = f"https://models.example.com/tiny.gguf#sha256={DIGEST}"


def isvc(name, namespace, uri=URI, **spec):
    return {
        "apiVersion": "serving.slipway.dev/v1alpha1",
        "kind": "InferenceService",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"model": {"uri": uri}, **spec},
    }


def runtime(name, devices, image="localhost/slipway-llama-cpp:dev"):
    return {
        "apiVersion": "serving.slipway.dev/v1alpha1",
        "kind": "ClusterServingRuntime",
        "metadata": {"name": name},
        "spec": {"engine": "llama.cpp", "image": image, "command": ["/usr/bin/llama-server"],
                 "formats": [{"name": "gguf"}], "devices": devices},
    }


def kwok_node(name, labels=None, **extra):
    """A node of the simulation. `extra` are further allocatable resources."""
    amounts = {"cpu": "64", "memory": "256Gi", "pods": "110", "ephemeral-storage": "1Ti",
               **{key: str(value) for key, value in extra.items()}}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux",
                       "kubernetes.io/arch": "amd64", "type": "kwok", **(labels or {})},
        },
        "status": {"allocatable": amounts, "capacity": amounts},
    }
