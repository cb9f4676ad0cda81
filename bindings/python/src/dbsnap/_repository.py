"""Repository: everything kept in one sink, and what can be done with it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any, Callable

from ._context import Context, Progress, run_call
from ._engine import EngineLike, open_engine
from ._library import ffi, lib
from ._options import options_of
from ._plan import PrunePlan
from ._policy import PolicyLike, open_policy
from ._reports import (
    DiffReport,
    Manifest,
    PruneReport,
    RestoreReport,
    SnapshotSummary,
    Stats,
    VerifyReport,
    ns_from_time,
)
from ._sink import SinkLike, open_sink
from ._transfers import Transfers

OnProgress = Callable[[Progress], object]


def _with_progress(context: Context | None, on_progress: OnProgress | None) -> Context | None:
    if on_progress is None:
        return context
    base = context or Context()
    return Context(on_progress, base.on_log, base.timeout_s, base.cancel)


class Repository(Transfers):
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
        context: Context | None = None,
    ) -> Repository:
        """Makes a new repository, encrypted unless `encrypt` is False. Raises AlreadyExists."""
        with options_of(
            password=password,
            encrypt=encrypt,
            chunk_size_bytes=chunk_size_bytes,
            frame_size_bytes=frame_size_bytes,
            pack_size_bytes=pack_size_bytes,
        ) as options:
            return _open(lib.dbsnap_repository_create, sink, options, context)

    @staticmethod
    def open(sink: SinkLike, *, password: str | None = None, context: Context | None = None) -> Repository:
        """Opens a repository. Raises NoRepository, WrongKey, IncompatibleVersion or Damaged."""
        with options_of(password=password) as options:
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
        ) as options:
            return Manifest.from_json(
                self._document(
                    lambda c_context, out, error: lib.dbsnap_repository_snapshot(
                        self._handle, engine._handle, options, c_context, out, error
                    ),
                    _with_progress(context, on_progress),
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
                    _with_progress(context, on_progress),
                )
            )

    def verify(
        self,
        *,
        level: str = "frames",
        snapshots: Sequence[str] = (),
        scratch_folder: str | None = None,
        engine: EngineLike | None = None,
        threads: int | None = None,
        on_progress: OnProgress | None = None,
        context: Context | None = None,
    ) -> VerifyReport:
        """Checks what is stored: "packs" are there, "frames" decode, "data" restores. Damage is reported, not raised.

        Level "data" restores into `scratch_folder` (a temporary one unless given); `engine` is needed only for
        snapshots of an engine of your own.
        """
        with ExitStack() as stack:
            if level == "data" and scratch_folder is None:
                scratch_folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dbsnap-verify-"))
            options = stack.enter_context(
                options_of(level=level, snapshot=list(snapshots), scratch_folder=scratch_folder, threads=threads)
            )
            given = None if engine is None else open_engine(engine)
            handle = ffi.NULL if given is None else given._handle
            sound = ffi.new("bool *")
            return VerifyReport.from_json(
                self._document(
                    lambda c_context, out, error: lib.dbsnap_repository_verify(
                        self._handle, handle, options, c_context, sound, out, error
                    ),
                    _with_progress(context, on_progress),
                )
            )

    def forget(self, *ids: str, context: Context | None = None) -> None:
        """Drops snapshots from the list; a prune frees their data. Raises Locked for a pinned one."""
        texts = [ffi.new("char[]", self._full_id(id, context)) for id in ids]
        array = ffi.new("const char *[]", texts)
        run_call(
            context,
            lambda c_context, error: lib.dbsnap_repository_forget(self._handle, array, len(texts), c_context, error),
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
        self, plan: PrunePlan, *, discard_unfinished: bool = False, context: Context | None = None
    ) -> PruneReport:
        """Carries out a plan. Raises Locked when a snapshot is being taken or the plan is out of date."""
        with options_of(discard_unfinished=discard_unfinished) as options:
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
