"""The journal: one batch a turn, acks in order and only after COMMIT, nothing waits for ever."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from securechat.bus.local import LocalBus
from securechat.chat.journal import ANSWER_WITHIN_S, MOST_EVENTS_A_BATCH, Journal, Receipt
from securechat.core import envelope, rights
from securechat.core.commands import Post
from securechat.core.errors import TEXTS, Code, Refused, Unavailable
from securechat.core.keys import RoomKeys, RootKeys
from securechat.core.model import GENERAL, Draft, MessageId, Outcome, Rejected, RoomId
from securechat.core.ports import News, Posted, Reached, RoomsChanged, Sealer
from securechat.metrics import Metrics
from tests.unit.memory import MemoryStore, person

ADA, EVE = person("ada"), person("eve")


def post(number: int, body: str = "hello") -> Post:
    return Post(MessageId(f"{number:022}"), GENERAL, body)


class HeldStore(MemoryStore):
    """A store whose commits wait until they are released."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Deferred[None]] = []

    async def append(self, drafts: Sequence[Draft], sealer: Sealer) -> list[Outcome]:
        gate: Deferred[None] = Deferred()
        self.held.append(gate)
        await gate
        return await super().append(drafts, sealer)


class LostAnswers(MemoryStore):
    """A store that commits and then is gone before it can say so."""

    async def append(self, drafts: Sequence[Draft], sealer: Sealer) -> list[Outcome]:
        await super().append(drafts, sealer)
        raise Unavailable("lost while committing")


