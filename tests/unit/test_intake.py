"""The short way in hears what Autobahn alone would have heard, whatever comes in what pieces."""

from __future__ import annotations

import os
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.error import ConnectionAborted
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from securechat.core.model import SessionDigest, Visitor
from securechat.sockets import intake
from securechat.sockets.protocol import PING, ChatProtocol
from securechat.sockets.pulse import PING_EVERY_S
from tests.unit.memory import person
from tests.unit.test_sockets import FactoryCase

MOST_BYTES = 262_144
PING_TIMEOUT = "WebSocket ping timeout (peer did not respond with pong in time)"


def frame(
    payload: bytes,
    opcode: int = 1,
    *,
    first: int | None = None,
    mask: bytes = b"\1\2\3\4",
    wide: int = 0,
    is_masked: bool = True,
) -> bytes:
    """A client's frame; ``wide``: bytes of the extended length, more than need be if so wished."""
    size = len(payload)
    wide = wide or (0 if size < 126 else 2 if size < 1 << 16 else 8)
    length = size if wide == 0 else 126 if wide == 2 else 127
    head = bytes((0x80 | opcode if first is None else first, length | (0x80 if is_masked else 0)))
    extended = size.to_bytes(wide, "big") if wide else b""
    if not is_masked:
        return head + extended + payload
    return head + extended + mask + intake.unmasked(payload, mask)


PAYLOADS = st.one_of(
    st.binary(max_size=200),
    st.integers(120, 140).map(lambda n: b"x" * n),
    st.sampled_from([65_535, 65_536]).map(lambda n: b"y" * n),
)
MASKS = st.binary(min_size=4, max_size=4)
FRAMES = st.one_of(
    st.builds(lambda p, m: frame(p, mask=m), PAYLOADS, MASKS),
    st.builds(lambda p, m: frame(p, mask=m), PAYLOADS, MASKS),
    st.builds(lambda p: frame(p, 2), PAYLOADS),
    st.builds(lambda p: frame(p[:125], 9), PAYLOADS),
    st.builds(lambda p: frame(p[:125], 10), PAYLOADS),
    st.builds(lambda p, q: frame(p, first=0x01) + frame(q, first=0x80), PAYLOADS, PAYLOADS),
    st.builds(lambda p: frame(p, first=0x01), PAYLOADS),
    st.builds(lambda p, first: frame(p, first=first), PAYLOADS, st.integers(0, 255)),
    st.builds(lambda p, wide: frame(p[:100], wide=wide), PAYLOADS, st.sampled_from([2, 8])),
    st.builds(lambda p: frame(p, is_masked=False), PAYLOADS),
    st.just(frame(b"\x03\xe8bye", 8)),
    st.binary(max_size=12),
)


class Heard(ChatProtocol):
    """A connection that only notes what it hears."""

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(visitor)
        self.heard: list[tuple[bytes, bool]] = []

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.heard.append((payload, isBinary))


class AutobahnAlone(Heard):
    """The same without the short way."""

    _is_between_frames = False  # a property there


class TheShortWay(FactoryCase):
    def setUp(self) -> None:
        super().setUp()
        # Autobahn's timers run on the real reactor, and would outlive the test.
        self.factory.setProtocolOptions(closeHandshakeTimeout=0)

    def opened(self, kind: type[Heard]) -> tuple[Heard, StringTransport]:
        visitor = Visitor(person("ada"), SessionDigest(b"s" * 32), 10**15, "127.0.0.1")
        protocol = kind(visitor)
        protocol.factory = self.factory
        transport: Any = StringTransport()
        transport.abortConnection = transport.loseConnection
        protocol.makeConnection(transport)
        return protocol, transport

    @settings(max_examples=400)
    @given(st.lists(FRAMES, max_size=6), st.randoms(use_true_random=False))
    def test_it_hears_what_autobahn_alone_would_have_heard(
        self, frames: list[bytes], chance: random.Random
    ) -> None:
        data = b"".join(frames)
        (short, sent), (plain, alone) = self.opened(Heard), self.opened(AutobahnAlone)
        at = 0
        while at < len(data):
            size = chance.choice((1, 2, 7, 130, len(data)))
            for protocol in (short, plain):
                protocol.dataReceived(data[at : at + size])
            at += size
        self.assertEqual(short.heard, plain.heard)
        self.assertEqual(sent.value(), alone.value())
        self.assertEqual((short.state, sent.disconnecting), (plain.state, alone.disconnecting))

    def test_nothing_is_taken_behind_the_end(self) -> None:
        protocol, _ = self.opened(Heard)
        protocol.dataReceived(frame(b"\x03\xe8", 8) + frame(b"too late"))
        self.assertEqual(protocol.heard, [])

    def test_nothing_follows_the_close_frame_that_answers_the_peers(self) -> None:
        protocol, transport = self.opened(Heard)
        protocol.outbox.send(frame(b"under way", is_masked=False))
        protocol.dataReceived(frame(b"\x03\xe8", 8))
        self.clock.advance(0)
        protocol.outbox.send(frame(b"too late", is_masked=False))
        self.clock.advance(0)
        self.assertEqual(transport.value(), frame(b"\x03\xe8", 8, is_masked=False))

    def test_whatever_comes_is_a_sign_of_life(self) -> None:
        for sign in (frame(b"here"), frame(b"", 10), frame(b"in pieces")[:1]):
            protocol, transport = self.opened(Heard)
            protocol.ask()
            protocol.dataReceived(sign)
            protocol.ask()
            self.assertFalse(transport.disconnecting)
            self.assertEqual(transport.value(), PING * 2)

    def test_who_is_silent_from_one_ping_to_the_next_is_cut_off(self) -> None:
        protocol, transport = self.opened(Heard)
        for _ in range(PING_EVERY_S):
            self.factory.pulse.beat()
        self.assertEqual((transport.value(), transport.disconnecting), (PING, False))
        for _ in range(PING_EVERY_S):
            self.factory.pulse.beat()
        self.assertEqual((transport.value(), transport.disconnecting), (PING, True))
        protocol.connectionLost(Failure(ConnectionAborted()))
        self.assertEqual(protocol.wasNotCleanReason, PING_TIMEOUT)


class Frames(SynchronousTestCase):
    def test_every_size_is_read_with_its_own_width_only(self) -> None:
        for size, wide in ((0, 0), (1, 0), (125, 0), (126, 2), (65_535, 2), (65_536, 8)):
            payload = os.urandom(size)
            data = frame(payload, mask=os.urandom(4))
            self.assertEqual(intake.text_at(data, 0, MOST_BYTES), (payload, len(data)), size)
            for other in {2, 8} - {wide}:
                if size >> 8 * other == 0 and other > wide:
                    longer = frame(payload, wide=other)
                    self.assertIsNone(intake.text_at(longer, 0, MOST_BYTES), (size, other))

    def test_a_frame_that_is_not_whole_or_too_large_is_somebody_elses(self) -> None:
        data = frame(b"x" * 300)
        for end in range(len(data)):
            self.assertIsNone(intake.text_at(data[:end], 0, MOST_BYTES))
        self.assertIsNone(intake.text_at(data, 0, 299))
        self.assertIsNotNone(intake.text_at(data, 0, 300))

    def test_unmasking_twice_changes_nothing(self) -> None:
        for size in range(70):
            payload, mask = os.urandom(size), os.urandom(4)
            masked = intake.unmasked(payload, mask)
            self.assertEqual(masked, bytes(b ^ mask[n % 4] for n, b in enumerate(payload)))
            self.assertEqual(intake.unmasked(masked, mask), payload)
