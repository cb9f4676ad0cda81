#!/usr/bin/env python3
"""Runs every check and every suite of the project and counts the test cases. scripts/test.sh calls it.

Each step prints a header, its time and its counts; what it wrote is in build/gate/. A step that cannot run is a
failure. The last line is exactly "N passed, N failed".
"""

import argparse
import os
import pathlib
import signal
import sys

import gate_steps
from gate_run import Gate

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="formatting, incremental build, unit and conformance tests"
    )
    parser.add_argument("--only", action="append", metavar="STEP", help="this step and what it needs; may be repeated")
    parser.add_argument("--list", action="store_true", help="name the steps and stop")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once (default: all cores)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show everything the steps write")
    options = parser.parse_args(arguments)

    steps = gate_steps.quick_steps() if options.quick else gate_steps.all_steps()
    if options.list:
        for step in steps:
            print(f"{step.name:14} {step.title}")
        return 0
    unknown = set(options.only or ()) - {step.name for step in steps}
    if unknown:
        parser.error(f"no such step: {', '.join(sorted(unknown))}")
    # A job in the background inherits an ignored SIGINT; the programs under test must get the usual one.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # takes the running command along
    gate = Gate(ROOT, options.jobs, options.verbose)
    return gate.run_all(steps, set(options.only) if options.only else None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
