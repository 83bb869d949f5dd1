"""Faults of all kinds at random times, from a seed that gives the same actions again."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable

from twisted.internet.threads import deferToThread

from tests.support.proxy import Way, cut_after, cut_after_pattern, cut_before

from .killing import kill_both, kill_daemon, kill_database, talking
from .result import Result
from .scenario import scenario
from .wires import COMMIT, CUT_WITHIN_S
from .world import World, pause, spawned

Action = Callable[[World, random.Random], Awaitable[None]]


async def the_daemon_dies(world: World, chance: random.Random) -> None:
    """kill -9."""
    await kill_daemon(world)


async def the_database_dies(world: World, chance: random.Random) -> None:
    """kill -9."""
    await kill_database(world)


async def both_die(world: World, chance: random.Random) -> None:
    """kill -9."""
    await kill_both(world)


async def the_daemon_stops(world: World, chance: random.Random) -> None:
    """SIGTERM, and a new start."""
    await deferToThread(world.daemon.stop)
    ended_s = time.monotonic()
    ready = spawned(world.daemon)
    await world.recovered(ended_s)
    await ready


async def the_daemon_hangs(world: World, chance: random.Random) -> None:
    """SIGSTOP and SIGCONT."""
    world.daemon.pause()
    await pause(chance.uniform(0.2, 3))
    world.daemon.resume()
    await world.recovered(time.monotonic())


async def the_database_hangs(world: World, chance: random.Random) -> None:
    """SIGSTOP and SIGCONT."""
    assert world.server is not None
    world.server.pause()
    await pause(chance.uniform(0.2, 6))
    world.server.resume()
    await world.recovered(time.monotonic())


async def the_database_is_slow(world: World, chance: random.Random) -> None:
    """Every packet comes later."""
    world.pipe.delay_s = chance.uniform(0.01, 0.5)
    await pause(chance.uniform(0.5, 3))
    world.pipe.delay_s = 0.0
    await world.recovered(time.monotonic())


async def its_connections_break(world: World, chance: random.Random) -> None:
    """At any byte."""
    way = chance.choice((Way.UP, Way.DOWN))
    carried = max((link.carried[way] for link in world.pipe.links), default=0)
    done = world.pipe.once(cut_after(carried + chance.randrange(1, 4000), way))
    await world.until(lambda: done.called, CUT_WITHIN_S)
    await world.recovered(time.monotonic())


async def a_commit_is_cut(world: World, chance: random.Random) -> None:
    """Before it arrives, or before its answer does."""
    done = world.pipe.once(chance.choice((cut_before, cut_after_pattern))(COMMIT))
    await world.until(lambda: done.called, CUT_WITHIN_S)
    await world.recovered(time.monotonic())


async def the_clients_hang_up(world: World, chance: random.Random) -> None:
    """All at once, without a word."""
    world.hang_up()
    await world.recovered(time.monotonic())


ACTIONS: tuple[Action, ...] = (
    the_daemon_dies,
    the_database_dies,
    both_die,
    the_daemon_stops,
    the_daemon_hangs,
    the_database_hangs,
    the_database_is_slow,
    its_connections_break,
    a_commit_is_cut,
    the_clients_hang_up,
)


def schedule(rounds: int, seed: int) -> list[tuple[float, int, Action]]:
    """Pauses (seconds), seeds and actions; the same for the same seed."""
    chance = random.Random(f"schedule {seed}")
    drawn: list[tuple[float, int, Action]] = []
    while len(drawn) < rounds:
        # Every action comes before any comes again.
        actions = chance.sample(ACTIONS, len(ACTIONS))
        drawn += [(chance.uniform(0, 1), chance.randrange(2**32), action) for action in actions]
    return drawn[:rounds]


@scenario("random", "a random schedule of all of these", full=100, short=10, needs="mariadb")
async def random_schedule(fault: str, rounds: int, seed: int) -> Result:
    """Prints its seed and what it does; --seed plays the same again."""
    print(f"random schedule: seed {seed}", flush=True)
    async with talking(seed, mariadb=True, proxied=True) as world:
        for wait_s, action_seed, action in schedule(rounds, seed):
            await pause(wait_s)
            print(f"  {wait_s:.3f} s later {action.__name__} ({action_seed})", flush=True)
            await world.a_while(0, 0.1)
            await action(world, random.Random(action_seed))
        return await world.judge(fault, rounds)
