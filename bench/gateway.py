"""CPU per request of proxies between wrk and a backend, interleaved, as ratios to HAProxy and Envoy.

The proxy has the first core, wrk and the backend the second; what is measured is the kernel's own
count of the proxy's CPU time, divided by the requests that it served. So the result does not depend
on which of them is the bottleneck, and other work on the machine disturbs all proxies alike.
"""

import argparse
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BACKEND, FIRST_PORT = 18200, 18210
KEY = "sk-benchkey1-" + "A" * 43
PEPPER = b"a pepper for the benchmark only!"
ANSWER = '{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",' \
         '"content":"' + "Ahoy! " * 30 + '"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,' \
         '"completion_tokens":12,"total_tokens":21}}'


def chat(size, escaped=False):
    """A body of about `size` bytes, as a chat client sends it."""
    head = '{"model":"prod/chat","messages":[{"role":"user","content":"'
    tail = '"}],"max_tokens":64}'
    unit = "abc\\n" if escaped else "The quick brown fox jumps over the lazy dog. "
    return head + (unit * (size // len(unit) + 1))[:max(0, size - len(head) - len(tail)) // 4 * 4] + tail


CELLS = [("0.2 kB", chat(200), 32), ("25 kB", chat(25_000), 32),
         ("25 kB escapes", chat(25_000, True), 32), ("220 kB", chat(220_000), 16)]


class Proxy:
    def __init__(self, name, command, port, folder):
        self.name, self.command, self.port, self.folder = name, command, port, folder
        self.process = None

    def start(self):
        log = open(self.folder / f"{self.name}.log", "ab")
        self.process = subprocess.Popen(["taskset", "-c", "0", *self.command], stdout=log, stderr=log,
                                        start_new_session=True)
        wait_for_port(self.port, self.name)

    def pids(self):
        group = os.getpgid(self.process.pid)
        found = []
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[2]) == group:
                found.append(int(stat.parent.name))
        return found

    def cpu(self):
        total = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def resident_mb(self):
        total = 0
        for pid in self.pids():
            text = pathlib.Path(f"/proc/{pid}/status").read_text()
            match = re.search(r"VmRSS:\s+(\d+)", text)
            total += int(match.group(1)) / 1024 if match else 0
        return total

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


def wait_for_port(port, name):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"{name} does not listen at {port}")


def nginx_conf(folder, port, body):
    return f"""
daemon off; master_process off; worker_processes 1; pid {folder}/nginx-{port}.pid;
error_log {folder}/nginx-{port}.err; events {{ worker_connections 19000; }}
http {{ access_log off; client_max_body_size 64m; client_body_buffer_size 1m;
  client_body_temp_path {folder}/nginx-{port}-body; proxy_temp_path {folder}/nginx-{port}-proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  keepalive_requests 10000000;
  upstream engine {{ server 127.0.0.1:{BACKEND}; keepalive 256; keepalive_requests 10000000; }}
  server {{ listen 127.0.0.1:{port}; {body} }} }}
"""


HAPROXY = """
global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend f
  bind 127.0.0.1:%d
  default_backend b
backend b
  server s 127.0.0.1:%d pool-max-conn 256
"""

ENVOY = """
admin: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: %d}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          route_config:
            virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: engine, timeout: 60s}}]}]
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: engine
    type: STATIC
    load_assignment: {cluster_name: engine, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]}
    circuit_breakers: {thresholds: [{max_connections: 10000, max_pending_requests: 10000, max_requests: 10000}]}
"""


def gateway_conf(folder, port, keyed):
    # The backend at two addresses, so that there is something to pick.
    endpoints = f'"127.0.0.1:{BACKEND}"' + (f', "127.0.0.2:{BACKEND}"' if keyed else "")
    mac = hmac.new(PEPPER, KEY.encode(), hashlib.sha256).hexdigest()
    tenants = f"""
pepperFile: {folder}/pepper
tenants:
- name: team-a
  models: ["prod/*"]
  keys: [{{id: benchkey1, mac: "{mac}"}}]
  limits: {{requestsPerMinute: 100000000, tokensPerMinute: 2000000000, concurrency: 100000}}
""" if keyed else ""
    return f"""
listeners: [{{address: "127.0.0.1:{port}"}}]{tenants}
models:
- name: prod/chat
  alias: chat
  host: "model.example"
  public: {"false" if keyed else "true"}
  revisions: [{{name: r1, weight: 100, endpoints: [{endpoints}]}}]
"""


