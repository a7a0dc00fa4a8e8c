"""Measures the controller against a real API server with simulated nodes, and prints one table.

Calls are counted from the API server's audit log, so nothing that the controller does is missed.
CPU and memory are the kernel's own numbers of the controller's process.
"""

import argparse
import base64
import collections
import concurrent.futures
import http.client
import os
import pathlib
import ssl
import time
import urllib.parse

import yaml

from support.audit import WRITES, Audit
from support.cluster import REPO, Cluster
from support.controller import NAMESPACE, USER, Controller, account_kubeconfig
from support.waiting import eventually

NS = "bench"


def service(index):
    return {
        "apiVersion": "serving.slipway.dev/v1alpha1",
        "kind": "InferenceService",
        "metadata": {"name": f"svc-{index:05d}", "namespace": NS},
        "spec": {
            "model": {"uri": f"https://models.example/{index}.gguf#sha256={index:064x}"},
            "replicas": {"min": 1, "max": 2},
            "pod": {"resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}},
        },
    }


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid, field="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise LookupError(field)


def is_ready(item):
    conditions = {c["type"]: c["status"] for c in (item.get("status") or {}).get("conditions", [])}
    return conditions.get("Ready") == "True"


def wait_quiet(audit, seconds=5, timeout=300):
    """Until the controller has not called for `seconds` (watches do not count as calls)."""
    deadline = time.monotonic() + timeout
    calls, since = len(audit.of(USER)), time.monotonic()
    while time.monotonic() - since < seconds:
        assert time.monotonic() < deadline, "the controller never rests"
        time.sleep(0.25)
        if len(audit.of(USER)) != calls:
            calls, since = len(audit.of(USER)), time.monotonic()


def unary(calls):
    return [c for c in calls if c["verb"] != "watch"]


def table_of_calls(calls, services):
    rows = collections.Counter()
    for call in calls:
        ref = call.get("objectRef", {})
        resource = "/".join(x for x in (ref.get("resource"), ref.get("subresource")) if x)
        rows[(call["verb"], resource)] += 1
    print(f"\n  {'verb':8} {'resource':34} {'calls':>8} {'per service':>12}")
    for (verb, resource), count in sorted(rows.items(), key=lambda row: -row[1]):
        print(f"  {verb:8} {resource:34} {count:8d} {count / services:12.2f}")


def is_event(call):
    return call.get("objectRef", {}).get("resource") == "events"


def create_all(cluster, objects):
    resource = cluster.resource(objects[0]["kind"])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda o: resource.create(body=o, namespace=NS), objects))


def foreign(index):
    """What others have in their clusters: of kinds that we watch, without our labels, and others."""
    name = f"foreign-{index:06d}"
    if index % 2:
        return {"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": NS}, "data": {"text": "x" * 1000}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NS},
            "spec": {"clusterIP": "None", "selector": {"app": name}, "ports": [{"port": 80}]}}


def create_foreign(cluster, count):
    for kind in range(2):
        objects = [foreign(index) for index in range(kind, count, 2)]
        if objects:
            create_all(cluster, objects)


def edit_in_the_backlog(cluster, process):
    """A person changes a service while others wait: seconds until the child follows, and how many
    waited."""
    depth = process.metric("slipway_queue_depth")
    changed = time.monotonic()
    cluster.patch("InferenceService", "svc-00000", NS, {"spec": {"replicas": {"max": 3}}})
    eventually(lambda: (cluster.get("HorizontalPodAutoscaler", "svc-00000", NS) or {}).get(
        "spec", {}).get("maxReplicas") == 3, "the edit is carried out", 120, interval=0.02)
    return time.monotonic() - changed, depth


def raw_lists(cluster):
    """Seconds to read what the controller watches, over one connection and with nothing done to
    it."""
    own, labelled = "/apis/serving.slipway.dev/v1alpha1/", "?labelSelector=serving.slipway.dev/service"
    targets = [own + kind for kind in ("inferenceservices", "modelversions", "servingruntimes",
                                       "clusterservingruntimes")] + ["/api/v1/nodes"]
    targets += [path + labelled for path in (
        "/apis/apps/v1/deployments", "/api/v1/services", "/api/v1/pods",
        "/apis/autoscaling/v2/horizontalpodautoscalers", "/apis/policy/v1/poddisruptionbudgets")]
    certificates = {}
    config = yaml.safe_load(pathlib.Path(cluster.kubeconfig).read_text(encoding="utf-8"))
    folder = pathlib.Path(cluster.kubeconfig).parent
    user, server = config["users"][0]["user"], config["clusters"][0]["cluster"]
    for name, data in (("crt", user["client-certificate-data"]), ("key", user["client-key-data"])):
        certificates[name] = folder / f"bench.{name}"
        certificates[name].write_bytes(base64.b64decode(data))
    context = ssl.create_default_context(
        cadata=base64.b64decode(server["certificate-authority-data"]).decode())
    context.load_cert_chain(certificates["crt"], certificates["key"])
    address = urllib.parse.urlsplit(server["server"])
    connection = http.client.HTTPSConnection(address.hostname, address.port, context=context)
    began = time.monotonic()
    for target in targets:
        connection.request("GET", target)
        answer = connection.getresponse()
        assert answer.status == 200, target
        answer.read()
    return time.monotonic() - began


