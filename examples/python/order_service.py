"""A small order service that backs itself up: a snapshot each "night" with progress, a retention policy, a verified
repository, and a restore beside the database.

Usage: order_service.py FOLDER
"""

import sqlite3
import sys
from pathlib import Path

import dbsnap


def open_database(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, customer TEXT, amount INTEGER)")
    return database


def take_orders(database: sqlite3.Connection, count: int) -> None:
    """One day of business."""
    with database:
        database.executemany(
            "INSERT INTO orders (customer, amount) VALUES (hex(randomblob(16)), abs(random()) % 10000)", [()] * count
        )


def open_or_create(folder: Path, password: str) -> dbsnap.Repository:
    try:
        return dbsnap.Repository.open(folder, password=password)
    except dbsnap.NoRepository:
        return dbsnap.Repository.create(folder, password=password)


def show(progress: dbsnap.Progress) -> None:
    print(f"  {progress.phase:8} {progress.bytes_done} bytes", file=sys.stderr)


def back_up(repository: dbsnap.Repository, path: Path) -> None:
    snapshot = repository.snapshot(f"sqlite://{path}", tags=["nightly"], on_progress=show)
    stats = snapshot.stats
    print(f"snapshot {snapshot.id}: {stats['bytes_read']} bytes read, {stats['bytes_stored']} bytes stored")
    plan = repository.plan_prune(dbsnap.KeepPolicy(last=3))
    print(f"pruned {repository.apply(plan).snapshots_removed} snapshots")


def verify_and_restore(repository: dbsnap.Repository, copy: Path) -> None:
    report = repository.verify()
    for damage in report.damage:
        print(f"{damage.object}: {damage.what}")
    if not report:
        sys.exit("the repository is damaged")
    restored = repository.restore("latest", f"sqlite://{copy}")
    dbsnap.Engine(f"sqlite://{copy}").check()
    print(f"repository is sound\nrestored {restored.id} to {copy}")


def serve(folder: Path) -> None:
    database = open_database(folder / "orders.db")
    with open_or_create(folder / "backups", "correct horse battery staple") as repository:
        for night in range(5):
            take_orders(database, 50 if night else 20000)
            back_up(repository, folder / "orders.db")
        verify_and_restore(repository, folder / "restored.db")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER")
    try:
        serve(Path(sys.argv[1]).resolve())
    except dbsnap.Error as error:
        print(f"error[{error.name}]: {error.message}", file=sys.stderr)
        if error.why:
            print(f"  why: {error.why}", file=sys.stderr)
        if error.hint:
            print(f"  try: {error.hint}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
