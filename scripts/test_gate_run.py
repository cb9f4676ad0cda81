"""Steps run in the order of their lanes and after what they need, and every failure reaches the exit code."""

import contextlib
import io
import pathlib
import tempfile
import threading
import unittest

from gate_run import Gate, Step, StepFailed
from testcount import Counts


class GateTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.order = []

    def run_gate(self, steps, only=None):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = Gate(self.root, 2, False).run_all(steps, only)
        return code, out.getvalue().rstrip().splitlines()

    def step(self, name, needs=(), lane="main", counts=Counts(1, 0)):
        def action(job):
            self.order.append(name)
            return counts

        return Step(name, name, action, needs, lane)

    def failing(self, name, failure, lane="main"):
        def action(job):
            raise failure

        return Step(name, name, action, (), lane)

    def test_the_last_line_adds_up_what_all_lanes_counted(self):
        code, lines = self.run_gate([self.step("a"), self.step("b", lane="aside", counts=Counts(41, 0))])
        self.assertEqual((code, lines[-1]), (0, "42 passed, 0 failed"))

    def test_a_step_waits_for_what_it_needs_in_the_other_lane(self):
        started = threading.Event()

        def slow(job):
            self.assertTrue(started.wait(60))  # the other lane runs meanwhile
            self.order.append("slow")
            return Counts(1, 0)

        def beside(job):
            started.set()
            return Counts(1, 0)

        steps = [
            Step("slow", "", slow),
            Step("beside", "", beside, (), "aside"),
            self.step("after", ("slow",), "aside"),
        ]
        self.assertEqual(self.run_gate(steps)[0], 0)
        self.assertEqual(self.order, ["slow", "after"])

    def test_what_needs_a_failed_step_fails_and_the_rest_runs(self):
        steps = [self.failing("bad", StepFailed("no")), self.step("after", ("bad",), "aside"), self.step("other")]
        code, lines = self.run_gate(steps)
        self.assertEqual((code, lines[-1]), (1, "1 passed, 2 failed"))
        self.assertEqual(self.order, ["other"])

    def test_any_exception_is_a_failure_of_its_step(self):
        code, lines = self.run_gate([self.failing("bad", KeyError("x"), "aside"), self.step("other")])
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed"))

    def test_one_step_brings_what_it_needs_and_nothing_else(self):
        steps = [self.step("a"), self.step("b", ("a",), "aside"), self.step("c")]
        self.run_gate(steps, {"b"})
        self.assertEqual(self.order, ["a", "b"])

    def test_commands_tell_status_output_and_time(self):
        seen = {}

        def action(job):
            seen["ok"] = job.try_run("sh", "-c", "echo words; exit 0")
            seen["bad"] = job.capture("sh", "-c", "echo words >&2; exit 3")
            seen["late"] = job.try_run("sleep", "60", timeout_s=0.1)[0]
            job.run("sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done")
            seen["cpu"] = job.cpu_seconds
            return Counts(1, 0)

        self.assertEqual(self.run_gate([Step("a", "", action)])[0], 0)
        self.assertEqual(seen["ok"], (True, "words\n"))
        self.assertEqual(seen["bad"], (False, "words\n"))
        self.assertFalse(seen["late"])
        self.assertGreater(seen["cpu"], 0)


if __name__ == "__main__":
    unittest.main()
