"""The data that the benchmarks back up: made from a fixed seed, the same on every machine.

python3 benchmarks/data.py database FILE [--scale 1.0]     a SQLite database, about 1 GB at scale 1
python3 benchmarks/data.py day FILE N [--scale 1.0]        the N-th day of work on it
python3 benchmarks/data.py text FILE [--scale 1.0]         rows as COPY writes them, about 0.8 GB at scale 1
python3 benchmarks/data.py text-day FILE N [--scale 1.0]   the N-th day of work on them
"""

import argparse
import os
import random
import sqlite3
import string

SEED = 20260101
USERS = 700_000
MATCHES = 2_400_000
WORDS_PER_TEXT = 40
TEXT_ROWS = 1_800_000

# One day at scale 1.
SCATTERED_UPDATES = 3_000
CLUSTERED_UPDATES = 3_000
INSERTS = 20_000
CLUSTER = 30_000

BATCH = 20_000


class Prose:
    """Fresh text: words of a vocabulary with frequencies like those of a language, never a repeated sentence."""

    def __init__(self, generator):
        vocabulary = random.Random(SEED)
        words = [
            "".join(vocabulary.choices(string.ascii_lowercase, k=vocabulary.randint(3, 12))) for _ in range(30_000)
        ]
        # Zipf's law by repetition, so that picking is one multiplication.
        self.table = [word for rank, word in enumerate(words, 1) for _ in range(1 + 4_000 // rank)]
        self.generator = generator

    def text(self, words=WORDS_PER_TEXT):
        return " ".join(self.generator.choices(self.table, k=words))


def user_row(generator, number):
    name = "".join(generator.choices(string.ascii_lowercase, k=generator.randint(6, 12)))
    return number, f"{name}.{number}@example.org", name.capitalize(), generator.randint(1_500_000_000, 1_760_000_000)


def match_row(generator, prose, number, users):
    return (
        number,
        generator.randint(1, users),
        generator.randint(1, users),
        generator.randint(1_500_000_000, 1_760_000_000),
        generator.random(),
        prose.text(),
    )


def make_database(path, scale):
    """Writes the database of day 0: WAL mode, 4 KiB pages, one secondary index, checkpointed."""
    generator = random.Random(SEED + 1)
    prose = Prose(generator)
    users, matches = int(USERS * scale), int(MATCHES * scale)
    for leftover in (path, path + "-wal", path + "-shm"):
        if os.path.exists(leftover):
            os.remove(leftover)
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(
        """
        PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;
        CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, joined INTEGER);
        CREATE TABLE matches
          (id INTEGER PRIMARY KEY, home INTEGER, away INTEGER, played INTEGER, score REAL, report TEXT);
        """
    )
    database.execute("BEGIN")
    for start in range(1, users + 1, BATCH):
        numbers = range(start, min(start + BATCH, users + 1))
        database.executemany("INSERT INTO users VALUES (?,?,?,?)", [user_row(generator, n) for n in numbers])
    for start in range(1, matches + 1, BATCH):
        numbers = range(start, min(start + BATCH, matches + 1))
        rows = [match_row(generator, prose, n, users) for n in numbers]
        database.executemany("INSERT INTO matches VALUES (?,?,?,?,?,?)", rows)
    database.execute("CREATE INDEX matches_home ON matches (home)")
    database.execute("COMMIT")
    database.execute("PRAGMA journal_mode = WAL")
    database.close()
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def work_a_day(path, day, scale):
    """Scattered and clustered updates, inserts of fresh text, and a checkpoint, so that every tool reads one file."""
    generator = random.Random(SEED + 1000 + day)
    prose = Prose(generator)
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA cache_size = -100000")
    users = database.execute("SELECT max(id) FROM users").fetchone()[0]
    last = database.execute("SELECT max(id) FROM matches").fetchone()[0]
    first_of_cluster = generator.randint(1, max(1, last - int(CLUSTER * scale)))
    scattered = [generator.randint(1, last) for _ in range(int(SCATTERED_UPDATES * scale))]
    clustered = [
        first_of_cluster + generator.randrange(max(1, int(CLUSTER * scale)))
        for _ in range(int(CLUSTERED_UPDATES * scale))
    ]
    database.execute("BEGIN")
    database.executemany(
        "UPDATE matches SET score = ?, report = ? WHERE id = ?",
        [(generator.random(), prose.text(), number) for number in scattered + clustered],
    )
    rows = [match_row(generator, prose, last + n, users) for n in range(1, int(INSERTS * scale) + 1)]
    database.executemany("INSERT INTO matches VALUES (?,?,?,?,?,?)", rows)
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def copy_row(generator, prose, number):
    played = generator.randint(1_500_000_000, 1_760_000_000)
    return f"{number}\t{generator.randint(1, USERS)}\t{played}\t{generator.random():.6f}\t{prose.text(48)}\t\\N\n"


def make_text(path, scale):
    """Writes rows as PostgreSQL's COPY does: tab-separated, ordered by their key."""
    generator = random.Random(SEED + 2)
    prose = Prose(generator)
    with open(path, "w", encoding="ascii") as out:
        for number in range(1, int(TEXT_ROWS * scale) + 1):
            out.write(copy_row(generator, prose, number))


def work_a_text_day(path, day, scale):
    """Changes scattered rows, which changes their length, and appends new ones."""
    generator = random.Random(SEED + 2000 + day)
    prose = Prose(generator)
    rows = int(TEXT_ROWS * scale)
    changed = set(generator.sample(range(1, rows + 1), int((SCATTERED_UPDATES + CLUSTERED_UPDATES) * scale)))
    number = 0
    with open(path, encoding="ascii") as old, open(path + ".new", "w", encoding="ascii") as new:
        for number, line in enumerate(old, 1):
            new.write(copy_row(generator, prose, number) if number in changed else line)
        for added in range(1, int(INSERTS * scale) + 1):
            new.write(copy_row(generator, prose, number + added))
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["database", "day", "text", "text-day"])
    parser.add_argument("file")
    parser.add_argument("day", nargs="?", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    if options.what == "database":
        make_database(options.file, options.scale)
    elif options.what == "day":
        work_a_day(options.file, options.day, options.scale)
    elif options.what == "text":
        make_text(options.file, options.scale)
    else:
        work_a_text_day(options.file, options.day, options.scale)


if __name__ == "__main__":
    main()
