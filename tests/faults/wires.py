"""Connections that are cut, delayed, swallowed or left hanging: to the database and to people."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from twisted.internet.threads import deferToThread

from tests.support.daemon import DaemonProcess
from tests.support.frames import losing
from tests.support.proxy import Proxy, Way, cut_after, cut_after_pattern, cut_before

from .client import FAILURES, Client, Visitor, abort
from .killing import answered_in_time, kill_daemon, stayed, talking
from .result import Result
from .scenario import scenario
from .world import World, pause, start

COMMIT = b"\x07\x00\x00\x00\x03COMMIT"
"""PyMySQL's packet: length 7, number 0, COM_QUERY."""

CUT_WITHIN_S = 30.0


@scenario("cut-commit", "database connection cut during COMMIT", full=100, needs="mariadb")
async def cut_during_commit(fault: str, rounds: int, seed: int) -> Result:
    """Before COMMIT reaches the database, or after, before its answer reaches the daemon."""
    async with talking(seed, mariadb=True, proxied=True) as world:
        for number in range(rounds):
            await world.a_while(0, 0.2)
            cut = cut_before if number % 2 else cut_after_pattern
            done = world.pipe.once(cut(COMMIT))
            await world.until(lambda: done.called, CUT_WITHIN_S)  # noqa: B023 - used up here
            await world.recovered(time.monotonic())
        return stayed(world, await world.judge(fault, rounds))


@scenario("reset-database", "database connections reset at any byte", full=50, needs="mariadb")
async def reset_database_connections(fault: str, rounds: int, seed: int) -> Result:
    """Wherever a statement or an answer is at that moment."""
    async with talking(seed, mariadb=True, proxied=True) as world:
        for number in range(rounds):
            await world.a_while(0, 0.2)
            if number % 2:
                world.pipe.reset()
            else:
                way = world.chance.choice((Way.UP, Way.DOWN))
                carried = max(link.carried[way] for link in world.pipe.links)
                most_bytes = carried + world.chance.randrange(1, 4000)
                done = world.pipe.once(cut_after(most_bytes, way))
                await world.until(lambda: done.called, CUT_WITHIN_S)  # noqa: B023 - used up here
            await world.recovered(time.monotonic())
        return stayed(world, await world.judge(fault, rounds))


@scenario("silent-database", "half-open connections to the database", full=10, needs="mariadb")
async def silent_database(fault: str, rounds: int, seed: int) -> Result:
    """Nothing comes back, and nobody says that the other side has gone."""
    async with talking(seed, mariadb=True, proxied=True) as world:
        for _ in range(rounds):
            await world.a_while()
            world.pipe.silent = True
            await pause(world.chance.uniform(1, 8 if rounds > 3 else 6))
            world.pipe.silent = False
            # What went by was lost: the old connections never answer again.
            world.pipe.reset()
            await world.recovered(time.monotonic())
        return stayed(world, answered_in_time(await world.judge(fault, rounds)))


@scenario("slow-database", "slow database", full=10, needs="mariadb")
async def slow_database(fault: str, rounds: int, seed: int) -> Result:
    """Every packet comes late, up to more than anybody waits for; or few bytes a second come."""
    async with talking(seed, mariadb=True, proxied=True) as world:
        for number in range(rounds):
            await world.a_while()
            if number % 2:
                world.pipe.bytes_a_second = 20_000
            else:
                world.pipe.delay_s = world.chance.choice((0.05, 0.3, 2.0))
            await pause(world.chance.uniform(2, 4))
            world.pipe.delay_s, world.pipe.bytes_a_second = 0.0, 0
            await world.recovered(time.monotonic())
        return stayed(world, answered_in_time(await world.judge(fault, rounds)))


@scenario("lost-acks", "only the ack is lost", full=50)
async def lose_acks(fault: str, rounds: int, seed: int) -> Result:
    """Whoever hears nothing sends again, and is told the first number and that it is one."""
    async with talking(seed, people=2) as world:
        proxy = await world.proxied_daemon(world.daemon)
        chance = random.Random(seed)
        lost = [0]

        def is_lost(frame: bytes) -> bool:
            loses = b'"type":"posted"' in frame[:40] and chance.random() < 0.2
            lost[0] += loses
            return loses

        proxy.rules.append(losing(is_lost))
        for client in world.clients:
            client.person.road = lambda: ("127.0.0.1", proxy.port)
            client.give_up_s = 0.3
        for _ in range(rounds):
            # Everybody changes over to the proxy, and comes back when an ack is missing.
            goal = lost[0] + 1
            world.hang_up()
            await world.until(lambda: lost[0] >= goal)  # noqa: B023 - used up here
            await world.everybody_acknowledged()
        proxy.rules.clear()
        world.hang_up()
        result = await world.judge(fault, rounds)
        told = sum(len(client.sender.duplicates) for client in world.clients)
        if told == 0:
            result.faults.append(f"lost: {lost[0]} acks were lost, and no resend was a duplicate")
        return result


Step = Callable[[Visitor, Proxy], Awaitable[None]]


async def in_the_handshake(person: Visitor, proxy: Proxy) -> None:
    """The request is cut off in its head."""
    proxy.once(cut_after(random.randrange(1, 300), Way.UP))
    await person.connect()


async def before_the_answer(person: Visitor, proxy: Proxy) -> None:
    """The answer 101 is cut off."""
    proxy.once(cut_after(random.randrange(1, 150), Way.DOWN))
    await person.connect()


async def after_opening(person: Visitor, proxy: Proxy) -> None:
    """Nothing is said at all."""
    await person.connect()
    proxy.reset()


async def in_the_hello(person: Visitor, proxy: Proxy) -> None:
    """Half of hello arrives."""
    socket = await person.connect()
    proxy.once(cut_after(proxy.links[-1].carried[Way.UP] + random.randrange(1, 150), Way.UP))
    await socket.hello()


