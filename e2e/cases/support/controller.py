"""The controller as a process that can be stopped, killed and started again."""

import pathlib
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import yaml

from support.binaries import find_binary
from support.waiting import eventually

ACCOUNT = "slipway-controller"
NAMESPACE = "slipway-system"
USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def account_token(cluster, *options):
    return cluster.kubectl("-n", NAMESPACE, "create", "token", ACCOUNT, "--duration=24h",
                           *options).stdout.strip()


def account_kubeconfig(cluster, directory):
    """A kubeconfig with the service account's own token: the chart's RBAC is what counts."""
    return _write_kubeconfig(cluster, directory, {"token": account_token(cluster)})


def rotating_kubeconfig(cluster, directory, server, authority):
    """The same for another address, with files beside it that can be changed: token, ca.crt."""
    directory = pathlib.Path(directory)
    (directory / "token").write_text(account_token(cluster), encoding="ascii")
    shutil.copy(authority, directory / "ca.crt")
    return _write_kubeconfig(
        cluster, directory, {"tokenFile": str(directory / "token")},
        {"server": server, "certificate-authority": str(directory / "ca.crt")})


def _write_kubeconfig(cluster, directory, user, address=None):
    config = yaml.safe_load(pathlib.Path(cluster.kubeconfig).read_text(encoding="utf-8"))
    current = next(c for c in config["contexts"] if c["name"] == config["current-context"])
    current["context"]["user"] = ACCOUNT
    config["contexts"] = [current]
    config["users"] = [{"name": ACCOUNT, "user": user}]
    if address:
        config["clusters"] = [{"name": current["context"]["cluster"], "cluster": address}]
    path = pathlib.Path(directory) / "controller.kubeconfig"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    path.chmod(0o600)
    return path


class Controller:
    """Without a Lease unless `elect`: a killed one's successor would have to wait for its end.
    `prefix` is a command that runs the binary somewhere else, such as nsenter.
    """

    def __init__(self, kubeconfig, log, arguments=(), prefix=(), elect=False):
        self.kubeconfig = kubeconfig
        self.prefix = list(prefix)
        self.arguments = [f"--leader-elect={str(elect).lower()}", *arguments]
        self.log = pathlib.Path(log)
        self.process = None
        self.port = None

    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(self, wait=True):
        assert not self.running()
        self.port = free_port()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, find_binary("slipway-controller"), f"--kubeconfig={self.kubeconfig}",
                 "--agent-image=localhost/slipway:dev",
                 f"--metrics-address=127.0.0.1:{self.port}", f"--namespace={NAMESPACE}",
                 *self.arguments],
                stdout=log, stderr=subprocess.STDOUT)
        if wait:
            self.wait_ready()

    def wait_ready(self, timeout=30):
        def ready():
            assert self.running(), f"the controller exited {self.process.returncode}: {self.tail()}"
            return self.http("/readyz")[0] == 200
        eventually(ready, "the controller is ready", timeout, describe=self.tail)

    def http(self, path):
        """(status, body) of its own port; (0, reason) when nothing answers."""
        try:
            url = f"http://127.0.0.1:{self.port}{path}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def metric(self, name):
        """The value of a metric without labels."""
        for line in self.http("/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        return None

    def leads(self):
        return self.metric("slipway_leader") == 1

    def kill(self):
        """SIGKILL: no chance to finish anything."""
        if self.running():
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self, timeout=20):
        """SIGTERM; returns the exit code."""
        if not self.running():
            return None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def restart(self):
        self.kill()
        self.start()

    def tail(self, lines=20):
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])
