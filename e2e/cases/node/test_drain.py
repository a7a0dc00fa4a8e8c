"""A pod that is told to stop finishes what it has begun."""

import concurrent.futures
import json
import threading
import urllib.error
import urllib.request

import pytest
from openai import OpenAI

from node.models import AHOY, COUNT, ask, stream
from support.objects import isvc
from support.waiting import eventually

STREAMS = 20
# So little that no stream is over by the time that all of them are in the pod.
SLOW = {"resources": {"limits": {"cpu": "300m"}}}


def post(url, body):
    """(status, headers) of a raw POST; None while it waits for its turn, 0 if nobody listens."""
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=1) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers
    except TimeoutError:
        return None, {}
    except OSError as error:
        return (None if isinstance(getattr(error, "reason", None), TimeoutError) else 0), {}


@pytest.mark.timeout(240)
def test_sigterm_cuts_no_stream(cluster, trusted, source, client, signal):
    service = isvc("chat", trusted, source.uri(), pod=SLOW)
    service["spec"]["model"]["caRef"] = {"name": "source-ca"}
    cluster.create(service)
    cluster.wait_ready("chat", trusted, 120)
    name = f"{trusted}/chat"
    [pod] = cluster.list("Pod", trusted)
    address = pod["status"]["podIP"]
    expected = stream(client(trusted, timeout=200), name, COUNT)
    assert expected[1] == "stop" and len(expected[0]) > 200

    # Straight at the pod: all twenty are in it when it is told to stop.
    direct = OpenAI(base_url=f"http://{address}:8080/v1", api_key="none", max_retries=0,
                    timeout=200)
    begun = threading.Semaphore(0)

    def one():
        parts, finish = [], None
        for chunk in direct.chat.completions.create(
                model=name, temperature=0, stream=True,
                messages=[{"role": "user", "content": COUNT}]):
            if not parts:
                begun.release()
            for choice in chunk.choices:
                parts.append(choice.delta.content or "")
                finish = choice.finish_reason or finish
        return "".join(parts), finish

    url = f"http://{address}:8080/v1/chat/completions"
    body = (f'{{"model":"{name}","temperature":0,"max_tokens":1,'
            '"messages":[{"role":"user","content":"ping"}]}').encode()

    def unfinished():
        return [stream for stream in running if not stream.done()]

    with concurrent.futures.ThreadPoolExecutor(STREAMS) as pool:
        running = [pool.submit(one) for _ in range(STREAMS)]
        # Not every stream has its first token (four are worked on at a time), but all are in.
        assert begun.acquire(timeout=60)
        eventually(lambda: requests_running(address) >= STREAMS, "all streams are in the pod", 60)
        # Streams have to outlast the time in which new requests are still accepted after SIGTERM,
        # on any machine: the engine pauses in the middle of them.
        signal("STOP", pod)
        # What the engine had said by then has to arrive first.
        eventually(lambda: requests_running(address) == len(unfinished()), "all is still", 20)
        running_at_stop = unfinished()
        assert running_at_stop, "streams were running when the pod was told to stop"
        cluster.delete("Pod", pod["metadata"]["name"], trusted)
        status, headers = eventually(
            lambda: (lambda seen: seen if seen[0] not in (200, None) else None)(post(url, body)),
            "new requests are refused", 60)
        assert status == 503
        assert int(headers["retry-after"]) >= 1
        assert unfinished() == running_at_stop, "every stream still runs"
        signal("CONT", pod)
        results = [one.result() for one in running]
    assert results == [expected] * STREAMS
    direct.close()
    # Its successor answers through the Service.
    cluster.wait_ready("chat", trusted, 120)
    assert ask(client(trusted), name) == AHOY


def requests_running(address):
    with urllib.request.urlopen(f"http://{address}:8080/slipway/v1/status", timeout=5) as answer:
        return json.load(answer)["requestsRunning"]


def test_a_deleted_pod_is_replaced_and_the_service_answers(cluster, trusted, source, client):
    service = isvc("chat", trusted, source.uri(), replicas={"min": 2})
    service["spec"]["model"]["caRef"] = {"name": "source-ca"}
    cluster.create(service)
    cluster.wait_ready("chat", trusted)
    [first, _] = [p["metadata"]["name"] for p in cluster.list("Pod", trusted)]
    cluster.delete("Pod", first, trusted)
    chat = client(trusted)
    answers = []

    def replaced():
        answers.append(ask(chat, f"{trusted}/chat"))
        names = [p["metadata"]["name"] for p in cluster.list("Pod", trusted)]
        return first not in names and len(names) == 2
    eventually(replaced, "the pod is replaced", 90)
    cluster.wait_ready("chat", trusted)
    assert set(answers) == {AHOY}


def test_an_engine_that_dies_is_seen_and_started_again(cluster, trusted, source, client):
    """Not Ready while it does not answer; Ready with answers after the restart."""
    service = isvc("chat", trusted, source.uri())
    service["spec"]["model"]["caRef"] = {"name": "source-ca"}
    cluster.create(service)
    cluster.wait_ready("chat", trusted)
    [pod] = cluster.list("Pod", trusted)
    # A prompt beyond the context is refused by the engine, and nothing dies of it.
    with pytest.raises(Exception, match="400"):
        ask(client(trusted), f"{trusted}/chat", "x " * 3000)
    assert ask(client(trusted), f"{trusted}/chat") == AHOY
    [now] = cluster.list("Pod", trusted)
    assert now["metadata"]["uid"] == pod["metadata"]["uid"]
    restarts = [c["restartCount"] for c in now["status"]["containerStatuses"]]
    assert restarts == [0]
