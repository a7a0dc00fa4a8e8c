"""What happens to requests while engines, configurations and the gateway itself come and go."""

import concurrent.futures
import time

import openai
import pytest

from support.gateway import key, model
from support.waiting import eventually

HELLO = [{"role": "user", "content": "Hello"}]


def test_a_revoked_key_is_refused_within_a_second_or_so(engine, gateway, client):
    one = engine()
    text, record = key("teamakey1")
    tenant = {"name": "team-a", "models": ["prod/*"], "keys": [record]}
    models = [model("prod/chat", one)]
    made = gateway(models, [tenant])
    by = client(made, text)
    by.chat.completions.create(model="prod/chat", messages=HELLO)
    record["revoked"] = True
    made.configure(models, [tenant])
    changed = time.monotonic()

    def refused():
        try:
            by.chat.completions.create(model="prod/chat", messages=HELLO)
        except openai.AuthenticationError as error:
            return "was revoked" in error.body["message"]
        return False
    eventually(refused, "the key is refused")
    assert time.monotonic() - changed < 2


def test_a_wrong_configuration_changes_nothing(engine, gateway, client):
    made = gateway([model("prod/chat", engine(), public=True)])
    made.configure([{"name": "chat"}])
    eventually(lambda: "must match" in made.said.read_text(), "the gateway complains")
    assert "keeping the last configuration" in made.said.read_text()
    assert "models[0].name" in made.said.read_text()
    client(made).chat.completions.create(model="prod/chat", messages=HELLO)


def test_a_dead_endpoint_costs_no_request(engine, gateway, client):
    good, dead = engine(), engine()
    made = gateway([model("prod/chat", dead, good, public=True)])
    dead.stop()
    by = client(made)
    for _ in range(50):
        by.chat.completions.create(model="prod/chat", messages=HELLO)
    assert len(good.requests) == 50


def test_a_stream_whose_engine_dies_ends_with_an_error(engine, gateway, client):
    made = gateway([model("prod/chat", engine(words=5, dies_after=3), public=True)])
    words = []
    with pytest.raises((openai.APIError, openai.APIConnectionError, Exception)) as error:
        for chunk in client(made).chat.completions.create(model="prod/chat", messages=HELLO,
                                                          stream=True):
            words.append(chunk.choices[0].delta.content)
    assert not isinstance(error.value, AssertionError)
    assert words == ["0 ", "1 ", "2 "]
    line = eventually(lambda: made.log_lines(), "the request is logged")[-1]
    assert line["slipway.truncated"] is True
    counted = 'slipway_gateway_truncated_total{model="prod/chat",revision="r1"} 1'
    eventually(lambda: counted in made.page("/metrics"), "the stream is counted")


def test_sigterm_cuts_no_stream(engine, gateway, client):
    one = engine(words=20, pause=0.05)
    made = gateway([model("prod/chat", one, public=True)])

    def stream(_):
        return [c.choices[0].delta.content for c in client(made).chat.completions.create(
            model="prod/chat", messages=HELLO, stream=True)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        streams = [pool.submit(stream, i) for i in range(20)]
        eventually(lambda: len(one.requests) == 20, "all streams have begun")
        made.terminate()
        for done in streams:
            assert len(done.result()) == 20
    assert made.process.wait(10) == 0


def test_configurations_change_under_load_without_a_failure(engine, gateway, client):
    engines = [engine() for _ in range(3)]
    models = [[model("prod/chat", *some, public=True)]
              for some in (engines, engines[:1], engines[1:])]
    made = gateway(models[0])
    stop_at = time.monotonic() + 6
    count = 0

    def ask(_):
        by, done = client(made), 0
        while time.monotonic() < stop_at:
            by.chat.completions.create(model="prod/chat", messages=HELLO)
            done += 1
        return done
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, i) for i in range(4)]
        turn = 0
        while time.monotonic() < stop_at:
            turn += 1
            made.configure(models[turn % 3])
            time.sleep(0.7)
        count = sum(done.result() for done in asking)
    assert count > 100
    assert made.said.read_text().count("serving a new configuration") >= 3
