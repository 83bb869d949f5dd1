"""A proxy on a TCP or Unix connection that delays, throttles, swallows, resets and cuts."""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as Bytes
from twisted.python.failure import Failure

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER switched on with no time: closing sends RST instead of FIN."""

TWISTED: Any = reactor  # its module has no type that says what it provides


class Way(Enum):
    """Which way bytes go."""

    UP = "to the server"
    DOWN = "to the client"

    @property
    def back(self) -> Way:
        """The other way."""
        return Way.DOWN if self is Way.UP else Way.UP


class Rule(Protocol):
    """Looks at bytes that pass; what it returns goes on, None ends the link at once."""

    def __call__(self, link: Link, going: Way, data: bytes, /) -> bytes | None: ...


class End(Bytes):
    """One of a link's two connections."""

    transport: Any

    def __init__(self, link: Link, way: Way) -> None:
        self.link = link
        self.way = way
        """Where the bytes go that come from here."""
        self.is_open = False

    def connectionMade(self) -> None:
        self.is_open = True
        self.link.opened(self)

    def dataReceived(self, data: bytes) -> None:
        self.link.carry(self.way, data)

    def connectionLost(self, reason: Failure = Failure(ConnectionError())) -> None:  # noqa: B008 - as Twisted
        self.is_open = False
        self.link.ended(self)


