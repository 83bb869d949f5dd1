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

TEXT, CLOSE, PONG = 0x81, 0x88, 0x8A

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
        self.wire.write(bytes([PONG, len(payload)]) + payload)

    def end(self) -> None:
        """As the protocol ends: what waits, then the close frame, then nothing."""
        self.outbox.flush_all()
        self.outbox.close()
        self.wire.write(bytes([CLOSE, 2]) + b"\x03\xe8")
        self.wire.unregisterProducer()
        self.wire.loseConnection()

    def drain(self) -> None:
        """The peer reads on."""
        self.socket.room = 1 << 24
        for _ in range(6):
            self.below.turn()


class Told(Saying):
    """What all of them are told."""

    def __init__(self, payload: bytes, connections: list[Connected]) -> None:
        super().__init__(wire.text_frame(payload), *(one.outbox for one in connections))
        for connection in connections:
            connection.said.append(payload)


STEPS = st.lists(
    st.sampled_from(["tell", "tell", "tell", "answer", "push", "pong", "turn", "room", "full"]),
    max_size=60,
)


class TheWayOut(SynchronousTestCase):
    def take(
        self, step: str, payload: bytes, one: Connected, turn: Turn, chance: random.Random
    ) -> None:
        """One of the things that can happen to a connection."""
        if step in ("answer", "push"):
            one.say(live=step == "push", payload=payload)
        elif step == "pong":
            one.pong(payload[:100])
        elif step == "turn":
            turn.clock.advance(0)  # type: ignore[attr-defined]  # a Clock
        else:
            one.socket.room = chance.choice((1, 5, 100, 5000)) if step == "room" else 0
            # The peer has read; the reactor may hear of it only after the next write.
            if chance.random() < 0.5:
                one.below.turn()

    def assert_whole(self, connection: Connected, ended: bool) -> None:
        """All that was said has come, and nothing else, in whole frames."""
        frames, rest = frames_in(connection.socket.taken)
        self.assertEqual(rest, b"")
        texts = [payload for first, payload in frames if first == TEXT]
        self.assertEqual(texts, connection.said)
        pongs = [payload for first, payload in frames if first == PONG]
        self.assertEqual(pongs, connection.pongs)
        closes = [at for at, (first, _) in enumerate(frames) if first == CLOSE]
        self.assertEqual(closes, [len(frames) - 1] if ended else [])
        self.assertEqual(connection.below.disconnecting or connection.below.disconnected, ended)

    @settings(max_examples=300)
    @given(STEPS, st.integers(1, 4), st.randoms(use_true_random=False), st.booleans())
    def test_every_connection_gets_whole_frames_in_order_and_none_after_the_close(
        self, steps: list[str], people: int, chance: random.Random, ends: bool
    ) -> None:
        turn = Turn(clock := Clock())
        connections = [Connected(turn) for _ in range(people)]
        for number, step in enumerate(steps):
            payload = b"%d:" % number + bytes(chance.choice((1, 90, 300)))
            if step == "tell":
                turn.tell(Told(payload, connections))
            else:
                self.take(step, payload, chance.choice(connections), turn, chance)
        for connection in connections if ends else ():
            connection.end()
        clock.advance(0)
        for connection in connections:
            connection.drain()
            self.assert_whole(connection, ends)
