"""Connections: what an idle one holds, how many can be set up a second, and all at once again."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from .. import load
from ..cpu import measured, rss_bytes
from ..daemon import Server
from ..load import Load
from ..peers import OURS
from ..peers.base import BrokenError, Peer, Running
from ..run import Run, marks_of, medians
from ..table import Column, Row, Section, Values

IDLE = Section(
    "Idle connections, signed in and in a room: memory each, and how fast they are set up",
    (
        Column("connections", "connections"),
        Column("kib", "KiB each", 1),
        Column("per_s", "set up/s"),
        Column("cpu_us", "CPU µs"),
    ),
    ratio="kib",
)
STORM = Section(
    "All come back at once, and catch up with what they have missed",
    (
        Column("connections", "connections"),
        Column("back", "back"),
        Column("missed", "missed each"),
        Column("seconds", "after s", 1),
        Column("per_s", "back/s"),
        Column("cpu_us", "CPU µs"),
    ),
)
SETTLE_S = 0.5
MISSED = 50


def idle(run: Run) -> list[Row]:
    """5,000 connections."""
    return _idle(run, "idle", run.size(5000, 50), tls=False)


def idle_over_tls(run: Run) -> list[Row]:
    """1,000 connections over TLS 1.3."""
    return _idle(run, "idle-tls", run.size(1000, 20), tls=True)


def _idle(run: Run, name: str, connections: int, *, tls: bool) -> list[Row]:
    rows = []

    def one(peer: Peer) -> None:
        with run.serving(peer, connections, tls=tls) as server:
            values = _set_up(run, server, connections)
        rows.append(Row(name, peer.name, marks_of(peer), values))

    for peer in run.peers:
        if peer.speaks_tls or not tls:
            run.attempt(f"{name}: {peer.name}", partial(one, peer))
    return rows


def _set_up(run: Run, server: Running, connections: int) -> Values:
    plan = server.plan()
    with run.fresh() as folder:
        # A first few: what is loaded when it is first needed is not what a connection costs.
        few = replace(plan, connections=min(connections, 10), rooms=1)
        Load(load.build(run.cache, bool(plan.tls_name)), few, folder).close()
    time.sleep(SETTLE_S)
    before = rss_bytes(server.pid)
    standing: list[Load] = []
    with run.fresh() as folder:
        program = load.build(run.cache, bool(plan.tls_name))
        try:
            _, used = measured(lambda: standing.append(Load(program, plan, folder)), [server.pid])
            said = standing[0].connected
            if said["ready"] != connections:
                raise BrokenError(f"only {said['ready']} of {connections} connections stand")
            time.sleep(SETTLE_S)
            grown = rss_bytes(server.pid) - before
        finally:
            for clients in standing:
                clients.close()
    return {
        "connections": connections,
        "kib": grown / connections / 1024,
        "per_s": connections / said["seconds"],
        "cpu_us": used.cpu_s * 1e6 / connections,
    }


def storm(run: Run) -> list[Row]:
    """2,000 clients of ours are cut off, come back together, and get what they have missed.

    Whoever is not back after two minutes is not waited for.
    """
    if OURS not in run.peers:
        return []
    samples: list[Values] = []
    clients = run.size(2000, 20)
    for number in range(run.rounds):
        run.attempt(
            f"storm: {OURS.name}, round {number + 1}", lambda: samples.append(_back(run, clients))
        )
    return [medians("storm", OURS.name, marks_of(OURS), samples)] if samples else []


def _back(run: Run, connections: int) -> Values:
    with run.fresh() as folder:
        server = Server(folder)
        server.start(connections)
        try:
            last = 2 * MISSED
            with run.loading(server.plan(1)) as one:
                said = one.run(1, last, run.seconds + 10)
            if said["deliveries"] != last:
                raise BrokenError(f"only {said['deliveries']} of {last} messages were delivered")
            plan = server.plan(connections, since=last - MISSED)
            # Who has heard the newest event is back.
            newest = b'"seq":%d,"envelope"' % last
            steps = [*plan.steps, (b"", newest)]
            with run.loading(replace(plan, steps=steps)) as clients:
                return _timed(clients, server, connections)
        finally:
            server.stop()


def _timed(clients: Load, server: Server, connections: int) -> Values:
    said, used = measured(lambda: clients.reconnect(connections), [server.pid], [clients.pid])
    back = said["ready"]
    if not back:
        raise BrokenError("nobody came back")
    return {
        "connections": connections,
        "back": back,
        "missed": MISSED,
        "seconds": said["seconds"],
        "per_s": back / said["seconds"],
        "cpu_us": used.cpu_s * 1e6 / back,
        "others": used.others,
    }
