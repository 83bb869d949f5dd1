"""What goes wrong around a daemon: clock, descriptors, keyring, a second daemon, dead readers."""

from __future__ import annotations

import json
import random
import shutil
import socket
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread

from tests.support.client import Socket
from tests.support.daemon import DaemonProcess

from .client import FAILURES, Client, Visitor, abort
from .killing import stayed, talking
from .result import Result
from .scenario import scenario
from .world import CROWD, World, pause, start

LIBFAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
DAY_S = 86_400
NO_HELLO_WITHIN_S = (4.0, 20.0)
QUIET_S = 2.0
SHORT_S = 0.02
"""An answer that takes no longer than this is as good as at once."""


def missing_faketime() -> str | None:
    """Why the clock cannot be set here; None where it can."""
    return None if LIBFAKETIME else "libfaketime is not installed (Debian's package faketime)"


@scenario("clock", "clock set by ±1 day", full=20, needs="faketime")
async def clock_jumps(fault: str, rounds: int, seed: int) -> Result:
    """No order changes, no session ends, no timer stalls."""
    world = World(seed)
    try:
        daemon = world.add_daemon()
        offset = world.folder / "offset"
        offset.write_text("+0\n")
        daemon.environ = {
            "LD_PRELOAD": str(LIBFAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        await start(daemon)
        await world.populate()
        found: list[str] = []
        for number in range(rounds):
            await world.a_while()
            offset.write_text("+86400\n" if number % 2 == 0 else "-86400\n")
            ended_s = time.monotonic()
            await world.recovered(ended_s)
            found += await _timers_and_sessions(world)
        result = stayed(world, await world.judge(fault, rounds))
        result.faults += found + await deferToThread(_times_ran_back, daemon)
        for shown in (DAY_S, -DAY_S):
            day = time.strftime("%Y-%m-%d", time.localtime(time.time() + shown))
            if day not in daemon.log():
                result.faults.append(f"clock: the daemon never saw {day}")
        return result
    finally:
        await world.close()


async def _timers_and_sessions(world: World) -> list[str]:
    """Whoever says no hello is still sent away in time, and whoever is logged in stays so."""
    person = world.clients[0].person
    status, _, _ = await person.request("GET", "/session")
    found = [] if status == 204 else [f"session: answered {status}"]
    silent = await person.connect()
    began_s = time.monotonic()
    code = await silent.closed
    took_s = time.monotonic() - began_s
    least_s, most_s = NO_HELLO_WITHIN_S
    if code != 4408 or not least_s < took_s < most_s:
        found.append(f"timer: no hello closed with {code} after {took_s:.1f} s")
    return found


def _times_ran_back(daemon: DaemonProcess) -> list[str]:
    """Events are numbered in the order of their times."""
    with closing(sqlite3.connect(daemon.data_dir / "securechat.sqlite3")) as connection:
        rows = connection.execute("SELECT protected FROM events ORDER BY room_id, seq").fetchall()
    times = [json.loads(protected)["time"] for (protected,) in rows]
    return [] if times == sorted(times) else ["clock: times of events run back"]


@scenario("few-descriptors", "limit of 128 open files", full=10)
async def few_descriptors(fault: str, rounds: int, seed: int) -> Result:
    """A crowd is let in as far as it goes, who is in is not disturbed, and room comes again."""
    world = World(seed)
    try:
        daemon = world.add_daemon()
        daemon.program = ("sh", "-c", 'ulimit -n 128; exec "$@"', "sh", *daemon.program)
        await start(daemon)
        await world.populate()
        person = world.clients[0].person
        found: list[str] = []
        for _ in range(rounds):
            await world.a_while()
            visitor = Visitor(daemon.url, person.username)
            visitor.cookies = dict(person.cookies)
            outcomes = await gatherResults([_tried(visitor) for _ in range(200)])
            inside = [one for one in outcomes if one is not None]
            if not 0 < len(inside) < 128:
                found.append(f"limit: {len(inside)} sockets were opened with 128 descriptors")
            for one in inside:
                abort(one)
            await world.recovered(time.monotonic())
            await world.until(lambda: all(one.ended for one in inside))  # noqa: B023 - used up here
            await (await visitor.chat()).close()
        result = stayed(world, await world.judge(fault, rounds))
        result.faults += found
        return result
    finally:
        await world.close()


def _tried(visitor: Visitor) -> Deferred[Socket | None]:
    async def tried() -> Socket | None:
        try:
            return await visitor.connect()
        except FAILURES:
            return None

    return Deferred.fromCoroutine(tried())


@scenario("keyring", "key file missing or wrong", full=10)
async def keyring_missing_or_wrong(fault: str, rounds: int, seed: int) -> Result:
    """The start is refused with the reason, nothing is written, and nothing is lost."""
    async with talking(seed) as world:
        foreign = DaemonProcess(world.folder / "foreign", *CROWD)
        await deferToThread(lambda: foreign.start().stop())
        ring = world.daemon.data_dir / "keyring.json"
        kept = world.folder / "kept.json"
        found: list[str] = []
        for number in range(rounds):
            await world.a_while()
            await deferToThread(world.daemon.kill if number % 2 else world.daemon.stop)
            shutil.move(ring, kept)
            if number % 2:
                shutil.copy2(foreign.data_dir / "keyring.json", ring)
            word = "another database" if number % 2 else "missing"
            status, output = await deferToThread(world.daemon.run_to_end)
            if status != 1 or word not in output or "Traceback" in output:
                found.append(f"start: status {status}, not refused with {word!r}:\n{output}")
            shutil.move(kept, ring)
            ended_s = time.monotonic()
            await start(world.daemon)
            await world.recovered(ended_s)
        result = await world.judge(fault, rounds)
        result.faults += found
        return result


@scenario("second-daemon", "second daemon on the same SQLite file", full=10)
async def second_daemon(fault: str, rounds: int, seed: int) -> Result:
    """It is refused, and the first one does not notice."""
    async with talking(seed) as world:
        data_dir = world.daemon.data_dir
        second = DaemonProcess(
            world.folder / "second",
            *("--database", f"sqlite:{data_dir / 'securechat.sqlite3'}"),
            *("--keyring", str(data_dir / "keyring.json")),
        )
        found: list[str] = []
        for _ in range(rounds):
            await world.a_while()
            status, output = await deferToThread(second.run_to_end)
            if status != 1 or "Another daemon is running" not in output:
                found.append(f"start: status {status}:\n{output}")
            await world.everybody_acknowledged()
        result = stayed(world, await world.judge(fault, rounds))
        result.faults += found
        return result


@scenario("dead-readers", "10 % of the readers never read", full=3, short=2)
async def readers_that_never_read(fault: str, rounds: int, seed: int) -> Result:
    """They are cut, and resume when they read again; everybody else hears everything, as fast."""
    async with talking(seed) as world:
        tens = 1 if rounds < 3 else 3
        person = Visitor(world.daemon.url, "reader")
        assert await person.register() == 303
        for _ in range(10 * tens):
            world.listeners.append(Client(person, random.Random(world.chance.random())))
            world.listeners[-1].posting = False
        for listener in world.listeners:
            listener.start()
        await world.until(lambda: all(one.sender.stream.newest for one in world.listeners))
        dead, others = world.listeners[:tens], world.listeners[tens:]
        for client in world.clients:
            client.sender.padding = " " * 16_000
        world.p99_s()
        await pause(QUIET_S)
        quiet_s, beside_s = world.p99_s(), 0.0
        for number in range(rounds):
            world.p99_s()
            transports: list[Any] = [s.transport for s in map(_socket, dead)]
            for transport in transports:
                transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                transport.pauseProducing()
            cuts = tens * (number + 1)
            await world.until(lambda: _cut(world) >= cuts, every_s=0.25)  # noqa: B023 - used up here
            beside_s = max(beside_s, world.p99_s())
            for transport in transports:
                transport.resumeProducing()
            newest = world.clients[0].sender.stream.newest
            ended_s = time.monotonic()
            await world.until(lambda: all(one.sender.stream.newest >= newest for one in dead))  # noqa: B023 - used up here
            world.recoveries_s.append(time.monotonic() - ended_s)
        result = stayed(world, await world.judge(fault, rounds))
        if beside_s > 10 * max(quiet_s, SHORT_S):
            result.faults.append(f"slow: the p99 of the others went from {quiet_s} to {beside_s} s")
        wronged = sum(one.reconnects for one in others)
        # Whoever comes back and still reads slowly may be cut once more.
        if wronged or _cut(world) < tens * rounds:
            result.faults.append(
                f"{wronged} who read were cut; {_cut(world)} cuts of {tens * rounds} who did not"
            )
        return result


def _cut(world: World) -> int:
    """How many readers were cut; who stops during the replay is found out by pings."""
    return world.daemon.log().count(" of reader has ended")


def _socket(client: Client) -> Socket:
    assert client.sender.socket is not None
    return client.sender.socket
