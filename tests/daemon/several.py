"""Several daemons on one MariaDB and one Redis, under one address, and people who move about."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.trial.unittest import SkipTest
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS

from tests.faults.client import Client, Visitor, pause
from tests.support import redis
from tests.support.client import Person
from tests.support.daemon import NO_PACE, DaemonProcess
from tests.support.senders import faults, history

from .cases import MariaDBCase


class SeveralCase(MariaDBCase):
    """Daemons that share database, bus, keyring and the address that people type."""

    timeout = 240
    daemons: list[DaemonProcess]

    def setUp(self) -> None:
        super().setUp()
        why = redis.missing()
        if why:
            raise SkipTest(why)
        self.redis = redis.Redis()
        self.addCleanup(self.redis.remove)
        self.redis.start()
        self.daemons = []

    def start(self, count: int, *options: str) -> list[DaemonProcess]:
        """So many daemons, all ready."""
        name = self.server.fresh_database()
        for _ in range(count):
            daemon = self.on(name, *NO_PACE, "--bus", self.redis.url, *options)
            self.daemons.append(daemon)
            first = self.daemons[0]
            if not options:
                daemon.options += ("--public-url", f"http://localhost:{first.port}")
            if daemon is not first:
                daemon.options += ("--keyring", str(first.data_dir / "keyring.json"))
            daemon.start()
        return self.daemons

    async def visitor(self, name: str, at: int = 0) -> Visitor:
        """Somebody who has just registered, whose sockets lead to the daemon number ``at``."""
        visitor = Visitor(self.daemons[0].url, name)
        self.addCleanup(lambda: Deferred.fromCoroutine(visitor.leave()))
        self.assertEqual(await visitor.register(), 303)
        self.move(visitor, at)
        return visitor

    def move(self, visitor: Visitor, at: int) -> None:
        """From now on its sockets lead to the daemon number ``at``."""
        visitor.road = lambda: ("127.0.0.1", self.daemons[at].port)

    def wander(self, visitor: Visitor) -> None:
        """From now on its sockets lead to any daemon that runs."""

        def road() -> tuple[str, int]:
            running = [daemon for daemon in self.daemons if daemon.is_running]
            return "127.0.0.1", random.choice(running or self.daemons).port

        visitor.road = road

    def clients(self, visitors: Sequence[Visitor], kind: type[Client] = Client) -> list[Client]:
        """They post, listen and come back, as long as the test lasts."""
        clients = [kind(visitor, random.Random(7 + n)) for n, visitor in enumerate(visitors)]
        for client in clients:
            self.addCleanup(self._stop, client)
            client.start()
        return clients

    def _stop(self, client: Client) -> Deferred[None]:
        return Deferred.fromCoroutine(client.stop())

    async def until_more(self, clients: Sequence[Client], posts: int) -> None:
        """Wait until each has so many posts more acknowledged."""
        goals = [(client, client.acknowledged + posts) for client in clients]
        await self.until(
            lambda: all(client.acknowledged >= goal for client, goal in goals), within_s=60
        )

    async def settle(self, clients: Sequence[Client], reader: Person) -> int:
        """Let all come to rest, and hold what they saw against history; how many events."""
        for client in clients:
            client.posting = False
        await self.until(lambda: all(client.is_settled for client in clients), within_s=60)
        entries = await history(await reader.chat())
        newest = entries[-1].seq
        await self.until(
            lambda: all(client.sender.stream.newest == newest for client in clients), within_s=30
        )
        for client in clients:
            await client.stop()
        self.assertEqual(faults(entries, [client.sender for client in clients]), [])
        return newest


class SteadyClient(Client):
    """Thirty posts a second, whatever the machine could take: for tests that wait for daemons."""

    BREATH_S = 0.1

    async def _go_on(self) -> None:
        await super()._go_on()
        await pause(self.BREATH_S)


class SecureVisitor(Visitor):
    """A visitor who comes over TLS, from an address that is not the proxy's own."""

    ADDRESS = "127.0.0.9"

    def __init__(self, url: str, username: str, authority: Path) -> None:
        super().__init__(url, username)
        self._trusted = trustRootFromCertificates([Certificate.loadPEM(authority.read_bytes())])
        policy = BrowserLikePolicyForHTTPS(trustRoot=self._trusted)
        self._agent = Agent(reactor, policy, pool=self._pool)

    def way(self, host: str, port: int) -> IStreamClientEndpoint:
        """TLS to the proxy, verified."""
        wrapped: IStreamClientEndpoint = wrapClientTLS(
            optionsForClientTLS("localhost", trustRoot=self._trusted),
            HostnameEndpoint(reactor, host, port, bindAddress=(self.ADDRESS, 0)),
        )
        return wrapped
