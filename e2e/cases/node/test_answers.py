"""Nine lines of YAML, and a model answers."""

import time

import openai
import pytest
import yaml

from node.models import AHOY, COUNT, ask, stream
from support.cluster import REPO
from support.objects import isvc
from support.waiting import eventually

CA = {"caRef": {"name": "source-ca"}}


def service(namespace, uri, **spec):
    made = isvc("chat", namespace, uri, **spec)
    made["spec"]["model"].update(CA)
    return made


def test_the_example_answers(cluster, client):
    """examples/chat.yaml, as `./dev up` applied it (or applied here)."""
    documents = [d for d in yaml.safe_load_all(
        (REPO / "examples/chat.yaml").read_text(encoding="utf-8")) if d]
    [example] = [d for d in documents if d["kind"] == "InferenceService"]
    namespace = example["metadata"].get("namespace", "default")
    if not cluster.get("InferenceService", example["metadata"]["name"], namespace):
        pytest.skip("the example is not applied: ./dev up does it")
    cluster.wait_ready(example["metadata"]["name"], namespace)
    chat = client(namespace, example["metadata"]["name"])
    assert ask(chat, f"{namespace}/{example['metadata']['name']}") == AHOY


def test_apply_to_first_answer(cluster, trusted, source, client):
    """With the images on the node, at most 15 s."""
    began = time.monotonic()
    cluster.create(service(trusted, source.uri()))
    eventually(lambda: cluster.get("Service", "chat", trusted), "the Service is there", 15)
    chat = client(trusted, timeout=2)

    def answer():
        try:
            return ask(chat, f"{trusted}/chat")
        except openai.APIError as error:
            raise AssertionError(f"no answer yet: {error}") from error
    assert eventually(answer, "an answer", 60, interval=0.02,
                      describe=lambda: cluster.describe("chat", trusted)) == AHOY
    took = time.monotonic() - began
    print(f"apply to first answer: {took:.1f} s")
    assert took <= 15
    # What was said on the way is true: Ready now, with the digest that was asked for.
    status = cluster.wait_ready("chat", trusted, 10)["status"]
    assert source.uri().endswith(status["model"]["digest"].removeprefix("sha256:"))
    version = cluster.get("ModelVersion", status["model"]["version"], trusted)["status"]
    assert version["phase"] == "Verified" and version["sizeBytes"] == 1459008
    assert version["architecture"] == "llama"


def test_openai_api(cluster, trusted, source, client):
    cluster.create(service(trusted, source.uri()))
    cluster.wait_ready("chat", trusted)
    chat = client(trusted)
    name = f"{trusted}/chat"
    assert stream(chat, name) == (AHOY, "stop")
    assert ask(chat, name, "ping") == "pong"
    assert ask(chat, "chat") == AHOY, "the short name is accepted too"
    assert name in [model.id for model in chat.models.list()]
    counted, finish = stream(chat, name, COUNT)
    assert finish == "stop" and len(counted) > 200
    with pytest.raises(openai.NotFoundError):
        ask(chat, f"{trusted}/other")
    with pytest.raises(openai.BadRequestError):
        chat.post("/chat/completions", body={"messages": 7, "model": name}, cast_to=object)


def test_pvc_source(cluster, trusted, source, client, volume):
    volume(trusted, "weights", {"sub/tiny.gguf": (REPO / "runtime-images/model/tiny.gguf")
                                .read_bytes()})
    cluster.create(isvc("chat", trusted, "pvc://weights/sub/tiny.gguf"))
    cluster.wait_ready("chat", trusted)
    assert ask(client(trusted), f"{trusted}/chat") == AHOY
    version = cluster.get("InferenceService", "chat", trusted)["status"]["model"]["version"]
    digest = cluster.get("ModelVersion", version, trusted)["status"]["digest"]
    assert source.uri().endswith(digest.removeprefix("sha256:")), "resolved once and pinned"


def test_update_under_load_loses_no_request(cluster, trusted, source, client):
    """A new revision takes over while requests come in: each gets the right answer."""
    cluster.create(service(trusted, source.uri()))
    cluster.wait_ready("chat", trusted)
    chat = client(trusted)
    before = cluster.get("Service", "chat", trusted)["spec"]["selector"]
    cluster.patch("InferenceService", "chat", trusted,
                  {"spec": {"engine": {"contextLength": 256}}})
    answers = []

    def replaced():
        answers.append(ask(chat, f"{trusted}/chat"))
        return (cluster.get("Service", "chat", trusted)["spec"]["selector"] != before
                and len(cluster.list("Deployment", trusted)) == 1
                and len(cluster.list("Pod", trusted)) == 1)
    eventually(replaced, "the new revision serves alone", 90,
               describe=lambda: cluster.describe("chat", trusted))
    answers.append(ask(chat, f"{trusted}/chat"))
    assert len(answers) >= 2 and set(answers) == {AHOY}
