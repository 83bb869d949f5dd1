"""Several daemons on one MariaDB, over a real Redis or without: whatever ends, nothing is lost."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from twisted.internet.threads import deferToThread

from tests.support.redis import Redis

from .client import Client
from .result import Result
from .scenario import scenario
from .world import World, pause, shared_server, start


class Nodes(World):
    """Two daemons, each with a proxy of its own before the database, and people at both."""

    redis: Redis | None = None

    async def open(self, people: int, bus: bool) -> None:
        """Start everything."""
        if bus:
            self.redis = Redis()
            await deferToThread(self.redis.start)
        for _ in range(2):
            options = await self.proxied_database()
            if self.redis is not None:
                options += ("--bus", self.redis.url)
            daemon = self.add_daemon(*options)
            first = self.daemons[0]
            daemon.options += ("--public-url", first.url)
            if daemon is not first:
                daemon.options += ("--keyring", str(first.data_dir / "keyring.json"))
            await start(daemon)
        await self.populate(people)
        for number, client in enumerate(self.clients):
            self.lead(client, number)
        self.hang_up()
        await self.everybody_acknowledged()

    def lead(self, client: Client, number: int) -> None:
        """Let a client prefer one daemon, and take the other where that one does not run."""
        mine, other = self.daemons[number % 2], self.daemons[1 - number % 2]

        def road() -> tuple[str, int]:
            return "127.0.0.1", (mine if mine.is_running else other).port

        client.person.road = road

    async def heard_across(self) -> float:
        """Wait until everybody has heard a new post of everybody; the seconds it took."""
        newest = max(client.sender.stream.newest for client in self.clients) + 20
        return await self.until(
            lambda: all(client.sender.stream.newest >= newest for client in self.clients)
        )

    async def close(self) -> None:
        """Redis too."""
        await super().close()
        if self.redis is not None:
            await deferToThread(self.redis.remove)


@asynccontextmanager
async def two_daemons(seed: int, bus: bool, people: int = 4) -> AsyncIterator[Nodes]:
    """People who talk at two daemons."""
    world = Nodes(seed, await deferToThread(shared_server))
    try:
        await world.open(people, bus)
        yield world
    finally:
        await world.close()


async def kill_one(world: Nodes) -> None:
    """kill -9 one daemon; its people go on at the other; then it is back, and they spread."""
    daemon = world.chance.choice(world.daemons)
    await deferToThread(daemon.kill)
    ended_s = time.monotonic()
    await world.recovered(ended_s)
    await start(daemon)
    world.hang_up(*world.clients[: len(world.clients) // 2])
    await world.heard_across()


async def take_out(world: Nodes) -> None:
    """SIGTERM one daemon, and put it back: what an operator does for an upgrade."""
    daemon = world.chance.choice(world.daemons)
    await deferToThread(daemon.stop)
    await world.recovered(time.monotonic())
    await start(daemon)
    world.hang_up(*world.clients[: len(world.clients) // 2])
    await world.heard_across()


async def cut_one_off(world: Nodes) -> None:
    """One daemon cannot reach the database; the other one can."""
    pipe = world.chance.choice(world.proxies[:2])
    pipe.silent = True
    await pause(world.chance.uniform(1, 6))
    pipe.silent = False
    pipe.reset()
    await world.recovered(time.monotonic())
    await world.heard_across()


@scenario("two-daemons", "two daemons without a bus: kill -9 one", full=20, needs="redis")
async def two_daemons_without_a_bus(fault: str, rounds: int, seed: int) -> Result:
    """The heartbeat alone brings everything across."""
    async with two_daemons(seed, bus=False) as world:
        for _ in range(rounds):
            await world.a_while()
            await kill_one(world)
        return await world.judge(fault, rounds)


@scenario("kill-one", "two daemons, Redis: kill -9 one", full=20, needs="redis")
async def kill_one_of_two(fault: str, rounds: int, seed: int) -> Result:
    """Its people go on at the other daemon, where they left."""
    async with two_daemons(seed, bus=True) as world:
        for _ in range(rounds):
            await world.a_while()
            await kill_one(world)
        return await world.judge(fault, rounds)


@scenario("take-out", "two daemons, Redis: SIGTERM one and put it back", full=20, needs="redis")
async def take_one_out(fault: str, rounds: int, seed: int) -> Result:
    """Nobody notices more than a reconnect."""
    async with two_daemons(seed, bus=True) as world:
        for _ in range(rounds):
            await world.a_while()
            await take_out(world)
        return await world.judge(fault, rounds)


@scenario("cut-one-off", "two daemons, Redis: one cut off the database", full=10, needs="redis")
async def cut_one_off_the_database(fault: str, rounds: int, seed: int) -> Result:
    """It says so, keeps its people, and catches up."""
    async with two_daemons(seed, bus=True) as world:
        for _ in range(rounds):
            await world.a_while()
            await cut_one_off(world)
        return await world.judge(fault, rounds)


@scenario("kill-redis", "two daemons: kill -9 or SIGSTOP Redis", full=20, needs="redis")
async def kill_redis(fault: str, rounds: int, seed: int) -> Result:
    """It costs time, and nobody their connection or a message."""
    async with two_daemons(seed, bus=True) as world:
        assert world.redis is not None
        settled = sum(client.reconnects for client in world.clients)
        for number in range(rounds):
            await world.a_while()
            await (pause_redis if number % 2 else restart_redis)(world)
        result = await world.judge(fault, rounds)
        dropped = sum(client.reconnects for client in world.clients) - settled
        if dropped:
            result.faults.append(f"disconnected: {dropped} times, while both daemons ran")
        return result


async def restart_redis(world: Nodes) -> None:
    """kill -9, and start again after a while in which everything still comes across."""
    assert world.redis is not None
    await deferToThread(world.redis.kill)
    ended_s = time.monotonic()
    await world.heard_across()
    world.recoveries_s.append(time.monotonic() - ended_s)
    await deferToThread(world.redis.start)
    await world.heard_across()


async def pause_redis(world: Nodes) -> None:
    """It takes everything and answers nothing."""
    assert world.redis is not None
    world.redis.pause()
    ended_s = time.monotonic()
    await world.heard_across()
    world.recoveries_s.append(time.monotonic() - ended_s)
    world.redis.resume()
    await world.heard_across()
