"""Checks controller/CONTRACT.md, the table rule -> test -> mutant: every rule of the client contract
has its row, every test and every mutant that a row names is there, every mutant stands in the row
of the rule that it breaks, names a test of that row, touches nothing but the product, and still
applies to the tree.

Before that it shows on a small table that each of these can fail; with --self-test, only that.
"""

import os
import pathlib
import re
import subprocess
import sys

RULES = 39
LEAST_MUTANTS = 20
TABLE = "controller/CONTRACT.md"
MUTANTS = "controller/mutants"

ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
TEST = re.compile(r"([\w./-]+)::([\w.]+)")
MUTANT = re.compile(r"\d\d-[a-z0-9-]+")
HEADER = re.compile(r"^(Rule|Breaks|Caught by): *(.*)$", re.MULTILINE)
# "Faults/WatchesAgain.KeepsTheVersion/*" is WatchesAgain.KeepsTheVersion in the source.
FILTER = re.compile(r"(?:\w+/)?(\w+\.\w+)(?:/[\w*]+)?")
TARGET = re.compile(r"slipway_test\(\s*(\w+)\s([^)]*)\)")
TOUCHED = re.compile(r"^\+\+\+ b/(\S+)$", re.MULTILINE)
PRODUCT = ("controller/", "crds/", "reconcilers/")
NOT_PRODUCT = ("_test.cpp", "_fuzz.cpp", "/testing/", "/sim/", "/testdata/", "/mutants/")


def defines(path: str, text: str, name: str) -> bool:
    if path.endswith(".py"):
        return re.search(rf"^(?:async )?def {re.escape(name)}\(", text, re.MULTILINE) is not None
    if not path.endswith(".cpp") or name.count(".") != 1:
        return False
    suite, case = name.split(".")
    return re.search(rf"^TEST(?:_F|_P)?\(\s*{suite},\s*{case}\s*\)", text, re.MULTILINE) is not None


def tests_of_targets(files: dict[str, str]) -> dict[str, set[str]]:
    """The sources of each test binary."""
    found = {}
    for path, text in files.items():
        if path.endswith("CMakeLists.txt"):
            folder = path.removesuffix("CMakeLists.txt")
            for target, arguments in TARGET.findall(text):
                sources = [word for word in arguments.split() if word.endswith(".cpp")]
                found[target] = {folder + source for source in sources}
    return found


class Contract:
    """`files` maps paths to texts, `applies` says whether a patch does."""

    def __init__(self, files: dict[str, str], applies):
        self.files = files
        self.applies = applies
        self.found: list[str] = []
        self.rows = [(int(n), *rest) for n, *rest in ROW.findall(files.get(TABLE, ""))]

    def expect(self, holds: bool, what: str) -> bool:
        if not holds:
            self.found.append(what)
        return holds

    def complaints(self, rules: int, least_mutants: int) -> list[str]:
        numbers = [row[0] for row in self.rows]
        self.expect(numbers == list(range(1, rules + 1)),
                    f"{TABLE}: the rows are {numbers}, not 1 to {rules}")
        placed = {}
        for number, _, tests, rest in self.rows:
            self.check_row(number, tests, rest)
            for name in self.mutants_in(rest):
                self.expect(name not in placed, f"{TABLE}: mutant {name} is there twice")
                placed[name] = (number, CODE.findall(tests))
        patches = [path for path in self.files if path.startswith(f"{MUTANTS}/")]
        self.expect(len(patches) >= least_mutants,
                    f"{MUTANTS}: {len(patches)} mutants, at least {least_mutants}")
        for path in sorted(patches):
            name = path.removeprefix(f"{MUTANTS}/").removesuffix(".patch")
            if self.expect(name in placed, f"{path}: stands in no row of {TABLE}"):
                self.check_mutant(path, *placed[name])
        for name in placed:
            self.expect(f"{MUTANTS}/{name}.patch" in self.files, f"{TABLE}: there is no mutant {name}")
        return self.found

    @staticmethod
    def mutants_in(cell: str) -> list[str]:
        return [span for span in CODE.findall(cell) if MUTANT.fullmatch(span)]

    def check_row(self, number: int, tests: str, rest: str) -> None:
        where = f"{TABLE}: rule {number}"
        spans = CODE.findall(tests)
        for span in spans:
            match = TEST.fullmatch(span)
            if not self.expect(match is not None, f"{where}: {span} is no FILE::TEST"):
                continue
            path, name = match.groups()
            there = path in self.files and defines(path, self.files[path], name)
            self.expect(there, f"{where}: there is no test {span}")
        reason = CODE.sub("", rest).strip(" ,;")
        self.expect(bool(spans) or bool(reason), f"{where}: neither a test nor a reason")
        self.expect(bool(self.mutants_in(rest)) or bool(reason), f"{where}: neither a mutant nor a reason")

    def check_mutant(self, path: str, number: int, tests: list[str]) -> None:
        text = self.files[path]
        header = dict(HEADER.findall(text.split("\ndiff --git ")[0]))
        self.expect(header.get("Rule") == str(number), f"{path}: it says rule {header.get('Rule')}, "
                                                       f"its row is that of rule {number}")
        self.expect(bool(header.get("Breaks")), f"{path}: it does not say what it breaks")
        target, _, wanted = header.get("Caught by", "").partition(" ")
        sources = tests_of_targets(self.files).get(target)
        if self.expect(sources is not None, f"{path}: there is no test binary \"{target}\""):
            case = FILTER.fullmatch(wanted)
            named = {span for source in sources for span in [f"{source}::{case and case[1]}"]}
            self.expect(bool(named & set(tests)),
                        f"{path}: {wanted} of {target} is no test of rule {number}'s row")
        for touched in TOUCHED.findall(text):
            product = touched.startswith(PRODUCT) and not any(part in touched for part in NOT_PRODUCT)
            self.expect(product, f"{path}: changes {touched}, which is not the product")
        self.expect(self.applies(path), f"{path}: does not apply to the tree any more; make it anew")


