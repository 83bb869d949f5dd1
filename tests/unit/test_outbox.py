"""The outbox: one write a turn, order kept, slow readers cut and nobody else."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from securechat.sockets.outbox import SLOW_READER_S, Outbox, Turn


class Wire:
    """A transport that only remembers what was written."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)


class OutboxTests(TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.turn = Turn(self.clock)
        self.wire = Wire()
        self.cuts = 0
        self.outbox = Outbox(self.turn, self.wire, 100, self.cut)  # type: ignore[arg-type]

    def cut(self) -> None:
        self.cuts += 1
        self.outbox.close()

    def test_everything_one_turn_brings_leaves_in_one_write(self) -> None:
        self.outbox.send(b"a")
        self.outbox.send_live(b"b")
        self.assertEqual(self.wire.writes, [])
        self.clock.advance(0)
        self.outbox.send(b"c")
        self.clock.advance(0)
        self.assertEqual(self.wire.writes, [b"ab", b"c"])

    def test_a_paused_transport_gets_nothing_and_then_everything_in_order(self) -> None:
        self.outbox.pauseProducing()
        self.outbox.pauseProducing()
        self.outbox.send(b"a")
        self.outbox.send_live(b"b")
        self.clock.advance(1)
        self.assertEqual(self.wire.writes, [])
        self.outbox.resumeProducing()
        self.assertEqual(self.wire.writes, [b"ab"])

    def test_a_reader_too_slow_for_too_long_is_cut(self) -> None:
        self.outbox.pauseProducing()
        self.outbox.send_live(b"x" * 101)
        self.clock.advance(SLOW_READER_S - 0.1)
        self.assertEqual(self.cuts, 0)
        self.clock.advance(0.2)
        self.assertEqual(self.cuts, 1)

    def test_a_reader_that_catches_up_in_time_is_kept(self) -> None:
        self.outbox.pauseProducing()
        self.outbox.send_live(b"x" * 101)
        self.clock.advance(SLOW_READER_S - 0.1)
        self.outbox.resumeProducing()
        self.clock.advance(SLOW_READER_S * 2)
        self.assertEqual(self.cuts, 0)

    def test_history_does_not_count_against_a_slow_reader(self) -> None:
        self.outbox.pauseProducing()
        self.outbox.send(b"x" * 10_000)
        self.clock.advance(SLOW_READER_S * 2)
        self.assertEqual(self.cuts, 0)

    def test_whoever_sends_much_can_wait_for_the_socket_to_drain(self) -> None:
        self.outbox.pauseProducing()
        waiting = Deferred.fromCoroutine(self.outbox.drained())
        self.assertNoResult(waiting)
        self.outbox.resumeProducing()
        self.successResultOf(waiting)
        self.successResultOf(Deferred.fromCoroutine(self.outbox.drained()))

    def test_closing_drops_what_waits_and_releases_whoever_waits(self) -> None:
        self.outbox.pauseProducing()
        self.outbox.send(b"a")
        waiting = Deferred.fromCoroutine(self.outbox.drained())
        self.outbox.close()
        self.successResultOf(waiting)
        self.outbox.send(b"b")
        self.outbox.resumeProducing()
        self.clock.advance(1)
        self.assertEqual(self.wire.writes, [])

    def test_a_connection_cut_within_a_turn_is_not_written_at_its_end(self) -> None:
        self.outbox.send(b"a")
        self.outbox.close()
        self.clock.advance(0)
        self.assertEqual(self.wire.writes, [])
