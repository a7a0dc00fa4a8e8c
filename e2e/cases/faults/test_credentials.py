"""Tokens and authorities that are replaced while the controller runs."""

import os
import shutil
import ssl
import urllib.error
import urllib.request

import pytest

from support.certificates import new_authority, new_certificate
from support.controller import NAMESPACE, account_token
from support.fault_proxy import told
from support.services import Service
from support.waiting import eventually, holds


@pytest.fixture
def folder(controller):
    return controller.kubeconfig.parent


def swapped(path, text):
    """As the kubelet does it: in one step."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="ascii")
    os.replace(new, path)


@pytest.fixture
def token(folder):
    """The token's file; what it held comes back."""
    path = folder / "token"
    before = path.read_text()
    yield path
    swapped(path, before)


def accepted(cluster, control_plane, token):
    """Whether the API server still takes the token."""
    request = urllib.request.Request(f"{cluster.server()}/version",
                                     headers={"Authorization": f"Bearer {token}"})
    trust = ssl.create_default_context(cafile=control_plane / "pki/ca.crt")
    try:
        with urllib.request.urlopen(request, timeout=10, context=trust):
            return True
    except urllib.error.HTTPError as error:
        assert error.code == 401
        return False


def bound_token(cluster, name):
    """A token that ends with the Secret it is bound to."""
    cluster.apply({"apiVersion": "v1", "kind": "Secret",
                   "metadata": {"name": name, "namespace": NAMESPACE}})
    return account_token(cluster, "--bound-object-kind=Secret", f"--bound-object-name={name}")


def test_a_new_token_is_used_when_the_old_one_ends(cluster, control_plane, namespace, controller,
                                                   proxy, token):
    """E09: nothing is lost, and every connection ends up with the new one."""
    first = bound_token(cluster, "first-token")
    swapped(token, first)
    controller.restart()
    service = Service(cluster, namespace)
    old = proxy.calls(verb="watch")[-1]["token"]
    swapped(token, bound_token(cluster, "second-token"))
    cluster.delete("Secret", "first-token", NAMESPACE)
    # The API server remembers for a while that a token was good.
    eventually(lambda: not accepted(cluster, control_plane, first), "the old one is refused", 30)
    mark = proxy.mark()
    service.scale(2)
    service.converges(2)
    proxy.network("cut")
    eventually(lambda: len([c for c in proxy.calls(mark, verb="watch")
                            if c["outcome"] == "under way" and c["token"] != old]) == 10,
               "all watches with the new token", 30, describe=lambda: told(proxy.calls(mark)))
    service.scale(3)
    service.converges(3)
    refused = proxy.calls(mark, status=401)
    assert len(refused) <= 20, told(refused)
    service.unharmed(proxy, mark)
    cluster.delete("Secret", "second-token", NAMESPACE)


def test_an_empty_token_file_is_not_a_token(cluster, namespace, controller, proxy, token):
    """E10: in the middle of a swap the old one stays in use."""
    service = Service(cluster, namespace)
    mark = proxy.mark()
    token.write_text("")
    for replicas, spoil in ((2, lambda: None), (3, token.unlink)):
        spoil()
        proxy.network("cut")
        service.scale(replicas)
        service.converges(replicas)
    assert not proxy.calls(mark, status=401), told(proxy.calls(mark, status=401))
    service.unharmed(proxy, mark)


def test_another_authority_is_trusted_once_its_file_names_it(cluster, namespace, controller, proxy,
                                                             folder, tmp_path):
    """E11."""
    service = Service(cluster, namespace)
    mark = proxy.mark()
    authority, certificate = folder / "ca.crt", [proxy.folder / f for f in ("tls.crt", "tls.key")]
    for path in (authority, *certificate):
        shutil.copy(path, tmp_path / f"old-{path.name}")
    try:
        new_authority(tmp_path, "another authority")
        new_certificate(tmp_path, "IP:127.0.0.1")
        for path in certificate:
            os.replace(shutil.copy(tmp_path / path.name, path.with_suffix(".new")), path)
        proxy.network("cut")
        eventually(lambda: "not trusted" in controller.tail(), "the new certificate is refused")
        service.scale(2)
        holds(lambda: not proxy.calls(mark), "nothing is sent to a stranger", 2)
        swapped(authority, (tmp_path / "ca.crt").read_text())
        service.converges(2, timeout=40)
        eventually(lambda: len([c for c in proxy.calls(mark, verb="watch")
                                if c["outcome"] == "under way"]) == 10, "all watches", 60)
        service.unharmed(proxy, mark)
    finally:
        for path in (authority, *certificate):
            shutil.copy(tmp_path / f"old-{path.name}", path)
        proxy.network("cut")
