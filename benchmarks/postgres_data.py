"""The PostgreSQL database that the benchmarks back up: made from a fixed seed, the same on every machine.

python3 benchmarks/postgres_data.py rows TABLE [--scale 1.0]     rows of a table on standard output, as COPY reads them
python3 benchmarks/postgres_data.py day N [--scale 1.0]          SQL of the N-th day of work
"""

import argparse
import json
import random
import sys

from data import SEED, Prose

SCHEMA = """
CREATE TABLE events (id bigint PRIMARY KEY, account int NOT NULL, at timestamptz NOT NULL, score real, report text);
CREATE TABLE accounts (id int PRIMARY KEY, email text NOT NULL UNIQUE, name text, settings jsonb);
CREATE TABLE orders (id bigint PRIMARY KEY, account int NOT NULL, amount numeric(12, 2) NOT NULL, note text);
CREATE TABLE readings (sensor int NOT NULL, at timestamp NOT NULL, value double precision);
"""
FINISH = """
CREATE INDEX events_account ON events (account);
CREATE INDEX orders_account ON orders (account);
CREATE INDEX readings_sensor_at ON readings (sensor, at);
ALTER TABLE events ADD FOREIGN KEY (account) REFERENCES accounts;
ALTER TABLE orders ADD FOREIGN KEY (account) REFERENCES accounts;
VACUUM ANALYZE;
"""
# Rows at scale 1: about 1 GB on disk, more than half of it in one table.
ROWS = {"accounts": 300_000, "events": 1_500_000, "orders": 900_000, "readings": 2_000_000}
# A day at scale 1.
SCATTERED_UPDATES = 6_000
INSERTS = 20_000


def copy_line(table, generator, prose, number, scale):
    accounts = int(ROWS["accounts"] * scale)
    if table == "accounts":
        settings = json.dumps({"theme": generator.choice(["dark", "light"]), "seen": generator.randrange(10**6)})
        return f"{number}\tperson.{number}.{generator.randrange(10**6)}@example.org\t{prose.text(2)}\t{settings}"
    if table == "events":
        at = f"2026-{generator.randint(1, 12):02}-{generator.randint(1, 28):02} {generator.randrange(24):02}:00:00+00"
        return f"{number}\t{generator.randint(1, accounts)}\t{at}\t{generator.random():.5f}\t{prose.text(44)}"
    if table == "orders":
        return f"{number}\t{generator.randint(1, accounts)}\t{generator.randrange(10**6) / 100:.2f}\t{prose.text(12)}"
    at = f"2026-{generator.randint(1, 12):02}-{generator.randint(1, 28):02} {number % 24:02}:{number % 60:02}:00"
    return f"{number % 500}\t{at}\t{generator.gauss(20, 5):.4f}"


def write_rows(table, scale, out):
    generator = random.Random(f"{SEED} {table}")
    prose = Prose(generator)
    for number in range(1, int(ROWS[table] * scale) + 1):
        out.write(copy_line(table, generator, prose, number, scale) + "\n")


def write_day(day, scale, out):
    """Scattered updates and inserts of fresh text."""
    generator = random.Random(SEED + 3000 + day)
    prose = Prose(generator)
    events, accounts = int(ROWS["events"] * scale), int(ROWS["accounts"] * scale)
    out.write("BEGIN;\n")
    for _ in range(int(SCATTERED_UPDATES * scale)):
        number = generator.randint(1, events)
        out.write(f"UPDATE events SET score = {generator.random():.5f}, report = '{prose.text(44)}' WHERE id = {number};\n")
    first = events + (day - 1) * int(INSERTS * scale) + 1
    for number in range(first, first + int(INSERTS * scale)):
        account, score = generator.randint(1, accounts), generator.random()
        out.write(f"INSERT INTO events VALUES ({number}, {account}, now(), {score:.5f}, '{prose.text(44)}');\n")
    out.write("COMMIT;\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["rows", "day"])
    parser.add_argument("which")
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    if options.what == "rows":
        write_rows(options.which, options.scale, sys.stdout)
    else:
        write_day(int(options.which), options.scale, sys.stdout)


if __name__ == "__main__":
    main()
