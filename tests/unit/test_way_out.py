"""From fan-out to socket: frames arrive whole and in order, whatever the socket takes and when."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from securechat.core import wire
from securechat.direct import DirectFactory
from securechat.sockets.outbox import Outbox, Turn
from tests.unit.test_direct import Below, Socket
from tests.unit.test_outbox import Saying

PONG = b"\x8a"
CLOSE = b"\x88"

Frame = tuple[int, bytes]
"""First byte and payload."""


def frames_in(data: bytes) -> tuple[list[Frame], bytes]:
    """The whole frames that ``data`` begins with, and what is left of it."""
    frames = []
    while len(data) >= 2:
        size, begin = data[1], 2
        if size == 126:
            size, begin = int.from_bytes(data[2:4], "big"), 4
        if len(data) < begin + size:
            break
        frames.append((data[0], data[begin : begin + size]))
        data = data[begin + size :]
    return frames, data


class Connected:
    """One connection's outbox over Twisted's transport and a socket that takes little."""

    def __init__(self, turn: Turn) -> None:
        self.socket = Socket()
        self.below = Below(self.socket)
        factory: Any = DirectFactory(Factory.forProtocol(Protocol))
        self.wire = factory.buildProtocol(None)
        self.below.above = self.wire
        self.wire.makeConnection(self.below)
        self.outbox = Outbox(turn, self.wire, 1 << 20, lambda: None)
        self.wire.registerProducer(self.outbox, True)
        self.said: list[bytes] = []
        self.pongs: list[bytes] = []

    def say(self, *, live: bool, payload: bytes) -> None:
        """An answer, or a frame that nobody asked for."""
        self.said.append(payload)
        frame = wire.text_frame(payload)
        if live:
            self.outbox.send_live(frame)
        else:
            self.outbox.send(frame)

    def pong(self, payload: bytes) -> None:
        """As Autobahn sends one: past the outbox, a whole frame."""
        self.pongs.append(payload)
        self.wire.write(PONG + bytes([len(payload)]) + payload)

    def end(self) -> None:
        """As the protocol ends: what waits, then the close frame, then nothing."""
        self.outbox.flush_all()
        self.outbox.close()
        self.wire.write(CLOSE + b"\x02\x03\xe8")
        self.wire.unregisterProducer()
        self.wire.loseConnection()

    def drain(self) -> None:
        """The peer reads on."""
        self.socket.room = 1 << 24
        for _ in range(6):
            self.below.turn()


STEPS = st.lists(
    st.sampled_from(["tell", "tell", "tell", "answer", "push", "pong", "turn", "room", "full"]),
    max_size=60,
)


class TheWayOut(SynchronousTestCase):
    @settings(max_examples=300, deadline=None)
    @given(STEPS, st.integers(1, 4), st.randoms(use_true_random=False), st.booleans())
    def test_every_connection_gets_whole_frames_in_order_and_none_after_the_close(
        self, steps: list[str], people: int, chance: random.Random, ends: bool
    ) -> None:
        clock = Clock()
        turn = Turn(clock)
        connections = [Connected(turn) for _ in range(people)]
        for number, step in enumerate(steps):
            payload = b"%d:" % number + bytes(chance.choice((1, 90, 300)))
            one = chance.choice(connections)
            if step == "tell":
                for connection in connections:
                    connection.said.append(payload)
                outboxes = [connection.outbox for connection in connections]
                turn.tell(Saying(wire.text_frame(payload), *outboxes))
            elif step in ("answer", "push"):
                one.say(live=step == "push", payload=payload)
            elif step == "pong":
                one.pong(payload[:100])
            elif step == "turn":
                clock.advance(0)
            else:
                one.socket.room = chance.choice((1, 5, 100, 5000)) if step == "room" else 0
                one.below.turn()
        if ends:
            for connection in connections:
                connection.end()
        clock.advance(0)
        for connection in connections:
            connection.drain()
            clock.advance(0)
            connection.drain()
            frames, rest = frames_in(connection.socket.taken)
            self.assertEqual(rest, b"")
            texts = [payload for first, payload in frames if first == 0x81]
            self.assertEqual(texts, connection.said)
            pongs = [payload for first, payload in frames if first == PONG[0]]
            self.assertEqual(pongs, connection.pongs)
            closes = [at for at, (first, _) in enumerate(frames) if first == CLOSE[0]]
            self.assertEqual(closes, [len(frames) - 1] if ends else [])
            self.assertEqual(connection.below.disconnecting or connection.below.disconnected, ends)
