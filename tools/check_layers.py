"""Checks who may include whom: crds <- reconcilers <- controller, crds <- webhooks, crds <- gateway,
crds <- agent. Further: wall clocks are read in one file of each program (an I/O shell may use the
steady clock for its time-outs), and the pure folders neither lock nor log nor know the time.

With --self-test, shows that each rule can fail.
"""

import pathlib
import re
import sys

ALLOWED = {
    "crds/base": {"crds/base"},
    "crds/types": {"crds"},
    "crds/schema": {"crds"},
    "reconcilers": {"crds", "reconcilers"},
    "controller/sim": {"crds", "reconcilers", "controller", "webhooks/admission"},
    "controller": {"crds", "reconcilers", "controller"},
    "webhooks": {"crds", "webhooks"},
    "gateway": {"crds", "gateway"},
    "runtime-images/agent": {"crds", "runtime-images/agent"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
PURE = (
    "crds/",
    "reconcilers/",
    "webhooks/admission/",
    "gateway/http/",
    "gateway/body/",
    "gateway/picking/",
    "gateway/limits/",
    "gateway/auth/jwt/",
)
IMPURE = re.compile(
    r"#\s*include\s+<(thread|mutex|spdlog/|boost/asio|sys/socket|condition_variable)|\bgetenv\b"
)
CLOCK = re.compile(r"\bsystem_clock::now\b|\bhigh_resolution_clock::now\b|\bgettimeofday\b")
ANY_CLOCK = re.compile(r"\b\w+_clock::now\b")
# The only places that read the wall clock; everything else is handed the time.
CLOCK_FILES = {
    "controller/runtime/clock.cpp",
    "gateway/proxy/clock.cpp",
    "runtime-images/agent/clock.cpp",
}


def layer_of(path: str) -> str | None:
    matches = [folder for folder in ALLOWED if path.startswith(folder + "/")]
    return max(matches, key=len) if matches else None


def complaints(path: str, text: str) -> list[str]:
    layer = layer_of(path)
    if layer is None:
        return []
    found = []
    for included in INCLUDE.findall(text):
        if not any(included.startswith(folder + "/") for folder in ALLOWED[layer]):
            found.append(f'{path}: {layer} must not include "{included}"')
    testing = path.endswith("_test.cpp") or "/testing/" in path
    if not testing and path.startswith(PURE) and (match := IMPURE.search(text)):
        found.append(f"{path}: pure code must not use {match.group(0).strip()}")
    clock = ANY_CLOCK if path.startswith(PURE) else CLOCK
    if not testing and path not in CLOCK_FILES and (match := clock.search(text)):
        found.append(f"{path}: {match.group(0)} is read in {', '.join(sorted(CLOCK_FILES))} only")
    return found


def self_test() -> None:
    bad = [
        ("reconcilers/a.cpp", '#include "controller/cache/cache.hpp"\n'),
        ("crds/types/a.hpp", '#include "reconcilers/plan.hpp"\n'),
        ("runtime-images/agent/a.cpp", '#include "controller/kube/client.hpp"\n'),
        ("reconcilers/a.cpp", "#include <mutex>\n"),
        ("gateway/limits/a.cpp", "#include <mutex>\n"),
        ("reconcilers/a.cpp", "auto t = std::chrono::steady_clock::now();\n"),
        ("gateway/http/a.cpp", "#include <boost/asio.hpp>\n"),
        ("controller/cache/a.cpp", "auto t = std::chrono::system_clock::now();\n"),
    ]
    for path, text in bad:
        assert complaints(path, text), (path, text)
    good = [
        ("controller/a.cpp", '#include "reconcilers/plan.hpp"\n#include <mutex>\n'),
        ("controller/sim/a.cpp", '#include "controller/cache/cache.hpp"\n'),
        ("controller/runtime/clock.cpp", "std::chrono::system_clock::now()\n"),
    ]
    for path, text in good:
        assert not complaints(path, text), (path, text)


def main() -> int:
    self_test()
    if "--self-test" in sys.argv:
        return 0
    found = []
    for folder in {folder.split("/")[0] for folder in ALLOWED}:
        for path in pathlib.Path(folder).rglob("*"):
            if path.suffix in (".cpp", ".hpp"):
                found += complaints(path.as_posix(), path.read_text())
    print("\n".join(sorted(found)) or "layers: all includes point downwards")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
