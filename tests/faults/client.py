"""A client that keeps its side of the delivery contract while everything around it breaks."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from autobahn.exception import Disconnected
from autobahn.twisted.websocket import WebSocketClientFactory
from twisted.internet import defer, reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectError, ConnectionLost
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import deferLater

from tests.support.client import Person, Socket
from tests.support.senders import Sender

PAUSE_S = (0.05, 0.25)
"""Before a client comes back, and before it resends what was not taken: quicker than people's."""

DEPTH = 12
"""Posts that a client has under way at most."""

GIVE_UP_S = 12.0
"""A connection that answers nothing for so long is given up, as browsers' pages do."""

OPEN_WITHIN_S = 10.0

FAILURES = (ConnectionError, ConnectError, ConnectionLost, Disconnected, defer.TimeoutError)


def pause(seconds: float) -> Deferred[None]:
    """Fires after so many seconds."""
    return deferLater(reactor, seconds)


def abort(socket: Socket) -> None:
    """End a connection at once."""
    transport: Any = socket.transport
    if transport is not None:
        transport.abortConnection()


class Visitor(Person):
    """A person whose sockets take a road of their own, in the manner of ``Person.connect``."""

    def __init__(self, url: str, username: str) -> None:
        super().__init__(url, username)
        self.road: Callable[[], tuple[str, int]] | None = None
        """Host and port to connect to instead of the address's own."""

    async def connect(self, **headers: str) -> Socket:
        """Open the socket over the road; gives up after OPEN_WITHIN_S."""
        host, port = self.road() if self.road is not None else ("127.0.0.1", self.port)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        factory = WebSocketClientFactory(
            self.url.replace("http", "ws", 1) + "/ws",
            protocols=["securechat.v1"],
            headers={"Cookie": cookies} | headers,
            origin=self.url,
            reactor=reactor,
        )
        factory.protocol = Socket
        factory.noisy = False
        factory.setProtocolOptions(
            failByDrop=False, openHandshakeTimeout=0, closeHandshakeTimeout=0
        )
        connecting: Any = self.way(host, port).connect(factory)
        connecting.addTimeout(OPEN_WITHIN_S, reactor)
        socket: Socket = await connecting
        self._open = [one for one in self._open if not one.ended]
        self._open.append(socket)
        socket.opened.addTimeout(OPEN_WITHIN_S, reactor, onTimeoutCancel=_not_opened(socket))
        await socket.opened
        return socket

    def way(self, host: str, port: int) -> IStreamClientEndpoint:
        """How a socket gets there."""
        endpoint: IStreamClientEndpoint = HostnameEndpoint(reactor, host, port)
        return endpoint

    @property
    def port(self) -> int:
        """The port of the daemon's address."""
        return int(self.url.rpartition(":")[2])


def _not_opened(socket: Socket) -> Callable[[object, float], None]:
    def told(result: object, after_s: float) -> None:
        abort(socket)
        raise ConnectionError(f"did not open within {after_s} s")

    return told


class Client:
    """Posts, listens, waits, comes back and resends, for as long as it is told to."""

    def __init__(self, person: Visitor, chance: random.Random) -> None:
        self.person = person
        self.sender = Sender(person)
        self.sender.forgets = True
        self.posting = True
        self.depth = DEPTH
        self.give_up_s = GIVE_UP_S
        self.reconnects = 0
        self.refusals = 0
        """How often it was told to wait."""
        self._chance = chance
        self._on = False
        self._ended: Deferred[None] | None = None
        self._answered_s = 0.0

    def start(self) -> None:
        """Begin; errors that are not the network's come out of ``stop``."""
        self._on = True
        self._ended = Deferred.fromCoroutine(self._run())

    async def stop(self) -> None:
        """Leave at once."""
        self._on = False
        if self._ended is not None:
            ended, self._ended = self._ended, None
            await ended

    def hang_up(self) -> None:
        """End the connection without a word, and come back."""
        if self.sender.socket is not None and not self.sender.socket.ended:
            abort(self.sender.socket)

    def burst(self, count: int = 20) -> None:
        """Post so many at once, so that they are under way when the fault comes."""
        socket = self.sender.socket
        if self.posting and socket is not None and not socket.ended:
            self.sender.post(count)

    @property
    def acknowledged(self) -> int:
        """How many of its posts are acknowledged."""
        return len(self.sender.acknowledged)

    @property
    def is_settled(self) -> bool:
        """Whether every post has its number."""
        return not self.sender.unknown()

    async def _run(self) -> None:
        while self._on:
            try:
                await self._talk()
            except FAILURES:
                self.reconnects += 1
            self._hang_up()
            await pause(self._chance.uniform(*PAUSE_S))

    def _hang_up(self) -> None:
        socket = self.sender.socket
        self.sender.disconnected()
        if socket is not None and not socket.ended:
            abort(socket)

    async def _talk(self) -> None:
        socket = await self.sender.connect()
        self.sender.subscribe()
        self.sender.resend(self.sender.unknown())
        self._answered_s = time.monotonic()
        acknowledged = -1
        while self._on and not socket.ended:
            if self.sender.tally() != acknowledged or not self.sender.under_way:
                acknowledged = self.acknowledged
                self._answered_s = time.monotonic()
            elif time.monotonic() - self._answered_s > self.give_up_s:
                raise ConnectionError("no answer")
            await self._go_on()
            await pause(self._chance.uniform(0.003, 0.02))

    async def _go_on(self) -> None:
        sender = self.sender
        if sender.told_to_wait:
            self.refusals += 1
            # Nothing more until everything under way is answered; then in the old order.
            if not sender.under_way:
                await pause(self._chance.uniform(*PAUSE_S))
                sender.told_to_wait = False
                if sender.socket is not None and not sender.socket.ended:
                    sender.resend(sender.unknown())
        elif self.posting and len(sender.under_way) < self.depth:
            sender.post(self._chance.randrange(1, 6))
            if self._chance.random() < 0.01:
                sender.post_in_vain()
