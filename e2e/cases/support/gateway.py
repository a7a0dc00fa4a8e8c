"""The gateway as a process with a configuration file, and its keys."""

import hashlib
import hmac
import json
import pathlib
import signal
import subprocess
import urllib.request

import yaml

from support.binaries import find_binary
from support.controller import free_port
from support.waiting import eventually

PEPPER = b"a pepper for the cases only, 32 B"


def key(name):
    """The text of a key, and what a tenant keeps of it."""
    text = f"sk-{name}-" + hashlib.sha256(name.encode()).hexdigest()[:43]
    return text, {"id": name, "mac": hmac.new(PEPPER, text.encode(), hashlib.sha256).hexdigest()}


def model(name, *engines, **more):
    return {"name": name, "revisions": [{"name": "r1", "endpoints": [e.address for e in engines]}],
            **more}


class Gateway:
    def __init__(self, folder, models, tenants=(), certificate=None, **more):
        """`certificate`: a folder with tls.crt and tls.key, for a second address that speaks TLS."""
        self.folder = pathlib.Path(folder)
        self.certificate, self.tls_port = certificate, free_port()
        self.port, self.admin = free_port(), free_port()
        (self.folder / "pepper").write_bytes(PEPPER)
        self._more = more
        self.configure(models, tenants)
        self.log = self.folder / "requests.log"
        self.said = self.folder / "said.log"
        with open(self.log, "wb") as log, open(self.said, "wb") as said:
            self.process = subprocess.Popen(
                [find_binary("slipway-gateway"), "--config", self.folder / "gateway.yaml", "--threads", "2",
                 "--drain-delay", "0", "--grace", "30"], stdout=log, stderr=said)
        eventually(self._answers, "the gateway answers", describe=self.said.read_text)

    def configure(self, models, tenants=()):
        """As a mounted ConfigMap changes: a new file in the place of the old one."""
        listeners = [{"address": f"127.0.0.1:{self.port}"}]
        if self.certificate:
            listeners.append({"address": f"127.0.0.1:{self.tls_port}",
                              "certificateFile": str(self.certificate / "tls.crt"),
                              "keyFile": str(self.certificate / "tls.key")})
        config = {"listeners": listeners,
                  "adminAddress": f"127.0.0.1:{self.admin}",
                  "pepperFile": str(self.folder / "pepper"),
                  "models": list(models), "tenants": list(tenants), **self._more}
        new = self.folder / "gateway.yaml.new"
        new.write_text(yaml.safe_dump(config), encoding="utf-8")
        new.rename(self.folder / "gateway.yaml")

    def _answers(self):
        assert self.process.poll() is None, self.said.read_text()
        try:
            return self.page("/healthz") == "ok\n"
        except OSError:
            return False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def page(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=5) as answer:
            return answer.read().decode()

    def log_lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        if self.process.poll() is None:
            self.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
