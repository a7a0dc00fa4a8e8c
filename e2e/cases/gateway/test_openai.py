"""What OpenAI's client sees of the gateway."""

import re
import subprocess

import openai
import pytest
import yaml

from support.binaries import find_binary
from support.gateway import PEPPER, key, model
from support.waiting import eventually

HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def served(engine, gateway):
    """A gateway, its engine, and the key of a tenant that may use prod/*."""
    one = engine()
    text, record = key("teamakey1")
    made = gateway([model("prod/chat", one, alias="chat", adapters=["legal"]),
                    model("secret/plan", one)],
                   [{"name": "team-a", "models": ["prod/*"], "keys": [record]}])
    return made, one, text


def test_a_chat(served, client):
    made, _, text = served
    answer = client(made, text).chat.completions.create(model="prod/chat", messages=HELLO)
    assert answer.choices[0].message.content.startswith("Ahoy!")
    assert answer.usage.completion_tokens == 3


@pytest.mark.parametrize("name", ["prod/chat", "chat", "chat:legal"])
def test_a_model_has_several_names(served, client, name):
    made, one, text = served
    client(made, text).chat.completions.create(model=name, messages=HELLO)
    assert one.requests[-1]["body"]["model"] == name


def test_the_url_or_a_header_may_name_the_model(served):
    made, one, text = served
    for base, headers in ((made.url + "/prod/chat/v1", {}),
                          (made.url + "/v1", {"x-slipway-model": "prod/chat"})):
        with openai.OpenAI(base_url=base, api_key=text, default_headers=headers) as by:
            by.chat.completions.create(model="", messages=HELLO)
        assert one.requests[-1]["path"] == "/v1/chat/completions"


def test_a_stream_comes_whole_and_without_what_nobody_asked_for(served, client):
    made, one, text = served
    chunks = list(client(made, text).chat.completions.create(model="chat", messages=HELLO,
                                                             stream=True))
    assert [c.choices[0].delta.content for c in chunks] == ["0 ", "1 ", "2 "]
    assert one.requests[-1]["body"]["stream_options"] == {"include_usage": True}
    line = eventually(lambda: made.log_lines(), "the request is logged")[-1]
    assert line["gen_ai.usage.input_tokens"] == 5
    assert line["gen_ai.usage.output_tokens"] == 3
    assert line["slipway.tenant"] == "team-a"


def test_usage_is_there_for_who_asks(served, client):
    made, _, text = served
    chunks = list(client(made, text).chat.completions.create(
        model="chat", messages=HELLO, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].usage.total_tokens == 8


def test_a_key_sees_its_models_only(served, client):
    made, _, text = served
    assert [m.id for m in client(made, text).models.list()] == ["prod/chat"]
    assert client(made, text).models.retrieve("prod/chat").id == "prod/chat"
    for name in ("secret/plan", "secret/none"):
        with pytest.raises(openai.NotFoundError) as error:
            client(made, text).chat.completions.create(model=name, messages=HELLO)
        assert error.value.code == "model_not_found"
        assert error.value.body["message"] == f'no model "{name}"; this key may use: prod/chat'


def test_the_engine_never_sees_a_key(served, client):
    made, one, text = served
    client(made, text).chat.completions.create(model="chat", messages=HELLO)
    headers = {name.lower(): value for name, value in one.requests[-1]["headers"].items()}
    assert "authorization" not in headers
    assert text not in str(one.requests[-1])
    assert headers["x-request-id"]


@pytest.mark.parametrize("bad", ["sk-teamakey1-wrong", "sk-unknown00-abc", "password"])
def test_a_wrong_key_is_refused(served, client, bad):
    made, one, _ = served
    with pytest.raises(openai.AuthenticationError) as error:
        client(made, bad).chat.completions.create(model="chat", messages=HELLO)
    assert error.value.code == "invalid_api_key"
    assert not one.requests


def test_a_body_that_is_no_json_is_refused_with_its_place(served, client):
    made, _, text = served
    with pytest.raises(openai.BadRequestError) as error:
        client(made, text).post("/chat/completions", cast_to=object, content=b'{"model": "chat", ]}')
    assert "at byte 18" in error.value.body["message"]


def test_a_new_key_works(engine, gateway, client, tmp_path):
    (tmp_path / "pepper").write_bytes(PEPPER)
    printed = subprocess.run([find_binary("slipway-gateway"), "new-key", "--pepper-file", tmp_path / "pepper"],
                             check=True, capture_output=True, text=True).stdout
    text = re.search(r"sk-\S+", printed).group()
    record = yaml.safe_load(printed[printed.index("- {"):])[0]
    made = gateway([model("prod/chat", engine())],
                   [{"name": "team-a", "models": ["prod/chat"], "keys": [record]}])
    client(made, text).chat.completions.create(model="prod/chat", messages=HELLO)


def test_limits_have_headers_and_a_429(engine, gateway, client):
    one = engine()
    text, record = key("limited01")
    made = gateway([model("prod/chat", one, alias="chat")],
                   [{"name": "team-a", "models": ["prod/*"], "keys": [record],
                     "limits": {"requestsPerMinute": 2}}])
    by = client(made, text)
    first = by.chat.completions.with_raw_response.create(model="chat", messages=HELLO)
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    by.chat.completions.create(model="chat", messages=HELLO)
    with pytest.raises(openai.RateLimitError) as error:
        by.chat.completions.create(model="chat", messages=HELLO)
    assert error.value.code == "rate_limit_exceeded"
    assert int(error.value.response.headers["retry-after"]) >= 1
    assert len(one.requests) == 2
