"""Checks the protocol of docs/concurrency.md by walking through every interleaving of small worlds.

    python3 tests/model/test_model.py           what the gate runs
    python3 tests/model/test_model.py --deep    larger worlds as well, for some minutes

store.py is the store, writer.py and pruner.py are the processes, one call to the store per step; worlds.py says who
works on what, checker.py walks and judges each state, mutations.py leaves out one rule at a time. Each world must keep
every promise, and each mutation must break one. A process that crashes is one that is never chosen again, so that
every walk holds a crash of every process at every step; the worlds named "crashes" also let one more prune run on each
store that is reached, which must leave nothing behind.
"""

import sys
import unittest
from dataclasses import replace

from checker import Checker, Loss
from mutations import MUTATIONS
from worlds import BROKEN_STORE, DEEP, WORLDS

TOO_MANY = 20_000_000


def told(loss):
    """The way to a loss, one step per line."""
    lines = [f"   {who} {what}: {tuple(store)}" for who, what, store in loss.path]
    return "\n".join([str(loss), *lines])


class ProtocolTest(unittest.TestCase):
    def keeps_its_promises(self, world):
        try:
            states = Checker(world).run(TOO_MANY)
        except Loss as loss:
            self.fail(told(loss))
        print(f"{states:10} states  {world.name}", flush=True)
        self.assertGreater(states, 1)


class MutationTest(unittest.TestCase):
    def is_caught(self, mutation):
        world = next(world for world in WORLDS if world.name == MUTATIONS[mutation][1])
        with self.assertRaises(Loss, msg=MUTATIONS[mutation][0]):
            Checker(replace(world, mutation=mutation)).run(TOO_MANY)


class CheckerTest(unittest.TestCase):
    def test_a_store_that_hides_a_session_at_work_may_lose_its_packs(self):
        with self.assertRaisesRegex(Loss, "a snapshot needs them"):
            Checker(BROKEN_STORE).run(TOO_MANY)

    def test_a_loss_comes_with_the_steps_that_lead_to_it(self):
        world = replace(WORLDS[0], mutation="no_wait")
        with self.assertRaises(Loss) as caught:
            Checker(world).run(TOO_MANY)
        steps = [what[0] for _, what, _ in caught.exception.path]
        self.assertEqual(steps[0], "C0")
        self.assertIn("C7m", steps)

    def test_the_order_of_the_walk_does_not_change_the_number_of_states(self):
        world = WORLDS[0]
        backwards = replace(world, processes=world.processes[::-1])
        self.assertEqual(Checker(world).run(TOO_MANY), Checker(backwards).run(TOO_MANY))


def named(text):
    return "test_" + "".join(c if c.isalnum() else "_" for c in text)


def add_tests(worlds):
    for world in worlds:
        setattr(ProtocolTest, named(world.name), lambda self, world=world: self.keeps_its_promises(world))


add_tests(WORLDS)
for one in MUTATIONS:
    setattr(MutationTest, named(one), lambda self, one=one: self.is_caught(one))

if __name__ == "__main__":
    if "--deep" in sys.argv:
        sys.argv.remove("--deep")
        add_tests(DEEP)
    unittest.main()
