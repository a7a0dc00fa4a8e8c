"""An API server with the CRDs and nobody else: what it holds is what a case wrote."""

import pytest

from support.cluster import REPO, Cluster
from support.control_plane import running


def pytest_addoption(parser):
    parser.addoption("--sequences", type=int, default=2000,
                     help="how many sequences of requests both servers are asked")
    parser.addoption("--first-sequence", type=int, default=0)


@pytest.fixture(scope="session")
def control_plane():
    with running("conformance", "--api-only") as folder:
        yield folder


@pytest.fixture(scope="session")
def installed(control_plane):
    cluster = Cluster(control_plane / "kubeconfig")
    cluster.kubectl("apply", "-f", str(REPO / "crds"))
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    # A list at version 0 is answered from the watch cache, so it waits for that to be there: a watch
    # from a version before its beginning would be Expired.
    for plural in ("inferenceservices", "modelversions"):
        cluster.kubectl("get", "--raw",
                        f"/apis/serving.slipway.dev/v1alpha1/{plural}?resourceVersion=0")
    return cluster
