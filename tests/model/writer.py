"""Steps of a writer, W1 to W5 of docs/concurrency.md, and of who forgets. One call to the store per step.

A local state is (step, attempt, avoid, needs, aux). W3 reads only the packs: that a writer chooses by manifests and
tombstones as well makes its choice smaller, never larger.
"""

from store import FENCE, get_round, is_snapshot, lowest, put_pack, put_session, put_tombstone, set_manifest

FIRST = ("W1", 0, 0, 0, 0)


def sid_of(process, local):
    return process.sids[local[1]]


def begin(world, process, store, local):
    _, attempt, _, needs, again = local
    if world.has("w2_before_w1"):
        return [(store, ("W2", attempt, 0, needs, again))]
    return put_record(world, process, store, ("W1b", attempt, 0, needs, again))


def put_record(world, process, store, local):
    _, attempt, avoid, needs, again = local
    after = "W2"
    if world.has("w2_before_w1"):
        after = "W3"
    elif world.has("w3_before_w2"):
        after = "W3"
    elif world.has("recommit_without_w2") and again:
        return [(put_session(store, sid_of(process, local)), ("W3n", attempt, 0, needs, needs))]
    if world.has("no_session_record"):
        return [(store, (after, attempt, avoid, needs, again))]
    return [(put_session(store, sid_of(process, local)), (after, attempt, avoid, needs, again))]


def newest_rounds(world, store):
    """What a look at the rounds may give: (number, done), once for each listing that is possible."""
    shown = len(store.rounds)
    numbers = {shown}
    if "rounds" in world.visible and shown:
        looked_up = 0 if world.has("no_round_lookup") else 1
        numbers.add(shown - 1 + looked_up)
    return [(number, number == 0 or get_round(store, number)[2]) for number in numbers]


def learn_round(world, process, store, local):
    _, attempt, _, needs, again = local
    successors = []
    for number, done in newest_rounds(world, store):
        if done or world.has("ignore_condemned"):
            successors.append((store, after_round(world, attempt, 0, needs, again)))
        else:
            successors.append((store, ("W2p", attempt, number, needs, again)))
    return successors


def after_round(world, attempt, avoid, needs, again):
    if world.has("w2_before_w1"):
        return ("W1b", attempt, avoid, needs, again)
    if world.has("w3_before_w2"):
        return ("W4", attempt, 0, needs & ~avoid, needs)
    if again:
        return ("W3n", attempt, avoid, needs, needs)
    return ("W3", attempt, avoid, 0, 0)


def read_plan(world, process, store, local):
    _, attempt, number, needs, again = local
    plan = get_round(store, number)[0]
    if plan is None:
        return [(store, ("W2", attempt, 0, needs, again))]
    return [(store, after_round(world, attempt, plan[0], needs, again))]


def choose(world, process, store, local):
    _, attempt, avoid, _, _ = local
    if process.unforgets is not None:
        manifest = store.manifests[process.unforgets]
        if not is_snapshot(manifest):
            return [(store, ("fail", attempt, 0, 0, 0))]
        return [(store, ("W3n", attempt, avoid, manifest, manifest))]
    found = process.wants & ~avoid
    if not world.has("w3_not_listed"):
        found &= store.packs
    if world.has("w3_before_w2"):
        return [(store, ("W2", attempt, 0, found, 0))]
    return [(store, after_choice(process, attempt, found))]


def after_choice(process, attempt, found):
    if process.own or found != process.wants:
        return ("W4", attempt, 0, found, 0)
    return ("W5", attempt, 0, found, 0)


def ask_for_packs(world, process, store, local):
    """Before the same content is committed again: one pack per step, asked for by name."""
    _, attempt, avoid, needs, left = local
    if world.has("recommit_unasked"):
        return [(store, ("W5", attempt, 0, needs, 0))]
    pack = lowest(left)
    if needs & avoid or not store.packs >> pack & 1:
        if process.unforgets is not None:
            return [(store, ("fail", attempt, 0, 0, 0))]
        return [(store, ("W3", attempt, avoid, 0, 0))]
    left &= left - 1
    if left:
        return [(store, ("W3n", attempt, avoid, needs, left))]
    return [(store, ("W5", attempt, 0, needs, 0))]


def store_pack(world, process, store, local):
    _, attempt, _, needs, _ = local
    sid = sid_of(process, local)
    stored = put_pack(store, sid)
    successors = [(stored, ("W5", attempt, 0, needs | 1 << sid, 0))]
    if world.lost_answers:
        successors.append((stored, ("W4ask", attempt, 0, needs, 0)))
        successors.append((stored, ("fail", attempt, 0, 0, 0)))
    if world.has("repeated_pack_put"):
        successors.append((stored, ("W4again", attempt, 0, needs | 1 << sid, 0)))
    return successors


def ask_for_own_pack(world, process, store, local):
    """The put's answer was lost: only a pack that is there counts as put. Another name for it is another pack."""
    _, attempt, _, needs, _ = local
    sid = sid_of(process, local)
    if store.packs >> sid & 1:
        return [(store, ("W5", attempt, 0, needs | 1 << sid, 0))]
    return [(store, ("fail", attempt, 0, 0, 0))]


def store_pack_again(world, process, store, local):
    _, attempt, _, needs, _ = local
    return [(put_pack(store, sid_of(process, local)), ("W5", attempt, 0, needs, 0))]


def commit(world, process, store, local):
    _, attempt, _, needs, asked_again = local
    sid = sid_of(process, local)
    found = store.manifests[sid]
    if found is None or not world.honours_if_absent or world.has("commit_overwrites"):
        stored = set_manifest(store, sid, needs)
        successors = [(stored, ("ok", attempt, 0, 0, 0))]
        if world.lost_answers and not asked_again:
            successors.append((stored, ("W5", attempt, 0, needs, 1)))
            successors.append((stored, ("fail", attempt, 0, 0, 0)))
        return successors
    if found == FENCE:
        return [(store, next_attempt(process, attempt, needs))]
    return [(store, ("ok", attempt, 0, 0, 0))]


def next_attempt(process, attempt, needs):
    if attempt + 1 == len(process.sids):
        return ("fail", attempt, 0, 0, 0)
    return ("W1", attempt + 1, 0, needs, 1)


def give_up(world, process, store, local):
    return [(put_tombstone(store, sid_of(process, local)), ("failed", local[1], 0, 0, 0))]


STEPS = {
    "W1": begin,
    "W1b": put_record,
    "W2": learn_round,
    "W2p": read_plan,
    "W3": choose,
    "W3n": ask_for_packs,
    "W4": store_pack,
    "W4ask": ask_for_own_pack,
    "W4again": store_pack_again,
    "W5": commit,
    "fail": give_up,
}


def step(world, process, store, local):
    """All (store, local) that the next step may lead to; none when the writer is through."""
    action = STEPS.get(local[0])
    if action is None:
        return ()
    successors = action(world, process, store, local)
    if process.may_fail and local[0] not in ("W1", "fail"):
        successors.append((store, ("fail", local[1], 0, 0, 0)))
    return successors


def forget(world, process, store, local):
    """Puts the tombstone, once the snapshot is there to be seen."""
    if local == ("forget",) and is_snapshot(store.manifests[process.target]):
        return [(put_tombstone(store, process.target), ("forgotten",))]
    return ()
