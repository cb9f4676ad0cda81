"""Carries out the steps of the gate: runs commands, keeps their output, adds up counts, prints the summary."""

import dataclasses
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from testcount import Counts

TAIL_LINES = 120


class StepFailed(Exception):
    """The step could not be carried out, or found a fault that is no test case."""

    def __init__(self, message, counts=None):
        super().__init__(message)
        self.counts = counts or Counts()


@dataclasses.dataclass(frozen=True)
class Step:
    name: str
    title: str
    action: Callable  # takes a Job, returns Counts, throws StepFailed
    needs: tuple = ()


class Job:
    """One running step: its log, and the commands that write to it."""

    def __init__(self, gate, step):
        self.root = gate.root
        self.jobs = gate.jobs
        self.verbose = gate.verbose
        self.python = gate.root / "build/venv/bin/python"
        self.log_path = gate.logs / f"{step.name}.log"
        self.log = open(self.log_path, "w+", encoding="utf-8", errors="replace")

    def environment(self, extra):
        environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONDONTWRITEBYTECODE="1", LC_ALL="C.UTF-8")
        for name in [name for name in environment if name.startswith("DBSNAP_")]:
            del environment[name]
        if shutil.which("ccache"):
            environment.setdefault("CMAKE_C_COMPILER_LAUNCHER", "ccache")
            environment.setdefault("CMAKE_CXX_COMPILER_LAUNCHER", "ccache")
        environment["PATH"] = f"{self.python.parent}{os.pathsep}{environment['PATH']}"
        environment.update(extra or {})
        return environment

    def try_run(self, *command, timeout_s=1800, cwd=None, env=None):
        """Runs a command into the log; returns whether it succeeded and what it wrote."""
        command = [str(word) for word in command]
        self.log.write(f"\n$ {shlex.join(command)}\n")
        self.log.flush()
        start = self.log.tell()
        process = subprocess.Popen(
            command,
            cwd=cwd or self.root,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = f"none within {timeout_s} s"
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        self.log.seek(start)
        text = self.log.read()
        if self.verbose:
            print(text, end="", flush=True)
        if status != 0:
            self.log.write(f"\nexit status: {status}\n")
        return status == 0, text

    def run(self, *command, **options):
        """Like try_run, but failing ends the step. Returns what the command wrote."""
        ok, text = self.try_run(*command, **options)
        if not ok:
            raise StepFailed(f"{shlex.join(str(word) for word in command[:8])} failed")
        return text

    def tail(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read().splitlines()[-TAIL_LINES:]


class Gate:
    def __init__(self, root, jobs, verbose):
        self.root, self.jobs, self.verbose = root, jobs, verbose
        self.logs = root / "build/gate"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.total = Counts()
        self.rows = []

    def run_all(self, steps, only):
        """Runs the steps in order; with `only`, those and what they need. Returns the exit code."""
        wanted = self.with_needs(steps, only)
        began = time.monotonic()
        failed = set()
        for step in steps:
            if step.name in wanted and not self.run_step(step, failed):
                failed.add(step.name)
        self.print_summary(time.monotonic() - began)
        return 1 if failed else 0

    @staticmethod
    def with_needs(steps, only):
        wanted = {step.name for step in steps} if only is None else set(only)
        for step in reversed(steps):
            if step.name in wanted:
                wanted.update(step.needs)
        return wanted

    def run_step(self, step, failed):
        print(f"\n== {step.name}: {step.title}", flush=True)
        began = time.monotonic()
        missing = [need for need in step.needs if need in failed]
        job = Job(self, step)
        ok = False
        try:
            if missing:
                raise StepFailed(f"cannot run: {', '.join(missing)} failed")
            counts = step.action(job)
            ok = counts.failed == 0
            message = ""
        except StepFailed as failure:
            # A fault outside of the test cases is one more failure.
            counts = failure.counts + Counts(0, 0 if failure.counts.failed else 1)
            message = str(failure)
        except (OSError, ValueError) as failure:
            counts, message = Counts(0, 1), f"{type(failure).__name__}: {failure}"
        if not ok and not self.verbose and not missing:
            print("\n".join(f"   | {line}" for line in job.tail()))
        if message:
            print(f"   {message}")
        seconds = time.monotonic() - began
        # Written so that only the gate's own last line reads "N passed, N failed".
        print(
            f"-- {step.name}: {'ok' if ok else 'FAILED'}, {counts}, {seconds:.0f} s (log: {job.log_path})", flush=True
        )
        job.log.close()
        self.total += counts
        self.rows.append((step.name, ok, counts, seconds))
        return ok

    def print_summary(self, seconds):
        print("\n== summary")
        for name, ok, counts, step_seconds in self.rows:
            print(f"{name:14} {'ok' if ok else 'FAILED':7} {counts.passed:6} {counts.failed:4} {step_seconds:7.0f} s")
        print(f"{'all':14} {'':7} {self.total.passed:6} {self.total.failed:4} {seconds:7.0f} s")
        sys.stdout.flush()
        print(f"{self.total.passed} passed, {self.total.failed} failed", flush=True)
