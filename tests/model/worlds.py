"""The worlds that are walked through. Session `s` stores pack `s`; snapshot 0 was there before."""

from world import Forgetter, Pruner, World, Writer, make_store

ONE = make_store({0: 0b1}, sids=5)
TWO = make_store({0: 0b1, 1: 0b10}, sids=5)
LEFTOVER = make_store({0: 0b1}, leftovers=0b10, tombstones=0b10, sids=6)
FORGOTTEN = make_store({0: 0b1}, tombstones=0b1, sids=4)
# Round 1 condemned pack 0; snapshot 0 was committed with it before anybody judged. Pack 1 is nobody's.
RESCUED = make_store({0: 0b1}, leftovers=0b10, tombstones=0b10, sids=3, rounds=(((0b1, 0), None, False),))
# Round 1 is done; its plan saw both snapshots. Snapshot 1 needs the pack of the other one only.
SEEN = make_store({0: 0b1, 1: 0b1}, sids=3, rounds=(((0b100, 0b11), (0b100, 0), True),))
# The same, but snapshot 1 is newer than that round, and its packs are its own.
UNSEEN = make_store({0: 0b1, 1: 0b10}, sids=3)

PARENT = Writer(sids=(1, 2), wants=0b1, own=False)
PARENT_ONCE = Writer(sids=(1,), wants=0b1, own=False)
PARENT_LAST = Writer(sids=(2,), wants=0b1, own=False)
FRESH = Writer(sids=(3, 4))
FRESH_ONCE = Writer(sids=(3,))
POLICY = Pruner(forgets=0b1)


def judging(number, condemned, plans=0):
    """Where a pruner is that has waited, and is about to list for its verdict."""
    return ("C5", number, condemned, 0, 0, 0, plans)


def hiding(name, store, processes, **hidden):
    return World(name, store, processes, hidden=tuple(hidden.items()), visible=frozenset(hidden))


PROTOCOL = [
    World("two writers, a prune that forgets the parent", ONE, (PARENT, FRESH, POLICY)),
    World("two writers on one parent, a prune", ONE, (PARENT_ONCE, Writer(sids=(2,), wants=0b1), POLICY)),
    World("a writer, two prunes", ONE, (PARENT, POLICY, POLICY)),
    World("two writers, two prunes", ONE, (PARENT_ONCE, FRESH_ONCE, POLICY, POLICY)),
    World("a leftover that a writer uses, two prunes", LEFTOVER, (Writer((2, 3), 0b10, False), Pruner(), Pruner())),
    World("two rounds, one after the other", ONE, (PARENT, Pruner(forgets=0b1, plans=2))),
    World("two prunes of two rounds", ONE, (PARENT_ONCE, Pruner(0b1, plans=2), Pruner(0b1, plans=2))),
    World("forgotten at once", ONE, (PARENT, Forgetter(1), POLICY)),
    World("forgotten between two plans", LEFTOVER, (PARENT_LAST, Forgetter(0), Pruner(), Pruner())),
    World("lost answers", ONE, (PARENT, Forgetter(1), POLICY), lost_answers=True),
    World("lost answers, two prunes", ONE, (PARENT_ONCE, POLICY, POLICY), lost_answers=True),
    World("a writer that gives up anywhere", ONE, (Writer((1, 2), 0b1, may_fail=True), POLICY, POLICY)),
    World("unforget, two prunes", FORGOTTEN, (Writer((1, 2), unforgets=0), Pruner(), Pruner())),
    World(
        "a second plan beside an open round",
        RESCUED,
        (PARENT_LAST, Forgetter(0), Pruner(), Pruner()),
        starts={2: judging(1, 0b1)},
    ),
    World(
        "two judges of one round",
        RESCUED,
        (PARENT_LAST, Forgetter(0), Pruner(), Pruner()),
        starts={2: judging(1, 0b1), 3: judging(1, 0b1)},
    ),
    World(
        "a verdict after its round",
        RESCUED,
        (PARENT_LAST, Forgetter(0), Pruner(), Pruner()),
        starts={2: judging(1, 0b1, plans=1), 3: judging(1, 0b1)},
    ),
    World(
        "two verdicts after their round",
        RESCUED,
        (PARENT_LAST, Forgetter(0), Pruner(), Pruner(), Pruner()),
        starts={2: judging(1, 0b1, plans=1), 3: judging(1, 0b1), 4: judging(1, 0b1)},
    ),
    World("listings that take time", ONE, (PARENT_ONCE, FRESH_ONCE, POLICY), paged=True),
    World("listings that take time, two prunes", ONE, (PARENT_ONCE, POLICY, POLICY), paged=True),
    World("create-if-absent is ignored", ONE, (PARENT_ONCE, FRESH_ONCE, POLICY), honours_if_absent=False),
]

CRASHES = [
    World("crashes of two writers and a prune", ONE, (PARENT, FRESH_ONCE, POLICY), recover=True),
    World("crashes of a writer and two prunes", ONE, (PARENT_ONCE, POLICY, POLICY), recover=True),
    World("crashes with lost answers", ONE, (PARENT, POLICY), lost_answers=True, recover=True),
    World("crashes beside a leftover", LEFTOVER, (Writer((2, 3), 0b10), Pruner(forgets=0b1)), recover=True),
]

HIDING = [
    hiding("listings hide a manifest", TWO, (Writer((2,), 0b11), POLICY), manifests=0b10),
    hiding("listings hide what commits now", ONE, (PARENT_ONCE, POLICY), manifests=0b10),
    hiding("listings hide a snapshot", UNSEEN, (PARENT_LAST, POLICY), manifests=0b10, sessions=0b10),
    hiding("listings hide a snapshot that a plan saw", SEEN, (POLICY,), manifests=0b10, sessions=0b10),
    hiding("listings hide a session that has ended", TWO, (PARENT_LAST, POLICY), sessions=0b10),
    hiding("listings hide a tombstone", FORGOTTEN, (Writer((1,), 0b1), Pruner(), Pruner()), tombstones=0b1),
    hiding("listings hide packs", ONE, (PARENT_ONCE, POLICY, POLICY), packs=0b1),
    hiding("listings hide the newest round", ONE, (PARENT_ONCE, FRESH_ONCE, POLICY), rounds=1),
    hiding("listings hide the newest round from two prunes", ONE, (PARENT_ONCE, POLICY, POLICY), rounds=1),
]

DEEP = [
    World("deep: two writers, two prunes", ONE, (PARENT, FRESH, POLICY, POLICY)),
    World("deep: three prunes", ONE, (PARENT_ONCE, POLICY, POLICY, POLICY)),
    World("deep: lost answers, two writers", ONE, (PARENT_ONCE, FRESH_ONCE, POLICY, POLICY), lost_answers=True),
    World("deep: listings that take time", ONE, (PARENT_ONCE, FRESH_ONCE, POLICY, POLICY), paged=True),
    World("deep: crashes", ONE, (PARENT_ONCE, FRESH_ONCE, POLICY, POLICY), recover=True),
]

# A store that hides the record of a session that is at work breaks its promise, and nothing is promised in return.
BROKEN_STORE = hiding("listings hide a session at work", ONE, (PARENT_ONCE, POLICY), sessions=0b10)

WORLDS = [*PROTOCOL, *CRASHES, *HIDING]
