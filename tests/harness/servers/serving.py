"""What the servers of the tests share: a free port, one line of JSON that says where they are, and when to stop."""

import ctypes
import json
import os
import signal
import socket
import sys
import time


def free_port():
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def announce_and_wait(**members):
    """Prints the line and returns when standard input is closed: when the test, or its process, is gone."""
    print(json.dumps({"pid": os.getpid(), **members}), flush=True)
    while sys.stdin.buffer.read(4096):
        pass


def wait_until(ready, what, limit_s=300):
    """Returns what `ready()` gives as soon as it is true; a server that does not get there is an error."""
    end = time.monotonic() + limit_s
    while True:
        result = ready()
        if result:
            return result
        if time.monotonic() > end:
            raise SystemExit(f"{what} is not ready after {limit_s} s")
        time.sleep(0.05)


def stop_all(processes):
    """Ends child processes, the youngest first."""
    for process in reversed(processes):
        if process.poll() is None:
            process.terminate()
    for process in reversed(processes):
        try:
            process.wait(timeout=10)
        except Exception:  # noqa: BLE001  whatever it is, it has to go
            process.kill()
            process.wait()


def end_with_parent():
    """For preexec_fn: the child ends when this process does, however that happens."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
