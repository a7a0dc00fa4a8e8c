"""Encrypted connections to the gateway."""

import socket
import ssl

import httpx2
import openai
import pytest

from support.certificates import new_authority, new_certificate
from support.gateway import model
from support.waiting import eventually


@pytest.fixture
def certificate(tmp_path):
    folder = tmp_path / "tls"
    folder.mkdir()
    new_authority(folder, "cases")
    new_certificate(folder, "IP:127.0.0.1")
    return folder


def serial_at(port, authority):
    """The serial number of the certificate that is shown at a port."""
    context = ssl.create_default_context(cafile=authority)
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            return connection.getpeercert()["serialNumber"]


def ask(made, certificate, content, **more):
    trusting = httpx2.Client(verify=ssl.create_default_context(cafile=certificate / "ca.crt"))
    with openai.OpenAI(base_url=f"https://127.0.0.1:{made.tls_port}/v1", api_key="none",
                       http_client=trusting, timeout=30) as by:
        answer = by.chat.completions.create(
            model="prod/chat", messages=[{"role": "user", "content": content}], **more)
        return list(answer) if more.get("stream") else answer


@pytest.mark.parametrize("size", [10, 20_000, 3_000_000])
def test_bodies_of_any_size(engine, gateway, certificate, size):
    one = engine(words=max(3, size // 10))
    made = gateway([model("prod/chat", one, public=True)], certificate=certificate)
    answer = ask(made, certificate, "x" * size)
    assert len(one.requests[0]["body"]["messages"][0]["content"]) == size
    assert len(answer.choices[0].message.content) == 6 * one.words


def test_a_stream(engine, gateway, certificate):
    made = gateway([model("prod/chat", engine(words=50), public=True)], certificate=certificate)
    assert len(ask(made, certificate, "hello", stream=True)) == 50


def test_a_new_certificate_is_shown_without_a_restart(engine, gateway, certificate):
    made = gateway([model("prod/chat", engine(), public=True)], certificate=certificate)
    before = serial_at(made.tls_port, certificate / "ca.crt")
    new_certificate(certificate, "IP:127.0.0.1")
    eventually(lambda: serial_at(made.tls_port, certificate / "ca.crt") != before,
               "the new certificate is shown", timeout=5)
    # A broken file changes nothing.
    shown = serial_at(made.tls_port, certificate / "ca.crt")
    (certificate / "tls.crt").write_text("no certificate", encoding="ascii")
    eventually(lambda: "holds no certificate" in made.said.read_text(), "the gateway complains")
    assert serial_at(made.tls_port, certificate / "ca.crt") == shown


def test_who_speaks_no_tls_is_left(engine, gateway, certificate):
    made = gateway([model("prod/chat", engine(), public=True)], certificate=certificate)
    with socket.create_connection(("127.0.0.1", made.tls_port), 5) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        plain.settimeout(5)
        try:
            assert not plain.recv(100).startswith(b"HTTP")
        except ConnectionResetError:
            pass
    ask(made, certificate, "still there")
