"""Reads how many test cases passed and failed from what the test runners write.

A skipped case counts as failed: here nothing may be left out in silence.
"""

import dataclasses
import re
import xml.etree.ElementTree


@dataclasses.dataclass(frozen=True)
class Counts:
    passed: int = 0
    failed: int = 0

    def __add__(self, other):
        return Counts(self.passed + other.passed, self.failed + other.failed)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed"


DOCTEST = re.compile(
    r"^\[doctest\] test cases:\s*(?P<all>\d+)\s*\|\s*(?P<passed>\d+) passed\s*\|\s*(?P<failed>\d+) failed"
    r"\s*\|\s*(?P<skipped>\d+) skipped",
    re.MULTILINE,
)
PYTEST = re.compile(r"^=*\s*((?:\d+ [a-z]+,? ?)+)in [\d.]+s.*$", re.MULTILINE)
PYTEST_PART = re.compile(r"(\d+) ([a-z]+)")
UNITTEST = re.compile(r"^Ran (\d+) tests? in [\d.]+s\n\n(OK|FAILED)(?: \((.*)\))?", re.MULTILINE)
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def of_doctest(text):
    """Sum over all doctest summaries in `text`, or None when there is none."""
    found = list(DOCTEST.finditer(text))
    if not found:
        return None
    total = Counts()
    for match in found:
        total += Counts(int(match["passed"]), int(match["failed"]) + int(match["skipped"]))
    return total


def of_pytest(text):
    """Counts of the last pytest summary in `text`, or None when there is none."""
    summaries = PYTEST.findall(text)
    if not summaries:
        return None
    passed = failed = 0
    for number, word in PYTEST_PART.findall(summaries[-1]):
        if word == "passed":
            passed += int(number)
        elif word in ("failed", "skipped", "xfailed", "xpassed", "error", "errors"):
            failed += int(number)
    return Counts(passed, failed)


def of_unittest(text):
    found = UNITTEST.search(text)
    if not found:
        return None
    bad = sum(int(number) for number in re.findall(r"\b(?:failures|errors|skipped)=(\d+)", found.group(3) or ""))
    return Counts(int(found.group(1)) - bad, bad)


def of_plain(text):
    """Sum over all lines "N passed, N failed" in `text`, or None when there is none."""
    found = PLAIN.findall(text)
    if not found:
        return None
    return Counts(sum(int(passed) for passed, _ in found), sum(int(failed) for _, failed in found))


def of_text(text):
    """Counts by whichever runner wrote `text`, or None when none of them is recognised."""
    text = COLOUR.sub("", text)
    for reader in (of_doctest, of_pytest, of_unittest, of_plain):
        counts = reader(text)
        if counts is not None:
            return counts
    return None


def of_outcome(text, ok):
    """Counts of one run of a test program: a failed run has a failed case, whatever it printed."""
    counts = of_text(text)
    if counts is None:
        return Counts(1, 0) if ok else Counts(0, 1)
    if not ok and counts.failed == 0:
        return counts + Counts(0, 1)
    return counts


def of_ctest_junit(path):
    """(name, counts) of every test in a ctest JUnit file.

    A ctest test is a whole program; its output tells the number of its cases, and a program that tells none is one.
    """
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        yield case.get("name"), of_outcome(case.findtext("system-out") or "", case.get("status") == "run")
