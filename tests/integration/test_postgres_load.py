"""Snapshots of a PostgreSQL database that is written to all the time: each shows one moment.

DBSNAP_TEST_SNAPSHOTS sets how many are taken; the issue's own figure is 50.
"""

import os
import subprocess

import pytest
from postgres_world import client_environment, left_behind, new_database

SNAPSHOTS = int(os.environ.get("DBSNAP_TEST_SNAPSHOTS", "4"))
ACCOUNTS = 5000
TRANSFER = f"""
\\set sender random(1, {ACCOUNTS})
\\set receiver random(1, {ACCOUNTS})
\\set amount random(-500, 500)
BEGIN;
UPDATE sender_side SET balance = balance - :amount WHERE id = :sender;
UPDATE receiver_side SET balance = balance + :amount WHERE id = :receiver;
INSERT INTO ledger (sender, receiver, amount) VALUES (:sender, :receiver, :amount);
COMMIT;
"""
# Each row is true in every state that a transaction has left, and hardly ever when tables are read at two moments.
INVARIANTS = f"""
    SELECT (SELECT sum(balance) FROM sender_side) + (SELECT sum(balance) FROM receiver_side) = 0
    UNION ALL SELECT (SELECT sum(balance) FROM receiver_side) = (SELECT coalesce(sum(amount), 0) FROM ledger)
    UNION ALL SELECT (SELECT count(*) FROM receiver_side) = {ACCOUNTS}
    UNION ALL SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(tbalance) FROM pgbench_tellers)
    UNION ALL SELECT (SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT sum(bbalance) FROM pgbench_branches)
    UNION ALL SELECT (SELECT sum(bbalance) FROM pgbench_branches) = (SELECT coalesce(sum(delta), 0) FROM pgbench_history)
    UNION ALL SELECT (SELECT coalesce(max(id), 0) FROM ledger) <= (SELECT last_value FROM ledger_id_seq)"""


def pgbench(database, *arguments):
    return [str(database.server.bindir / "pgbench"), "-n", *map(str, arguments), database.url]


@pytest.fixture
def bank(pg_source, folder):
    """A database under load until the test ends: pgbench's own transactions and transfers between two tables."""
    subprocess.run(
        pgbench(pg_source, "-i", "-q", "-s", "1"), check=True, capture_output=True, env=client_environment()
    )
    pg_source.run(
        f"CREATE TABLE sender_side AS SELECT i AS id, 0::bigint AS balance FROM generate_series(1, {ACCOUNTS}) i",
        f"CREATE TABLE receiver_side AS SELECT i AS id, 0::bigint AS balance FROM generate_series(1, {ACCOUNTS}) i",
        "ALTER TABLE sender_side ADD PRIMARY KEY (id)",
        "ALTER TABLE receiver_side ADD PRIMARY KEY (id)",
        "CREATE TABLE ledger (id bigserial PRIMARY KEY, sender integer, receiver integer, amount bigint)",
    )
    script = folder / "transfer.sql"
    script.write_text(TRANSFER, encoding="ascii")
    load = subprocess.Popen(
        pgbench(pg_source, "-c", "4", "-T", "3600", "-R", "400", "-b", "tpcb-like@1", "-f", f"{script}@2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=client_environment(),
    )
    yield pg_source, load
    load.kill()
    load.communicate()


def test_every_snapshot_of_a_bank_under_load_balances(postgres, plain_repository, bank):
    database, load = bank
    snapshots, transfers = [], []
    for _ in range(SNAPSHOTS):
        snapshots.append(plain_repository.backup(database, "--threads", "2"))
        transfers.append(database.value("SELECT count(*) FROM ledger"))
        assert load.poll() is None, load.communicate()
    assert transfers == sorted(set(transfers)), "there was no load"
    load.terminate()
    _, words = load.communicate()
    assert "ERROR" not in words

    last = 0
    for snapshot in snapshots:
        target = new_database(postgres, "target")
        plain_repository.ok("restore", snapshot, "--to", target.url)
        assert [row[0] for row in target.rows(INVARIANTS)] == [True] * 7
        found = target.value("SELECT count(*) FROM ledger")
        assert found > last, "a later snapshot shows a later state"
        last = found
        target.drop()
    assert left_behind(postgres) == []
