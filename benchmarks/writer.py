"""An application that writes to a SQLite database without pause, and notes when each of its commits returned.

    python3 benchmarks/writer.py DATABASE LOG SECONDS

LOG gets one line per commit: the monotonic time at which it returned, and how long it took, in seconds. A commit that
was refused because the database was busy has a third word. It stops after SECONDS or at SIGTERM.
"""

import random
import signal
import sqlite3
import sys
import time

from data import Prose

ROWS_PER_COMMIT = 20


def stop(_signal, _frame):
    raise SystemExit(0)


def main():
    path, log_path, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    signal.signal(signal.SIGTERM, stop)
    generator = random.Random(7)
    prose = Prose(generator)
    texts = [prose.text() for _ in range(1000)]
    # No waiting for locks: a snapshot that holds one shows at once.
    database = sqlite3.connect(path, isolation_level=None, timeout=0)
    database.execute("PRAGMA synchronous = NORMAL")
    last = database.execute("SELECT max(id) FROM matches").fetchone()[0]
    end = time.monotonic() + seconds
    with open(log_path, "w", encoding="ascii", buffering=1 << 16) as log:
        while time.monotonic() < end:
            rows = [(generator.choice(texts), generator.randint(1, last)) for _ in range(ROWS_PER_COMMIT)]
            begin = time.monotonic()
            busy = commit(database, rows)
            now = time.monotonic()
            log.write(f"{now:.6f} {now - begin:.6f}{' busy' if busy else ''}\n")


def commit(database, rows):
    """True when the database was busy."""
    try:
        database.execute("BEGIN IMMEDIATE")
        database.executemany("UPDATE matches SET report = ? WHERE id = ?", rows)
        database.execute("COMMIT")
        return False
    except sqlite3.OperationalError as failure:
        if "locked" not in str(failure) and "busy" not in str(failure):
            raise
        if database.in_transaction:
            database.execute("ROLLBACK")
        return True


if __name__ == "__main__":
    main()