class Link:
    """A client's connection and the one that was made for it."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.carried = {Way.UP: 0, Way.DOWN: 0}
        """Bytes that have passed, each way."""
        self.ends = {Way.UP: End(self, Way.UP), Way.DOWN: End(self, Way.DOWN)}
        self.silent = False
        self.over = False
        self._waiting: dict[Way, deque[tuple[float, bytes]]] = {Way.UP: deque(), Way.DOWN: deque()}
        self._due_s = {Way.UP: 0.0, Way.DOWN: 0.0}

    def opened(self, end: End) -> None:
        """One end is there: the other is made, or both may talk."""
        if end.way is Way.UP:
            end.transport.pauseProducing()
            self.proxy.reach(self)
        elif self.over or not self.ends[Way.UP].is_open:
            end.transport.abortConnection()
        else:
            self.ends[Way.UP].transport.resumeProducing()

    def carry(self, way: Way, data: bytes) -> None:
        """Pass bytes on, as the rules have it."""
        if self.silent or self.proxy.silent:
            return
        for rule in list(self.proxy.rules):
            passed = rule(self, way, data)
            if passed is None or self.over:
                self.reset()
                return
            data = passed
        if not data:
            return
        self.carried[way] += len(data)
        self._deliver(way, data)

    def _deliver(self, way: Way, data: bytes) -> None:
        now_s = self.proxy.clock.seconds()
        takes_s = len(data) / self.proxy.bytes_a_second if self.proxy.bytes_a_second else 0.0
        due_s = max(now_s + self.proxy.delay_s, self._due_s[way]) + takes_s
        if due_s <= now_s and not self._waiting[way]:
            self._write(way, data)
            return
        # Never before what came earlier, however the delays are changed meanwhile.
        self._due_s[way] = due_s
        self._waiting[way].append((due_s, data))
        self.proxy.clock.callLater(max(0.0, due_s - now_s), self._release, way)

    def _release(self, way: Way) -> None:
        if self._waiting[way]:
            self._write(way, self._waiting[way].popleft()[1])

    def _write(self, way: Way, data: bytes) -> None:
        far = self.ends[way.back]
        if far.is_open:
            far.transport.write(data)

    def ended(self, end: End) -> None:
        """One end is gone: so is the other, unless nobody may hear of it."""
        self.over = self.over or not (self.silent or self.proxy.silent)
        other = self.ends[end.way.back]
        if other.is_open and self.over:
            other.transport.loseConnection()
        if not other.is_open:
            self.over = True
            self.proxy.forget(self)

    def cut_soon(self) -> None:
        """Pass on what is being passed on, nothing after it, and reset."""
        self.proxy.clock.callLater(0, self._fall_silent)

    def _fall_silent(self) -> None:
        self.silent = True
        self.proxy.clock.callLater(0.01, self.reset)

    def reset(self) -> None:
        """End both connections with RST, at once, whatever is under way."""
        self.over = True
        for end in self.ends.values():
            if not end.is_open:
                continue
            handle = end.transport.getHandle()
            if handle is not None and handle.family != socket.AF_UNIX:
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.transport.abortConnection()


class Proxy(Factory):
    """Listens at ``description`` and reaches out to ``target``, both endpoint strings."""

    noisy = False

    def __init__(self, target: str, clock: IReactorTime = TWISTED) -> None:
        self.target = target
        self.clock = clock
        self.links: list[Link] = []
        self.rules: list[Rule] = []
        self.delay_s = 0.0
        self.bytes_a_second = 0
        """0: as fast as it goes."""
        self.silent = False
        """Everything is dropped, and nobody hears that the other has gone."""
        self.made = 0
        """Links that were ever made."""
        self._port: Any = None

    async def listen(self, description: str) -> Proxy:
        """Take connections from now on."""
        self._port = await serverFromString(TWISTED, description).listen(self)
        return self

    @property
    def port(self) -> int:
        """The TCP port that it listens on."""
        number: int = self._port.getHost().port
        return number

    def buildProtocol(self, addr: object) -> End:
        """A link for a new connection."""
        link = Link(self)
        self.links.append(link)
        self.made += 1
        return link.ends[Way.UP]

    def reach(self, link: Link) -> None:
        """Connect to the target."""
        endpoint = clientFromString(TWISTED, self.target)
        far = Factory.forProtocol(lambda: link.ends[Way.DOWN])
        far.noisy = False
        endpoint.connect(far).addErrback(lambda _: link.reset())

    def forget(self, link: Link) -> None:
        """Both ends are gone."""
        if link in self.links:
            self.links.remove(link)

    def reset(self) -> int:
        """Reset every link; how many there were."""
        links = list(self.links)
        for link in links:
            link.reset()
        return len(links)

    async def close(self) -> None:
        """Listen no more and end every link."""
        self.rules.clear()
        self.silent = False
        if self._port is not None:
            await self._port.stopListening()
        self.reset()

    def once(self, rule: Callable[[Callable[[], None]], Rule]) -> Deferred[None]:
        """Follow a rule until it has done its work; fires then."""
        done: Deferred[None] = Deferred()

        def finish() -> None:
            if made in self.rules:
                self.rules.remove(made)
            if not done.called:
                done.callback(None)

        made = rule(finish)
        self.rules.append(made)
        return done


def cut_after(most_bytes: int, way: Way) -> Callable[[Callable[[], None]], Rule]:
    """End the next link that has carried so many bytes in ``way``; the rest is not delivered."""

    def making(finish: Callable[[], None]) -> Rule:
        def rule(link: Link, going: Way, data: bytes) -> bytes | None:
            left = most_bytes - link.carried[way]
            if going is not way or len(data) < left:
                return data
            link.cut_soon()
            finish()
            return data[: max(left, 0)]

        return rule

    return making


def cut_before(pattern: bytes, way: Way = Way.UP) -> Callable[[Callable[[], None]], Rule]:
    """End the link on which ``pattern`` comes, before it is delivered."""

    def making(finish: Callable[[], None]) -> Rule:
        def rule(link: Link, going: Way, data: bytes) -> bytes | None:
            if going is not way or pattern not in data:
                return data
            finish()
            return None

        return rule

    return making


def cut_after_pattern(pattern: bytes, way: Way = Way.UP) -> Callable[[Callable[[], None]], Rule]:
    """Deliver ``pattern``, and end its link when the answer comes, which is not delivered."""

    def making(finish: Callable[[], None]) -> Rule:
        asked: list[Link] = []

        def rule(link: Link, going: Way, data: bytes) -> bytes | None:
            if going is way and not asked and pattern in data:
                asked.append(link)
            elif going is way.back and link in asked:
                finish()
                return None
            return data

        return rule

    return making
