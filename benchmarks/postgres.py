#!/usr/bin/env python3
"""Runs dbsnap beside pg_dump and pg_restore on the same PostgreSQL database and writes a table of ratios.

python3 benchmarks/postgres.py                  1 GB, 3 days; about 15 minutes
python3 benchmarks/postgres.py --size small     50 MB: shows that everything runs, says little about speed
"""

import argparse
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import time

import measure
import postgres_data
import report
import tools

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/harness/servers"))

from postgres import PostgresServer  # noqa: E402

SIZES = {"full": (1.0, 3, 3), "medium": (0.3, 3, 3), "small": (0.05, 2, 1)}  # scale, runs, days
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "8GB", "maintenance_work_mem": "64MB", "autovacuum": "off"}


class DumpFolder(tools.Tool):
    """pg_dump -Fd with two jobs and its own compression; pg_restore with two jobs."""

    name = "pg_dump -Fd -j2"

    def __init__(self, folder, log, clients):
        self.clients = clients
        super().__init__(folder, log)

    def create(self):
        self.clear()

    def backup(self, source):
        return self.do(str(self.clients / "pg_dump"), "-Fd", "-j2", "-f", self.store, "-d", source)

    def restore(self, source, target):
        return self.do(str(self.clients / "pg_restore"), "-j2", "-d", target, self.store)


class DumpZstd(tools.Tool):
    """pg_dump's plain text through zstd with two threads."""

    name = "pg_dump | zstd -3 -T2"

    def __init__(self, folder, log, clients):
        self.clients = clients
        super().__init__(folder, log)
        self.store = os.path.join(folder, "dump.sql.zst")

    def create(self):
        pathlib.Path(self.store).unlink(missing_ok=True)

    def stored_bytes(self):
        return os.stat(self.store).st_size

    def backup(self, source):
        command = f"set -o pipefail; '{self.clients}/pg_dump' -d '{source}' | zstd -q -3 -T2 -f -o '{self.store}'"
        return self.do("bash", "-c", command)


class Dbsnap(tools.Dbsnap):
    def backup(self, source):
        return self.do(self.program, "backup", source)

    def restore(self, source, target):
        return self.do(self.program, "restore", "latest", "--to", target)


