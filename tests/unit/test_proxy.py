"""The proxy that breaks connections for the fault campaign, on real TCP."""

from __future__ import annotations

from typing import Any

from twisted.internet import error, reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol, serverFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.support.frames import FrameFilter, frame_size
from tests.support.proxy import Proxy, Way, cut_after, cut_after_pattern, cut_before

WITHIN_S = 20.0


class Loud(Protocol):
    """A server that answers in capitals."""

    factory: Any

    def __init__(self) -> None:
        self.heard = b""

    def connectionMade(self) -> None:
        self.factory.made.append(self)

    def dataReceived(self, data: bytes) -> None:
        self.heard += data
        assert self.transport is not None
        self.transport.write(data.upper())


class Visitor(Protocol):
    """A client that notes what comes, and how it ends."""

    transport: Any

    def __init__(self) -> None:
        self.heard = b""
        self.ended: Deferred[type[BaseException] | None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Failure = Failure(error.ConnectionDone())) -> None:  # noqa: B008 - as Twisted
        self.ended.callback(reason.type)


class OnTheWay(TestCase):
    async def start(self) -> Visitor:
        """Server, proxy and client, connected through it."""
        factory: Any = Factory.forProtocol(Loud)
        self.servers: list[Any] = []
        factory.made = self.servers
        port: Any = await serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(factory)
        self.addCleanup(port.stopListening)
        self.proxy = Proxy(f"tcp:127.0.0.1:{port.getHost().port}")
        await self.proxy.listen("tcp:0:interface=127.0.0.1")
        self.addCleanup(lambda: Deferred.fromCoroutine(self.proxy.close()))
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.proxy.port)
        visitor: Visitor = await connectProtocol(endpoint, Visitor())
        self.addCleanup(visitor.transport.abortConnection)
        return visitor

    async def until(self, condition: Any) -> None:
        """Wait until ``condition`` holds."""
        deadline_s = reactor.seconds() + WITHIN_S
        while not condition():
            self.assertLess(reactor.seconds(), deadline_s)
            await deferLater(reactor, 0.005)

    async def ended(self, visitor: Visitor) -> type[BaseException] | None:
        """How the visitor's connection ended."""
        visitor.ended.addTimeout(WITHIN_S, reactor)
        return await visitor.ended

    async def test_bytes_pass_both_ways_unchanged_and_in_order_whatever_the_delay(self) -> None:
        visitor = await self.start()
        for delay_s in (0.05, 0.0, 0.02):
            self.proxy.delay_s = delay_s
            visitor.transport.write(f"{delay_s} a".encode())
            await deferLater(reactor, 0.001)
        await self.until(lambda: visitor.heard == b"0.05 A0.0 A0.02 A")

    async def test_few_bytes_a_second_take_their_time(self) -> None:
        visitor = await self.start()
        self.proxy.bytes_a_second = 1000
        began_s = reactor.seconds()
        visitor.transport.write(b"x" * 200)
        await self.until(lambda: len(visitor.heard) == 200)
        self.assertGreater(reactor.seconds() - began_s, 0.19)

    async def test_a_reset_is_one(self) -> None:
        visitor = await self.start()
        visitor.transport.write(b"a")
        await self.until(lambda: visitor.heard == b"A")
        self.assertEqual(self.proxy.reset(), 1)
        self.assertIs(await self.ended(visitor), error.ConnectionLost)

    async def test_a_cut_after_so_many_bytes_delivers_so_many(self) -> None:
        visitor = await self.start()
        done = self.proxy.once(cut_after(3, Way.UP))
        visitor.transport.write(b"abcdef")
        await self.ended(visitor)
        self.assertTrue(done.called)
        self.assertEqual(self.servers[0].heard, b"abc")
        self.assertEqual(self.proxy.rules, [])

    async def test_a_cut_before_a_pattern_does_not_deliver_it(self) -> None:
        visitor = await self.start()
        self.proxy.once(cut_before(b"COMMIT"))
        visitor.transport.write(b"COMMIT")
        await self.ended(visitor)
        self.assertEqual((self.servers and self.servers[0].heard) or b"", b"")

    async def test_a_cut_after_a_pattern_delivers_it_and_not_the_answer(self) -> None:
        visitor = await self.start()
        self.proxy.once(cut_after_pattern(b"commit"))
        visitor.transport.write(b"commit")
        await self.ended(visitor)
        self.assertEqual((self.servers[0].heard, visitor.heard), (b"commit", b""))

    async def test_a_silent_link_drops_everything_and_says_nothing_of_the_end(self) -> None:
        visitor = await self.start()
        visitor.transport.write(b"a")
        await self.until(lambda: visitor.heard == b"A")
        [link] = self.proxy.links
        link.silent = True
        visitor.transport.write(b"b")
        self.servers[0].transport.loseConnection()
        await self.until(lambda: not link.ends[Way.DOWN].is_open)
        await deferLater(reactor, 0.05)
        self.assertEqual(visitor.heard, b"A")
        self.assertFalse(visitor.ended.called)
        self.proxy.reset()
        await self.ended(visitor)

    async def test_a_target_that_is_away_ends_the_link(self) -> None:
        visitor = await self.start()
        self.proxy.target = "tcp:127.0.0.1:1"
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.proxy.port)
        other: Visitor = await connectProtocol(endpoint, Visitor())
        await self.ended(other)
        self.assertFalse(visitor.ended.called)


class Frames(SynchronousTestCase):
    def test_only_whole_lost_frames_are_missing_however_the_bytes_come(self) -> None:
        short, lost, long = b"\x81\x02ok", b"\x81\x03ack", b"\x81\x7e\x00\xc8" + b"x" * 200
        stream = b"HTTP/1.1 101 Yes\r\n\r\n" + short + lost + long + lost + short
        for size in (1, 2, 3, 7, 1000):
            kept = FrameFilter(lambda frame: b"ack" in frame)
            passed = b"".join(
                kept.feed(stream[at : at + size]) for at in range(0, len(stream), size)
            )
            self.assertEqual(passed, b"HTTP/1.1 101 Yes\r\n\r\n" + short + long + short)

    def test_the_size_of_a_frame_is_known_when_it_is_whole(self) -> None:
        huge = b"\x81\x7f" + (70_000).to_bytes(8, "big") + b"y" * 70_000
        self.assertEqual(frame_size(huge), len(huge))
        for part in (b"", b"\x81", b"\x81\x7e\x00", huge[:-1]):
            self.assertIsNone(frame_size(part))
