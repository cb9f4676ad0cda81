"""Runs one command and takes its wall time and peak memory; keeps series of such runs."""

import dataclasses
import mmap
import os
import shlex
import statistics
import time


class CommandFailed(Exception):
    """A tool of the comparison failed: there is nothing to compare."""


@dataclasses.dataclass(frozen=True)
class Run:
    seconds: float
    cpu_seconds: float  # of all cores, user and system
    rss_bytes: int  # peak of the command and of the children it waited for


@dataclasses.dataclass
class Series:
    """Several runs of the same work by the same tool."""

    runs: list = dataclasses.field(default_factory=list)

    def add(self, run):
        self.runs.append(run)

    @property
    def median(self):
        return statistics.median(run.seconds for run in self.runs)

    @property
    def least(self):
        return min(run.seconds for run in self.runs)

    @property
    def cpu_median(self):
        return statistics.median(run.cpu_seconds for run in self.runs)

    @property
    def rss_bytes(self):
        return max(run.rss_bytes for run in self.runs)


def run(command, cwd, environment, log, claim_bytes=1 << 30):
    """Waits for older writes to reach the disk, claims memory, runs `command`, returns its Run."""
    log.write(f"$ {shlex.join(command)}\n")
    log.flush()
    os.sync()
    claim_memory(claim_bytes)
    start = time.monotonic()
    process = os.fork()
    if process == 0:
        exec_in_child(command, cwd, environment, log.fileno())
    _, status, usage = os.wait4(process, 0)
    seconds = time.monotonic() - start
    code = os.waitstatus_to_exitcode(status)
    log.write(f"exit {code}, {seconds:.3f} s, {usage.ru_maxrss} KiB\n")
    log.flush()
    if code != 0:
        raise CommandFailed(f"{shlex.join(command)} ended with {code}; the end of the log:\n{last_lines(log.name)}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def claim_memory(most):
    """A virtual machine gives unused memory back to its host, and who asks for it next pays: not the tool that is timed."""
    free = os.sysconf("SC_AVPHYS_PAGES") * mmap.PAGESIZE
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE
    mmap.mmap(-1, min(most, free // 4), flags=flags).close()


def resident_bytes():
    """What a child of this process begins with: its peak cannot be below that."""
    with open("/proc/self/statm", encoding="ascii") as sizes:
        return int(sizes.read().split()[1]) * mmap.PAGESIZE


def last_lines(path, count=20):
    with open(path, encoding="utf-8", errors="replace") as log:
        return "".join(log.readlines()[-count:])


def exec_in_child(command, cwd, environment, output):
    try:
        os.chdir(cwd)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.execvpe(command[0], command, environment)
    except OSError as failure:
        os.write(2, f"{command[0]}: {failure}\n".encode())
    finally:
        os._exit(127)


def warm(path):
    """Reads a file once, so that every tool finds it in the page cache."""
    with open(path, "rb", buffering=0) as file:
        buffer = bytearray(1 << 20)
        while file.readinto(buffer):
            pass


def stored_bytes(folder):
    """Bytes of all files below `folder`."""
    return sum(os.lstat(os.path.join(parent, name)).st_size for parent, _, names in os.walk(folder) for name in names)
