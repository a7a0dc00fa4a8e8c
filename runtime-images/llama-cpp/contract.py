#!/usr/bin/env python3
"""Holds an engine root to what slipway-agent relies on.

    contract.py MODEL LAYERDIR...

The layers are put together in a scratch folder and llama-server runs there as user 65532, with the
flags the agent gives it, on a Unix socket. The engine comes from a distribution whose versions
move, so its behaviour is checked at every build instead of its version being pinned. Needs root,
for chroot. Exit 0: every promise holds; 1: the message names the one that does not.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

USER = 65532
ALIAS = "default/tiny"
GREETING = "Ahoy! I am the tiny Slipway test model."
COUNTED = " ".join(str(number) for number in range(1, 101))
READY_WITHIN = 60.0  # seconds; 0.2 is usual, a loaded build machine is not
ANSWER_WITHIN = 60.0
HEALTH_WITHIN = 3.0  # 0.02 is usual
REFUSE_WITHIN = 15.0
STOP_WITHIN = 15.0  # 1 is usual
FREE_WITHIN = 10.0
STREAMS = 40
# The server prints these; the agent turns them into its own names.
METRICS = (
    "llamacpp:requests_processing",
    "llamacpp:requests_deferred",
    "llamacpp:prompt_tokens_total",
    "llamacpp:tokens_predicted_total",
)


class ContractError(Exception):
    """A promise the engine broke."""


def expect(condition: bool, promise: str, seen: object = "") -> None:
    if not condition:
        raise ContractError(f"{promise}; seen: {seen!s:.400}")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Engine:
    """A running llama-server. One at a time per root: they share the socket."""

    def __init__(self, root: Path):
        self._socket = root / "tmp/engine.sock"
        # The server never removes its socket, and does not start where one lies.
        self._socket.unlink(missing_ok=True)
        self._log = (root / "engine.log").open("w+b")
        command = [
            *("/usr/sbin/chroot", f"--userspec={USER}:{USER}", str(root), "/usr/bin/llama-server"),
            *("--model", "/models/model.gguf", "--alias", ALIAS, "--host", "/tmp/engine.sock"),
            *("--ctx-size", "2048", "--parallel", "4", "--threads", "1", "--cache-ram", "0"),
            *("--threads-http", "256"),  # with fewer, a burst of connections can shut out /health
            *("--sse-ping-interval", "-1", "--no-ui", "--offline", "--metrics", "--slots"),
        ]
        self.process = subprocess.Popen(
            command, env={"HOME": "/tmp"}, stdout=self._log, stderr=subprocess.STDOUT
        )

    def connection(self, timeout: float = ANSWER_WITHIN) -> UnixConnection:
        return UnixConnection(self._socket, timeout)

    def call(
        self, method: str, path: str, body: dict | None = None, timeout: float = ANSWER_WITHIN
    ) -> tuple[int, bytes]:
        connection = self.connection(timeout)
        try:
            text = json.dumps(body) if body is not None else None
            connection.request(method, path, text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def health(self) -> int | None:
        """The status of /health, or nothing while nobody listens."""
        try:
            return self.call("GET", "/health", timeout=HEALTH_WITHIN)[0]
        except OSError:
            return None

    def wait_ready(self) -> float:
        start = time.monotonic()
        while time.monotonic() < start + READY_WITHIN:
            health = self.health()
            if health == 200:
                return time.monotonic() - start
            expect(health in (None, 503), "/health is refused, 503 or 200 while loading", health)
            expect(self.process.poll() is None, "the engine stays up while loading", self.log())
            time.sleep(0.02)
        raise ContractError(f"/health is 200 within {READY_WITHIN} s; log: {self.log()}")

    def metrics(self) -> dict[str, float]:
        status, body = self.call("GET", "/metrics")
        expect(status == 200, "/metrics answers", status)
        lines = (line.split() for line in body.decode().splitlines() if line[:1] != "#")
        return {words[0]: float(words[1]) for words in lines if len(words) == 2}

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-1500:]

    def stop(self) -> tuple[int, float]:
        """The exit status after SIGTERM, and the seconds it took."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_WITHIN), time.monotonic() - start
        except subprocess.TimeoutExpired:
            raise ContractError(f"SIGTERM ends the engine within {STOP_WITHIN} s") from None

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._log.close()


def question(text: str, **more: object) -> dict:
    message = {"role": "user", "content": text}
    return {"model": ALIAS, "messages": [message], "temperature": 0, **more}


# Goes on until its slot's context is full.
LONG_STREAM = question("Count to one hundred.", stream=True, ignore_eos=True, max_tokens=100000)
CLOSING = {"Content-Type": "application/json", "Connection": "close"}


def check_answer(engine: Engine) -> None:
    status, body = engine.call("POST", "/v1/chat/completions", question("hello"))
    expect(status == 200, "a chat is answered with 200", f"{status} {body!r}")
    answer = json.loads(body)
    expect(answer["choices"][0]["message"]["content"] == GREETING, "the right answer", body)
    expect(answer["model"] == ALIAS, "the answer names the alias", body)
    expect(answer["usage"]["completion_tokens"] > 0, "usage counts tokens", body)


