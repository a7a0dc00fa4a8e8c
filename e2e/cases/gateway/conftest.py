"""Gateways with engines that only pretend: no cluster is needed."""

import openai
import pytest

from support.fake_engine import FakeEngine
from support.gateway import Gateway


@pytest.fixture
def engine():
    """Makes engines, and stops them."""
    made = []

    def make(**how):
        made.append(FakeEngine(**how))
        return made[-1]
    yield make
    for one in made:
        one.stop()


@pytest.fixture
def gateway(tmp_path):
    """Starts a gateway, and stops it."""
    made = []

    def make(*arguments, **more):
        made.append(Gateway(tmp_path, *arguments, **more))
        return made[-1]
    yield make
    for one in made:
        one.stop()


@pytest.fixture
def client():
    """OpenAI's own client of a gateway."""
    made = []

    def make(gateway, key="none"):
        made.append(openai.OpenAI(base_url=gateway.url + "/v1", api_key=key, max_retries=0, timeout=30))
        return made[-1]
    yield make
    for one in made:
        one.close()
