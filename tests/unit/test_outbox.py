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


class OutboxCase(TestCase):
    """An outbox that bears 100 bytes, and the wire behind it."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.turn = Turn(self.clock)
        self.wire = Wire()
        self.cuts = 0
        self.outbox = Outbox(self.turn, self.wire, 100, self.cut)  # type: ignore[arg-type]

    def cut(self) -> None:
        self.cuts += 1
        self.outbox.close()


class OutboxTests(OutboxCase):
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

    def test_a_connection_that_cannot_be_written_to_is_cut_and_the_others_are_written(self) -> None:
        def broken(data: bytes) -> None:
            raise RuntimeError("bug")

        cuts: list[str] = []
        first = Outbox(self.turn, Wire(), 100, lambda: cuts.append("first"))  # type: ignore[arg-type]
        first._write = broken
        first.send(b"a")
        self.outbox.send(b"b")
        self.clock.advance(0)
        self.assertEqual((cuts, self.wire.writes), (["first"], [b"b"]))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class Saying:
    """A story that all of these outboxes are told."""

    def __init__(self, words: bytes, *outboxes: Outbox) -> None:
        self.words = words
        self.outboxes = outboxes
        self.alone: list[bool] = []

    def give(self, *, alone: bool) -> None:
        self.alone.append(alone)
        for outbox in self.outboxes:
            if alone:
                outbox.send_live_now(self.words)
            else:
                outbox.send_live(self.words)


class Stories(OutboxCase):
    def test_a_story_is_given_at_the_end_of_the_turn(self) -> None:
        self.turn.tell(Saying(b"a", self.outbox))
        self.assertEqual(self.wire.writes, [])
        self.clock.advance(0)
        self.assertEqual(self.wire.writes, [b"a"])

    def test_several_stories_of_one_turn_are_one_write(self) -> None:
        stories = [Saying(b"a", self.outbox), Saying(b"b", self.outbox)]
        for story in stories:
            self.turn.tell(story)
        self.clock.advance(0)
        self.assertEqual(self.wire.writes, [b"ab"])
        self.assertEqual([story.alone for story in stories], [[False], [False]])

    def test_an_answer_before_a_story_leaves_before_it_in_the_same_write(self) -> None:
        self.outbox.send(b"a")
        self.turn.tell(Saying(b"b", self.outbox))
        self.clock.advance(0)
        self.assertEqual(self.wire.writes, [b"ab"])

    def test_a_story_to_a_paused_or_closed_connection_is_not_written(self) -> None:
        self.outbox.pauseProducing()
        self.turn.tell(Saying(b"a", self.outbox))
        self.clock.advance(0)
        self.assertEqual(self.wire.writes, [])
        self.outbox.close()
        self.turn.tell(Saying(b"b", self.outbox))
        self.clock.advance(0)
        self.assertEqual(self.wire.writes, [])

    def test_a_story_that_breaks_keeps_no_other_from_being_told(self) -> None:
        class Broken(Saying):
            def give(self, *, alone: bool) -> None:
                raise RuntimeError("bug")

        self.turn.tell(Broken(b"a"))
        self.turn.tell(Saying(b"b", self.outbox))
        self.clock.advance(0)
        self.turn.tell(Broken(b"a"))
        self.outbox.send(b"c")
        self.clock.advance(0)
        self.assertEqual(self.wire.writes, [b"b", b"c"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)
