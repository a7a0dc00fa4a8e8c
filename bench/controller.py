"""Measures the controller against a real API server with simulated nodes, and prints one table.

Calls are counted from the API server's audit log, so nothing that the controller does is missed.
CPU and memory are the kernel's own numbers of the controller's process.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import time

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


def create_all(cluster, count):
    resource = cluster.resource("InferenceService")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: resource.create(body=service(i), namespace=NS), range(count)))


def measure(cluster, audit, process, options):
    n = options.services
    pid = process.process.pid
    idle_mb, cpu_before = resident_mb(pid), cpu_seconds(pid)
    started = time.monotonic()
    create_all(cluster, n)
    eventually(lambda: sum(map(is_ready, cluster.list("InferenceService", NS))) == n,
               f"{n} services are Ready", timeout=120 + n, interval=2)
    wall = time.monotonic() - started
    wait_quiet(audit)
    calls = unary(audit.of(USER))
    cpu = cpu_seconds(pid) - cpu_before
    loaded_mb, peak_mb = resident_mb(pid), resident_mb(pid, "VmHWM")

    restart_audit = Audit(audit.path)
    process.kill()
    began = time.monotonic()
    process.start()
    synced = time.monotonic() - began
    wait_quiet(restart_audit)
    restart = unary(restart_audit.of(USER))
    restart_mb, restart_cpu = resident_mb(process.process.pid), cpu_seconds(process.process.pid)

    quiet_audit = Audit(audit.path)
    time.sleep(options.quiet)
    quiet = [c for c in quiet_audit.of(USER) if c["verb"] in WRITES]

    writes = [c for c in calls if c["verb"] in WRITES]
    events = [c for c in writes if is_event(c)]
    rows = [
        ("API calls per service", f"{len(calls) / n:.2f}", "33"),
        ("  writes, events apart", f"{(len(writes) - len(events)) / n:.2f}", "11"),
        ("  events", f"{len(events) / n:.2f}", "4"),
        ("  reads", f"{(len(calls) - len(writes)) / n:.2f}", "18"),
        ("controller CPU per service", f"{cpu / n * 1000:.2f} ms", "27.8 ms"),
        ("resident, idle", f"{idle_mb:.1f} MB", ""),
        ("resident, all Ready", f"{loaded_mb:.1f} MB", "161 MB"),
        ("resident, peak", f"{peak_mb:.1f} MB", ""),
        ("wall to all Ready", f"{wall:.1f} s", ""),
        ("calls after a restart", f"{len(restart)}", "9029"),
        ("  of them writes", f"{sum(c['verb'] in WRITES for c in restart)}", "3003"),
        ("restart: to synced", f"{synced:.2f} s", ""),
        ("restart: CPU, resident", f"{restart_cpu:.2f} s, {restart_mb:.1f} MB", "6 s, 160 MB"),
        (f"writes in {options.quiet} quiet seconds", f"{len(quiet)}", ""),
    ]
    print(f"\n{n} InferenceServices (Deployment, Service, HPA, PodDisruptionBudget, ModelVersion "
          "each) on 60 simulated nodes\n")
    print(f"  {'':34} {'Slipway':>18} {'KServe *':>14}")
    for name, ours, theirs in rows:
        print(f"  {name:34} {ours:>18} {theirs:>14}")
    print("\n  * KServe's controller, measured apart in the same set-up with 1,001 services, "
          "Standard mode, HPA.")
    table_of_calls(calls, n)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", type=pathlib.Path, required=True)
    parser.add_argument("--services", type=int, default=1000)
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
    process.start()
    try:
        measure(cluster, audit, process, options)
    finally:
        process.stop()


if __name__ == "__main__":
    main()