def make_proxies(arguments, folder):
    (folder / "pepper").write_bytes(PEPPER)
    (folder / "backend.conf").write_text(nginx_conf(
        folder, BACKEND, f"listen 127.0.0.2:{BACKEND}; location / {{ default_type application/json; return 200 '{ANSWER}'; }}"))
    proxies = []

    def add(name, files, command):
        port = FIRST_PORT + len(proxies)
        for file, text in files(port).items():
            (folder / file).write_text(text)
        proxies.append(Proxy(name, command(port), port, folder))

    add("nginx", lambda p: {"nginx.conf": nginx_conf(
        folder, p, "location / { proxy_pass http://engine; proxy_http_version 1.1; "
                   "proxy_set_header Connection ''; proxy_buffering off; }")},
        lambda p: ["nginx", "-c", str(folder / "nginx.conf")])
    add("haproxy", lambda p: {"haproxy.cfg": HAPROXY % (p, BACKEND)},
        lambda p: ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")])
    add("envoy", lambda p: {"envoy.yaml": ENVOY % (p + 50, p, BACKEND)},
        lambda p: [arguments.envoy, "-c", str(folder / "envoy.yaml"), "--concurrency", "1",
                   "--base-id", "77", "--log-level", "error"])
    for name, keyed in (("slipway plain", False), ("slipway", True)):
        file = f"{name.replace(' ', '-')}.yaml"
        add(name, lambda p, file=file, keyed=keyed: {file: gateway_conf(folder, p, keyed)},
            lambda p, file=file: [arguments.gateway, "--config", str(folder / file), "--threads", "1"])
    wanted = arguments.only.split(",") if arguments.only else [p.name for p in proxies]
    return [p for p in proxies if p.name in wanted]


def lua(folder, body, key):
    """wrk's script for one body."""
    file = folder / "request.lua"
    quoted = body.replace("\\", "\\\\").replace('"', '\\"')
    file.write_text(f'wrk.method = "POST"\nwrk.body = "{quoted}"\n'
                    f'wrk.headers["content-type"] = "application/json"\n' +
                    (f'wrk.headers["authorization"] = "Bearer {KEY}"\n' if key else ""))
    return file


def measure(proxy, script, connections, seconds, path):
    before = proxy.cpu()
    out = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
                          "-s", str(script), f"http://127.0.0.1:{proxy.port}{path}"],
                         capture_output=True, text=True, check=True).stdout
    used = proxy.cpu() - before
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    if bad := re.search(r"Non-2xx or 3xx responses: (\d+)", out):
        sys.exit(f"{proxy.name}: {bad.group(1)} requests of {requests} failed")
    if "Socket errors" in out:
        sys.exit(f"{proxy.name}: {out}")
    return 1e6 * used / requests


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--envoy", required=True)
    parser.add_argument("--streams", required=True)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()

    folder = pathlib.Path(tempfile.mkdtemp(prefix="slipway-bench-"))
    proxies = make_proxies(arguments, folder)
    backend = Proxy("backend", ["nginx", "-c", str(folder / "backend.conf")], BACKEND, folder)
    started = []
    try:
        for one in [backend, *proxies]:
            one.start()
            started.append(one)
        os.system(f"taskset -p -c 1 {backend.process.pid} >/dev/null")
        for one in proxies:
            one.idle_mb = one.resident_mb()
        results = {}
        for round_ in range(arguments.rounds):
            for cell, body, connections in CELLS:
                # Another order each time, so that none is always behind the same one.
                turn = proxies[round_ % len(proxies):] + proxies[:round_ % len(proxies)]
                for proxy in turn:
                    script = lua(folder, body, proxy.name != "slipway plain")
                    cost = measure(proxy, script, connections, arguments.seconds,
                                   "/v1/chat/completions")
                    results.setdefault((proxy.name, cell), []).append(cost)
        print_table(proxies, results)
        backend.stop()
        started.remove(backend)
        measure_streams(arguments, [p for p in proxies if p.name != "slipway"])
    finally:
        for one in reversed(started):
            one.stop()
        shutil.rmtree(folder, ignore_errors=True)


