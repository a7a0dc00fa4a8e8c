#!/usr/bin/env python3
"""Writes simulated Node objects as YAML (JSON, one document each) to standard output.

    nodes.py [--nodes N] [--gpus COUNT:PRODUCT:RESOURCE=N[,RESOURCE=N...]]...

--nodes gives plain nodes cpu-0 .. cpu-(N-1); each --gpus gives COUNT nodes with that layout, for
example 2:h100:gpu=6,mig-1g.10gb=7 (resource names without "nvidia.com/"). Labels are those that
GPU feature discovery writes with the mixed MIG strategy; memory is in MiB.
"""

import argparse
import json
import re

# Product label, MiB of the whole device, MiB of each MIG profile (as NVML reports them).
PRODUCTS = {
    "a100-40": ("NVIDIA-A100-SXM4-40GB", 40960, {
        "1g.5gb": 4864, "1g.10gb": 9856, "2g.10gb": 9856, "3g.20gb": 19968, "4g.20gb": 19968,
        "7g.40gb": 40192}),
    "h100": ("NVIDIA-H100-80GB-HBM3", 81559, {
        "1g.10gb": 9984, "1g.20gb": 20090, "2g.20gb": 20090, "3g.40gb": 40448, "4g.40gb": 40448,
        "7g.80gb": 81152}),
    "h200": ("NVIDIA-H200", 143771, {
        "1g.18gb": 16384, "1g.35gb": 33024, "2g.35gb": 33024, "3g.71gb": 71168, "4g.71gb": 71168,
        "7g.141gb": 143360}),
    "l4": ("NVIDIA-L4", 23034, {}),
    "t4": ("Tesla-T4", 15360, {}),
}

LAYOUT = re.compile(r"(?P<count>[0-9]+):(?P<product>[a-z0-9-]+):(?P<resources>[a-z0-9.,=+-]+)")


def gpu_labels(product: str, resources: dict[str, int]) -> dict[str, str]:
    """The labels of a node whose devices offer `resources` (keys without the domain)."""
    name, memory, profiles = PRODUCTS[product]
    mig = {key.removeprefix("mig-"): n for key, n in resources.items() if key.startswith("mig-")}
    labels = {
        "gpu.present": "true",
        "gpu.product": name,
        "gpu.memory": str(memory),
        "gpu.count": str(resources.get("gpu", 0) + (1 if mig else 0)),
        "gpu.replicas": "1",
        "mig.capable": "true" if profiles else "false",
        "mig.strategy": "mixed" if mig else "none",
    }
    for profile, count in mig.items():
        labels[f"mig-{profile}.count"] = str(count)
        labels[f"mig-{profile}.memory"] = str(profiles[profile])
        labels[f"mig-{profile}.product"] = f"{name}-MIG-{profile}"
        labels[f"mig-{profile}.replicas"] = "1"
    return {f"nvidia.com/{key}": value for key, value in labels.items()}


def node(name: str, index: int, labels: dict[str, str], resources: dict[str, int]) -> dict:
    capacity = {"cpu": "64", "memory": "512Gi", "ephemeral-storage": "1Ti", "pods": "250"}
    capacity |= {f"nvidia.com/{key}": str(count) for key, count in resources.items()}
    labels = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/zone": f"zone-{'abc'[index % 3]}",
    } | labels
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": labels,
        },
        "status": {"capacity": capacity, "allocatable": capacity},
    }


def parse_layout(text: str) -> tuple[int, str, dict[str, int]]:
    found = LAYOUT.fullmatch(text)
    if not found or found["product"] not in PRODUCTS:
        known = ", ".join(PRODUCTS)
        raise argparse.ArgumentTypeError(f"{text!r}: want COUNT:PRODUCT:RES=N,..; products: {known}")
    resources = {}
    for part in found["resources"].split(","):
        key, _, count = part.partition("=")
        profile = key.removeprefix("mig-")
        if not count.isdigit() or (key != "gpu" and profile not in PRODUCTS[found["product"]][2]):
            raise argparse.ArgumentTypeError(f"{part!r} is no resource of {found['product']}")
        resources[key] = int(count)
    return int(found["count"]), found["product"], resources


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulated Node objects")
    parser.add_argument("--nodes", type=int, default=0)
    parser.add_argument("--gpus", type=parse_layout, action="append", default=[])
    arguments = parser.parse_args()
    nodes = [node(f"cpu-{i}", i, {}, {}) for i in range(arguments.nodes)]
    made: dict[str, int] = {}
    for count, product, resources in arguments.gpus:
        for _ in range(count):
            index = made.setdefault(product, 0)
            made[product] += 1
            labels = gpu_labels(product, resources)
            nodes.append(node(f"{product}-{index}", index, labels, resources))
    for item in nodes:
        print("---")
        print(json.dumps(item))


if __name__ == "__main__":
    main()
