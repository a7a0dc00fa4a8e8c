"""The fault proxy (e2e/cluster/modules/faultproxy) as a process, and the words of its rules."""

import json
import shutil
import subprocess
import time
import urllib.request

from support.certificates import new_certificate
from support.cluster import BIN
from support.waiting import eventually

REAL = "real"


def rule(kind, match=None, start=1, count=0, chance=0.0, **action):
    """What happens to the requests that match: from the `start`-th on, `count` of them (0: all)."""
    return {"match": match or {}, "from": start, "count": count, "chance": chance,
            "action": {"kind": kind, **action}}


def watch_of(resource, target=""):
    return {"verb": "watch", "resource": resource, "target": target}


def unary_in(namespace):
    """Every request about one namespace; the controller watches across all of them."""
    return {"unary": True, "namespace": namespace}


def is_write(call):
    return call["method"] != "GET"


class FaultProxy:
    def __init__(self, folder, control_plane):
        self.folder = folder
        self.pki = control_plane / "pki"
        self.etcd = (control_plane / "etcd-address").read_text(encoding="ascii").strip()
        self.addresses = {}
        self._process = None

    def start(self, server, *options):
        """`server` is the API server's URL; the certificate is of the same authority."""
        new_certificate(self.folder, "IP:127.0.0.1", ca=self.pki)
        shutil.copy(self.pki / "ca.crt", self.folder / "upstream-ca.crt")
        ready = self.folder / "ready"
        with (self.folder / "proxy.log").open("ab") as log:
            self._process = subprocess.Popen(
                [BIN / "faultproxy", f"--upstream={REAL}={server}", f"--ready-file={ready}",
                 f"--ca={self.folder}/upstream-ca.crt", f"--cert={self.folder}/tls.crt",
                 f"--key={self.folder}/tls.key", f"--link-to={self.etcd}", *options],
                stdout=log, stderr=subprocess.STDOUT)
        eventually(ready.exists, "the proxy listens",
                   describe=(self.folder / "proxy.log").read_text)
        self.addresses = dict(line.split("=", 1) for line in ready.read_text().split())

    def stop(self):
        if self._process:
            self._process.terminate()
            self._process.wait(10)

    @property
    def url(self):
        return f"https://{self.addresses['front']}"

    def _ask(self, method, path, body=None, timeout=30):
        request = urllib.request.Request(
            f"http://{self.addresses['admin']}{path}", method=method,
            data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def rules(self, *rules, seed=1):
        """Replaces all rules; without any, everything passes."""
        self._ask("PUT", "/rules", {"seed": seed, "rules": rules})

    def network(self, mode):
        """open, refuse, swallow; cut ends all connections once."""
        self._ask("PUT", "/network", {"mode": mode})

    def upstream(self, name, address=""):
        """Makes another API server the one that requests go to."""
        self._ask("PUT", "/upstream", {"name": name, "address": address})

    def link(self, mode, milliseconds=0):
        """The second API server's way from etcd: open (perhaps late), freeze."""
        self._ask("PUT", "/link", {"mode": mode, "milliseconds": milliseconds})

    def reset(self):
        """As it was after the start, but for the record."""
        self.rules()
        self._ask("POST", "/release")
        self.network("open")
        self.upstream(REAL)
        self.link("open")

    def held(self, seconds):
        """A request that a `hold` rule stopped, or None when there was none for so long."""
        return self._ask("GET", f"/held?wait={seconds}", timeout=seconds + 30)

    def mark(self):
        """Where the record stands: what comes later has this index or a higher one."""
        return self._ask("GET", "/state")["next"]

    def calls(self, since=0, **fields):
        """The recorded requests from a mark on whose fields are these."""
        return [call for call in self._ask("GET", f"/record?since={since}")
                if all(call.get(key, "") == value for key, value in fields.items())]

    def watches(self, since, resource):
        return self.calls(since, verb="watch", resource=resource)

    def writes(self, since, namespace):
        return [call for call in self.calls(since, namespace=namespace) if is_write(call)]

    def quiet(self, namespace, seconds=1.0):
        """True when no request about a namespace began for so long, and none is under way."""
        before = self.mark()
        time.sleep(seconds)
        still_open = [call for call in self._ask("GET", "/state")["open"]
                      if call.get("namespace") == namespace]
        return not still_open and not self.calls(before, namespace=namespace)


def told(calls):
    """Calls in words, for messages."""
    return "; ".join(
        f"{c['began']:.2f} {c['verb'] or c['method']} {c.get('resource')}"
        f"{'/' + c['subresource'] if c.get('subresource') else ''} {c.get('namespace', '')}/"
        f"{c.get('name', '')} {c.get('status', '')} {c['outcome']}" for c in calls)


def most_at_once(calls):
    """How many of the calls were under way at the same time, at most."""
    edges = sorted([(c["began"], 1) for c in calls] + [(c["ended"], -1) for c in calls if c["ended"]])
    most = now = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most
