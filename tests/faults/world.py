"""A small world to break: daemons, a database, people who talk, and the judgement at the end."""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from tests.support import mariadb
from tests.support.daemon import NO_PACE, DaemonProcess
from tests.support.mariadb import MariaDB
from tests.support.proxy import Proxy
from tests.support.senders import ROOM, Entry, faults, history

from .client import Client, Visitor, pause
from .result import Result

CROWD = (
    *NO_PACE,
    *("--limit", "registrations-per-address=0"),
    *("--limit", "logins-per-address=0"),
    *("--limit", "connections-per-user=0"),
)

RECOVER_WITHIN_S = 5.0
"""What is promised once a fault has ended."""

NOISE = 3.0
"""The factor that other people's load on the machine may cost."""

GIVE_UP_S = 120.0
"""A world that has not recovered by then will not; also how long a daemon may take to start."""


class World:
    """One or more daemons on one database, with people who never stop posting."""

    def __init__(self, seed: int, server: MariaDB | None = None) -> None:
        """``server``: the MariaDB to use; without, SQLite."""
        self.chance = random.Random(seed)
        self.folder = Path(tempfile.mkdtemp(prefix="securechat-faults-"))
        self.server = server
        self.name = server.fresh_database() if server is not None else ""
        self.daemons: list[DaemonProcess] = []
        self.clients: list[Client] = []
        self.listeners: list[Client] = []
        """Clients that post nothing of their own."""
        self.proxies: list[Proxy] = []
        self.entries: list[Entry] = []
        self.recoveries_s: list[float] = []
        self.is_clean = False
        """Nothing was found, so that nobody wants to look at the folder afterwards."""
        self.seen: Callable[[Path], Path] = lambda path: path
        """Where a folder of the daemon is found from here."""

    @property
    def daemon(self) -> DaemonProcess:
        """The first daemon."""
        return self.daemons[0]

    @property
    def pipe(self) -> Proxy:
        """The proxy between daemon and database."""
        return self.proxies[0]

    def database(self, through: Path | None = None) -> tuple[str, ...]:
        """The options that name the database, ``through`` the proxy at this socket."""
        if self.server is None:
            return ()
        url = self.server.url_string(self.name)
        if through is not None:
            url = f"mysql://root@/{self.name}?unix_socket={through}"
        return ("--database", url)

    async def proxied_database(self) -> tuple[str, ...]:
        """A proxy to the database, and the options that name it."""
        assert self.server is not None
        through = self.folder / f"db{len(self.proxies)}"
        proxy = Proxy(f"unix:{self.server.socket}")
        self.proxies.append(await proxy.listen(f"unix:{through}"))
        return self.database(through)

    async def proxied_daemon(self, daemon: DaemonProcess) -> Proxy:
        """A proxy in front of a daemon."""
        proxy = Proxy(f"tcp:127.0.0.1:{daemon.port}")
        self.proxies.append(await proxy.listen("tcp:0:interface=127.0.0.1"))
        return proxy

    def add_daemon(self, *options: str) -> DaemonProcess:
        """A daemon that is not started yet."""
        folder = self.folder / f"daemon{len(self.daemons)}"
        self.daemons.append(DaemonProcess(folder, *CROWD, *options))
        return self.daemons[-1]

    async def populate(self, people: int = 3) -> None:
        """Let people register at the first daemon, and start talking."""
        for number in range(people):
            person = Visitor(self.daemon.url, f"person-{number}")
            status = await person.register()
            assert status == 303, f"registration was answered {status}:\n{self.daemon.log()}"
            self.clients.append(Client(person, random.Random(self.chance.random())))
        for client in self.clients:
            client.start()
        await self.everybody_acknowledged()

    async def everybody_acknowledged(self, more: int = 1, within_s: float = GIVE_UP_S) -> float:
        """Wait until every client has ``more`` new acks; the seconds it took."""
        goals = [(client, client.acknowledged + more) for client in self.clients]
        return await self.until(lambda: all(c.acknowledged >= goal for c, goal in goals), within_s)

    async def recovered(self, ended_s: float) -> float:
        """Wait for everybody's first new ack; the seconds since ``ended_s``, which are noted."""
        await self.everybody_acknowledged()
        self.recoveries_s.append(time.monotonic() - ended_s)
        return self.recoveries_s[-1]

    def p99_s(self) -> float:
        """Of the answers to all posts since this was last asked: how long the slowest 1 % took."""
        answers_s = sorted(one for client in self.clients for one in client.sender.answers_s)
        for client in self.clients:
            client.sender.answers_s.clear()
        return answers_s[int(0.99 * (len(answers_s) - 1))] if answers_s else 0.0

    async def until(
        self, condition: Callable[[], object], within_s: float = GIVE_UP_S, every_s: float = 0.01
    ) -> float:
        """Wait until ``condition`` holds; the seconds it took."""
        started_s = time.monotonic()
        while not condition():
            waited_s = time.monotonic() - started_s
            assert waited_s < within_s, f"did not come true in {waited_s:.0f} s:\n{self.told()}"
            await pause(every_s)
        return time.monotonic() - started_s

    @property
    def everybody(self) -> list[Client]:
        """All clients."""
        return self.clients + self.listeners

    def hang_up(self, *clients: Client) -> None:
        """End the connections of these, or of everybody, from their side."""
        for client in clients or self.everybody:
            client.hang_up()

    def told(self) -> str:
        """The last lines of what the daemons have logged."""
        return "\n".join(daemon.log()[-4000:] for daemon in self.daemons)

    async def a_while(self, least_s: float = 0.05, most_s: float = 0.6) -> None:
        """Let people talk for a random while; much is under way at its end."""
        await pause(self.chance.uniform(least_s, most_s))
        for client in self.clients:
            client.burst()
        # Somewhere between the first byte and the last ack.
        await pause(self.chance.choice((0.0, 0.002, 0.005, 0.01, 0.02, 0.05)))

    async def settle(self) -> None:
        """Nobody posts anything new, and everything gets its number and is heard by everybody."""
        for client in self.clients:
            client.posting = False
        await self.until(lambda: all(client.is_settled for client in self.clients))
        person = self.clients[0].person
        newcomer = Visitor(self.daemon.url, person.username)
        assert await newcomer.log_in() == 303
        self.entries = await history(await newcomer.chat())
        await newcomer.leave()
        await self._all_heard(len(self.entries))

    async def _all_heard(self, newest: int) -> None:
        """Everybody opens every message, which takes its time: they only must not stand still."""

        def heard() -> list[int]:
            return [min(client.sender.stream.newest, newest) for client in self.everybody]

        while (before := sum(heard())) < newest * len(self.everybody):
            await self.until(lambda: sum(heard()) > before, 20)

    async def judge(self, fault: str, rounds: int) -> Result:
        """What all clients were promised against history and database."""
        await self.settle()
        senders = [client.sender for client in self.everybody]
        found = faults(self.entries, senders)
        found += [
            f"refused: {mid} was not" for s in senders for mid in s.doomed & {*s.acknowledged}
        ]
        rows = [(entry.seq, entry.mid, entry.author) for entry in self.entries]
        if rows != await deferToThread(self.rows):
            found.append("lost: the database holds other rows than history shows")
        if any("Traceback" in daemon.log() for daemon in self.daemons):
            found.append(f"traceback: {self.told()}")
        self.is_clean = not found
        return Result(
            fault,
            rounds,
            acked=sum(client.acknowledged for client in self.clients),
            unknown=sum(sender.were_unknown for sender in senders),
            faults=found,
            recoveries_s=self.recoveries_s,
            slowest_answer_s=max(sender.slowest_answer_s for sender in senders),
        )

    def rows(self) -> list[tuple[Any, ...]]:
        """Number, client id and author of every event, as the database has them."""
        sql = f"SELECT seq, mid, author_id FROM events WHERE room_id = '{ROOM}' ORDER BY seq"
        if self.server is not None:
            return self.server.sql(sql, self.name)
        path = self.seen(self.daemon.data_dir) / "securechat.sqlite3"
        with closing(sqlite3.connect(path)) as connection:
            return list(connection.execute(sql))

    async def close(self) -> None:
        """Everybody leaves and everything ends."""
        for client in self.everybody:
            await client.stop()
        for daemon in self.daemons:
            await deferToThread(daemon.kill)
        for proxy in self.proxies:
            await proxy.close()
        if self.server is not None:
            await deferToThread(self.server.start_if_ended)
            await deferToThread(self.server.drop_database, self.name)
        if self.is_clean:
            await deferToThread(shutil.rmtree, self.folder)


async def start(daemon: DaemonProcess) -> None:
    """Start a daemon and wait until it is ready, without holding anybody up."""
    await deferToThread(_start, daemon)


def _start(daemon: DaemonProcess) -> None:
    daemon.spawn()
    daemon.wait_until("/readyz", 200, GIVE_UP_S)


def spawned(daemon: DaemonProcess) -> Deferred[None]:
    """Start a daemon and go on; fires when it is ready."""
    return Deferred.fromCoroutine(start(daemon))


def shared_server() -> MariaDB:
    """The MariaDB of this process, running."""
    server = mariadb.shared()
    server.start_if_ended()
    return server


__all__ = ["World", "pause", "shared_server", "spawned", "start"]
