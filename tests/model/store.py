"""The store of the model: one immutable value, and the few calls that a real store has.

Sessions, packs and tombstones are bit masks. A manifest key holds None, FENCE, or the mask of the packs that the
manifest needs. A round is (plan, verdict, done); a plan is (condemned packs, live snapshots seen), a verdict is
(packs that go, manifests that go).
"""

from typing import NamedTuple

FENCE = -1
NO_ROUND = (None, None, False)


class Store(NamedTuple):
    sessions: int
    packs: int
    manifests: tuple
    tombstones: int
    rounds: tuple


def bits(mask):
    """The positions of the bits that are set, lowest first."""
    position = 0
    while mask:
        if mask & 1:
            yield position
        mask >>= 1
        position += 1


def lowest(mask):
    """The position of the lowest bit that is set."""
    return (mask & -mask).bit_length() - 1


def put_session(store, sid):
    return Store(store[0] | 1 << sid, *store[1:])


def remove_session(store, sid):
    return Store(store[0] & ~(1 << sid), *store[1:])


def put_pack(store, pack):
    return Store(store[0], store[1] | 1 << pack, *store[2:])


def remove_pack(store, pack):
    return Store(store[0], store[1] & ~(1 << pack), *store[2:])


def set_manifest(store, sid, value):
    manifests = store.manifests
    return Store(store[0], store[1], (*manifests[:sid], value, *manifests[sid + 1 :]), store[3], store[4])


def put_tombstone(store, sid):
    return Store(*store[:3], store[3] | 1 << sid, store[4])


def remove_tombstone(store, sid):
    return Store(*store[:3], store[3] & ~(1 << sid), store[4])


def get_round(store, number):
    return store.rounds[number - 1] if 0 < number <= len(store.rounds) else NO_ROUND


def set_round(store, number, value):
    rounds = store.rounds + (NO_ROUND,) * (number - len(store.rounds))
    return Store(*store[:4], (*rounds[: number - 1], value, *rounds[number:]))


def put_plan(store, number, plan):
    return set_round(store, number, (plan, *get_round(store, number)[1:]))


def put_verdict(store, number, verdict):
    found = get_round(store, number)
    return set_round(store, number, (found[0], verdict, found[2]))


def put_done(store, number):
    return set_round(store, number, (*get_round(store, number)[:2], True))


def is_snapshot(value):
    """Whether what a manifest key holds is a manifest."""
    return value is not None and value != FENCE


def live(manifests, tombstones):
    """Mask of the sessions whose manifest exists and has no tombstone."""
    mask = 0
    for sid, value in enumerate(manifests):
        if value is not None and value != FENCE and not tombstones >> sid & 1:
            mask |= 1 << sid
    return mask


def needed(manifests, sids):
    """Mask of the packs that the manifests of `sids` need."""
    mask = 0
    for sid in bits(sids):
        mask |= manifests[sid]
    return mask


def behind_tombstones(manifests, tombstones):
    """Mask of the sessions whose manifest object is there although a tombstone names it."""
    mask = 0
    for sid in bits(tombstones):
        if is_snapshot(manifests[sid]):
            mask |= 1 << sid
    return mask
