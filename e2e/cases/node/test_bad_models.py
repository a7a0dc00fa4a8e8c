"""Models that must not be served: the engine never starts, and the condition says why."""

import pytest

from support.objects import isvc
from support.source import HOST, MODEL, header_with_length, sha256
from support.waiting import eventually, holds


def apply(cluster, namespace, uri, **spec):
    service = isvc("chat", namespace, uri, **spec)
    service["spec"]["model"]["caRef"] = {"name": "source-ca"}
    cluster.create(service)


def engine_never_started(cluster, namespace):
    """True while every pod's engine container waits and has never run."""
    for pod in cluster.list("Pod", namespace):
        for status in (pod.get("status") or {}).get("containerStatuses") or []:
            if status["name"] == "engine":
                state = status.get("state") or {}
                if "running" in state or "terminated" in state or status.get("lastState"):
                    return False
                if status.get("restartCount"):
                    return False
    return True


def refused(cluster, namespace, reason, *words):
    stalled = cluster.wait_condition("chat", namespace, "Stalled", "True", reason, 60)
    for word in words:
        assert word in stalled["message"], stalled["message"]
    assert cluster.conditions("chat", namespace)["Ready"]["status"] == "False"
    assert engine_never_started(cluster, namespace)
    summary = cluster.get("InferenceService", "chat", namespace)["status"]["summary"]
    for word in words:
        assert word in summary, summary
    return stalled


def test_one_flipped_byte(cluster, trusted, source):
    data = bytearray(MODEL.read_bytes())
    data[len(data) // 2] ^= 0xFF
    expected, actual = sha256(MODEL.read_bytes()), sha256(bytes(data))
    apply(cluster, trusted, source.uri("flip/tiny.gguf"))
    refused(cluster, trusted, "DigestMismatch", "tiny.gguf", expected[:12], actual[:12])
    message = cluster.conditions("chat", trusted)["Stalled"]["message"]
    assert expected in message and actual in message, message
    # It stays so: restarts of the pod do not wear the check down.
    holds(lambda: engine_never_started(cluster, trusted), "the engine is never started", 5)
    version = cluster.get("InferenceService", "chat", trusted)["status"]["model"]["version"]
    failed = cluster.get("ModelVersion", version, trusted)["status"]
    assert failed["phase"] == "Failed"


def test_truncated_gguf(cluster, trusted, source):
    """Its digest is right; the tensors that its header promises are not all there."""
    half = MODEL.read_bytes()[: MODEL.stat().st_size // 2]
    apply(cluster, trusted, source.uri("short/tiny.gguf", half))
    refused(cluster, trusted, "", str(len(half)))


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 2**62])
def test_absurd_lengths_in_the_header(cluster, trusted, source, length):
    uri = source.put(f"huge-{length}.gguf", header_with_length(length))
    apply(cluster, trusted, uri)
    refused(cluster, trusted, "FormatRejected", str(length))


def test_not_a_model(cluster, trusted, source):
    apply(cluster, trusted, source.put("text.gguf", b"this is not a model\n" * 100))
    refused(cluster, trusted, "FormatRejected")


def test_missing_file(cluster, trusted, source):
    apply(cluster, trusted, source.uri("absent.gguf"))
    refused(cluster, trusted, "NotFound", "absent.gguf", "404")


def test_unauthorized(cluster, trusted, source):
    apply(cluster, trusted, source.uri("auth/tiny.gguf"))
    refused(cluster, trusted, "Unauthorized", "401")


def test_untrusted_authority(cluster, namespace, source):
    """Without caRef the private CA is nobody."""
    cluster.create(isvc("chat", namespace, source.uri()))
    refused(cluster, namespace, "TlsUntrusted")


def test_missing_config_map(cluster, namespace, source):
    apply(cluster, namespace, source.uri())
    cluster.wait_condition("chat", namespace, "Ready", "False", "source-ca", 60)


def test_missing_file_in_a_claim(cluster, namespace, volume):
    volume(namespace, "weights", {"other.gguf": b"GGUF"})
    cluster.create(isvc("chat", namespace, "pvc://weights/absent.gguf"))
    refused(cluster, namespace, "NotFound", "absent.gguf")


def test_unresolvable_host(cluster, trusted, source):
    apply(cluster, trusted, source.uri().replace(HOST, "no-such-host.invalid"))
    refused(cluster, trusted, "Unreachable", "no-such-host.invalid")


def test_interrupted_download_is_resumed(cluster, trusted, source):
    apply(cluster, trusted, source.uri("flaky/tiny.gguf"))
    cluster.wait_ready("chat", trusted)
    asked = [line for line in source.log().splitlines() if "GET /flaky/tiny.gguf" in line]
    assert len(asked) >= 2, asked


def test_wrong_image(cluster, trusted, source):
    wrong = {"apiVersion": "serving.slipway.dev/v1alpha1", "kind": "ServingRuntime",
             "metadata": {"name": "wrong", "namespace": trusted},
             "spec": {"engine": "llama.cpp", "image": "localhost/no-such-image:1",
                      "command": ["/usr/bin/llama-server"], "formats": [{"name": "gguf"}],
                      "devices": ["cpu"]}}
    cluster.create(wrong)
    apply(cluster, trusted, source.uri(), runtime="wrong")
    stalled = cluster.wait_condition("chat", trusted, "Stalled", "True", "ImagePull", 90)
    assert "localhost/no-such-image:1" in stalled["message"]
    assert cluster.conditions("chat", trusted)["Ready"]["status"] == "False"


def test_engine_that_does_not_start(cluster, trusted, source):
    """Its last line is what a person needs to see."""
    apply(cluster, trusted, source.uri(), engine={"args": ["--no-such-flag"]})
    stalled = cluster.wait_condition("chat", trusted, "Stalled", "True", "no-such-flag", 90)
    assert "engine" in stalled["message"]
    assert cluster.conditions("chat", trusted)["Ready"]["status"] == "False"


def test_a_fixed_source_is_used_without_help(cluster, trusted, source):
    """The file comes later: nobody has to touch the service."""
    data = MODEL.read_bytes()
    (source.folder / "late.gguf").unlink(missing_ok=True)
    apply(cluster, trusted, source.uri("late.gguf"))
    refused(cluster, trusted, "NotFound", "late.gguf")
    source.put("late.gguf", data)
    cluster.wait_ready("chat", trusted, 120)


def test_a_broken_update_leaves_the_model_answering(cluster, trusted, source, client):
    from node.models import AHOY, ask
    apply(cluster, trusted, source.uri())
    cluster.wait_ready("chat", trusted)
    cluster.patch("InferenceService", "chat", trusted,
                  {"spec": {"model": {"uri": source.uri("flip/tiny.gguf")}}})
    cluster.wait_condition("chat", trusted, "Stalled", "True", "DigestMismatch", 60)
    assert cluster.conditions("chat", trusted)["Ready"]["status"] == "True"
    assert ask(client(trusted), f"{trusted}/chat") == AHOY
    cluster.patch("InferenceService", "chat", trusted,
                  {"spec": {"model": {"uri": source.uri()}}})
    cluster.wait_ready("chat", trusted)
    eventually(lambda: len(cluster.list("Deployment", trusted)) == 1, "one revision is left")
