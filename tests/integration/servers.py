"""Servers that tests start: the scripts of tests/harness/servers, each until the test that needs it is over."""

import contextlib
import json
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "harness" / "servers"
sys.path.insert(0, str(FOLDER))


@contextlib.contextmanager
def running(script, *arguments):
    """What the script says about its server; it ends when its standard input is closed."""
    command = [sys.executable, "-u", str(FOLDER / script), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line, f"{script} did not start"
        yield json.loads(line)
    finally:
        process.stdin.close()
        process.wait(timeout=60)
        process.stdout.close()
