"""The simulated API server answers as the real one does."""

import os
import subprocess

import pytest

from support.cluster import REPO

TOOL = os.environ.get("SLIPWAY_CONFORM", REPO / "build/dev/bin/slipway-conform")


@pytest.mark.timeout(3600)
def test_the_simulated_server_answers_as_the_real_one(cluster, control_plane, request):
    """The same sequences of requests to both: answers, what is stored, watches and lists."""
    option = request.config.getoption
    done = subprocess.run(
        [TOOL, "--kubeconfig", control_plane / "kubeconfig",
         "--seed", str(option("--first-sequence")), "--sequences", str(option("--sequences"))],
        capture_output=True, text=True, check=False)
    print(done.stdout.splitlines()[-1] if done.stdout else done.stderr)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
