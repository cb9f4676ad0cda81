"""The counts that the gate prints are those of the test runners, and what did not run is never counted as passed."""

import pathlib
import tempfile
import unittest

import testcount
from testcount import Counts

DOCTEST_RUN = """[doctest] doctest version is "2.4.9"
===============================================================================
[doctest] test cases:  12 |  10 passed |  2 failed | 1 skipped
[doctest] assertions: 345 | 343 passed | 2 failed |
[doctest] Status: FAILURE!
"""

JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="(empty)" tests="4" failures="1" disabled="0" skipped="0">
  <testcase name="unit" classname="unit" time="0.1" status="run">
    <system-out>[doctest] test cases: 7 | 7 passed | 0 failed | 0 skipped</system-out>
  </testcase>
  <testcase name="crashes" classname="crashes" time="0.1" status="fail">
    <failure message=""/>
    <system-out>[doctest] test cases: 3 | 3 passed | 0 failed | 0 skipped
    then it died</system-out>
  </testcase>
  <testcase name="header_compiles" classname="header_compiles" time="0.1" status="run">
    <system-out></system-out>
  </testcase>
  <testcase name="not_there" classname="not_there" time="0" status="notrun">
    <skipped message=""/>
    <system-out>Unable to find executable</system-out>
  </testcase>
</testsuite>
"""


class TestCount(unittest.TestCase):
    def test_a_skipped_doctest_case_counts_as_failed(self):
        self.assertEqual(testcount.of_text(DOCTEST_RUN), Counts(10, 3))

    def test_several_doctest_programs_are_added_up(self):
        self.assertEqual(testcount.of_text(DOCTEST_RUN * 2), Counts(20, 6))

    def test_pytest_summaries_are_read(self):
        for line, expected in (
            ("===== 5 passed in 0.12s =====", Counts(5, 0)),
            ("5 passed in 0.12s", Counts(5, 0)),
            ("= 1 failed, 4 passed, 2 skipped in 3.00s =", Counts(4, 3)),
            ("== 2 passed, 1 warning, 1 error in 65.10s (0:01:05) ==", Counts(2, 1)),
        ):
            self.assertEqual(testcount.of_text("tests/x.py ..\n" + line + "\n"), expected, line)

    def test_unittest_summaries_are_read(self):
        self.assertEqual(testcount.of_text("Ran 9 tests in 0.011s\n\nOK\n"), Counts(9, 0))
        self.assertEqual(testcount.of_text("Ran 9 tests in 1.0s\n\nFAILED (failures=1, errors=2)\n"), Counts(6, 3))
        self.assertEqual(testcount.of_text("Ran 2 tests in 1.0s\n\nOK (skipped=1)\n"), Counts(1, 1))

    def test_plain_lines_are_added_up(self):
        self.assertEqual(testcount.of_text("3 passed, 0 failed\nx\n2 passed, 1 failed\n"), Counts(5, 1))

    def test_text_of_no_runner_has_no_counts(self):
        self.assertIsNone(testcount.of_text("all went well, 3 passed the door\n"))

    def test_a_run_that_died_after_its_summary_has_a_failure(self):
        self.assertEqual(testcount.of_outcome("5 passed in 0.1s\n", ok=False), Counts(5, 1))

    def test_a_failed_run_without_a_summary_is_one_failure(self):
        self.assertEqual(testcount.of_outcome("Segmentation fault\n", ok=False), Counts(0, 1))

    def test_ctest_results_count_the_cases_inside_each_program(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "junit.xml")
            path.write_text(JUNIT, encoding="utf-8")
            counts = dict(testcount.of_ctest_junit(path))
        self.assertEqual(counts["unit"], Counts(7, 0))
        self.assertEqual(counts["crashes"], Counts(3, 1))
        self.assertEqual(counts["header_compiles"], Counts(1, 0))
        self.assertEqual(counts["not_there"], Counts(0, 1))


if __name__ == "__main__":
    unittest.main()
