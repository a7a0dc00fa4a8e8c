"""Checks that the README keeps its word: at most 150 lines, every path that it names exists, every
`./dev` command that it names is one, and its example is examples/chat.yaml.

With --self-test, shows that each rule can fail.
"""

import pathlib
import re
import sys

MAX_LINES = 150
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"\./dev ([a-z0-9]+)")
DEFINED = re.compile(r"^cmd_(\w+)\(\)", re.MULTILINE)
# A word is a path if it has a slash and begins with a name at the top of the tree.
WORD = re.compile(r"[\w.-]+(?:/[\w.-]*)+")
BUILT = "build"  # what only a build makes


def named_paths(text: str, top: set[str]) -> list[str]:
    """Paths in code spans and code blocks."""
    spans = [body for _, body in FENCE.findall(text)] + CODE.findall(FENCE.sub("", text))
    found = []
    for span in spans:
        for word in WORD.findall(span):
            word = word.removeprefix("./")
            if word.split("/")[0] in top - {BUILT}:
                found.append(word.rstrip("."))
        if re.fullmatch(r"[\w-]+/", span):  # "`bench/`": a folder, whether or not there is one
            found.append(span)
    return found


def complaints(text: str, example: str, dev: str, top: set[str], exists) -> list[str]:
    found = []
    lines = text.count("\n")
    if lines > MAX_LINES:
        found.append(f"{lines} lines, at most {MAX_LINES}")
    found += [f"names {path}, which does not exist" for path in named_paths(text, top) if not exists(path)]
    commands = set(DEFINED.findall(dev))
    found += [
        f"names ./dev {name}, which is no command"
        for name in COMMAND.findall(text)
        if name not in commands
    ]
    blocks = [body for language, body in FENCE.findall(text) if language == "yaml"]
    if example not in blocks:
        found.append("its example differs from examples/chat.yaml")
    return [f"README.md: {complaint}" for complaint in found]


def self_test() -> list[str]:
    """Names of the rules that let a fault pass, and of faults found where there is none."""
    example = "kind: X\n"
    good = "# T\n`tools/a.py`, `./dev up`, `build/x`\n```yaml\nkind: X\n```\n"
    faults = {
        "length": good + "\n" * MAX_LINES,
        "path in a span": good + "`tools/b.py`\n",
        "folder": good + "`nowhere/`\n",
        "path in a block": good + "```\n$ tools/b.py\n```\n",
        "command": good + "`./dev fly`\n",
        "example": good.replace("kind: X", "kind: Y"),
    }

    def judge(text: str) -> list[str]:
        top = {"tools", "build", "README.md"}
        return complaints(text, example, "cmd_up() {\n", top, lambda path: path == "tools/a.py")

    wrong = [f"a good text is refused: {complaint}" for complaint in judge(good)]
    return wrong + [f"a wrong {name} passes" for name, text in faults.items() if len(judge(text)) != 1]


def main() -> int:
    if "--self-test" in sys.argv[1:]:
        found = self_test()
    else:
        found = complaints(
            pathlib.Path("README.md").read_text(),
            pathlib.Path("examples/chat.yaml").read_text(),
            pathlib.Path("dev").read_text(),
            {entry.name for entry in pathlib.Path(".").iterdir()},
            lambda path: pathlib.Path(path).exists(),
        )
    print("\n".join(found) or "README.md: what it names is there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
