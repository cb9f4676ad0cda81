"""Consistent, deduplicated, encrypted snapshots of live databases.

import dbsnap

with dbsnap.Repository.create("/srv/backups", password="...") as repository:
    snapshot = repository.snapshot("sqlite:///srv/app.db")
    repository.restore(snapshot.id, "sqlite:///srv/restored.db")
"""

from ._context import CancelToken, Context, Progress
from ._copies import CopyReport, PendingCopy, SnapshotCopy, SourceStatus, Status
from ._engine import Engine, Entry, Session, SessionResult, Snapshotter
from ._errors import (
    AccessRefused,
    AlreadyExists,
    Cancelled,
    Damaged,
    DeadlineExceeded,
    DrillFailed,
    DrillNotRun,
    Error,
    IncompatibleVersion,
    InternalError,
    InvalidArgument,
    IoError,
    Locked,
    NoRepository,
    NoSpace,
    NotADatabase,
    NotFound,
    PointInTimeUnreachable,
    SourceUnreachable,
    StoppedByCallback,
    StorageUnreachable,
    TargetBusy,
    TargetNotEmpty,
    TooOld,
    Unsupported,
    WrongKey,
)
from ._examine import examine
from ._keys import KeyInfo, RecoveryKey
from ._library import components, has_component, library_version, repository_format
from ._plan import PrunePlan
from ._policy import KeepPolicy, RetentionPolicy, Verdict
from ._reader import SnapshotReader
from ._reports import (
    Damage,
    Decision,
    DiffReport,
    DoctorReport,
    EntryDiff,
    Finding,
    LostRange,
    Manifest,
    ManifestEntry,
    Origin,
    PackCount,
    PruneReport,
    Reason,
    RepairReport,
    RestoreReport,
    SnapshotRepair,
    SnapshotSummary,
    Source,
    Stats,
    VerifyReport,
)
from ._repository import Repository
from ._sink import Sink

__version__ = library_version()

__all__ = [
    "AccessRefused",
    "AlreadyExists",
    "CancelToken",
    "Cancelled",
    "Context",
    "CopyReport",
    "Damage",
    "Damaged",
    "DeadlineExceeded",
    "Decision",
    "DiffReport",
    "DoctorReport",
    "DrillFailed",
    "DrillNotRun",
    "Engine",
    "Entry",
    "EntryDiff",
    "Error",
    "Finding",
    "IncompatibleVersion",
    "InternalError",
    "InvalidArgument",
    "IoError",
    "KeepPolicy",
    "KeyInfo",
    "Locked",
    "LostRange",
    "Manifest",
    "ManifestEntry",
    "NoRepository",
    "NoSpace",
    "NotADatabase",
    "NotFound",
    "Origin",
    "PackCount",
    "PendingCopy",
    "PointInTimeUnreachable",
    "Progress",
    "PrunePlan",
    "PruneReport",
    "Reason",
    "RecoveryKey",
    "RepairReport",
    "Repository",
    "RestoreReport",
    "RetentionPolicy",
    "Session",
    "SessionResult",
    "Sink",
    "SnapshotCopy",
    "SnapshotReader",
    "SnapshotRepair",
    "SnapshotSummary",
    "Snapshotter",
    "Source",
    "SourceStatus",
    "SourceUnreachable",
    "Stats",
    "Status",
    "StoppedByCallback",
    "StorageUnreachable",
    "TargetBusy",
    "TargetNotEmpty",
    "TooOld",
    "Unsupported",
    "Verdict",
    "VerifyReport",
    "WrongKey",
    "components",
    "examine",
    "has_component",
    "library_version",
    "repository_format",
]
