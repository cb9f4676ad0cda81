"""The part of Repository about other repositories: copies, pending ones, and status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Callable

from ._context import Context, Progress, run_call, with_progress
from ._library import encode, ffi, lib
from ._options import options_of
from ._reports import Json, Origin, SnapshotSummary, Source, ns_from_time, time_from_text
from ._repository_handle import RepositoryHandle


@dataclass(frozen=True)
class SnapshotCopy:
    """What was done about one snapshot of the source repository.

    `state` is "planned" (dry run), "copied", "present", "older" (than the newest copy), "gone" (forgotten meanwhile) or
    "failed" (damaged there; `error` has the JSON of the error). `id` is its id in this repository.
    """

    snapshot: SnapshotSummary
    origin: Origin
    state: str
    id: str | None
    bytes_new: int
    bytes_stored: int
    error: Json | None

    @staticmethod
    def from_json(data: Json) -> SnapshotCopy:
        return SnapshotCopy(
            snapshot=SnapshotSummary.from_json(data["snapshot"]),
            origin=Origin(data["origin"]["repository"], data["origin"]["id"]),
            state=data["state"],
            id=data["id"],
            bytes_new=data["bytes_new"],
            bytes_stored=data["bytes_stored"],
            error=data["error"],
        )


@dataclass(frozen=True)
class CopyReport:
    """What became of each snapshot, by source, oldest first. True in a condition when none failed."""

    ok: bool
    dry_run: bool
    origin_repository: str
    snapshots: list[SnapshotCopy]

    def __bool__(self) -> bool:
        return self.ok

    @staticmethod
    def from_json(data: Json) -> CopyReport:
        copies = [SnapshotCopy.from_json(one) for one in data["snapshots"]]
        return CopyReport(data["ok"], data["dry_run"], data["from"], copies)


@dataclass(frozen=True)
class PendingCopy:
    """A copy that another repository was to get and has not got yet."""

    snapshot: str
    source: str
    to: str
    since: datetime


@dataclass(frozen=True)
class SourceStatus:
    """What a repository holds of one source; `newest`, `time` and `age_s` are those of the newest good snapshot."""

    source: Source
    newest: str | None
    time: datetime | None
    age_s: int | None
    size_bytes: int
    snapshots: int
    damaged: int
    too_old: bool

    @staticmethod
    def from_json(data: Json) -> SourceStatus:
        return SourceStatus(
            source=Source.from_json(data["source"]),
            newest=data["newest"],
            time=None if data["time"] is None else time_from_text(data["time"]),
            age_s=data["age_s"],
            size_bytes=data["size_bytes"],
            snapshots=data["snapshots"],
            damaged=data["damaged"],
            too_old=data["too_old"],
        )


@dataclass(frozen=True)
class Status:
    """How a repository is. `data` holds the whole JSON document, unfinished sessions included."""

    too_old: bool
    sources: list[SourceStatus]
    pending: list[PendingCopy]
    data: Json = field(repr=False)

    @staticmethod
    def from_json(data: Json) -> Status:
        return Status(
            too_old=data["too_old"],
            sources=[SourceStatus.from_json(one) for one in data["sources"]],
            pending=[
                PendingCopy(one["snapshot"], one["source"], one["to"], time_from_text(one["since"]))
                for one in data["pending"]
            ],
            data=data,
        )


class Copies(RepositoryHandle):
    """Copies between repositories."""

    def copy_from(
        self,
        source: RepositoryHandle,
        *,
        snapshots: Sequence[str] = (),
        source_name: str | None = None,
        tags: Sequence[str] = (),
        last: int | None = None,
        since: datetime | None = None,
        older: bool = False,
        pins: bool = False,
        allow_unencrypted: bool = False,
        dry_run: bool = False,
        threads: int | None = None,
        compression_level: int | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        context: Context | None = None,
    ) -> CopyReport:
        """Stores snapshots of another repository here too, oldest first, re-encrypted and verified on the way.

        What is here already is left alone, and a call that broke off is continued by the next one. Without `snapshots`,
        `last` or `since` everything is copied that was begun after the newest copy; `older` copies the rest as well.
        `source_name` chooses by a source's name, URL, key or engine. Damaged snapshots are reported, not raised.
        """
        ids = [source.resolve(text, context=context) for text in snapshots]
        with options_of(
            snapshot=ids,
            source=source_name,
            tag=list(tags),
            last=last,
            since_ns=None if since is None else ns_from_time(since),
            older=older,
            pins=pins,
            allow_unencrypted=allow_unencrypted,
            dry_run=dry_run,
            threads=threads,
            compression_level=compression_level,
        ) as options:
            whole = ffi.new("bool *")
            return CopyReport.from_json(
                self._document(
                    lambda c_context, out, error: lib.dbsnap_repository_copy_from(
                        self._handle, source._handle, options, c_context, whole, out, error
                    ),
                    with_progress(context, on_progress),
                )
            )

    def note_pending(self, id: str, to: str, *, context: Context | None = None) -> None:
        """Notes that the repository at a URL lacks a snapshot of this one; status() shows it."""
        full = self._full_id(id, context)
        self._pending(lib.dbsnap_repository_note_pending, full, to, context)

    def settle_pending(self, id: str, to: str, *, context: Context | None = None) -> None:
        """Removes such a note; one that is not there is success."""
        full = self._full_id(id, context)
        self._pending(lib.dbsnap_repository_settle_pending, full, to, context)

    def _pending(self, call: Any, id: bytes, to: str, context: Context | None) -> None:
        place = encode(to)
        run_call(context, lambda c_context, error: call(self._handle, id, place, c_context, error))

    def status(
        self,
        *,
        max_age: str | None = None,
        source: str | None = None,
        tags: Sequence[str] = (),
        context: Context | None = None,
    ) -> Status:
        """How old the newest good snapshot of each source is, and what is pending. `max_age` is such as "26h"."""
        with options_of(max_age=max_age, source=source, tag=list(tags)) as options:
            too_old = ffi.new("bool *")
            return Status.from_json(
                self._document(
                    lambda c_context, out, error: lib.dbsnap_repository_status(
                        self._handle, options, c_context, too_old, out, error
                    ),
                    context,
                )
            )
