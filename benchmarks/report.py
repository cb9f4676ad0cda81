"""Turns measurements into a Markdown report: the ratios against the project's targets, then every figure."""

import dataclasses
import os
import platform
import shutil
import subprocess

MIB = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Target:
    """One promise: `value` against the peer's in the same run, and the ratio that must not be crossed."""

    work: str
    peer: str
    value: float
    peer_value: float
    limit: float
    unit: str = "s"
    at_least: bool = False

    @property
    def ratio(self):
        return self.value / self.peer_value if self.peer_value else float("inf")

    @property
    def met(self):
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit

    def row(self):
        bound = ("≥ " if self.at_least else "≤ ") + f"{self.limit:.3g} ×"
        verdict = "met" if self.met else "**missed**"
        return [
            self.work,
            self.peer,
            amount(self.value, self.unit),
            amount(self.peer_value, self.unit),
            f"{self.ratio:.3g} ×",
            bound,
            verdict,
        ]


@dataclasses.dataclass(frozen=True)
class Bound:
    """One promise about a plain amount."""

    work: str
    value: float
    limit: float
    unit: str

    @property
    def ratio(self):
        return None

    @property
    def met(self):
        return self.value <= self.limit

    def row(self):
        verdict = "met" if self.met else "**missed**"
        return [self.work, "–", amount(self.value, self.unit), "–", "–", f"≤ {amount(self.limit, self.unit)}", verdict]


def amount(value, unit):
    if unit == "s":
        return f"{value:.2f} s"
    if unit == "B":
        return f"{value / MIB:.2f} MiB" if value < 100 * MIB else f"{value / MIB:.0f} MiB"
    return f"{value:.0f} {unit}".rstrip()


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def series_table(series):
    """`series`: (work, tool) -> measure.Series."""
    rows = [
        [
            work,
            tool,
            len(one.runs),
            f"{one.median:.2f}",
            f"{one.least:.2f}",
            f"{one.cpu_median:.2f}",
            f"{one.rss_bytes / MIB:.0f}",
        ]
        for (work, tool), one in series.items()
    ]
    return table(["work", "tool", "runs", "median, s", "least, s", "CPU, s", "peak memory, MiB"], rows)


def version_of(*command):
    if not shutil.which(command[0]) and not os.path.exists(command[0]):
        return f"{command[0]}: not there"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0] if lines else "?"


def machine():
    cpu = "?"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def versions(program):
    return [
        version_of(program, "version"),
        version_of("restic", "version"),
        version_of("borg", "--version"),
        version_of("zstd", "--version"),
        "sqlite3 " + version_of("sqlite3", "--version"),
    ]


def write(path, title, program, targets, extra, series, notes):
    missed = [target for target in targets if not target.met]
    parts = [
        f"# {title}",
        f"Machine: {machine()}. Load before the run: {notes.pop('load')}.\n\n"
        + "\n".join(f"- {line}" for line in versions(program)),
        f"## Against the targets\n\n{len(targets) - len(missed)} of {len(targets)} met. Times are medians; smaller is "
        "better unless the target says ≥.\n\n"
        + table(["work", "peer", "dbsnap", "the peer", "ratio", "target", ""], [target.row() for target in targets]),
    ]
    parts += [f"## {heading}\n\n{text}" for heading, text in extra]
    parts.append("## Every time and peak\n\n" + series_table(series))
    parts.append("## How\n\n" + "\n".join(f"- {key}: {value}" for key, value in notes.items()))
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n\n".join(parts) + "\n")