def self_test() -> list[str]:
    """Names of the rules that let a fault pass, and of faults found where there is none."""
    patch = ("Rule: 1\nBreaks: all.\nCaught by: a_test Some/Suite.Case/*\n\n"
             "diff --git a/controller/a.cpp b/controller/a.cpp\n+++ b/controller/a.cpp\n")
    good = {
        TABLE: "| 1 | words | `controller/a_test.cpp::Suite.Case` | `01-x` |\n"
               "| 2 | words | `e2e/t.py::test_b` | none yet: why |\n| 3 | words | - | no such thing |\n",
        "controller/a_test.cpp": "TEST_P(Suite, Case) {}\n",
        "controller/CMakeLists.txt": "slipway_test(a_test\n  a_test.cpp DEPS b)\n",
        "e2e/t.py": "def test_b(x):\n",
        f"{MUTANTS}/01-x.patch": patch,
    }

    def judge(files: dict[str, str], applies=lambda path: True) -> list[str]:
        return Contract(files, applies).complaints(rules=3, least_mutants=1)

    def changed(path: str, old: str, new: str) -> dict[str, str]:
        assert old in good[path], (path, old)
        return {**good, path: good[path].replace(old, new)}

    name = f"{MUTANTS}/01-x.patch"
    faults = {
        "missing row": changed(TABLE, "| 2 |", "| 4 |"),
        "missing test": changed("controller/a_test.cpp", "Case", "Other"),
        "missing file": changed(TABLE, "e2e/t.py", "e2e/u.py"),
        "missing function": changed("e2e/t.py", "test_b", "test_bc"),
        "reference": changed(TABLE, "e2e/t.py::test_b", "test_b"),
        "missing reason": changed(TABLE, "none yet: why", ""),
        "missing reason for no test": changed(TABLE, "no such thing", ""),
        "mutant that is not there": changed(TABLE, "`01-x`", "`01-x`, `01-y`"),
        "mutant in no row": {**good, f"{MUTANTS}/01-z.patch": patch},
        "mutant in two rows": changed(TABLE, "none yet: why", "`01-x`"),
        "rule of a mutant": changed(name, "Rule: 1", "Rule: 2"),
        "harm of a mutant": changed(name, "Breaks: all.", "Breaks:"),
        "binary of a mutant": changed(name, "a_test Some", "b_test Some"),
        "test of a mutant": changed(name, "Suite.Case", "Suite.Other"),
        "mutant of a test": changed(name, "+++ b/controller/a.cpp", "+++ b/controller/a_test.cpp"),
        "number of mutants": {path: text for path, text in good.items() if path != name},
    }
    wrong = [f"a good table is refused: {complaint}" for complaint in judge(good)]
    wrong += [f"a wrong {fault} passes" for fault, files in faults.items() if not judge(files)]
    if not judge(good, lambda path: False):
        wrong.append("a patch that does not apply passes")
    return wrong


def read_tree() -> dict[str, str]:
    table = pathlib.Path(TABLE)
    paths = {TABLE, *(match[0] for match in TEST.findall(table.read_text() if table.exists() else ""))}
    for folder in PRODUCT:
        paths |= {path.as_posix() for path in pathlib.Path(folder).rglob("CMakeLists.txt")}
    paths |= {path.as_posix() for path in pathlib.Path(MUTANTS).glob("*")}
    return {path: pathlib.Path(path).read_text() for path in sorted(paths) if pathlib.Path(path).is_file()}


def applies(path: str) -> bool:
    # Below another repository's root git would take the patch for one of files elsewhere, and pass.
    above = {**os.environ, "GIT_CEILING_DIRECTORIES": str(pathlib.Path.cwd().parent)}
    return subprocess.run(["git", "apply", "--check", path], env=above, capture_output=True).returncode == 0


def main() -> int:
    found = self_test()
    if "--self-test" not in sys.argv[1:] and not found:
        found = Contract(read_tree(), applies).complaints(RULES, LEAST_MUTANTS)
    print("\n".join(found) or "contract: every rule has its row, its tests and its mutants")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
