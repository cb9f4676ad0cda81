#!/usr/bin/env python3
"""Runs dbsnap beside restic, borg, zstd and sqlite3 on the same data and writes a table of ratios.

python3 benchmarks/run.py                  1 GB, 30 days; about 20 minutes and 30 GB of disk
python3 benchmarks/run.py --size small     40 MB, 3 days: shows that everything runs, says little about speed
"""

import argparse
import collections
import filecmp
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import data  # for its constants: the data itself is made by a process of its own
import latency
import measure
import report
import tools

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZES = {
    "full": {"scale": 1.0, "days": 30, "runs": 3, "window_s": 12.0},
    "medium": {"scale": 0.3, "days": 7, "runs": 3, "window_s": 6.0},
    "small": {"scale": 0.04, "days": 3, "runs": 1, "window_s": 1.0},
}


class Bench:
    def __init__(self, options):
        self.size = SIZES[options.size]
        self.scale = self.size["scale"]
        tools.Tool.claim_bytes = int(tools.Tool.claim_bytes * self.scale)
        self.days = options.days or self.size["days"]
        self.runs = options.runs or self.size["runs"]
        self.folder = options.folder.resolve() / options.size
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.log = open(self.folder / "commands.log", "w", encoding="utf-8")
        self.build = options.build.resolve()
        self.program = str(self.build / "bin/dbsnap")
        self.database = str(self.folder / "app.db")
        self.series = collections.defaultdict(measure.Series)
        self.growth = collections.defaultdict(list)  # tool -> bytes per day
        self.first_bytes = {}
        self.targets = []
        self.extra = []
        stores = str(self.folder / "stores")
        self.dbsnap = tools.Dbsnap(stores, self.log, self.program)
        self.clear = tools.Dbsnap(stores, self.log, self.program, name="dbsnap --no-encryption", encrypted=False)
        self.restic = tools.Restic(stores, self.log)
        self.borg = tools.Borg(stores, self.log)
        self.keepers = [self.dbsnap, self.clear, self.restic, self.borg]
        self.zstd = tools.Zstd(stores, self.log)
        self.copies = [
            self.zstd,
            tools.SyncedZstd(stores, self.log),
            tools.SqliteBackup(stores, self.log),
            tools.SqliteBackupZstd(stores, self.log),
        ]

    def say(self, text):
        print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)

    def note(self, work, tool, run):
        self.series[work, tool.name].add(run)

    def make(self, *words):
        """Makes data in another process: this one stays small, because a child's peak starts at its parent's."""
        command = [sys.executable, data.__file__, *map(str, words), "--scale", str(self.scale)]
        subprocess.run(command, check=True)

    def first_snapshots(self):
        for number in range(self.runs):
            self.say(f"first snapshot, run {number + 1} of {self.runs}")
            measure.warm(self.database)
            for tool in in_turn(self.keepers, number) + self.copies:
                tool.create()
                self.note("first", tool, tool.backup(self.database))
                self.first_bytes[tool.name] = tool.stored_bytes()
        # Unchanged data: what looking for changes costs.
        for number in range(self.runs):
            for tool in in_turn(self.keepers, number):
                self.note("unchanged", tool, tool.backup(self.database))

    def restores(self, when):
        """Every tool restores what it stored last; each file must equal the source."""
        self.zstd.backup(self.database)
        for number in range(self.runs):
            self.say(f"restore {when}, run {number + 1} of {self.runs}")
            for tool in in_turn(self.keepers, number) + [self.zstd]:
                target = str(self.folder / "restored.db")
                self.note(f"restore {when}", tool, tool.restore(self.database, target))
                if not self.same_database(target):
                    raise measure.CommandFailed(f"{tool.name} restored something else than it stored")
                os.remove(target)

    def same_database(self, target):
        return filecmp.cmp(self.database, target, shallow=False) or content(self.database) == content(target)

    def daily_snapshots(self):
        for day in range(1, self.days + 1):
            self.make("day", self.database, day)
            measure.warm(self.database)
            for tool in in_turn(self.keepers, day):
                before = tool.stored_bytes()
                self.note("daily", tool, tool.backup(self.database))
                self.growth[tool.name].append(tool.stored_bytes() - before)
            grown = ", ".join(f"{name} +{sizes[-1] / report.MIB:.2f} MiB" for name, sizes in self.growth.items())
            self.say(f"day {day} of {self.days}: {grown}")

    def verifies(self):
        self.say("verify")
        for level in ("tables", "packs", "frames"):
            self.note(f"verify {level}", self.dbsnap, self.dbsnap.verify(level))

    def rows(self):
        """Text as COPY writes it, cut by content; restic and borg read the file."""
        stream = self.build / "bin/stream-backup"
        text = str(self.folder / "rows.txt")
        self.say("rows as COPY writes them")
        self.make("text", text)
        place = str(self.folder / "stores-text")
        dbsnap = tools.Dbsnap(place, self.log, self.program)
        dbsnap.backup = lambda source: dbsnap.do(str(stream), dbsnap.store, source)
        peers = [dbsnap, tools.Restic(place, self.log), tools.Borg(place, self.log)]
        rows = []
        for tool in peers:
            tool.create()
            self.note("rows, first", tool, tool.backup(text))
        sizes = {tool.name: tool.stored_bytes() for tool in peers}
        self.make("text-day", text, 1)
        for tool in peers:
            self.note("rows, daily", tool, tool.backup(text))
            grown = tool.stored_bytes() - sizes[tool.name]
            rows.append([tool.name, report.amount(sizes[tool.name], "B"), report.amount(grown, "B")])
        size = os.path.getsize(text)
        self.extra.append(
            (
                f"Rows as COPY writes them, {size / report.MIB:.0f} MiB",
                report.table(["tool", "first", "growth of a day"], rows),
            )
        )
        os.remove(text)
        shutil.rmtree(place)

    def writers(self):
        self.say("an application writes while a snapshot is taken")
        self.dbsnap_one = tools.Dbsnap(str(self.folder / "stores-writer"), self.log, self.program, threads=1)
        results = [
            latency.writer_beside_snapshot(self.database, self.dbsnap_one, self.size["window_s"], self.folder)
            for _ in range(self.runs)
        ]
        self.extra.append(
            (
                "An application that commits without pause",
                "Commits of 20 scattered updates, no busy timeout; alone, then beside `backup --threads 1`.\n\n"
                + latency.table(results),
            )
        )
        middle = latency.median_of(results)
        self.targets.append(
            report.Target(
                "writer's commits beside a first snapshot, --threads 1",
                "no snapshot",
                middle.rate_beside,
                middle.rate_alone,
                0.90,
                "/s",
                at_least=True,
            )
        )
        busy = sum(result.busy for result in results)
        self.targets.append(report.Bound("commits refused because the database was busy", busy, 0, ""))
        shutil.rmtree(self.folder / "stores-writer", ignore_errors=True)

    def judge(self):
        series = self.series
        mine = self.dbsnap.name

        def time_of(work, tool=mine):
            return series[work, tool].median

        def judge(work, peer, value, peer_value, limit, unit="s"):
            self.targets.append(report.Target(work, peer, value, peer_value, limit, unit))

        judge("first snapshot, encrypted", "zstd -3 -T2, not synced", time_of("first"), time_of("first", "zstd"), 0.95)
        judge("first snapshot, encrypted", "restic", time_of("first"), time_of("first", "restic"), 0.40)
        for peer in (self.restic.name, self.borg.name):
            judge("daily snapshot, time", peer, time_of("daily"), time_of("daily", peer), 0.25)
            judge("daily snapshot, growth", peer, mean(self.growth[mine]), mean(self.growth[peer]), 1 / 40, "B")
            total = self.dbsnap.stored_bytes()
            judge(f"repository after {self.days} days", peer, total, self.store_of(peer).stored_bytes(), 1 / 6, "B")
        for when in ("of the first", "of the last"):
            work = f"restore {when}"
            judge(f"restore {when} snapshot, synced", "zstd -d, synced", time_of(work), time_of(work, "zstd"), 1.2)
        for work in ("first", "daily", "restore of the first", "restore of the last"):
            clear = time_of(work, self.clear.name)
            judge(f"encryption: {work}", "the same, not encrypted", time_of(work), clear, 1.10)
        peak = max(one.rss_bytes for (_, tool), one in series.items() if tool == mine)
        self.targets.append(report.Bound("peak memory of any command", peak, 96 * report.MIB, "B"))

    def store_of(self, name):
        return next(tool for tool in self.keepers if tool.name == name)

    def write(self, output):
        sizes = [
            [
                tool.name,
                report.amount(self.first_bytes[tool.name], "B"),
                report.amount(mean(self.growth[tool.name]), "B") if self.growth[tool.name] else "–",
                report.amount(tool.stored_bytes(), "B") if tool in self.keepers else "–",
            ]
            for tool in self.keepers + self.copies
        ]
        header = ["tool", "first", "growth per day", f"after {self.days} days"]
        self.extra.insert(0, ("Bytes stored", report.table(header, sizes)))
        output.mkdir(parents=True, exist_ok=True)
        title = f"dbsnap benchmarks, SQLite, {os.path.getsize(self.database) / 1e9:.2f} GB"
        scattered, clustered, inserts = (
            int(count * self.scale) for count in (data.SCATTERED_UPDATES, data.CLUSTERED_UPDATES, data.INSERTS)
        )
        own_mib = measure.resident_bytes() >> 20
        notes = {
            "load": self.load,
            "data": f"seed {data.SEED}, scale {self.scale}; "
            f"a day is {scattered} scattered and {clustered} clustered updates and {inserts} inserts",
            "runs": f"{self.runs} of first, unchanged and restore, {self.days} of daily; tools take turns within one run",
            "cache": "every tool finds the source in the page cache; older writes are synced before each command",
            "durability": "every restore includes an fsync of the restored file; dbsnap syncs each object it stores",
            "memory": f"the kernel's peak per command; below {own_mib} MiB it may be the runner's own",
            "checks": "every restored database was compared with its source",
        }
        report.write(output / "results.md", title, self.program, self.targets, self.extra, self.series, notes)
        figures = {
            "series": {
                f"{work}/{tool}": [run.seconds for run in one.runs] for (work, tool), one in self.series.items()
            },
            "growth_bytes": self.growth,
            "targets": [vars(target) | {"ratio": target.ratio, "met": target.met} for target in self.targets],
        }
        (output / "results.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        self.say(f"wrote {output / 'results.md'}")

    def run(self, output):
        self.load = f"{os.getloadavg()[0]:.2f}"
        self.say(f"making the data below {self.folder}")
        self.make("database", self.database)
        self.first_snapshots()
        self.restores("of the first")
        self.daily_snapshots()
        self.restores("of the last")
        self.verifies()
        self.rows()
        self.writers()
        self.judge()
        self.write(output)


def in_turn(tools, number):
    """The order turns, so that nobody is always the one after a heavy writer."""
    turn = number % len(tools)
    return tools[turn:] + tools[:turn]


def mean(values):
    return sum(values) / len(values)


def content(path):
    return subprocess.run(["sqlite3", path, ".sha3sum"], check=True, capture_output=True).stdout


def build_tools(build):
    """Brings the release build and the benchmark's own program up to date."""
    for command in (
        ["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DDBSNAP_BUILD_BENCHMARKS=ON"],
        ["cmake", "--build", build],
    ):
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--days", type=int, help="days with a snapshot each")
    parser.add_argument("--runs", type=int, help="repetitions of the first snapshot and of the restores")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="build folder (Release)")
    parser.add_argument(
        "--folder", type=pathlib.Path, default=ROOT / "benchmarks/data", help="for data and repositories"
    )
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "benchmarks/results")
    parser.add_argument("--keep", action="store_true", help="leave data and repositories behind")
    options = parser.parse_args()
    build_tools(options.build)
    bench = Bench(options)
    try:
        bench.run(options.output.resolve())
    except (measure.CommandFailed, subprocess.CalledProcessError) as failure:
        print(f"run.py: {failure}", file=sys.stderr)
        return 1
    finally:
        bench.log.close()
    if not options.keep:
        shutil.rmtree(bench.folder, ignore_errors=True)
    for target in bench.targets:
        print(" | ".join(target.row()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
