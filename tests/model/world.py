"""A world: what the store holds at first, and the processes that work on it.

Session numbers are handed out beforehand: each writer has one per attempt, and session `s` may store pack `s`.
"""

from dataclasses import dataclass, field

from store import Store


@dataclass(frozen=True)
class Writer:
    sids: tuple  # one per attempt
    wants: int = 0  # packs of others that it references when it may
    own: bool = True  # stores a pack of its own even when it has all that it wants
    unforgets: int | None = None  # commits the content of this forgotten snapshot again
    may_fail: bool = False  # gives up at any step, as when a listing fails


@dataclass(frozen=True)
class Pruner:
    forgets: int = 0  # snapshots that its policy lets go
    plans: int = 1  # how many rounds it may plan


@dataclass(frozen=True)
class Forgetter:
    target: int


@dataclass(frozen=True)
class World:
    name: str
    store: Store
    processes: tuple
    starts: dict = field(default_factory=dict)  # process -> local state to start in, instead of the first step
    mutation: str = ""
    lost_answers: bool = False  # a put may arrive although its caller is told that it did not
    hidden: tuple = ()  # (kind, mask): a listing of that kind by a pruner or writer may leave these out
    honours_if_absent: bool = True
    recover: bool = False  # from each store that is reached, one more prune must leave everything tidy
    visible: frozenset = frozenset()  # the kinds in `hidden`
    paged: bool = False  # a listing of manifests reads two keys per step

    def has(self, mutation):
        return self.mutation == mutation


def sids_forgotten(world):
    """Mask of the snapshots that somebody in this world may forget."""
    mask = world.store.tombstones
    for process in world.processes:
        if isinstance(process, Pruner):
            mask |= process.forgets
        elif isinstance(process, Forgetter):
            mask |= 1 << process.target
    return mask


def make_store(snapshots, leftovers=0, tombstones=0, sids=8, rounds=()):
    """`snapshots`: session -> packs that its manifest needs."""
    packs, sessions, manifests = leftovers, 0, [None] * sids
    for sid, needs in snapshots.items():
        packs |= needs
        sessions |= 1 << sid
        manifests[sid] = needs
    return Store(sessions, packs, tuple(manifests), tombstones, tuple(rounds))
