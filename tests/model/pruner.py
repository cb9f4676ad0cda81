"""Steps of a pruner, C0 to C7 of docs/concurrency.md. One call to the store per step.

A local state is (step, round, condemned, seen, a, b, plans): `plans` counts the rounds that it may still plan, `a` and
`b` are what the step needs: mostly masks of what was listed or is left to do.
"""

from store import (
    FENCE,
    behind_tombstones,
    bits,
    get_round,
    is_snapshot,
    live,
    lowest,
    needed,
    put_done,
    put_plan,
    put_tombstone,
    put_verdict,
    remove_pack,
    remove_session,
    remove_tombstone,
    set_manifest,
    set_round,
)
from writer import newest_rounds

STOPPED = ("stopped",)
FINISHED = ("finished",)


def first(process):
    return ("C0", 0, 0, 0, process.forgets, 0, process.plans)


def forget_by_policy(world, process, store, local):
    left, plans = local[4], local[6]
    if not left:
        return look_for_round(world, process, store, local)
    target = lowest(left)
    after = ("C0", 0, 0, 0, left & (left - 1), 0, plans)
    return [(put_tombstone(store, target) if is_snapshot(store.manifests[target]) else store, after)]


def look_for_round(world, process, store, local):
    plans = local[6]
    successors = []
    for number, done in newest_rounds(world, store):
        if done or world.has("plan_while_open"):
            following = ("C1", number + 1, 0, 0, 0, 0, plans) if plans else FINISHED
        elif world.has("no_takeover"):
            following = FINISHED
        elif get_round(store, number)[1] is not None and not world.has("no_verdict"):
            following = ("C6r", number, 0, 0, 0, 0, plans)
        else:
            following = ("C2r", number, 0, 0, 0, 0, plans)
        successors.append((store, following))
    return successors


def views(world, kind, value):
    """What a listing may show: everything, or all but what this world hides from listings of that kind."""
    if kind not in world.visible:
        return (value,)
    hidden = dict(world.hidden)[kind]
    if kind != "manifests":
        return (value, value & ~hidden)
    return (value, tuple(None if hidden >> sid & 1 else found for sid, found in enumerate(value)))


def list_packs(world, process, store, local):
    _, number, _, _, _, _, plans = local
    return [(store, ("C1m", number, packs, 0, 0, 0, plans)) for packs in views(world, "packs", store.packs)]


def next_page(store, listed):
    """What a listing of manifests shows after one more page of it, and whether that was the last."""
    listed = (listed or ()) + store.manifests[len(listed or ()) :][:2]
    return listed, len(listed) == len(store.manifests)


def list_manifests_before(world, process, store, local):
    _, number, packs, _, listed, _, plans = local
    if world.paged:
        listed, complete = next_page(store, listed)
        return [(store, ("C1t" if complete else "C1m", number, packs, 0, listed, 0, plans))]
    return [
        (store, ("C1t", number, packs, 0, manifests, 0, plans))
        for manifests in views(world, "manifests", store.manifests)
    ]


def list_tombstones_before(world, process, store, local):
    _, number, packs, _, manifests, _, plans = local
    successors = []
    for tombstones in views(world, "tombstones", store.tombstones):
        alive = live(manifests, tombstones)
        condemned = packs & ~needed(manifests, alive)
        if misses_seen(world, store, number - 1, alive):
            following = STOPPED
        elif not condemned and not behind_tombstones(manifests, tombstones):
            following = FINISHED
        elif world.has("c3_before_c2"):
            following = ("C3", number, condemned, alive, 0, 0, plans)
        else:
            following = ("C2", number, condemned, alive, 0, 0, plans)
        successors.append((store, following))
    return successors


def misses_seen(world, store, number, alive):
    """Whether a snapshot that the plan of that round saw is neither shown as live nor forgotten, looked up by key."""
    plan = get_round(store, number)[0]
    return plan is not None and not world.has("no_seen_check") and bool(plan[1] & ~alive & ~store.tombstones)


def offer_plan(world, process, store, local):
    _, number, condemned, seen, sessions, _, plans = local
    again = ("C0", 0, 0, 0, 0, 0, plans)
    if get_round(store, number)[0] is not None and not world.has("plan_overwrites"):
        return [(store, again)]
    after = ("C3", number, condemned, seen, 0, 0, plans - 1)
    if world.has("c3_before_c2"):
        after = ("C4", number, condemned, seen, sessions, 0, plans - 1)
    stored = put_plan(store, number, (condemned, seen))
    if world.lost_answers:
        return [(stored, after), (stored, (*again[:6], plans - 1))]
    return [(stored, after)]