def check_models(engine: Engine) -> None:
    status, body = engine.call("GET", "/v1/models")
    names = [model["id"] for model in json.loads(body)["data"]]
    expect(status == 200 and names == [ALIAS], "/v1/models lists the alias alone", names)


def check_stream(engine: Engine) -> None:
    asked = question("Count to one hundred.", stream=True, stream_options={"include_usage": True})
    status, body = engine.call("POST", "/v1/chat/completions", asked)
    expect(status == 200, "a stream is answered with 200", status)
    events = [line[6:] for line in body.decode().splitlines() if line.startswith("data: ")]
    expect(events[-1:] == ["[DONE]"], "a stream ends with [DONE]", events[-1:])
    chunks = [json.loads(event) for event in events[:-1]]
    texts = [c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"]]
    expect("".join(texts) == COUNTED, "a stream carries the whole answer", "".join(texts))
    expect(len(texts) > 50, "a stream comes in many parts", len(texts))
    usage = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    expect(len(usage) == 1, "a stream reports its usage once", usage)


def check_watching(engine: Engine) -> None:
    seen = engine.metrics()
    missing = [name for name in METRICS if name not in seen]
    expect(not missing, "/metrics has the names the agent reads", missing)
    expect(seen["llamacpp:tokens_predicted_total"] > 100, "tokens are counted", seen)
    status, body = engine.call("GET", "/slots")
    expect(status == 200 and len(json.loads(body)) == 4, "/slots lists four slots", body)


def check_refusals(engine: Engine) -> None:
    status, body = engine.call("POST", "/v1/chat/completions", question("long " * 4000))
    expect(status == 400, "a prompt that does not fit is refused with 400", status)
    kind = json.loads(body)["error"]["type"]
    expect(kind == "exceed_context_size_error", "the refusal says why", kind)
    status, _ = engine.call("GET", "/")
    expect(status == 404, "there is no web page", status)


def check_client_leaving(engine: Engine) -> None:
    """A client that goes away frees its slot: the agent cancels by closing the connection."""
    connection = engine.connection()
    connection.request("POST", "/v1/chat/completions", json.dumps(LONG_STREAM), CLOSING)
    answer = connection.getresponse()
    answer.read(200)
    expect(engine.metrics()["llamacpp:requests_processing"] == 1, "a stream counts as running")
    answer.close()
    connection.close()
    deadline = time.monotonic() + FREE_WITHIN
    while engine.metrics()["llamacpp:requests_processing"] != 0:
        expect(time.monotonic() < deadline, "a client that leaves frees its slot")
        time.sleep(0.02)


def check_stop(engine: Engine) -> None:
    """SIGTERM ends the engine once nobody is connected any more, whatever runs and waits.

    While somebody is, it may take for ever: that is why the agent closes its connections first.
    """
    body = json.dumps(LONG_STREAM)
    connections = [engine.connection() for _ in range(STREAMS)]
    for connection in connections:
        connection.request("POST", "/v1/chat/completions", body, CLOSING)
    expect(engine.health() == 200, "a burst leaves /health answering")
    for connection in connections:
        connection.close()
    status, seconds = engine.stop()
    expect(status == 0, "SIGTERM ends the engine with 0", status)
    print(f"contract: stopped by SIGTERM in {seconds:.2f} s, {STREAMS} streams left behind")


CHECKS = (
    check_models,
    check_answer,
    check_stream,
    check_watching,
    check_refusals,
    check_client_leaving,
)


def check_serving(root: Path) -> None:
    engine = Engine(root)
    try:
        print(f"contract: ready after {engine.wait_ready():.2f} s")
        for check in CHECKS:
            check(engine)
            print(f"contract: {check.__name__.removeprefix('check_').replace('_', ' ')} ok")
        check_stop(engine)
    finally:
        engine.close()


def check_broken_model(root: Path) -> None:
    model = root / "models/model.gguf"
    os.truncate(model, model.stat().st_size // 2)
    engine = Engine(root)
    try:
        status = engine.process.wait(REFUSE_WITHIN)
        expect(status != 0, "a truncated model is not served", status)
        print(f"contract: truncated model refused, exit {status}")
    except subprocess.TimeoutExpired:
        raise ContractError("a truncated model ends the engine") from None
    finally:
        engine.close()


def make_root(root: Path, model: Path, layers: list[Path]) -> None:
    for layer in layers:
        shutil.copytree(layer, root, symlinks=True, dirs_exist_ok=True)
    root.chmod(0o755)  # a scratch folder is closed to the user the engine runs as
    (root / "models").mkdir()
    shutil.copyfile(model, root / "models/model.gguf")
    (root / "models/model.gguf").chmod(0o644)


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print("usage: contract.py MODEL LAYERDIR...", file=sys.stderr)
        return 2
    # In the default place for scratch files: a Unix socket's path holds 107 bytes.
    with tempfile.TemporaryDirectory(prefix="slipway-contract-") as scratch:
        root = Path(scratch)
        try:
            make_root(root, Path(arguments[0]), [Path(layer) for layer in arguments[1:]])
            check_serving(root)
            check_broken_model(root)
        except (ContractError, OSError, http.client.HTTPException) as error:
            print(f"contract broken: {error!r}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
