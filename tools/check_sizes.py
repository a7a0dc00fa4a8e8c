"""Checks that files stay readable: at most 350 lines of C++, 650 of a test, 150 of the README.

A file that has a reason to be longer stands in EXCEPTIONS with it.
"""

import pathlib
import subprocess
import sys

EXCEPTIONS: dict[str, str] = {
    "controller/sim/sim_api_server.cpp": "the writing verbs share one order of checks, as in the "
    "real server; reads, watches and garbage collection are apart already",
}
FORBIDDEN = ("util", "utils", "helper", "helpers", "misc", "common.hpp")


def limit_of(path: str) -> int:
    if path == "README.md":
        return 150
    return 650 if path.endswith("_test.cpp") else 350


def main() -> int:
    listed = subprocess.run(
        ["git", "ls-files", "*.cpp", "*.hpp", "README.md"], check=True, capture_output=True, text=True
    ).stdout.split()
    found = []
    for path in listed:
        if not pathlib.Path(path).exists():
            continue
        lines = pathlib.Path(path).read_text().count("\n")
        if lines > limit_of(path) and path not in EXCEPTIONS:
            found.append(f"{path}: {lines} lines, at most {limit_of(path)}")
        if any(part in FORBIDDEN for part in pathlib.Path(path).parts):
            found.append(f"{path}: a name that says nothing")
    found += [f"{path}: listed as an exception, but gone" for path in EXCEPTIONS if path not in listed]
    print("\n".join(found) or "sizes: every file is within its limit")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
