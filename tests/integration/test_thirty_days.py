"""Thirty snapshots of a database that is written all the time, each compared with that very state made anew.

DBSNAP_TEST_ROWS sets the size; 2,400,000 rows are about 1 GB.
"""

import os
import pathlib
import sqlite3
import subprocess
import sys
import time

import day_workload
import pytest

DAYS = 30
TRANSACTIONS_PER_DAY = 40
ROWS = int(os.environ.get("DBSNAP_TEST_ROWS", "20000"))


class Writer:
    """Another process that writes to the database, and never waits for a lock."""

    def __init__(self, path):
        script = pathlib.Path(day_workload.__file__)
        self.process = subprocess.Popen([sys.executable, str(script), str(path)], stderr=subprocess.PIPE, text=True)

    def assert_running(self):
        assert self.process.poll() is None, f"the writer was disturbed: {self.process.stderr.read()}"

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def live_database(folder):
    path = folder / "app.db"
    day_workload.create(path, ROWS).close()
    return path


@pytest.fixture
def writer(live_database):
    writer = Writer(live_database)
    yield writer
    writer.stop()


def wait_for_a_day(path, since, writer):
    connection = sqlite3.connect(path)
    while day_workload.last_transaction(connection) < since + TRANSACTIONS_PER_DAY:
        writer.assert_running()
        time.sleep(0.01)
    connection.close()


def test_every_one_of_thirty_daily_snapshots_is_the_state_of_one_moment(
    empty_repository, live_database, writer, folder
):
    url = f"sqlite://{live_database}"
    states = {}
    last = 0
    for _ in range(DAYS):
        wait_for_a_day(live_database, last, writer)
        snapshot = empty_repository.ok("backup", url).out.strip()
        target = folder / "restored.db"
        empty_repository.ok("restore", snapshot, "--to", target, "--overwrite")
        restored = sqlite3.connect(target)
        last = day_workload.last_transaction(restored)
        states[last] = (snapshot, day_workload.fingerprint(restored))
        restored.close()
    writer.assert_running()
    writer.stop()

    reference = day_workload.create(":memory:", ROWS)
    for number in range(1, last + 1):
        day_workload.apply(reference, number)
        if number in states:
            snapshot, fingerprint = states[number]
            assert day_workload.fingerprint(reference) == fingerprint, f"snapshot {snapshot} at transaction {number}"

    # What was restored right after each backup restores alike from the finished chain.
    for number, (snapshot, fingerprint) in states.items():
        empty_repository.ok("restore", snapshot, "--to", folder / "again.db", "--overwrite")
        again = sqlite3.connect(folder / "again.db")
        assert day_workload.fingerprint(again) == fingerprint, f"snapshot {snapshot} at transaction {number}"
        again.close()
    assert len(empty_repository.ids()) == DAYS
    assert empty_repository.is_sound()
