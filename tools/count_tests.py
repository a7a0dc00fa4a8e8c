"""Prints how many tests passed and failed, by the closing line of the runner that wrote the log."""

import re
import sys


def count(text: str) -> tuple[int, int]:
    """ctest, pytest, unittest, go test -v and ./dev mutants; (0, 0) where no runner closed."""
    if mutants := re.findall(r"^(\d+) caught, (\d+) survived$", text, re.MULTILINE):
        return int(mutants[-1][0]), int(mutants[-1][1])
    if runs := re.findall(r"tests passed, (\d+) tests? failed out of (\d+)", text):
        failed, total = (sum(int(run[i]) for run in runs) for i in (0, 1))
        return total - failed, failed
    closing = re.findall(r"^=+ .*(?:passed|failed|error).* in [\d.]+s.*=+$", text, re.MULTILINE)
    if closing:
        numbers = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", closing[-1])}
        return numbers.get("passed", 0), numbers.get("failed", 0) + numbers.get("error", 0)
    if match := re.search(r"^Ran (\d+) tests? in", text, re.MULTILINE):
        bad = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", text))
        return int(match[1]) - bad, bad
    verdicts = re.findall(r"^--- (PASS|FAIL): ", text, re.MULTILINE)
    return verdicts.count("PASS"), verdicts.count("FAIL")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
        print(*count(log.read()))
