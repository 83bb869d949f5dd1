"""Writing at once: nothing is torn, lost or reordered, however little the socket takes."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.abstract import FileDescriptor
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactor
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from securechat.direct import DirectFactory, DirectTransport


class Socket:
    """Takes as much as it has room for."""

    def __init__(self) -> None:
        self.room = 0
        self.taken = b""
        self.broken = False
        self.calls = 0

    def send(self, data: bytes) -> int:
        self.calls += 1
        if self.broken:
            raise BrokenPipeError
        if data and not self.room:
            raise BlockingIOError
        taken = data[: self.room]
        self.room -= len(taken)
        self.taken += taken
        return len(taken)


class Below(FileDescriptor):
    """Twisted's own transport over that socket."""

    connected = 1

    def __init__(self, socket: Socket) -> None:
        self.writers = MemoryReactor()
        super().__init__(self.writers)
        self.socket = socket
        self.above: Any = None

    def getHandle(self) -> Socket:
        return self.socket

    def writeSomeData(self, data: bytes) -> int | Exception:
        try:
            return self.socket.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            return CONNECTION_DONE

    def turn(self) -> None:
        """The reactor's part, where it was asked for."""
        if self in self.writers.getWriters():
            why = self.doWrite()
            if why is not None:
                self.connectionLost(Failure(why))

    def connectionLost(self, reason: Failure) -> None:
        FileDescriptor.connectionLost(self, reason)
        self.above.connectionLost(reason)


class Above(Protocol):
    """Whoever writes; a push producer that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.lost = False

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")

    def connectionLost(self, reason: Failure = Failure(CONNECTION_DONE)) -> None:  # noqa: B008 - as Twisted
        self.lost = True


class Directly(SynchronousTestCase):
    def setUp(self) -> None:
        self.socket = Socket()
        self.below = Below(self.socket)
        self.protocol = Above()
        self.wire: Any = DirectFactory(Factory.forProtocol(lambda: self.protocol)).buildProtocol(
            None
        )
        self.assertIsInstance(self.wire, DirectTransport)
        self.below.above = self.wire
        self.wire.makeConnection(self.below)

    def drain(self, room: int = 1 << 20) -> None:
        self.socket.room = room
        for _ in range(3):
            self.below.turn()

    def test_what_the_socket_takes_is_sent_by_one_call_and_nobody_is_asked_to_wait(self) -> None:
        self.socket.room = 100
        self.wire.write(b"hello")
        self.assertEqual((self.socket.taken, self.socket.calls), (b"hello", 1))
        self.assertEqual(self.below.writers.getWriters(), [])

    @settings(max_examples=300)
    @given(
        st.lists(st.one_of(st.binary(min_size=1, max_size=40), st.none()), max_size=40),
        st.randoms(use_true_random=False),
    )
    def test_all_that_is_written_arrives_in_order(
        self, writes: list[bytes | None], chance: random.Random
    ) -> None:
        self.setUp()
        self.wire.registerProducer(self.protocol, True)
        written = b""
        for data in writes:
            self.socket.room = chance.choice((0, 0, 1, 7, 30, 1000))
            if data is None:
                self.below.turn()
            elif chance.random() < 0.2:
                self.wire.writeSequence([data, data])
                written += data + data
            else:
                self.wire.write(data)
                written += data
            self.assertTrue(written.startswith(self.socket.taken))
        self.drain()
        self.assertEqual(self.socket.taken, written)
        told = self.protocol.told
        self.assertEqual(told, ["pause", "resume"] * (len(told) // 2))
        self.wire.unregisterProducer()
        self.wire.write(b"the end")
        self.assertTrue(self.socket.taken.endswith(b"the end"))

    def test_a_producer_is_paused_while_anything_waits(self) -> None:
        self.wire.registerProducer(self.protocol, True)
        self.socket.room = 3
        self.wire.write(b"hello")
        self.wire.write(b" world")
        self.assertEqual(self.protocol.told, ["pause"])
        self.drain(4)
        self.assertEqual(self.protocol.told, ["pause"])
        self.drain()
        self.assertEqual(self.protocol.told, ["pause", "resume"])
        self.assertEqual(self.socket.taken, b"hello world")

    def test_who_registers_while_something_waits_is_paused_at_once(self) -> None:
        self.wire.write(b"hello")
        self.wire.registerProducer(self.protocol, True)
        self.assertEqual(self.protocol.told, ["pause"])
        with self.assertRaises(RuntimeError):
            self.wire.registerProducer(Above(), True)

    def test_who_is_asked_for_more_is_asked_when_all_is_sent(self) -> None:
        self.wire.registerProducer(self.protocol, False)
        self.wire.write(b"hello")
        self.assertEqual(self.protocol.told, ["resume"])
        self.drain()
        self.assertEqual(self.protocol.told, ["resume", "resume"])

    def test_closing_waits_until_all_is_sent(self) -> None:
        self.wire.registerProducer(self.protocol, True)
        self.socket.room = 2
        self.wire.write(b"bye")
        self.wire.loseConnection()
        self.wire.write(b"!")
        self.assertFalse(self.protocol.lost)
        self.drain()
        self.assertTrue(self.protocol.lost)
        self.assertEqual(self.socket.taken, b"bye!")

    def test_closing_waits_for_a_producer_that_is_asked_for_more(self) -> None:
        self.wire.registerProducer(self.protocol, False)
        self.wire.loseConnection()
        self.drain()
        self.assertFalse(self.protocol.lost)
        self.wire.write(b"last words")
        self.wire.unregisterProducer()
        self.drain()
        self.assertTrue(self.protocol.lost)
        self.assertEqual(self.socket.taken, b"last words")

    def test_a_broken_socket_ends_the_connection_by_the_usual_way(self) -> None:
        self.wire.registerProducer(self.protocol, True)
        self.socket.broken = True
        self.wire.write(b"hello")
        self.assertFalse(self.protocol.lost)
        self.below.turn()
        self.assertTrue(self.protocol.lost)
        self.assertIn("stop", self.protocol.told)
        self.wire.write(b"to nobody")
        late = Above()
        self.wire.registerProducer(late, True)
        self.assertEqual(late.told, ["stop"])

    def test_reading_is_paused_and_resumed_below(self) -> None:
        told: list[str] = []
        self.patch(self.below, "pauseProducing", lambda: told.append("pause"))
        self.patch(self.below, "resumeProducing", lambda: told.append("resume"))
        self.wire.pauseProducing()
        self.wire.resumeProducing()
        self.assertEqual(told, ["pause", "resume"])