def measure_creation(cluster, audit, process, n):
    pid = process.process.pid
    idle_mb, cpu_before, started = resident_mb(pid), cpu_seconds(pid), time.monotonic()
    create_all(cluster, [service(index) for index in range(n)])
    edit, depth = edit_in_the_backlog(cluster, process)
    eventually(lambda: sum(map(is_ready, cluster.list("InferenceService", NS))) == n,
               f"{n} services are Ready", timeout=120 + n, interval=2)
    wall = time.monotonic() - started
    wait_quiet(audit)
    calls = unary(audit.of(USER))
    writes = [c for c in calls if c["verb"] in WRITES]
    events = [c for c in writes if is_event(c)]
    cpu = (cpu_seconds(pid) - cpu_before) / n * 1000
    rows = [
        ("API calls per service", f"{len(calls) / n:.2f}", "33", ""),
        ("  writes, events apart", f"{(len(writes) - len(events)) / n:.2f}", "11", "<= 8"),
        ("  events", f"{len(events) / n:.2f}", "4", "<= 2"),
        ("  reads", f"{(len(calls) - len(writes)) / n:.2f}", "18", "0"),
        ("controller CPU per service", f"{cpu:.2f} ms", "27.8 ms", "<= 2 ms"),
        ("resident, idle", f"{idle_mb:.1f} MB", "", ""),
        ("resident, all Ready", f"{resident_mb(pid):.1f} MB", "161 MB",
         f"<= {30 + max(0, n - 1000) * 0.01:.0f} MB"),
        ("resident, peak", f"{resident_mb(pid, 'VmHWM'):.1f} MB", "", ""),
        ("wall to all Ready", f"{wall:.1f} s", "", ""),
        (f"an edit while {depth:.0f} wait", f"{edit:.2f} s", "", "<= 1 s"),
    ]
    return rows, calls


def measure_restart(cluster, audit, process, options):
    restarted = Audit(audit.path)
    process.kill()
    began = time.monotonic()
    process.start()
    synced = time.monotonic() - began
    wait_quiet(restarted)
    calls, pid = unary(restarted.of(USER)), process.process.pid
    settled_mb, peak_mb, cpu = resident_mb(pid), resident_mb(pid, "VmHWM"), cpu_seconds(pid)
    raw = raw_lists(cluster)
    quiet = Audit(audit.path)
    time.sleep(options.quiet)
    at_rest = [c for c in quiet.of(USER) if c["verb"] in WRITES]
    return [
        ("calls after a restart", f"{len(calls)}", "9029", "0"),
        ("  of them writes", f"{sum(c['verb'] in WRITES for c in calls)}", "3003", "0"),
        ("restart: to synced", f"{synced:.2f} s", "", ""),
        ("  of raw reading", f"{synced / raw:.1f} x", "", "<= 1.5 x"),
        ("restart: CPU", f"{cpu:.2f} s", "6 s", ""),
        ("restart: resident", f"{settled_mb:.1f} MB", "160 MB", ""),
        ("  peak", f"{peak_mb / settled_mb:.2f} x", "", "<= 1.3 x"),
        (f"writes in {options.quiet} quiet seconds", f"{len(at_rest)}", "", "0"),
    ]


def measure(cluster, audit, process, options):
    n = options.services
    rows, calls = measure_creation(cluster, audit, process, n)
    rows += measure_restart(cluster, audit, process, options)
    print(f"\n{n} InferenceServices (Deployment, Service, HPA, PodDisruptionBudget, ModelVersion "
          f"each) on 60 simulated nodes, {options.foreign} foreign objects\n")
    print(f"  {'':34} {'Slipway':>18} {'KServe *':>14} {'target':>10}")
    for name, ours, theirs, target in rows:
        print(f"  {name:34} {ours:>18} {theirs:>14} {target:>10}")
    print("\n  * KServe's controller, measured apart in the same set-up with 1,001 services, "
          "Standard mode, HPA.")
    table_of_calls(calls, n)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", type=pathlib.Path, required=True)
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--foreign", type=int, default=0)
    parser.add_argument("--quiet", type=int, default=300)
    parser.add_argument("--transport", choices=["beast", "cpprest"], default="beast")
    options = parser.parse_args()

    cluster = Cluster(options.state / "kubeconfig")
    cluster.helm("upgrade", "--install", "slipway", str(REPO / "charts/slipway"), "-n", NAMESPACE,
                 "--create-namespace", "--set", "controller.replicas=0")
    cluster.kubectl("wait", "--for=condition=Established", "crd", "-l",
                    "app.kubernetes.io/part-of=slipway", "--timeout=30s")
    cluster = Cluster(options.state / "kubeconfig")
    cluster.kubectl("create", "namespace", NS)
    audit = Audit(options.state / "audit/audit.log")
    process = Controller(account_kubeconfig(cluster, options.state),
                         options.state / "controller.log",
                         arguments=[f"--transport={options.transport}"])
    create_foreign(cluster, options.foreign)
    process.start()
    try:
        measure(cluster, audit, process, options)
    finally:
        process.stop()


if __name__ == "__main__":
    main()