def take_over(world, process, store, local):
    _, number, _, _, _, _, plans = local
    plan = get_round(store, number)[0]
    if plan is None:
        return [(store, ("C0", 0, 0, 0, 0, 0, plans))]
    step_after = "C5" if world.has("takeover_skips_c3") else "C3"
    return [(store, (step_after, number, *plan, 0, 0, plans))]


def list_sessions(world, process, store, local):
    """What is over already is left out here: it stays over, so that looking later gives the same."""
    _, number, condemned, seen, _, _, plans = local
    successors = []
    for sessions in views(world, "sessions", store.sessions):
        waited = 0
        for sid in bits(sessions & ~store.tombstones):
            if store.manifests[sid] is None:
                waited |= 1 << sid
        if world.has("c3_before_c2"):
            following = ("C2", number, condemned, seen, waited, 0, plans)
        elif world.has("no_wait"):
            following = ("C5", number, condemned, seen, 0, 0, plans)
        elif world.has("c5_before_c4"):
            following = ("C5", number, condemned, seen, waited, 0, plans)
        else:
            following = ("C4", number, condemned, seen, waited, 0, plans)
        successors.append((store, following))
    return successors


def after_waiting(world, local):
    _, number, condemned, seen, _, verdict, plans = local
    if world.has("c5_before_c4"):
        return ("C6", number, condemned, seen, verdict, 0, plans)
    return ("C5", number, condemned, seen, 0, 0, plans)


def wait(world, process, store, local):
    """Looks at one session that has not ended; when it has, goes on to the next, else may lose patience."""
    _, number, condemned, seen, waited, verdict, plans = local
    if not waited:
        return [(store, after_waiting(world, local))]
    sid, left = lowest(waited), waited & (waited - 1)
    following = ("C4", number, condemned, seen, left, verdict, plans)
    found = store.manifests[sid]
    over = found is not None or store.tombstones >> sid & 1
    if world.has("fence_overwrites") and is_snapshot(found) and not store.tombstones >> sid & 1:
        return [(store, following), (set_manifest(store, sid, FENCE), ("C4t", *local[1:]))]
    if over:
        return [(store, following)]
    if world.has("give_up_by_clock"):
        return [(store, following)]
    if world.has("tombstone_instead_of_fence"):
        return [(put_tombstone(store, sid), following)]
    if not world.honours_if_absent and not world.has("fence_in_weak_store"):
        return ()
    return [(set_manifest(store, sid, FENCE), ("C4t", *local[1:]))]


def bury(world, process, store, local):
    _, number, condemned, seen, waited, verdict, plans = local
    return [
        (put_tombstone(store, lowest(waited)), ("C4", number, condemned, seen, waited & (waited - 1), verdict, plans))
    ]


def list_manifests_after(world, process, store, local):
    _, number, condemned, seen, waited, listed, plans = local
    if world.paged:
        listed, complete = next_page(store, listed)
        return [(store, ("C5t" if complete else "C5", number, condemned, seen, waited, listed, plans))]
    successors = []
    shown = list(views(world, "manifests", store.manifests))
    if world.has("failed_listing_is_empty"):
        shown.append((None,) * len(store.manifests))
    for manifests in shown:
        if world.visible and not world.has("no_lookup_at_c5"):
            manifests = looked_up(world, store, manifests)
        successors.append((store, ("C5t", number, condemned, seen, waited, manifests, plans)))
    return successors


def looked_up(world, store, manifests):
    """Adds the manifests of listed sessions, by the keys that their records name."""
    shown = store.sessions
    if "sessions" in world.visible:
        shown &= ~dict(world.hidden)["sessions"]
    return tuple(
        store.manifests[sid] if found is None and shown >> sid & 1 else found for sid, found in enumerate(manifests)
    )


def list_tombstones_after(world, process, store, local):
    _, number, condemned, seen, waited, manifests, plans = local
    successors = []
    for tombstones in views(world, "tombstones", store.tombstones):
        alive = live(manifests, tombstones)
        verdict = (condemned & ~needed(manifests, alive), behind_tombstones(manifests, tombstones))
        if world.has("c1_marks"):
            verdict = (condemned, verdict[1])
        if not world.has("no_seen_check") and seen & ~alive & ~store.tombstones:
            following = STOPPED
        elif world.visible and not world.has("no_owner_check") and owner_is_hidden(store, verdict[0], alive):
            following = STOPPED
        elif world.has("c5_before_c4"):
            following = ("C4", number, condemned, seen, waited, verdict, plans)
        else:
            following = ("C6", number, condemned, seen, verdict, 0, plans)
        successors.append((store, following))
    return successors


def owner_is_hidden(store, packs, alive):
    """Whether a session of a pack that is to go has a snapshot by its record that no listing showed."""
    for pack in bits(packs):
        if (
            store.sessions >> pack & 1
            and is_snapshot(store.manifests[pack])
            and not (store.tombstones | alive) >> pack & 1
        ):
            return True
    return False


