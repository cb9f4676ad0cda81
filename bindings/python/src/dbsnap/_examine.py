"""Examining a store: can it keep a repository, and what does it promise."""

from __future__ import annotations

from ._context import Context, run_call
from ._library import ffi, lib, take_document
from ._options import options_of
from ._reports import DoctorReport
from ._sink import SinkLike, open_sink


def examine(sink: SinkLike, *, write_trial: bool = True, context: Context | None = None) -> DoctorReport:
    """Tries out a store as `dbsnap doctor` does. Needs no password.

    What goes wrong is a finding, not an exception. Puts and removes one small object unless `write_trial` is false.
    """
    handle = open_sink(sink)
    out = ffi.new("dbsnap_document **")
    with options_of(write_trial=write_trial) as options:
        run_call(
            context,
            lambda c_context, error: lib.dbsnap_sink_examine(handle, options, c_context, ffi.NULL, out, error),
        )
    return DoctorReport.from_json(take_document(out[0]))
