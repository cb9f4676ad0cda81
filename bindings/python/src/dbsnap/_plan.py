"""The plan of a prune."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ._errors import check
from ._library import ffi, lib, take_document
from ._reports import Decision, time_from_text


class PrunePlan:
    """What a prune would do; look at it, then hand it to Repository.apply()."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        out = ffi.new("dbsnap_document **")
        check(lambda error: lib.dbsnap_plan_document(handle, out, error))
        self.data: dict[str, Any] = take_document(out[0])
        """The whole document (docs/json.md)."""
        self.decisions = [Decision.from_json(one) for one in self.data["decisions"]]
        """One for each snapshot, by source, then newest first."""

    @property
    def bytes_freed(self) -> int:
        """Bytes in packs that go."""
        return int(self.data["bytes_freed"])

    @property
    def oldest_kept(self) -> datetime | None:
        """How far back restore reaches afterwards."""
        text = self.data["oldest_kept"]
        return None if text is None else time_from_text(text)
