"""Where the programs under test are."""

import os
import pathlib

from support.cluster import REPO


def find_binary(name):
    """What $SLIPWAY_... names (SLIPWAY_CONTROLLER for slipway-controller), or the newest of the builds."""
    named = os.environ.get(name.upper().replace("-", "_"))
    if named:
        return pathlib.Path(named)
    built = [REPO / f"build/{preset}/bin/{name}" for preset in ("dev", "release")]
    built = [path for path in built if path.exists()]
    assert built, f"no {name} in build/dev/bin or build/release/bin: build it first"
    return max(built, key=lambda path: path.stat().st_mtime)
