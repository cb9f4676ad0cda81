"""A workload whose every state can be made again: transaction N changes the database the same way wherever it runs.

    python3 day_workload.py FILE     a transaction every few milliseconds until it is killed
"""

import hashlib
import random
import sqlite3
import sys
import time

TEXT_BYTES = 300
# Every transaction is done once more by the test that compares; a pause bounds how many there are.
PAUSE_S = 0.005


def text(generator):
    return generator.randbytes(TEXT_BYTES // 2).hex()


def create(path, rows):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(
        "CREATE TABLE item (id INTEGER PRIMARY KEY, owner INTEGER, body TEXT);"
        "CREATE INDEX item_owner ON item (owner);"
        "CREATE TABLE state (last_transaction INTEGER);"
        "INSERT INTO state VALUES (0);"
    )
    generator = random.Random(1)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO item (owner, body) VALUES (?, ?)",
        ((generator.randrange(1000), text(generator)) for _ in range(rows)),
    )
    connection.execute("COMMIT")
    return connection


def apply(connection, number):
    """Transaction `number`: scattered updates, inserts and deletes."""
    generator = random.Random(number)
    connection.execute("BEGIN IMMEDIATE")
    last = connection.execute("SELECT max(id) FROM item").fetchone()[0]
    for _ in range(4):
        connection.execute("UPDATE item SET body = ? WHERE id = ?", (text(generator), generator.randint(1, last)))
    for _ in range(3):
        connection.execute("INSERT INTO item (owner, body) VALUES (?, ?)", (generator.randrange(1000), text(generator)))
    connection.execute("DELETE FROM item WHERE id = ?", (generator.randint(1, last),))
    connection.execute("UPDATE state SET last_transaction = ?", (number,))
    connection.execute("COMMIT")


def last_transaction(connection):
    return connection.execute("SELECT last_transaction FROM state").fetchone()[0]


def fingerprint(connection):
    """A hash over every row of every table, after the database's own check."""
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    digest = hashlib.sha256()
    for row in connection.execute("SELECT id, owner, body FROM item ORDER BY id"):
        digest.update(repr(row).encode())
    for row in connection.execute("SELECT owner, id FROM item INDEXED BY item_owner WHERE owner >= 0 ORDER BY owner, id"):
        digest.update(repr(row).encode())
    digest.update(repr(last_transaction(connection)).encode())
    return digest.hexdigest()


def write_until_killed(path):
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)  # a lock that is held would end the writer
    connection.execute("PRAGMA synchronous = NORMAL")
    while True:
        apply(connection, last_transaction(connection) + 1)
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    write_until_killed(sys.argv[1])