class Bench:
    def __init__(self, options):
        self.scale, self.runs, self.days = SIZES[options.size]
        tools.Tool.claim_bytes = int(tools.Tool.claim_bytes * self.scale)
        self.folder = options.folder.resolve() / f"postgres-{options.size}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.log = open(self.folder / "commands.log", "w", encoding="utf-8")
        self.series = collections.defaultdict(measure.Series)
        self.sizes = collections.defaultdict(list)
        self.server = PostgresServer(options.version, SETTINGS).start()
        stores = str(self.folder / "stores")
        clients = self.server.clients
        self.dbsnap = Dbsnap(stores, self.log, str(options.build.resolve() / "bin/dbsnap"))
        self.dump, self.packed = DumpFolder(stores, self.log, clients), DumpZstd(stores, self.log, clients)
        self.source = self.server.url("source")

    def say(self, text):
        print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)

    def psql(self, *words, database="source", **options):
        command = [str(self.server.clients / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.server.url(database)]
        subprocess.run([*command, *words], check=True, **options)

    def fill(self, *words, sql=None):
        """Pipes what postgres_data.py writes into psql."""
        command = [sys.executable, postgres_data.__file__, *map(str, words), "--scale", str(self.scale)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as data:
            self.psql(*(["-c", sql] if sql else []), stdin=data.stdout)
        if data.returncode:
            raise measure.CommandFailed(f"{command} ended with {data.returncode}")

    def make_source(self):
        self.say("making the database")
        self.psql("-c", "CREATE DATABASE source", database="postgres")
        self.psql("-c", postgres_data.SCHEMA)
        for table in postgres_data.ROWS:
            self.fill("rows", table, sql=f"COPY {table} FROM STDIN")
        for statement in filter(None, map(str.strip, postgres_data.FINISH.split(";"))):
            self.psql("-c", statement)

    def first_snapshots(self):
        for number in range(self.runs):
            self.say(f"first snapshot, run {number + 1} of {self.runs}")
            for tool in (self.dbsnap, self.dump, self.packed):
                tool.create()
                self.series["first", tool.name].add(tool.backup(self.source))
                self.sizes["first", tool.name].append(tool.stored_bytes())

    def restores(self):
        for number in range(self.runs):
            self.say(f"restore, run {number + 1} of {self.runs}")
            for tool, creates in ((self.dbsnap, True), (self.dump, False)):
                self.psql("-c", "DROP DATABASE IF EXISTS target", database="postgres")
                if not creates:
                    self.psql("-c", "CREATE DATABASE target TEMPLATE template0", database="postgres")
                # pg_restore gathers no statistics: neither does dbsnap here.
                target = self.server.url("target") + ("?analyze=false" if creates else "")
                self.series["restore", tool.name].add(tool.restore(self.source, target))
                self.compare()

    def compare(self):
        query = "SELECT count(*), sum(hashtext(t::text)::bigint) FROM {} t"
        for table in postgres_data.ROWS:
            found = [self.value(query.format(table), database) for database in ("source", "target")]
            if found[0] != found[1]:
                raise measure.CommandFailed(f"the restored table {table} differs: {found}")

    def value(self, query, database):
        command = [str(self.server.clients / "psql"), "-X", "-At", "-d", self.server.url(database), "-c", query]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def daily(self):
        for day in range(1, self.days + 1):
            self.say(f"day {day} of {self.days}")
            self.fill("day", day)
            before = self.dbsnap.stored_bytes()
            self.series["day", self.dbsnap.name].add(self.dbsnap.backup(self.source))
            self.sizes["day", self.dbsnap.name].append(self.dbsnap.stored_bytes() - before)
        self.packed.create()
        self.series["day", self.packed.name].add(self.packed.backup(self.source))
        self.sizes["day", self.packed.name].append(self.packed.stored_bytes())

    def targets(self):
        def median(work, tool):
            return self.series[work, tool.name].median

        def size(work, tool):
            return self.sizes[work, tool.name][-1]

        def peak():
            return max(series.rss_bytes for (_, name), series in self.series.items() if name == self.dbsnap.name)

        return [
            report.Target("first snapshot", self.dump.name, median("first", self.dbsnap), median("first", self.dump), 0.8),
            report.Target("its size", self.dump.name, size("first", self.dbsnap), size("first", self.dump), 1.0, "B"),
            report.Target(
                "first snapshot", self.packed.name, median("first", self.dbsnap), median("first", self.packed), 1.0
            ),
            report.Target("restore", "pg_restore -j2", median("restore", self.dbsnap), median("restore", self.dump), 1.0),
            report.Target(
                "growth of a day", self.packed.name, size("day", self.dbsnap), size("day", self.packed), 1 / 20, "B"
            ),
            report.Bound("peak memory", peak(), 96 * report.MIB, "B"),
        ]

    def figures(self):
        rows = []
        for (work, name), series in sorted(self.series.items()):
            sizes = self.sizes.get((work, name))
            size = report.amount(sizes[-1], "B") if sizes else "–"
            rows.append(
                [work, name, f"{series.median:.2f}", f"{series.least:.2f}", f"{series.cpu_median:.2f}", size,
                 report.amount(series.rss_bytes, "B")]
            )  # fmt: skip
        return report.table(["work", "tool", "median s", "least s", "client CPU s", "stored", "peak memory"], rows)

    def write(self):
        header = ["work", "peer", "dbsnap", "peer", "ratio", "target", ""]
        size = report.amount(int(self.value("SELECT pg_database_size('source')", "source")), "B")
        text = "\n\n".join(
            [
                f"# PostgreSQL {self.server.major}, a database of {size}, {os.cpu_count()} cores",
                report.table(header, [target.row() for target in self.targets()]),
                self.figures(),
            ]
        )
        (self.folder / "results.md").write_text(text + "\n", encoding="utf-8")
        print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--version", default="15", help="of the server")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build/benchmarks")
    bench = Bench(parser.parse_args())
    try:
        bench.make_source()
        bench.first_snapshots()
        bench.restores()
        bench.daily()
        bench.write()
    finally:
        bench.server.stop()


if __name__ == "__main__":
    main()
