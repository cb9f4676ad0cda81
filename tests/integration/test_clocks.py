"""The program on machines whose clocks are ten years apart, as faketime makes them."""

import functools
import signal
import subprocess
import time

import pytest
from conftest import Database


@functools.cache
def preloaded():
    """What faketime has a program load. The command itself would stand between a test's signals and the program."""
    lines = subprocess.run(["faketime", "-f", "+0", "env"], check=True, capture_output=True, text=True).stdout.split()
    return next(line.removeprefix("LD_PRELOAD=") for line in lines if line.startswith("LD_PRELOAD="))


def at(years):
    """An environment in which the clock is `years` off; durations stay true."""
    return {"LD_PRELOAD": preloaded(), "FAKETIME": f"{years:+d}y", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def year_of(repository, snapshot):
    return int(repository.ok("show", snapshot, "--json").document["time"][:4])


@pytest.fixture
def large(folder):
    return Database(folder / "large.db", rows=20000)


def sleeping_backup(repository, database, years, after_s=0.0):
    """A backup that takes seconds, stopped `after_s` after it has begun a session."""
    known = set(repository.objects("sessions"))
    process = repository.program.start("backup", database.url, "--limit-read", "1M", env={**repository.env, **at(years)})
    while set(repository.objects("sessions")) <= known:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    time.sleep(after_s)
    process.send_signal(signal.SIGSTOP)
    return process


def awoken(process):
    """Continues a backup and returns the id that it prints."""
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()


def test_faketime_moves_the_clock_of_the_program(repository, database):
    now = year_of(repository, repository.first)
    for years in (10, -10):
        snapshot = repository.ok("backup", database.url, env=at(years)).out.strip()
        assert year_of(repository, snapshot) in (now + years, now + years + 1)


@pytest.mark.parametrize("after_s", [0, 0.5])
@pytest.mark.parametrize("years", [10, -10])
def test_a_backup_that_sleeps_through_a_prune_of_another_decade_is_whole(repository, large, years, after_s):
    repository.ok("forget", repository.backup(large))
    sleeper = sleeping_backup(repository, large, years, after_s)
    # It takes the data that the sleeper may have counted on.
    pruned = repository.ok("prune", "--patience", "1", "--yes", "--json", env=at(-years)).document
    snapshot = awoken(sleeper)
    assert (pruned["fenced"], pruned["packs_removed"] > 0) == (1, True)
    assert sorted(repository.ids()) == sorted([repository.first, snapshot])
    repository.ok("verify", "--level", "data")


@pytest.mark.parametrize("years", [10, -10])
def test_a_prune_that_is_killed_is_taken_over_from_another_decade(repository, database, large, years):
    repository.ok("forget", repository.backup(large))
    sleeper = sleeping_backup(repository, database, 0)
    pruner = repository.program.start("prune", "--patience", "1", "--yes", env={**repository.env, **at(years)})
    while not repository.objects("gc"):
        assert pruner.poll() is None, pruner.communicate()
        time.sleep(0.001)
    pruner.kill()  # with its plan put, and perhaps some of it carried out
    pruner.communicate()
    snapshot = awoken(sleeper)
    repository.ok("prune", "--patience", "1", "--yes", env=at(-years))
    assert sorted(repository.ids()) == sorted([repository.first, snapshot])
    assert repository.ok("stats", "--json").document["unreferenced_bytes"] == 0
    repository.ok("verify", "--level", "data")
