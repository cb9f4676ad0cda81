"""The library's reports as values. `data` holds the whole JSON document (docs/json.md), newer members included."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

Json = dict[str, Any]


def time_from_text(text: str) -> datetime:
    """An RFC 3339 time of a report; datetime keeps microseconds of its nanoseconds."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    time = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return time.replace(microsecond=int(fraction[:6].ljust(6, "0"))) if fraction else time


def time_from_ns(time_ns: int) -> datetime:
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, tz=timezone.utc).replace(microsecond=rest // 1000)


def ns_from_time(time: datetime) -> int:
    """Exact, unlike timestamp(). A time without zone is refused: it means nothing to another host."""
    if time.tzinfo is None:
        raise ValueError("the time needs a time zone, for example datetime.now(timezone.utc)")
    difference = time - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (difference.days * 86_400 + difference.seconds) * 1_000_000_000 + difference.microseconds * 1000


@dataclass(frozen=True)
class Source:
    """What was backed up."""

    engine: str
    url: str
    name: str
    host: str

    @staticmethod
    def from_json(data: Json) -> Source:
        return Source(data["engine"], data["url"], data["name"], data["host"])


@dataclass(frozen=True)
class Origin:
    """Where a snapshot was first taken, for one that was copied from another repository."""

    repository: str
    id: str

    @staticmethod
    def from_json(data: Json | None) -> Origin | None:
        return None if data is None else Origin(data["repository"], data["id"])


@dataclass(frozen=True)
class ManifestEntry:
    """One named byte stream of a snapshot."""

    name: str
    kind: str
    size_bytes: int
    chunks: int
    digest: str
    facts: Json

    @staticmethod
    def from_json(data: Json) -> ManifestEntry:
        return ManifestEntry(
            data["name"], data["kind"], data["size_bytes"], data["chunks"], data["digest"], data["facts"]
        )


@dataclass(frozen=True)
class Manifest:
    """A snapshot in full."""

    id: str
    parent: str | None
    origin: Origin | None
    source: Source
    time: datetime
    tags: list[str]
    warnings: list[str]
    consistency_point: Json
    engine_facts: Json
    entries: list[ManifestEntry]
    stats: Json
    data: Json = field(repr=False)

    @staticmethod
    def from_json(data: Json) -> Manifest:
        return Manifest(
            id=data["id"],
            parent=data["parent"],
            origin=Origin.from_json(data["origin"]),
            source=Source.from_json(data["source"]),
            time=time_from_text(data["time"]),
            tags=data["tags"],
            warnings=data["warnings"],
            consistency_point=data["consistency_point"],
            engine_facts=data["engine_facts"],
            entries=[ManifestEntry.from_json(entry) for entry in data["entries"]],
            stats=data["stats"],
            data=data,
        )


@dataclass(frozen=True)
class SnapshotSummary:
    """What a list shows of a snapshot."""

    id: str
    time: datetime
    source: Source
    tags: list[str]
    origin: Origin | None
    pinned: bool
    good: bool
    size_bytes: int
    stored_bytes: int
    data: Json = field(repr=False)

    @staticmethod
    def from_json(data: Json) -> SnapshotSummary:
        return SnapshotSummary(
            id=data["id"],
            time=time_from_text(data["time"]),
            source=Source.from_json(data["source"]),
            tags=data["tags"],
            origin=Origin.from_json(data["origin"]),
            pinned=data["pinned"],
            good=data["good"],
            size_bytes=data["size_bytes"],
            stored_bytes=data["stored_bytes"],
            data=data,
        )


@dataclass(frozen=True)
class RestoreReport:
    """What a restore did."""

    id: str
    bytes: int
    entries: int

    @staticmethod
    def from_json(data: Json) -> RestoreReport:
        return RestoreReport(data["id"], data["bytes"], data["entries"])


@dataclass(frozen=True)
class Damage:
    """One fault found by verify."""

    snapshot: str | None
    object: str
    what: str


@dataclass(frozen=True)
class PackCount:
    """Some packs, and their stored bytes together."""

    packs: int
    bytes: int

    @staticmethod
    def from_json(data: Json) -> PackCount:
        return PackCount(data["packs"], data["bytes"])


@dataclass(frozen=True)
class Finding:
    """One thing that an examination has to say. `severity` is ok, note, warning or failure."""

    severity: str
    check: str
    what: str
    hint: str


@dataclass(frozen=True)
class DoctorReport:
    """What an examination of a store has found. True in a condition when nothing is worse than a note.

    `exit_code` is that of `dbsnap doctor`; `failure` the error name of the first failure, None without one.
    """

    url: str
    worst: str
    exit_code: int
    failure: str | None
    findings: list[Finding]

    def __bool__(self) -> bool:
        return self.exit_code == 0

    @staticmethod
    def from_json(data: Json) -> DoctorReport:
        return DoctorReport(
            url=data["url"],
            worst=data["worst"],
            exit_code=data["exit_code"],
            failure=data["failure"],
            findings=[Finding(one["severity"], one["check"], one["what"], one["hint"]) for one in data["findings"]],
        )


@dataclass(frozen=True)
class VerifyReport:
    """What verify looked at and found. True in a condition when there is no damage.

    Of the packs that were needed some were `packs_checked` by this run, some `packs_fresh` by `max_age`, some
    `packs_left` by `percent`. `oldest_check` is when the pack that has waited longest was checked; None when one never
    was.
    """

    ok: bool
    snapshots: int
    objects: int
    frames: int
    bytes: int
    damage: list[Damage]
    packs_needed: PackCount
    packs_checked: PackCount
    packs_fresh: PackCount
    packs_left: PackCount
    oldest_check: datetime | None

    def __bool__(self) -> bool:
        return self.ok

    @staticmethod
    def from_json(data: Json) -> VerifyReport:
        oldest = data["oldest_check"]
        return VerifyReport(
            ok=data["ok"],
            snapshots=data["snapshots"],
            objects=data["objects"],
            frames=data["frames"],
            bytes=data["bytes"],
            damage=[Damage(one["snapshot"], one["object"], one["what"]) for one in data["damage"]],
            packs_needed=PackCount.from_json(data["packs_needed"]),
            packs_checked=PackCount.from_json(data["packs_checked"]),
            packs_fresh=PackCount.from_json(data["packs_fresh"]),
            packs_left=PackCount.from_json(data["packs_left"]),
            oldest_check=None if oldest is None else time_from_text(oldest),
        )


@dataclass(frozen=True)
class LostRange:
    """Bytes of an entry that are stored nowhere any more, or that no table finds."""

    entry: str
    offset_bytes: int
    length_bytes: int


@dataclass(frozen=True)
class SnapshotRepair:
    """What was found and done about one damaged snapshot. `rebuilt_as` is the snapshot that replaces it."""

    snapshot: str
    whole: bool
    damaged: list[str]
    tables_rebuilt: int
    chunks_found: int
    chunks_rescued: int
    lost: list[LostRange]
    why: str
    rebuilt_as: str | None

    @staticmethod
    def from_json(data: Json) -> SnapshotRepair:
        lost = [LostRange(one["entry"], one["offset_bytes"], one["length_bytes"]) for one in data["lost"]]
        return SnapshotRepair(**{**data, "lost": lost})


@dataclass(frozen=True)
class RepairReport:
    """What repair looked at, and each snapshot that is damaged. True in a condition when nothing is lost."""

    ok: bool
    dry_run: bool
    snapshots: int
    damaged: list[SnapshotRepair]

    def __bool__(self) -> bool:
        return self.ok

    @staticmethod
    def from_json(data: Json) -> RepairReport:
        damaged = [SnapshotRepair.from_json(one) for one in data["damaged"]]
        return RepairReport(data["ok"], data["dry_run"], data["snapshots"], damaged)


@dataclass(frozen=True)
class EntryDiff:
    """How an entry differs; `change` is "same", "added", "removed" or "changed"."""

    name: str
    change: str
    size_before_bytes: int
    size_after_bytes: int
    chunks_changed: int
    bytes_changed: int


@dataclass(frozen=True)
class DiffReport:
    """What changed between two snapshots."""

    before: str
    after: str
    entries: list[EntryDiff]

    @staticmethod
    def from_json(data: Json) -> DiffReport:
        entries = [
            EntryDiff(
                one["name"],
                one["change"],
                one["size_before_bytes"],
                one["size_after_bytes"],
                one["chunks_changed"],
                one["bytes_changed"],
            )
            for one in data["entries"]
        ]
        return DiffReport(data["before"], data["after"], entries)


@dataclass(frozen=True)
class Stats:
    """Sizes and counts of a repository."""

    snapshots: int
    sources: int
    objects: int
    stored_bytes: int
    pack_bytes: int
    unreferenced_bytes: int
    plain_bytes: int

    @staticmethod
    def from_json(data: Json) -> Stats:
        return Stats(
            data["snapshots"],
            data["sources"],
            data["objects"],
            data["stored_bytes"],
            data["pack_bytes"],
            data["unreferenced_bytes"],
            data["plain_bytes"],
        )


@dataclass(frozen=True)
class Reason:
    """Why a snapshot is kept: a rule ("daily", "pinned", ...) and what it matched, for people."""

    rule: str
    detail: str = ""


@dataclass(frozen=True)
class Decision:
    """What a prune would do with one snapshot."""

    snapshot: SnapshotSummary
    keep: bool
    reasons: list[Reason]
    bytes_freed: int
    pending: list[str]
    """URLs of repositories that were to get a copy and have not got it yet."""

    @staticmethod
    def from_json(data: Json) -> Decision:
        reasons = [Reason(one["rule"], one["detail"]) for one in data["reasons"]]
        snapshot = SnapshotSummary.from_json(data["snapshot"])
        return Decision(snapshot, data["keep"], reasons, data["bytes_freed"], data["pending"])


@dataclass(frozen=True)
class PruneReport:
    """What a prune did."""

    snapshots_removed: int
    packs_removed: int
    bytes_freed: int
    fenced: int
    """Sessions that were taken for dead."""

    @staticmethod
    def from_json(data: Json) -> PruneReport:
        return PruneReport(data["snapshots_removed"], data["packs_removed"], data["bytes_freed"], data["fenced"])