async def after_the_hello(person: Visitor, proxy: Proxy) -> None:
    """The welcome is not awaited, or just come."""
    socket = await person.connect()
    if random.random() < 0.5:
        await socket.hello()
    else:
        socket.tell({"type": "hello", "version": 1, "key": "", "nonce": ""})
    proxy.reset()


async def in_the_subscribe(person: Visitor, proxy: Proxy) -> None:
    """The replay is under way, or its answer."""
    socket = await person.chat()
    most_bytes = proxy.links[-1].carried[Way.DOWN] + random.randrange(1, 20_000)
    proxy.once(cut_after(most_bytes, Way.DOWN))
    await socket.subscribe(since=0)
    await socket.closed


STEPS: tuple[Step, ...] = (
    in_the_handshake,
    before_the_answer,
    after_opening,
    in_the_hello,
    after_the_hello,
    in_the_subscribe,
)


@scenario("reset-steps", "client reset at each step of the protocol", full=20)
async def reset_at_each_step(fault: str, rounds: int, seed: int) -> Result:
    """Before, during and after handshake, hello, subscribe, post and its ack."""
    async with talking(seed, people=2) as world:
        random.seed(seed)
        proxy = await world.proxied_daemon(world.daemon)
        passer_by = Visitor(world.daemon.url, world.clients[0].person.username)
        assert await passer_by.log_in() == 303
        passer_by.road = lambda: ("127.0.0.1", proxy.port)
        for _ in range(rounds):
            for step in STEPS:
                with suppress(*FAILURES):
                    await step(passer_by, proxy)
                proxy.rules.clear()
                proxy.reset()
        poster, others = world.clients[0], world.clients[1:]
        poster.person.road = passer_by.road
        for _ in range(rounds):
            for answered in (False, True):
                world.hang_up(poster)
                await world.until(lambda: poster.sender.under_way)
                poster.burst()
                if answered:
                    goal = poster.acknowledged + 1
                    await world.until(lambda: poster.acknowledged >= goal)  # noqa: B023 - used up here
                else:
                    await pause(world.chance.choice((0.0, 0.001, 0.003)))
                proxy.reset()
                await world.recovered(time.monotonic())
        result = await world.judge(fault, rounds * (len(STEPS) + 2))
        result.faults += [f"disconnected: {c.reconnects}" for c in others if c.reconnects]
        await passer_by.leave()
        return result


@scenario("half-open", "half-open peers", full=20)
async def half_open_peers(fault: str, rounds: int, seed: int) -> Result:
    """Peers that are gone without a word are pinged out; they come back and resume."""
    async with talking(seed) as world:
        quick = rounds < 10
        ping_s = 1.0 if quick else 30.0
        if quick:
            await _ping_sooner(world)
        proxies = [await world.proxied_daemon(world.daemon) for _ in range(rounds)]
        ghost = world.clients[0]
        visitors = []
        for proxy in proxies:
            visitor = Visitor(world.daemon.url, ghost.person.username)
            visitor.cookies = dict(ghost.person.cookies)
            visitor.road = lambda proxy=proxy: ("127.0.0.1", proxy.port)
            await (await visitor.chat()).subscribe()
            proxy.links[0].silent = True
            visitors.append(visitor)
        began_s = time.monotonic()
        opened = sum(len(proxy.links) for proxy in proxies)
        # The daemon's end of the proxy's link closes, which the silent link keeps to itself.
        await world.until(
            lambda: not any(link.ends[Way.DOWN].is_open for p in proxies for link in p.links),
            2 * ping_s * 3 + 10,
        )
        took_s = time.monotonic() - began_s
        result = await world.judge(fault, rounds)
        result.recoveries_s = []
        if opened != rounds or took_s < ping_s:
            result.faults.append(f"ended: {opened} links were open, and all over in {took_s:.1f} s")
        for visitor in visitors:
            for socket in visitor._open:
                abort(socket)
        return result


async def _ping_sooner(world: World) -> None:
    """Start the daemon anew with a ping every second: the short form has no minute to spare."""
    await deferToThread(world.daemon.stop)
    world.daemon.program = (sys.executable, "-m", "tests.faults.hasty")
    await start(world.daemon)
    await world.everybody_acknowledged()


def road_to(daemons: list[DaemonProcess], chance: random.Random, client: Client) -> None:
    """Let ``client`` come back at any of ``daemons``."""

    def road() -> tuple[str, int]:
        daemon = chance.choice(daemons)
        client.person.url = daemon.url
        return "127.0.0.1", daemon.port

    client.person.road = road


@scenario("reconnect-all", "every client reconnects at once", full=10)
async def everybody_reconnects(fault: str, rounds: int, seed: int) -> Result:
    """The daemon is killed under a crowd, which comes back in the same moment and resumes."""
    sockets = 20 if rounds < 5 else 200
    async with talking(seed) as world:
        crowd: list[Client] = []
        for number in range(sockets // 20):
            person = Visitor(world.daemon.url, f"crowd-{number}")
            assert await person.register() == 303
            crowd += [_listener(person, world.chance) for _ in range(19)]
        for client in crowd:
            client.start()
        world.listeners += crowd
        await world.until(lambda: all(client.sender.stream.newest for client in crowd))
        for _ in range(rounds):
            await world.a_while()
            await kill_daemon(world)
            newest = world.clients[0].sender.stream.newest
            await world.until(lambda: all(c.sender.stream.newest >= newest for c in crowd))  # noqa: B023 - used up here
        return await world.judge(fault, rounds)


def _listener(person: Visitor, chance: random.Random) -> Client:
    client = Client(person, random.Random(chance.random()))
    client.posting = False
    return client
