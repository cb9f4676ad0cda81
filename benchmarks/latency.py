"""How an application's commits fare while a snapshot of its database is taken."""

import dataclasses
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

import report

WRITER = pathlib.Path(__file__).with_name("writer.py")
LONGEST_SECONDS = 600
SETTLE_SECONDS = 1.0


@dataclasses.dataclass(frozen=True)
class Beside:
    """Commits per second and commit times (in ms) alone and beside a snapshot."""

    rate_alone: float
    rate_beside: float
    p99_alone: float
    p99_beside: float
    worst_alone: float
    worst_beside: float
    busy: int
    snapshot_seconds: float


def writer_beside_snapshot(database, tool, window_seconds, folder):
    """Starts the writer, lets it run alone, takes a first snapshot beside it, lets it run alone again."""
    log = str(folder / "commits.txt")
    tool.create()
    writer = subprocess.Popen([sys.executable, str(WRITER), database, log, str(LONGEST_SECONDS)])
    try:
        time.sleep(SETTLE_SECONDS)
        alone_before = window(window_seconds)
        begin = time.monotonic()
        tool.backup(database)
        beside = (begin, time.monotonic())
        time.sleep(SETTLE_SECONDS)
        alone_after = window(window_seconds)
    finally:
        writer.send_signal(signal.SIGTERM)
        writer.wait()
    commits = read_log(log)
    os.remove(log)
    alone = inside(commits, alone_before) + inside(commits, alone_after)
    during = inside(commits, beside)
    return Beside(
        rate_alone=len(alone) / (length(alone_before) + length(alone_after)),
        rate_beside=len(during) / length(beside),
        p99_alone=percentile(alone, 0.99),
        p99_beside=percentile(during, 0.99),
        worst_alone=percentile(alone, 1.0),
        worst_beside=percentile(during, 1.0),
        busy=sum(1 for commit in during if commit[2]),
        snapshot_seconds=length(beside),
    )


def window(seconds):
    begin = time.monotonic()
    time.sleep(seconds)
    return begin, time.monotonic()


def length(span):
    return span[1] - span[0]


def read_log(path):
    """(time, seconds, busy) of each commit; a line cut off by the end of the writer is left out."""
    commits = []
    with open(path, encoding="ascii") as file:
        for line in file:
            words = line.split()
            if line.endswith("\n") and len(words) >= 2:
                commits.append((float(words[0]), float(words[1]), len(words) > 2))
    return commits


def inside(commits, span):
    return [commit for commit in commits if span[0] <= commit[0] < span[1]]


def percentile(commits, share):
    """Commit time in milliseconds."""
    times = sorted(commit[1] for commit in commits)
    return 1000 * times[min(len(times) - 1, int(share * len(times)))] if times else 0.0


def median_of(results):
    return sorted(results, key=lambda result: result.rate_beside / result.rate_alone)[len(results) // 2]


def table(results):
    rows = [
        [
            f"{result.snapshot_seconds:.1f}",
            f"{result.rate_alone:.0f}",
            f"{result.rate_beside:.0f}",
            f"{result.rate_beside / result.rate_alone:.2f} ×",
            f"{result.p99_alone:.2f} / {result.p99_beside:.2f}",
            f"{result.worst_alone:.0f} / {result.worst_beside:.0f}",
            result.busy,
        ]
        for result in results
    ]
    mean_ratio = statistics.mean(result.rate_beside / result.rate_alone for result in results)
    header = ["snapshot, s", "commits/s alone", "beside", "ratio", "p99, ms: alone / beside", "worst, ms", "busy"]
    return report.table(header, rows) + f"\n\nMean ratio {mean_ratio:.2f}."
