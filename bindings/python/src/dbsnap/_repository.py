"""Repository: everything kept in one sink, and what can be done with it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any, Callable

from ._context import Context, Progress, run_call, with_progress
from ._copies import Copies
from ._engine import EngineLike, open_engine
from ._keys import Keys
from ._library import ffi, lib, take_document
from ._options import options_of
from ._plan import PrunePlan
from ._policy import PolicyLike, open_policy
from ._reports import (
    DiffReport,
    Manifest,
    PruneReport,
    RepairReport,
    RestoreReport,
    SnapshotSummary,
    Stats,
    VerifyReport,
    ns_from_time,
)
from ._sink import SinkLike, open_sink
from ._transfers import Transfers

OnProgress = Callable[[Progress], object]


class Repository(Transfers, Keys, Copies):
    """Made by create() or open(); usable from any thread; closed by close() or a `with` statement.

    A sink is a URL ("file:///srv/backups", "memory:"), a path, or a Sink. Where a snapshot's id is asked for, a unique
    prefix of it and "latest" will do. Every call takes a Context for progress, log, timeout and cancellation, and may
    be made from many threads at once: the interpreter is not held while the library works.
    """

    @staticmethod
    def create(
        sink: SinkLike,
        *,
        password: str | None = None,
        encrypt: bool | None = None,
        chunk_size_bytes: int | None = None,
        frame_size_bytes: int | None = None,
        pack_size_bytes: int | None = None,
        cache_folder: str | None = None,
        cache_size_bytes: int | None = None,
        context: Context | None = None,
    ) -> Repository:
        """Makes a new repository, encrypted unless `encrypt` is False. Raises AlreadyExists."""
        with options_of(
            password=password,
            encrypt=encrypt,
            chunk_size_bytes=chunk_size_bytes,
            frame_size_bytes=frame_size_bytes,
            pack_size_bytes=pack_size_bytes,
            cache_folder=cache_folder,
            cache_size_bytes=cache_size_bytes,
        ) as options:
            return _open(lib.dbsnap_repository_create, sink, options, context)

    @staticmethod
    def open(
        sink: SinkLike,
        *,
        password: str | None = None,
        cache_folder: str | None = None,
        cache_size_bytes: int | None = None,
        context: Context | None = None,
    ) -> Repository:
        """Opens a repository with a password or a recovery code.

        `cache_folder` keeps what a remote store holds on a local disk too, so that less is sent next time.

        Raises NoRepository, WrongKey (also for a password to a repository that is not encrypted), IncompatibleVersion
        or Damaged.
        """
        with options_of(
            password=password, cache_folder=cache_folder, cache_size_bytes=cache_size_bytes
        ) as options:
            return _open(lib.dbsnap_repository_open, sink, options, context)

    def snapshot(
        self,
        source: EngineLike,
        *,
        tags: Sequence[str] = (),
        host: str | None = None,
        source_name: str | None = None,
        threads: int | None = None,
        compression_level: int | None = None,
        read_limit_bytes_per_second: int | None = None,
        time: datetime | None = None,
        use_parent: bool | None = None,
        base_data: str | None = None,
        source_patience_ms: int | None = None,
        on_progress: OnProgress | None = None,
        context: Context | None = None,
    ) -> Manifest:
        """Takes a snapshot of a URL, an Engine or a Snapshotter. On any failure nothing is listed."""
        engine = open_engine(source)
        with options_of(
            tag=list(tags),
            host=host,
            source_name=source_name,
            threads=threads,
            compression_level=compression_level,
            read_limit_bytes_per_second=read_limit_bytes_per_second,
            time_ns=None if time is None else ns_from_time(time),
            use_parent=use_parent,
            base_data=base_data,
            source_patience_ms=source_patience_ms,
        ) as options:
            return Manifest.from_json(
                self._document(
                    lambda c_context, out, error: lib.dbsnap_repository_snapshot(
                        self._handle, engine._handle, options, c_context, out, error
                    ),
                    with_progress(context, on_progress),
                )
            )

    def snapshots(
        self, *, source: str | None = None, tags: Sequence[str] = (), context: Context | None = None
    ) -> list[SnapshotSummary]:
        """Newest first."""
        with options_of(source=source, tag=list(tags)) as options:
            rows = self._document(
                lambda c_context, out, error: lib.dbsnap_repository_list(self._handle, options, c_context, out, error),
                context,
            )
        return [SnapshotSummary.from_json(row) for row in rows]

    def resolve_at(
        self,
        time: datetime,
        *,
        source: str | None = None,
        tags: Sequence[str] = (),
        context: Context | None = None,
    ) -> str:
        """Id of the newest snapshot that is not later than `time`. Raises PointInTimeUnreachable."""
        time_ns = ns_from_time(time)
        with options_of(source=source, tag=list(tags)) as options:
            return self._text(
                lambda c_context, out, error: lib.dbsnap_repository_resolve_at(
                    self._handle, time_ns, options, c_context, out, error
                ),
                context,
            )

    def manifest(self, id: str, *, context: Context | None = None) -> Manifest:
        """The snapshot in full."""
        full = self._full_id(id, context)
        return Manifest.from_json(
            self._document(
                lambda c_context, out, error: lib.dbsnap_repository_manifest(self._handle, full, c_context, out, error),
                context,
            )
        )

    def stats(self, *, context: Context | None = None) -> Stats:
        """Sizes and counts of the whole repository."""
        return Stats.from_json(
            self._document(
                lambda c_context, out, error: lib.dbsnap_repository_stats(self._handle, c_context, out, error),
                context,
            )
        )

    def diff(self, before: str, after: str, *, context: Context | None = None) -> DiffReport:
        """What changed between two snapshots."""
        left, right = self._full_id(before, context), self._full_id(after, context)
        return DiffReport.from_json(
            self._document(
                lambda c_context, out, error: lib.dbsnap_repository_diff(
                    self._handle, left, right, c_context, out, error
                ),
                context,
            )
        )

    def restore(
        self,
        id: str,
        to: EngineLike,
        *,
        overwrite: bool = False,
        threads: int | None = None,
        on_progress: OnProgress | None = None,
        context: Context | None = None,
    ) -> RestoreReport:
        """Writes a snapshot to a place; the result appears at once and only when whole.

        Raises TargetNotEmpty, TargetBusy or Damaged.
        """
        full = self._full_id(id, context)
        engine = open_engine(to)
        with options_of(overwrite=overwrite, threads=threads) as options:
            return RestoreReport.from_json(
                self._document(
                    lambda c_context, out, error: lib.dbsnap_repository_restore(
                        self._handle, full, engine._handle, options, c_context, out, error
                    ),
                    with_progress(context, on_progress),
                )
            )

    def verify(
        self,
        *,
        level: str = "frames",
        max_age: str | None = None,
        percent: int | None = None,
        snapshots: Sequence[str] = (),
        scratch_folder: str | None = None,
        engine: EngineLike | None = None,
        threads: int | None = None,
        on_progress: OnProgress | None = None,
        context: Context | None = None,
    ) -> VerifyReport:
        """Checks what is stored. Damage is reported, not raised.

        Levels, each proving more than those before: "listing" (packs are there), "tables" (chunk tables read back),
        "checksums" (the store's own checksums of the packs are right), "packs" (packs have the bytes that were written),
        "frames" (they decode), "data" (snapshots restore).

        For levels "packs" and "frames" `max_age` ("30d", "36h") leaves out what was checked lately, and `percent` reads
        a share of the stored bytes, those that waited longest first; what was read is remembered in the repository.

        Level "data" restores into `scratch_folder` (a temporary one unless given); `engine` is needed only for
        snapshots of an engine of your own.
        """
        with ExitStack() as stack:
            if level == "data" and scratch_folder is None:
                scratch_folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dbsnap-verify-"))
            options = stack.enter_context(
                options_of(
                    level=level,
                    max_age=max_age,
                    percent=percent,
                    snapshot=list(snapshots),
                    scratch_folder=scratch_folder,
                    threads=threads,
                )
            )
            given = None if engine is None else open_engine(engine)
            handle = ffi.NULL if given is None else given._handle
            sound = ffi.new("bool *")
            return VerifyReport.from_json(
                self._document(
                    lambda c_context, out, error: lib.dbsnap_repository_verify(
                        self._handle, handle, options, c_context, sound, out, error
                    ),
                    with_progress(context, on_progress),
                )
            )

    def repair(
        self,
        *,
        snapshots: Sequence[str] = (),
        dry_run: bool = False,
        threads: int | None = None,
        on_progress: OnProgress | None = None,
        context: Context | None = None,
    ) -> RepairReport:
        """Rebuilds damaged snapshots from what is still stored, as new ones; removes and changes nothing.

        Looks at the snapshots that a verify has marked, or that lack a pack, unless `snapshots` names others. What is
        lost is reported, not raised.
        """
        with options_of(snapshot=list(snapshots), dry_run=dry_run, threads=threads) as options:
            whole = ffi.new("bool *")
            return RepairReport.from_json(
                self._document(
                    lambda c_context, out, error: lib.dbsnap_repository_repair(
                        self._handle, options, c_context, whole, out, error
                    ),
                    with_progress(context, on_progress),
                )
            )

    @staticmethod
    def verify_keyless(
        sink: SinkLike,
        *,
        percent: int | None = None,
        threads: int | None = None,
        on_progress: OnProgress | None = None,
        context: Context | None = None,
    ) -> VerifyReport:
        """Reads the packs in a sink and compares each with the checksum in it. Needs no password.

        Cannot see packs that are missing or forged. `percent` reads a share of the bytes, drawn anew each time.
        Raises NoRepository.
        """
        handle = open_sink(sink)
        sound = ffi.new("bool *")
        out = ffi.new("dbsnap_document **")
        with options_of(percent=percent, threads=threads) as options:
            run_call(
                with_progress(context, on_progress),
                lambda c_context, error: lib.dbsnap_verify_keyless(handle, options, c_context, sound, out, error),
            )
        return VerifyReport.from_json(take_document(out[0]))

    def forget(self, *ids: str, context: Context | None = None) -> None:
        """Drops snapshots from the list; a prune frees their data. Raises Locked for a pinned one."""
        texts = [ffi.new("char[]", self._full_id(id, context)) for id in ids]
        array = ffi.new("const char *[]", texts)
        run_call(
            context,
            lambda c_context, error: lib.dbsnap_repository_forget(self._handle, array, len(texts), c_context, error),
        )

    def forgotten(
        self, *, source: str | None = None, tags: Sequence[str] = (), context: Context | None = None
    ) -> list[SnapshotSummary]:
        """Forgotten snapshots that no prune has removed yet, newest first."""
        with options_of(source=source, tag=list(tags)) as options:
            rows = self._document(
                lambda c_context, out, error: lib.dbsnap_repository_forgotten(
                    self._handle, options, c_context, out, error
                ),
                context,
            )
        return [SnapshotSummary.from_json(row) for row in rows]

    def unforget(self, id: str, *, context: Context | None = None) -> Manifest:
        """Brings a forgotten snapshot (a full id) back as a new one. Raises Locked once its data is condemned or gone."""
        return Manifest.from_json(
            self._document(
                lambda c_context, out, error: lib.dbsnap_repository_unforget(
                    self._handle, id.encode(), c_context, out, error
                ),
                context,
            )
        )

    def pin(self, id: str, *, context: Context | None = None) -> None:
        """Makes the snapshot survive every policy and forget() until it is unpinned."""
        full = self._full_id(id, context)
        run_call(context, lambda c_context, error: lib.dbsnap_repository_pin(self._handle, full, c_context, error))

    def unpin(self, id: str, *, context: Context | None = None) -> None:
        """Undoes a pin."""
        full = self._full_id(id, context)
        run_call(context, lambda c_context, error: lib.dbsnap_repository_unpin(self._handle, full, c_context, error))

    def plan_prune(
        self,
        policy: PolicyLike,
        *,
        source: str | None = None,
        tags: Sequence[str] = (),
        context: Context | None = None,
    ) -> PrunePlan:
        """Decides what would go; changes nothing."""
        handle = open_policy(policy)
        out = ffi.new("dbsnap_plan **")
        with options_of(source=source, tag=list(tags)) as options:
            run_call(
                context,
                lambda c_context, error: lib.dbsnap_repository_plan_prune(
                    self._handle, handle, options, c_context, out, error
                ),
            )
        return PrunePlan(ffi.gc(out[0], lib.dbsnap_plan_free))

    def apply(
        self,
        plan: PrunePlan,
        *,
        discard_unfinished: bool = False,
        wait: bool = True,
        patience_ms: int | None = None,
        exclusive: bool = False,
        context: Context | None = None,
    ) -> PruneReport:
        """Carries out a plan beside running snapshots and other prunes; waits for those that it saw begin.

        A snapshot without a sign of life for `patience_ms` is taken for dead (`discard_unfinished`: at once). Raises
        Locked with wait=False, when the plan is out of date, or when the store needs `exclusive`.
        """
        with options_of(
            discard_unfinished=discard_unfinished, wait=wait, patience_ms=patience_ms, exclusive=exclusive
        ) as options:
            return PruneReport.from_json(
                self._document(
                    lambda c_context, out, error: lib.dbsnap_repository_apply(
                        self._handle, plan._handle, options, c_context, out, error
                    ),
                    context,
                )
            )


def _open(function: Callable[..., int], sink: SinkLike, options: Any, context: Context | None) -> Repository:
    handle = open_sink(sink)
    out = ffi.new("dbsnap_repository **")
    run_call(context, lambda c_context, error: function(handle, options, c_context, out, error))
    return Repository(ffi.gc(out[0], lib.dbsnap_repository_free))
