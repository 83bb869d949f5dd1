"""Processes that are killed, paused and told to stop while people talk."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread

from .result import Result
from .scenario import scenario
from .world import NOISE, World, pause, shared_server, spawned, start

OUT_WITHIN_S = 10.0
"""What is promised after SIGTERM."""


@asynccontextmanager
async def talking(
    seed: int, *, mariadb: bool = False, people: int = 3, proxied: bool = False
) -> AsyncIterator[World]:
    """People who talk through one daemon."""
    world = World(seed, await deferToThread(shared_server) if mariadb else None)
    try:
        options = await world.proxied_database() if proxied else world.database()
        await start(world.add_daemon(*options))
        await world.populate(people)
        yield world
    finally:
        await world.close()


async def kill_daemon(world: World) -> None:
    """kill -9, and start again at once."""
    await deferToThread(world.daemon.kill)
    ended_s = time.monotonic()
    ready = spawned(world.daemon)
    await world.recovered(ended_s)
    await ready


async def kill_database(world: World) -> None:
    """kill -9, and start again after a moment; the daemon stays."""
    assert world.server is not None
    await deferToThread(world.server.kill)
    await world.a_while(0, 2)
    await deferToThread(world.server.start)
    await world.recovered(time.monotonic())


async def kill_both(world: World) -> None:
    """kill -9 both, in a random order; both start again, in a random order."""
    assert world.server is not None
    kills = [world.daemon.kill, world.server.kill]
    world.chance.shuffle(kills)
    for kill in kills:
        await deferToThread(kill)
    starts: list[Deferred[None]] = []
    if world.chance.random() < 0.5:
        starts.append(spawned(world.daemon))
    await deferToThread(world.server.start)
    ended_s = time.monotonic()
    if not starts:
        starts.append(spawned(world.daemon))
    await world.recovered(ended_s)
    await gatherResults(starts)


@scenario("kill-daemon", "kill -9 the daemon, SQLite", full=50)
async def kill_daemon_on_sqlite(fault: str, rounds: int, seed: int) -> Result:
    """An ack that left before the kill is in the file after it."""
    async with talking(seed) as world:
        for _ in range(rounds):
            await world.a_while()
            await kill_daemon(world)
        return await world.judge(fault, rounds)


@scenario("kill-daemon-mariadb", "kill -9 the daemon, MariaDB", full=50, needs="mariadb")
async def kill_daemon_on_mariadb(fault: str, rounds: int, seed: int) -> Result:
    """The same, with a database that may still be committing for the dead."""
    async with talking(seed, mariadb=True) as world:
        for _ in range(rounds):
            await world.a_while()
            await kill_daemon(world)
        return await world.judge(fault, rounds)


@scenario("kill-database", "kill -9 the database", full=20, needs="mariadb")
async def kill_the_database(fault: str, rounds: int, seed: int) -> Result:
    """Nobody loses the connection, and everybody goes on by themselves."""
    async with talking(seed, mariadb=True) as world:
        for _ in range(rounds):
            await world.a_while()
            await kill_database(world)
        result = await world.judge(fault, rounds)
        return stayed(world, result)


@scenario("kill-both", "kill -9 daemon and database", full=20, needs="mariadb")
async def kill_daemon_and_database(fault: str, rounds: int, seed: int) -> Result:
    """As when the power goes."""
    async with talking(seed, mariadb=True) as world:
        for _ in range(rounds):
            await world.a_while()
            await kill_both(world)
        return await world.judge(fault, rounds)


@scenario("pause-database", "SIGSTOP the database for 1–30 s", full=10, needs="mariadb")
async def pause_the_database(fault: str, rounds: int, seed: int) -> Result:
    """Every post is answered in time, and every socket stays."""
    async with talking(seed, mariadb=True) as world:
        assert world.server is not None
        for number in range(rounds):
            await world.a_while()
            world.server.pause()
            # The first round is long enough for every deadline; long ones only where there is time.
            longest_s = 30 if rounds > 3 else 2
            await pause(6 if number == 0 else world.chance.uniform(1, longest_s))
            world.server.resume()
            await world.recovered(time.monotonic())
        result = await world.judge(fault, rounds)
        return stayed(world, answered_in_time(result))


@scenario("pause-daemon", "SIGSTOP the daemon for 1–8 s", full=10)
async def pause_the_daemon(fault: str, rounds: int, seed: int) -> Result:
    """A daemon that was frozen goes on where it was."""
    async with talking(seed) as world:
        for _ in range(rounds):
            await world.a_while()
            world.daemon.pause()
            await pause(world.chance.uniform(1, 8 if rounds > 3 else 2))
            world.daemon.resume()
            await world.recovered(time.monotonic())
        return await world.judge(fault, rounds)


@scenario("drain", "SIGTERM under load", full=20)
async def drain_under_load(fault: str, rounds: int, seed: int) -> Result:
    """Goodbye, 1012, out in time; every ack that was sent is kept."""
    async with talking(seed) as world:
        found: list[str] = []
        for _ in range(rounds):
            await world.a_while()
            sockets = [c.sender.socket for c in world.clients if c.sender.socket is not None]
            took_s = await deferToThread(world.daemon.stop)
            if took_s > OUT_WITHIN_S:
                found.append(f"slow: out after {took_s:.1f} s")
            codes = await gatherResults([socket.closed for socket in sockets])
            found += [f"closed with {code}" for code in codes if code != 1012]
            ended_s = time.monotonic()
            ready = spawned(world.daemon)
            await world.recovered(ended_s)
            await ready
        result = await world.judge(fault, rounds)
        result.faults += found
        return result


def stayed(world: World, result: Result) -> Result:
    """The result, with a fault where anybody lost the connection to the daemon."""
    lost = sum(client.reconnects for client in world.clients)
    if lost:
        result.faults.append(f"disconnected: {lost} times, with a daemon that ran all the time")
    return result


def answered_in_time(result: Result) -> Result:
    """The result, with a fault where an answer took longer than is promised."""
    if result.slowest_answer_s > 5 * NOISE:
        result.faults.append(f"slow: an answer took {result.slowest_answer_s:.1f} s")
    return result
