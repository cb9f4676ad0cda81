"""Carries out the steps of the gate: runs commands, keeps their output, adds up counts, prints the summary.

Steps of one lane run one after the other, lanes beside each other, so that commands that use one core leave none idle.
"""

import dataclasses
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable

from testcount import Counts

TAIL_LINES = 120
LONGEST_PAUSE_S = 0.2


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
    needs: tuple = ()  # earlier steps
    lane: str = "main"


class Job:
    """One running step: its log, and the commands that write to it."""

    def __init__(self, gate, step):
        self.root = gate.root
        self.jobs = gate.jobs
        self.verbose = gate.verbose
        self.python = gate.root / "build/venv/bin/python"
        self.log_path = gate.logs / f"{step.name}.log"
        self.log = open(self.log_path, "w+", encoding="utf-8", errors="replace")
        self.gate = gate
        self.lines = []  # what is said about the step, kept together
        self.cpu_seconds = 0.0

    def say(self, line):
        self.lines.append(line)

    def environment(self, extra):
        environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONDONTWRITEBYTECODE="1", LC_ALL="C.UTF-8")
        for name in [name for name in environment if name.startswith("DBSNAP_")]:
            del environment[name]
        if shutil.which("ccache"):
            environment.setdefault("CMAKE_C_COMPILER_LAUNCHER", "ccache")
            environment.setdefault("CMAKE_CXX_COMPILER_LAUNCHER", "ccache")
            # Paths below the checkout count as relative, so that clones of one machine share what they compile.
            environment.setdefault("CCACHE_BASEDIR", str(self.root))
            environment.setdefault("CCACHE_NOHASHDIR", "1")
        environment["PATH"] = f"{self.python.parent}{os.pathsep}{environment['PATH']}"
        environment.update(extra or {})
        return environment

    def try_run(self, *command, timeout_s=1800, cwd=None, env=None):
        """Runs a command into the log; returns whether it succeeded and what it wrote."""
        command = [str(word) for word in command]
        self.log.write(f"\n$ {shlex.join(command)}\n")
        self.log.flush()
        start = self.log.tell()
        status = self.execute(command, self.log, timeout_s, cwd, env)
        self.log.seek(start)
        text = self.log.read()
        if self.verbose:
            print(text, end="", flush=True)
        if status != 0:
            self.log.write(f"\nexit status: {status}\n")
        return status == 0, text

    def execute(self, command, output, timeout_s, cwd=None, env=None):
        """Runs a command to its end, or kills it and its children; returns its exit status or what happened."""
        process = self.gate.start(
            command,
            cwd=cwd or self.root,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + timeout_s
        status, pause = None, 0.005
        while process.returncode is None:
            if status is None and time.monotonic() > deadline:
                os.killpg(process.pid, signal.SIGKILL)
                status = f"none within {timeout_s} s"
            self.gate.look_after(process, self)
            if process.returncode is None:
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
        return process.returncode if status is None else status

    def capture(self, *command, timeout_s=1800):
        """Runs a command beside others of the step; returns whether it succeeded and what it wrote."""
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            status = self.execute([str(word) for word in command], output, timeout_s)
            output.seek(0)
            return status == 0, output.read()

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
        self.rows = {}
        self.ended = threading.Condition()
        self.lock = threading.Lock()
        self.running = set()  # processes
        self.stopped = False

    def run_all(self, steps, only):
        """Runs the steps of each lane in order; with `only`, those and what they need. Returns the exit code."""
        wanted = self.with_needs(steps, only)
        steps = [step for step in steps if step.name in wanted]
        began = time.monotonic()
        lanes = {}
        for step in steps:
            lanes.setdefault(step.lane, []).append(step)
        threads = [threading.Thread(target=self.run_lane, args=(lane,), daemon=True) for lane in lanes.values()]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except BaseException:
            self.kill_all()
            raise
        self.print_summary(steps, time.monotonic() - began)
        return 0 if all(step.name in self.rows and self.rows[step.name][0] for step in steps) else 1

    def run_lane(self, steps):
        for step in steps:
            with self.ended:
                self.ended.wait_for(lambda step=step: all(need in self.rows for need in step.needs))
            row = self.run_step(step)
            with self.ended:
                self.rows[step.name] = row
                self.ended.notify_all()

    def start(self, command, **options):
        with self.lock:
            if self.stopped:
                raise StepFailed("the gate was stopped")
            process = subprocess.Popen(command, **options)
            self.running.add(process)
        return process

    def look_after(self, process, job):
        """Notes the end of a process, and the CPU time of it and of what it waited for."""
        with self.lock:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid == 0:
                return
            process.returncode = os.waitstatus_to_exitcode(status)
            self.running.discard(process)
            job.cpu_seconds += usage.ru_utime + usage.ru_stime

    def kill_all(self):
        with self.lock:
            self.stopped = True
            for process in self.running:
                os.killpg(process.pid, signal.SIGKILL)

    @staticmethod
    def with_needs(steps, only):
        wanted = {step.name for step in steps} if only is None else set(only)
        for step in reversed(steps):
            if step.name in wanted:
                wanted.update(step.needs)
        return wanted

    def run_step(self, step):
        """Returns the row of the summary: whether the step succeeded, counts, seconds, seconds of CPU."""
        began = time.monotonic()
        missing = [need for need in step.needs if not self.rows[need][0]]
        job = Job(self, step)
        with self.lock:
            print(f".. {step.name}", flush=True)
        job.say(f"\n== {step.name}: {step.title}")
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
        except Exception as failure:  # a fault of the step itself must not stop the others
            counts, message = Counts(0, 1), f"{type(failure).__name__}: {failure}"
        if not ok and not self.verbose and not missing:
            job.say("\n".join(f"   | {line}" for line in job.tail()))
        if message:
            job.say(f"   {message}")
        seconds = time.monotonic() - began
        # Written so that only the gate's own last line reads "N passed, N failed".
        job.say(
            f"-- {step.name}: {'ok' if ok else 'FAILED'}, {counts}, {seconds:.0f} s, {job.cpu_seconds:.0f} s of CPU"
            f" (log: {job.log_path})"
        )
        job.log.close()
        with self.lock:
            print("\n".join(job.lines), flush=True)
            self.total += counts
        return ok, counts, seconds, job.cpu_seconds

    def print_summary(self, steps, seconds):
        print("\n== summary")
        print(f"{'':22} passed fail  seconds  of CPU")
        for step in steps:
            ok, counts, step_seconds, cpu = self.rows[step.name]
            state = "ok" if ok else "FAILED"
            print(f"{step.name:14} {state:7} {counts.passed:6} {counts.failed:4} {step_seconds:8.0f} {cpu:7.0f}")
        cpu = sum(row[3] for row in self.rows.values())
        print(f"{'all':14} {'':7} {self.total.passed:6} {self.total.failed:4} {seconds:8.0f} {cpu:7.0f}")
        sys.stdout.flush()
        print(f"{self.total.passed} passed, {self.total.failed} failed", flush=True)
