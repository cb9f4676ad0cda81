"""Retention policies: which snapshots to keep, and why."""

from __future__ import annotations

import abc
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Union

from ._errors import check
from ._library import encode, ffi, lib, text_of
from ._options import options_of
from ._reports import Reason, SnapshotSummary, time_from_ns
from ._tables import callback, keep, release, releaser, value_of

_TABLE = "dbsnap_policy_table"


@dataclass(frozen=True)
class Verdict:
    """A decision; the reasons of a kept snapshot use rule names of reports ("last", "daily", "tagged", ...)."""

    keep: bool
    reasons: Sequence[Reason] = ()


class RetentionPolicy(abc.ABC):
    """A policy of your own."""

    @abc.abstractmethod
    def evaluate(self, snapshots: Sequence[SnapshotSummary], now: datetime) -> Sequence[Verdict]:
        """One verdict per snapshot of one source, in the same order. Must be a pure function of its arguments."""


@dataclass(frozen=True)
class KeepPolicy:
    """The built-in policy: a snapshot is kept when any rule keeps it; without a rule everything is kept.

    `within` is a duration such as "36h", "7d" or "1y6m". Calendar periods are those of UTC.
    """

    last: int | None = None
    within: str | None = None
    hourly: int | None = None
    daily: int | None = None
    weekly: int | None = None
    monthly: int | None = None
    yearly: int | None = None
    tags: Sequence[str] = field(default=())
    minimum: int | None = None


PolicyLike = Union[KeepPolicy, RetentionPolicy]


@callback(_TABLE, "evaluate")
def _evaluate(data: Any, snapshots: Any, now_ns: int, verdicts: Any) -> None:
    rows = json.loads(text_of(lib.dbsnap_document_json(snapshots)))
    summaries = [SnapshotSummary.from_json(row) for row in rows]
    decided = value_of(data).evaluate(summaries, time_from_ns(now_ns))
    if len(decided) != len(summaries):
        raise ValueError(f"the policy gave {len(decided)} verdicts for {len(summaries)} snapshots")
    for index, verdict in enumerate(decided):
        _record(verdicts, index, verdict)


def _record(verdicts: Any, index: int, verdict: Verdict) -> None:
    if not verdict.keep:
        check(lambda error: lib.dbsnap_verdicts_remove(verdicts, index, error))
        return
    for reason in verdict.reasons:
        rule, detail = encode(reason.rule), encode(reason.detail)
        check(lambda error: lib.dbsnap_verdicts_keep(verdicts, index, rule, detail, error))  # noqa: B023


_destroy = releaser(_TABLE, "destroy")


def open_policy(policy: PolicyLike) -> Any:
    """A C handle, freed with its last Python reference."""
    out = ffi.new("dbsnap_policy **")
    if isinstance(policy, RetentionPolicy):
        table = ffi.new(_TABLE + " *", {"struct_size": ffi.sizeof(_TABLE)})
        table.evaluate, table.destroy = _evaluate, _destroy
        data = keep(policy)
        try:
            check(lambda error: lib.dbsnap_policy_create(table, data, out, error))
        except BaseException:
            release(data)
            raise
    else:
        with options_of(
            keep_last=policy.last,
            keep_within=policy.within,
            keep_hourly=policy.hourly,
            keep_daily=policy.daily,
            keep_weekly=policy.weekly,
            keep_monthly=policy.monthly,
            keep_yearly=policy.yearly,
            keep_tag=list(policy.tags),
            keep_minimum=policy.minimum,
        ) as options:
            check(lambda error: lib.dbsnap_policy_create_keep(options, out, error))
    return ffi.gc(out[0], lib.dbsnap_policy_free)