def offer_verdict(world, process, store, local):
    _, number, _, _, verdict, _, plans = local
    judged = ("C6d", number, 0, 0, *verdict, plans)
    if world.has("no_verdict"):
        return [(store, ("C7m", *judged[1:]))]
    found = get_round(store, number)[1]
    if found is not None and not world.has("verdict_overwrites"):
        if world.has("loser_keeps_its_own"):
            return [(store, judged)]
        return [(store, ("C6r", number, 0, 0, 0, 0, plans))]
    stored = put_verdict(store, number, verdict)
    if world.lost_answers:
        return [(stored, judged), (stored, ("C6r", number, 0, 0, 0, 0, plans))]
    return [(stored, judged)]


def read_verdict(world, process, store, local):
    _, number, _, _, _, _, plans = local
    verdict = get_round(store, number)[1]
    if verdict is None:
        return [(store, ("C0", 0, 0, 0, 0, 0, plans))]
    step_after = "C7m" if world.has("loser_skips_done") else "C6d"
    return [(store, (step_after, number, 0, 0, *verdict, plans))]


def look_at_done(world, process, store, local):
    if get_round(store, local[1])[2] and not world.has("no_look_at_done"):
        return [(store, ("C0", 0, 0, 0, 0, 0, local[6]))]
    if world.has("done_before_removal"):
        return [(put_done(store, local[1]), ("C7m", *local[1:]))]
    return [(store, ("C7m", *local[1:]))]


def remove_manifests(world, process, store, local):
    _, number, _, gone, packs, manifests, plans = local
    if not manifests or world.has("manifests_not_removed"):
        return remove_packs(world, process, store, ("C7p", number, 0, gone, packs, 0, plans))
    sid, left = lowest(manifests), manifests & (manifests - 1)
    following = ("C7m", number, 0, gone | 1 << sid, packs, left, plans)
    return [(set_manifest(store, sid, None) if is_snapshot(store.manifests[sid]) else store, following)]


def remove_packs(world, process, store, local):
    _, number, _, gone, packs, _, plans = local
    if not packs:
        return remove_records(world, process, store, ("C7s", number, 0, 0, gone, 0, plans))
    pack, left = lowest(packs), packs & (packs - 1)
    return [(remove_pack(store, pack), ("C7p", number, 0, gone, left, 0, plans))]


def remove_records(world, process, store, local):
    _, number, _, _, gone, _, plans = local
    if world.has("fences_removed"):
        for sid, found in enumerate(store.manifests):
            if found == FENCE:
                store = set_manifest(store, sid, None)
    if not gone:
        return finish_round(world, process, store, ("C7d", number, 0, 0, 0, 0, plans))
    sid, left = lowest(gone), gone & (gone - 1)
    removed = remove_session(store, sid)
    if world.has("tombstones_removed"):
        removed = remove_tombstone(removed, sid)
    return [(removed, ("C7s", number, 0, 0, left, 0, plans))]


def finish_round(world, process, store, local):
    if world.has("done_not_put"):
        return [(store, FINISHED)]
    return [(put_done(store, local[1]), ("C7t", local[1], 0, 0, 1, 0, local[6]))]


def tidy_rounds(world, process, store, local):
    """One object per step: plan, then verdict of the earlier rounds, the oldest first."""
    _, number, _, _, old, _, plans = local
    while old < number:
        plan, verdict, done = get_round(store, old)
        following = ("C7t", number, 0, 0, old, 0, plans)
        if plan is not None:
            return [(set_round(store, old, (None, verdict, done)), following)]
        if verdict is not None:
            return [(set_round(store, old, (None, None, done)), following)]
        if done and world.has("done_removed"):
            return [(set_round(store, old, (None, None, False)), following)]
        old += 1
    return look_for_round(world, process, store, local)


STEPS = {
    "C0": forget_by_policy,
    "C1": list_packs,
    "C1m": list_manifests_before,
    "C1t": list_tombstones_before,
    "C2": offer_plan,
    "C2r": take_over,
    "C3": list_sessions,
    "C4": wait,
    "C4t": bury,
    "C5": list_manifests_after,
    "C5t": list_tombstones_after,
    "C6": offer_verdict,
    "C6r": read_verdict,
    "C6d": look_at_done,
    "C7m": remove_manifests,
    "C7p": remove_packs,
    "C7s": remove_records,
    "C7d": finish_round,
    "C7t": tidy_rounds,
}


def step(world, process, store, local):
    """All (store, local) that the next step may lead to; none when the pruner is through, or waits."""
    action = STEPS.get(local[0])
    return () if action is None else action(world, process, store, local)
