"""Walks through every state that a world can reach, and looks at each of them.

A crash needs no step of its own: a process that is never chosen again has crashed, and the walk tries that at every
step. What remains of a crash for others is looked at by `recover`.
"""

import pruner
import writer
from store import behind_tombstones, bits, is_snapshot, live, needed
from world import Pruner, World, Writer, sids_forgotten


class Loss(Exception):
    """A state that must not be; `path` is how it came about, one (process, step) after the other."""

    def __init__(self, text, path):
        super().__init__(text)
        self.path = path


def first_state(world):
    locals_ = []
    for number, process in enumerate(world.processes):
        if number in world.starts:
            locals_.append(world.starts[number])
        elif isinstance(process, Writer):
            locals_.append(writer.FIRST)
        elif isinstance(process, Pruner):
            locals_.append(pruner.first(process))
        else:
            locals_.append(("forget",))
    return (world.store, *locals_)


def twins_of(world):
    """Neighbouring places of processes that are the same in all but their local state."""
    found = []
    for left, process in enumerate(world.processes[:-1], 1):
        if isinstance(process, Pruner) and process == world.processes[left]:
            found.append((left, left + 1))
    return found


def step_of(process):
    if isinstance(process, Writer):
        return writer.step
    return pruner.step if isinstance(process, Pruner) else writer.forget


def broken_promise(store, acknowledged, may_go):
    """What is wrong with this state, or None."""
    alive = live(store.manifests, store.tombstones)
    missing = needed(store.manifests, alive) & ~store.packs
    if missing:
        return f"packs {list(bits(missing))} are gone, and a snapshot needs them"
    lost = acknowledged & ~alive & ~may_go
    if lost:
        return f"snapshots {list(bits(lost))} were acknowledged and nobody forgot them"
    # Even a snapshot that somebody may forget keeps its manifest until the tombstone is there, and never comes back.
    for sid in bits(acknowledged & ~alive & ~store.tombstones):
        if not is_snapshot(store.manifests[sid]):
            return f"the manifest of {sid} was removed without a tombstone"
    return None


class Checker:
    def __init__(self, world):
        self.world = world
        self.steps = [(process, step_of(process)) for process in world.processes]
        self.writers = [(i, p) for i, p in enumerate(world.processes, 1) if isinstance(p, Writer)]
        self.at_first = live(world.store.manifests, world.store.tombstones)
        self.may_go = sids_forgotten(world)
        self.recovered = set()
        self.twins = twins_of(world)

    def run(self, limit=None):
        """The number of states; raises Loss at the first that must not be. `limit` is a guard, not a bound."""
        start = first_state(self.world)
        parents = {start: None}
        pending = [start]
        while pending:
            state = pending.pop()
            for successor in self.successors(state):
                if successor in parents:
                    continue
                parents[successor] = state
                self.look_at(successor, parents)
                pending.append(successor)
            if limit and len(parents) > limit:
                raise RuntimeError(f"{self.world.name}: more than {limit} states")
        return len(parents)

    def successors(self, state):
        store = state[0]
        world = self.world
        for position, (process, step) in enumerate(self.steps, 1):
            for changed, local in step(world, process, store, state[position]):
                yield self.canonical((changed, *state[1:position], local, *state[position + 1 :]))

    def canonical(self, state):
        """Equal pruners may change places: one order of them stands for all."""
        for left, right in self.twins:
            if hash(state[left]) > hash(state[right]):
                listed = list(state)
                listed[left], listed[right] = listed[right], listed[left]
                state = tuple(listed)
        return state

    def look_at(self, state, parents):
        acknowledged = self.at_first
        for position, process in self.writers:
            local = state[position]
            if local[0] == "ok":
                acknowledged |= 1 << process.sids[local[1]]
        text = broken_promise(state[0], acknowledged, self.may_go)
        if text is None and self.world.recover and state[0] not in self.recovered:
            self.recovered.add(state[0])
            text = what_stays(self.world, state[0])
        if text is not None:
            raise Loss(text, path_to(state, parents))


def path_to(state, parents):
    path = []
    while state is not None:
        path.append(state)
        state = parents[state]
    steps = []
    for before, after in zip(path[::-1], path[-2::-1]):
        moved = [i for i in range(1, len(before)) if before[i] != after[i]]
        steps.append((moved, [before[i][0] for i in moved], after[0]))
    return steps


def what_stays(world, store):
    """Everybody crashes here, and one more prune runs: what it leaves behind that should be gone, or None."""
    process = Pruner(plans=3)
    local = pruner.first(process)
    quiet = World(world.name, store, (), mutation=world.mutation, honours_if_absent=world.honours_if_absent)
    for _ in range(200):
        following = pruner.step(quiet, process, store, local)
        if not following:
            break
        store, local = following[0]
        text = broken_promise(store, 0, 0)
        if text is not None:
            return "after a crash of all, " + text
    if local[0] != "finished":
        return f"after a crash of all, a prune ends in {local[0]}"
    if store.rounds and not store.rounds[-1][2]:
        return "after a crash of all, a round stays open"
    alive = live(store.manifests, store.tombstones)
    if store.packs & ~needed(store.manifests, alive):
        return "after a crash of all, orphan packs stay"
    if behind_tombstones(store.manifests, store.tombstones):
        return "after a crash of all, a manifest stays behind its tombstone"
    return None