def stream(arguments, proxy, streams, rate, seconds):
    """Streams through a proxy: its CPU time in us for each event, the delays of events, and its
    memory while all streams are open."""
    before = proxy.cpu()
    load = subprocess.Popen(
        ["taskset", "-c", "1", arguments.streams, "--engine-port", str(BACKEND), "--proxy-port",
         str(proxy.port), "--streams", str(streams), "--rate", str(rate), "--seconds", str(seconds)],
        stdout=subprocess.PIPE, text=True)
    if load.stdout.readline() != "ready\n":
        sys.exit(f"{proxy.name}: not all of {streams} streams were opened")
    opened, memory = proxy.cpu(), proxy.resident_mb()
    told = json.loads(load.stdout.read())
    load.wait()
    if told["lost"]:
        sys.exit(f"{proxy.name}: {told}")
    used = proxy.cpu() - (opened if rate > 1 else before)
    return 1e6 * used / max(1, told["received"]), told, memory


def measure_streams(arguments, proxies):
    print("\n192 streams of 50 events a second: CPU for each event, and how long it was under way\n")
    costs, delays = {}, {}
    for round_ in range(arguments.rounds):
        for proxy in proxies[round_ % len(proxies):] + proxies[:round_ % len(proxies)]:
            cost, told, _ = stream(arguments, proxy, 192, 50, arguments.seconds)
            costs.setdefault(proxy.name, []).append(cost)
            delays.setdefault(proxy.name, []).append((told["p50_us"], told["p99_us"]))
    for proxy in proxies:
        p50, p99 = (statistics.median(values) / 1000 for values in zip(*delays[proxy.name]))
        print(f"  {proxy.name:14}{statistics.median(costs[proxy.name]):8.1f} us "
              f"({min(costs[proxy.name]):.1f}-{max(costs[proxy.name]):.1f})"
              f"{p50:10.1f} ms p50{p99:8.1f} ms p99")
    ours, nginx = (statistics.median(costs.get(name, [float("nan")]))
                   for name in ("slipway plain", "nginx"))
    print(f"  slipway plain / nginx {ours / nginx:5.2f}   <= 1.0   {'met' if ours <= nginx else 'missed'}")
    for proxy in proxies:
        if proxy.name == "slipway plain":  # the others were not given that many connections
            before = proxy.resident_mb()
            _, _, after = stream(arguments, proxy, 9000, 0.05, 1)
            each = (after - before) * 1024 / 9000
            print(f"\n9,000 open streams: {each:.1f} kB each   <= 16 kB  "
                  f"{'met' if each <= 16 else 'missed'}")


TARGETS = {("slipway plain", "0.2 kB"): ("haproxy", 0.95), ("slipway", "0.2 kB"): ("haproxy", 1.1),
           ("slipway", "25 kB"): ("haproxy", 0.9), ("slipway", "25 kB escapes"): ("haproxy", 1.3)}


def print_table(proxies, results):
    cells = [cell for cell, _, _ in CELLS]
    print("\nproxy CPU per request in us, median (lowest-highest)\n")
    print(f"  {'':14}" + "".join(f"{cell:>24}" for cell in cells) + f"{'idle MB':>10}")
    medians = {key: statistics.median(values) for key, values in results.items()}
    for proxy in proxies:
        row = "".join(f"{medians[proxy.name, c]:>10.1f} ({min(results[proxy.name, c]):.1f}-"
                      f"{max(results[proxy.name, c]):.1f})".rjust(24) for c in cells)
        print(f"  {proxy.name:14}{row}{proxy.idle_mb:>10.1f}")
    print("\nratios of the medians, and the target\n")
    for (name, cell), (peer, target) in TARGETS.items():
        if (name, cell) not in medians or (peer, cell) not in medians:
            continue
        ratio = medians[name, cell] / medians[peer, cell]
        print(f"  {name:14} {cell:14} / {peer:8} {ratio:5.2f}   <= {target:<5} "
              f"{'met' if ratio <= target else 'missed'}")
        if peer == "haproxy" and ("envoy", cell) in medians:
            print(f"  {'':14} {'':14} / {'envoy':8} {medians[name, cell] / medians['envoy', cell]:5.2f}")
    if ("slipway", "220 kB") in medians:
        rate = 1e6 / medians["slipway", "220 kB"]
        print(f"  {'slipway':14} {'220 kB':14} {rate:,.0f} requests/s per core   >= 5,000 "
              f"{'met' if rate >= 5000 else 'missed'}")


if __name__ == "__main__":
    main()