class JournalTests(TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(members={(GENERAL, ADA.id)})
        self.build()

    def build(self) -> None:
        self.told: list[str] = []
        self.metrics = Metrics()
        self.bus = LocalBus()
        self.bus.listen(self.hear)
        self.journal = Journal(
            events=self.store,
            room_keys=RoomKeys(RootKeys("db", {1: os.urandom(32)})),
            bus=self.bus,
            clock=self.clock,
            wall_clock=lambda: 1_700_000_000_000 + round(self.clock.seconds() * 1000),
            most_waiting=300,
            metrics=self.metrics,
        )

    def hold(self) -> HeldStore:
        self.store = held = HeldStore()
        held.members = {(GENERAL, ADA.id)}
        self.build()
        return held

    def hear(self, news: News) -> None:
        if isinstance(news, Posted):
            self.told += [f"event {event.seq}" for event in news.events]
            self.assertEqual(set(news.keys), {envelope.kid_of(one) for one in news.events})
        elif isinstance(news, Reached):
            self.told.append(f"reached {news.seq}")
        elif isinstance(news, RoomsChanged):
            self.told.append(f"rooms of {news.user}")

    def send(self, number: int, body: str = "hello") -> Deferred[Receipt]:
        def note(receipt: Receipt) -> Receipt:
            self.told.append(f"ack {receipt.seq}")
            return receipt

        return self.journal.post(ADA.id, post(number, body)).addCallback(note)

    def code_of(self, answer: Deferred[Receipt]) -> Code:
        refused = self.failureResultOf(answer, Refused).value
        assert isinstance(refused, Refused)
        return refused.code

    def test_what_one_turn_brings_is_one_commit_acked_in_order_then_told(self) -> None:
        answers = [self.send(number) for number in range(3)]
        self.assertNoResult(answers[0])
        self.clock.advance(0)
        self.assertEqual(self.store.batches, [3])
        self.assertEqual(self.told, ["ack 1", "ack 2", "ack 3", "event 1", "event 2", "event 3"])
        self.assertEqual([self.successResultOf(answer).seq for answer in answers], [1, 2, 3])

    def test_what_arrives_during_a_commit_is_the_next_batch(self) -> None:
        held = self.hold()
        self.send(1)
        self.clock.advance(0)
        for number in range(2, 6):
            self.send(number)
        held.held[0].callback(None)
        held.held[1].callback(None)
        self.assertEqual(held.batches, [1, 4])

    def test_a_batch_has_at_most_256_events(self) -> None:
        for number in range(300):
            self.send(number)
        self.clock.advance(0)
        self.assertEqual(self.store.batches, [MOST_EVENTS_A_BATCH, 44])

    def test_nothing_is_acked_or_told_before_the_commit(self) -> None:
        held = self.hold()
        answer = self.send(1)
        self.clock.advance(0)
        self.assertNoResult(answer)
        self.assertEqual(self.told, [])
        held.held[0].callback(None)
        self.assertEqual(self.told, ["ack 1", "event 1"])

    def test_a_resend_gets_the_first_number_and_who_missed_it_is_told_how_far_the_room_is(
        self,
    ) -> None:
        self.send(1)
        self.clock.advance(1)
        self.told.clear()
        again = self.send(1)
        self.clock.advance(0)
        receipt = self.successResultOf(again)
        self.assertEqual((receipt.seq, receipt.duplicate), (1, True))
        self.assertEqual(receipt.time_ms, 1_700_000_000_000)
        self.assertEqual(self.told, ["ack 1", "reached 1"])

    def test_what_was_committed_without_an_answer_is_heard_of_once_the_database_is_back(
        self,
    ) -> None:
        self.store = store = LostAnswers(members={(GENERAL, ADA.id)})
        self.build()
        answer = self.send(1)
        self.clock.advance(0)
        self.assertEqual(self.code_of(answer), Code.UNAVAILABLE)
        store.failures.append(Unavailable("still away"))
        self.clock.advance(1)
        self.assertEqual(self.told, [])
        self.clock.advance(1)
        self.assertEqual(self.told, ["reached 1"])

    def test_resends_ask_the_database_nothing_more_and_hold_no_neighbour_up(self) -> None:
        self.send(1)
        self.clock.advance(0)
        self.told.clear()

        async def asked(*values: object) -> None:
            raise AssertionError("another question")

        for reading in ("glance", "feed", "after", "before", "head"):
            self.patch(self.store, reading, asked)
        again, other = self.send(1), self.send(2)
        self.clock.advance(0)
        self.assertTrue(self.successResultOf(again).duplicate)
        self.assertEqual(self.successResultOf(other).seq, 2)

    def test_a_damaged_key_fails_its_own_resend_and_stops_nobody(self) -> None:
        self.send(1)
        self.clock.advance(0)
        [key] = self.store.room_keys[GENERAL]
        self.store.room_keys[GENERAL] = [replace(key, root_id=9)]
        again = self.send(1)
        self.clock.advance(0)
        self.assertEqual(self.code_of(again), Code.INTERNAL)
        self.store.room_keys[GENERAL] = [key]
        answer = self.send(2)
        self.clock.advance(0)
        self.assertEqual(self.successResultOf(answer).seq, 2)

    def test_a_writer_that_breaks_answers_everybody_and_the_next_post_goes_on(self) -> None:
        def broken(size: int, seconds: float) -> None:
            raise RuntimeError("bug")

        whole = self.metrics.batch_committed
        self.patch(self.metrics, "batch_committed", broken)
        answers = [self.send(1), self.send(2)]
        self.clock.advance(0)
        self.assertEqual([self.code_of(answer) for answer in answers], [Code.INTERNAL] * 2)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.metrics.batch_committed = whole  # type: ignore[method-assign]
        again = self.send(1)
        self.clock.advance(0)
        self.assertTrue(self.successResultOf(again).duplicate)

    def test_a_post_that_an_answer_brings_about_is_not_lost_with_the_broken_writer(self) -> None:
        whole = self.metrics.batch_committed

        def broken(size: int, seconds: float) -> None:
            self.metrics.batch_committed = whole  # type: ignore[method-assign]
            raise RuntimeError("bug")

        self.metrics.batch_committed = broken  # type: ignore[method-assign]
        next_answers: list[Deferred[Receipt]] = []
        first = self.journal.post(ADA.id, post(1))
        first.addErrback(lambda _: next_answers.append(self.send(2)))
        self.clock.advance(0)
        self.clock.advance(0)
        self.assertEqual(self.successResultOf(next_answers[0]).seq, 2)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_a_doubt_that_comes_while_another_is_settled_is_settled_too(self) -> None:
        self.store = store = LostAnswers(members={(GENERAL, ADA.id)})
        self.build()
        gate: Deferred[None] = Deferred()
        asked = store.head

        async def slow_head(room: RoomId) -> int:
            seq = await asked(room)
            await gate
            return seq

        self.patch(store, "head", slow_head)
        self.code_of(self.sent_now(1))
        self.clock.advance(1)
        self.code_of(self.sent_now(2))
        gate.callback(None)
        self.assertEqual(self.told, ["reached 1", "reached 2"])
        self.clock.advance(1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def sent_now(self, number: int) -> Deferred[Receipt]:
        answer = self.send(number)
        self.clock.advance(0)
        return answer

    def test_the_same_id_with_other_content_is_a_conflict(self) -> None:
        self.send(1)
        self.clock.advance(0)
        answer = self.send(1, "something else")
        self.clock.advance(0)
        self.assertEqual(self.code_of(answer), Code.ID_CONFLICT)

    def test_a_resend_beside_new_posts_keeps_the_order_of_acks(self) -> None:
        self.send(1)
        self.clock.advance(0)
        self.told.clear()
        self.send(1)
        self.send(2)
        self.clock.advance(0)
        self.assertEqual(self.told, ["ack 1", "ack 2", "event 2", "reached 1"])

    def test_a_stranger_is_refused_and_the_neighbours_are_stored(self) -> None:
        mine = self.send(1)
        theirs = self.journal.post(EVE.id, post(2))
        self.clock.advance(0)
        self.assertEqual(self.code_of(theirs), Code.NOT_A_MEMBER)
        self.assertEqual(self.successResultOf(mine).seq, 1)

    def test_whoever_may_not_post_is_told_why_and_the_neighbours_are_stored(self) -> None:
        for why, code, words in (
            ("muted", Code.FORBIDDEN, rights.MUTED),
            ("archived", Code.FORBIDDEN, rights.ARCHIVED),
            ("target", Code.NOT_FOUND, TEXTS[Code.NOT_FOUND]),
            ("invalid", Code.BAD_COMMAND, TEXTS[Code.BAD_COMMAND]),
        ):
            self.store.members.add((GENERAL, EVE.id))
            self.store.rejected[EVE.id] = Rejected(why)  # type: ignore[arg-type]
            number = 10 * len(self.store.events[GENERAL])
            mine = self.send(number)
            theirs = self.journal.post(EVE.id, post(number + 1))
            self.clock.advance(0)
            refused = self.failureResultOf(theirs, Refused).value
            self.assertEqual((refused.code, str(refused)), (code, words))
            self.successResultOf(mine)

    def test_a_resend_of_what_was_deleted_since_is_a_duplicate_whatever_it_says(self) -> None:
        self.send(1)
        self.clock.advance(0)
        [event] = self.store.events[GENERAL]
        self.store.events[GENERAL] = [replace(event, encrypted_key=b"", ciphertext=b"")]
        self.clock.advance(1)
        again = self.send(1, "something else")
        self.clock.advance(0)
        receipt = self.successResultOf(again)
        self.assertEqual((receipt.seq, receipt.duplicate), (1, True))
        self.assertEqual(receipt.time_ms, 1_700_000_000_000)

    def test_people_in_doubt_are_told_of_after_the_rooms(self) -> None:
        self.send(1)
        self.clock.advance(0)
        self.told.clear()
        self.journal.doubts.add({GENERAL}, {EVE.id})
        self.store.failures.append(Unavailable("still away"))
        self.clock.advance(1)
        self.assertEqual(self.told, [])
        self.clock.advance(1)
        self.assertEqual(self.told, ["reached 1", f"rooms of {EVE.id}"])

    def test_nobody_is_asked_after_the_end(self) -> None:
        self.journal.doubts.add({GENERAL})
        self.successResultOf(Deferred.fromCoroutine(self.journal.drain()))
        self.journal.doubts.add({GENERAL})
        self.clock.advance(5)
        self.assertEqual((self.told, self.clock.getDelayedCalls()), ([], []))

    def test_a_lost_database_answers_the_whole_batch_and_the_next_one_goes_on(self) -> None:
        self.store.failures.append(Unavailable("gone"))
        lost = [self.send(1), self.send(2)]
        self.clock.advance(0)
        self.assertEqual([self.code_of(answer) for answer in lost], [Code.UNAVAILABLE] * 2)
        again = self.send(1)
        self.clock.advance(0)
        self.assertEqual(self.successResultOf(again).seq, 1)

    def test_a_poisoned_post_fails_alone(self) -> None:
        # The batch fails, then its posts are tried one by one: the first of them fails again.
        self.store.failures += [RuntimeError("batch"), RuntimeError("poison")]
        poisoned, fine = self.send(1), self.send(2)
        self.clock.advance(0)
        self.assertEqual(self.code_of(poisoned), Code.INTERNAL)
        self.assertEqual(self.successResultOf(fine).seq, 1)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)

    def test_a_full_queue_answers_unavailable_at_once(self) -> None:
        for number in range(300):
            self.send(number)
        self.assertEqual(self.code_of(self.send(300)), Code.UNAVAILABLE)

    def test_a_hanging_database_is_answered_within_five_seconds(self) -> None:
        held = self.hold()
        under_way = self.send(1)
        self.clock.advance(0)
        waiting = self.send(2)
        self.assertLess(ANSWER_WITHIN_S, 4)
        self.clock.pump([0.5] * 10)
        self.assertEqual(self.code_of(under_way), Code.UNAVAILABLE)
        self.assertEqual(self.code_of(waiting), Code.UNAVAILABLE)
        held.held[0].callback(None)
        self.assertEqual(self.told, ["event 1"])
        self.assertEqual(len(held.events[GENERAL]), 1)

    def test_draining_finishes_what_was_taken_and_takes_nothing_more(self) -> None:
        held = self.hold()
        taken = self.send(1)
        self.clock.advance(0)
        drained = Deferred.fromCoroutine(self.journal.drain())
        self.assertEqual(self.code_of(self.send(2)), Code.UNAVAILABLE)
        self.assertNoResult(drained)
        held.held[0].callback(None)
        self.successResultOf(drained)
        self.assertEqual(self.successResultOf(taken).seq, 1)

    def test_an_idle_journal_keeps_no_timer(self) -> None:
        self.send(1)
        self.clock.advance(5)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_listener_that_fails_keeps_neither_acks_nor_others(self) -> None:
        def broken(news: News) -> None:
            raise RuntimeError("listener")

        self.bus.listen(broken)
        heard: list[News] = []
        self.bus.listen(heard.append)
        answer = self.send(1)
        self.clock.advance(0)
        self.successResultOf(answer)
        self.assertEqual(len(heard), 1)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
