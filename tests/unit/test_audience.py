"""The audience of a room: read on once for all, and nothing of a new epoch to who was removed."""

from __future__ import annotations

import random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from securechat.chat import rooms
from securechat.chat.rooms import Entry
from securechat.core.errors import Refused, Unavailable
from securechat.core.keys import EPOCH_MS
from securechat.core.model import GENERAL, Feed, User
from securechat.sockets import tail
from securechat.sockets.audience import RETRY_S
from tests.unit.fanout_cases import ADA, BOB, EVE, FanoutCase, Listener


class ReadingOn(FanoutCase):
    def setUp(self) -> None:
        super().setUp()
        self.post(1, author=BOB)
        self.ada, self.bob, self.eve = (self.joined(one) for one in (ADA, BOB, EVE))
        self.settle()
        self.store.readings.clear()

    def assert_all_saw(self, last: int) -> None:
        self.settle()
        for listener in (self.ada, self.bob, self.eve):
            self.assertEqual(listener.events, list(range(1, last + 1)))

    def test_a_hole_is_filled_for_everybody_by_one_reading(self) -> None:
        self.store_events(2)
        self.post(1)
        self.assert_all_saw(4)
        self.assertEqual(self.store.readings, ["feed"])

    def test_a_room_that_reached_further_is_read_on_once(self) -> None:
        self.store_events(2)
        self.reached(3)
        self.reached(3)
        self.reached(2)
        self.assert_all_saw(3)
        self.assertEqual(self.store.readings, ["feed"])

    def test_nobody_is_asked_for_while_the_key_is_the_known_one(self) -> None:
        answers: list[Feed] = []
        read = self.store.feed

        async def noted(*values: Any) -> Feed:
            answers.append(await read(*values))
            return answers[-1]

        self.patch(self.store, "feed", noted)
        self.now_ms += EPOCH_MS
        self.store_events(2)
        self.reached(3)
        self.store_events(2)
        self.reached(5)
        self.now_ms += EPOCH_MS
        self.store_events(1)
        self.reached(6)
        self.assert_all_saw(6)
        self.assertEqual([feed.since is None for feed in answers], [False, True, False])

    def test_a_new_epoch_is_read_and_what_follows_is_told_at_once(self) -> None:
        self.now_ms += EPOCH_MS
        self.post(1)
        self.post(3)
        self.assert_all_saw(5)
        self.assertEqual(self.store.readings, ["feed"])

    def test_several_epochs_on_one_page_come_each_after_its_key(self) -> None:
        self.now_ms += EPOCH_MS
        self.store_events(2)
        self.now_ms += EPOCH_MS
        self.post(1)
        self.assert_all_saw(4)
        self.assertEqual(self.ada.seen, [1, "key", 2, 3, "key", 4])
        self.assertEqual(self.store.readings, ["feed"])
        self.post(1)
        self.assert_all_saw(5)
        self.assertEqual(self.store.readings, ["feed"])

    def test_many_missing_events_are_read_page_by_page(self) -> None:
        self.store_events(120)
        self.post(1)
        self.assert_all_saw(122)
        self.assertEqual(self.store.readings, ["feed"] * 3)

    def test_what_is_posted_during_the_reading_follows_it(self) -> None:
        gate = self.store.hold("feed")
        self.store_events(1)
        self.post(1)
        self.post(1)
        second = self.store.hold("feed")
        gate.callback(None)
        self.post(2)
        second.callback(None)
        self.assert_all_saw(6)
        self.assertEqual(self.store.readings, ["feed"] * 3)
        self.post(1)
        self.assertEqual(len(self.store.readings), 3)

    def test_news_of_what_is_not_there_are_one_vain_reading(self) -> None:
        self.reached(1_000_000)
        self.assertEqual(self.store.readings, ["feed"])
        self.post(1)
        self.assert_all_saw(2)
        self.assertEqual(self.store.readings, ["feed"])

    def test_news_of_what_is_not_there_keep_nobody_from_coming_in(self) -> None:
        gate = self.store.hold("glance")
        late = Listener(self.turn)
        _, caught_up = self.subscribe(late, 0)
        self.reached(1_000_000)
        gate.callback(None)
        self.successResultOf(caught_up)

    def test_a_database_that_is_away_is_asked_until_it_is_back(self) -> None:
        self.store_events(1)
        self.store.failures += [Unavailable("away")] * 5
        self.post(1)
        for _ in range(4):
            self.settle(RETRY_S)
        self.assertEqual(self.ada.events, [1])
        self.settle(RETRY_S)
        self.assert_all_saw(3)

    def test_whichever_reading_fails_and_however_nothing_is_lost(self) -> None:
        for number in range(3):
            for error in (Unavailable("away"), RuntimeError("bug")):
                seq = len(self.store.events[GENERAL]) + 120
                self.store_events(120)
                self.store.fail_at[number] = error
                self.reached(seq)
                self.settle(RETRY_S)
                self.assert_all_saw(seq)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 3)

    def test_a_failure_while_it_waits_for_an_acknowledgement_loses_nothing(self) -> None:
        answered = self.ada.posts_answered

        async def broken() -> None:
            self.ada.posts_answered = answered  # type: ignore[method-assign]
            raise RuntimeError("bug")

        self.ada.posts_answered = broken  # type: ignore[method-assign]
        self.store_events(1, author=ADA)
        self.reached(2)
        self.settle(RETRY_S)
        self.assert_all_saw(2)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_nobody_asks_on_where_everybody_has_left(self) -> None:
        self.store_events(1)
        self.store.failures.append(Unavailable("away"))
        self.reached(2)
        for listener in (self.ada, self.bob, self.eve):
            self.fanout.leave(listener)
        self.store.readings.clear()
        self.settle(RETRY_S * 10)
        self.assertEqual(self.store.readings, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_who_leaves_during_the_reading_gets_nothing_of_it(self) -> None:
        gate = self.store.hold("feed")
        self.store_events(1)
        self.reached(2)
        self.fanout.leave(self.ada)
        gate.callback(None)
        self.settle()
        self.assertEqual([one.events for one in (self.ada, self.bob)], [[1], [1, 2]])

    def test_when_all_leave_during_the_reading_a_new_audience_is_not_disturbed(self) -> None:
        gate = self.store.hold("feed")
        self.store_events(1)
        self.reached(2)
        for listener in (self.ada, self.bob, self.eve):
            self.fanout.leave(listener)
        late = self.joined()
        gate.callback(None)
        self.post(1)
        self.settle()
        self.assertEqual(late.events, [1, 2, 3])

    def test_who_comes_during_the_reading_gets_each_number_once(self) -> None:
        gate = self.store.hold("feed")
        self.store_events(2)
        self.reached(3)
        again, newcomer = self.joined(ADA), self.joined(ADA, cursor=2)
        gate.callback(None)
        self.post(1)
        self.settle()
        self.assertEqual(again.events, [1, 2, 3, 4])
        self.assertEqual(newcomer.events, [3, 4])
        self.assert_all_saw(4)

    def test_who_comes_during_the_reading_and_was_not_asked_for_stays(self) -> None:
        self.fanout.leave(self.eve)
        gate = self.store.hold("feed")
        self.store_events(2)
        self.reached(3)
        newcomer = self.joined(EVE)
        gate.callback(None)
        self.post(1)
        self.settle()
        self.assertEqual((newcomer.events, self.removed), ([1, 2, 3, 4], []))

    def test_a_newcomer_who_knows_more_than_the_node_has_the_others_told(self) -> None:
        self.store_events(2)
        newcomer = self.joined()
        self.assert_all_saw(3)
        self.post(1)
        self.assert_all_saw(4)
        self.assertEqual(newcomer.events, [1, 2, 3, 4])

    def test_what_a_reader_has_just_posted_is_acknowledged_before_it_is_shown(self) -> None:
        ticket = self.ada.posts.begin()
        self.store_events(1, author=BOB)
        self.store_events(1, author=ADA)
        self.reached(3)
        self.settle()
        self.assertEqual(self.ada.seen, [1])
        self.ada.outbox.send(b"\x81\x11" + b'{"type":"posted"}')
        self.ada.posts.end(ticket)
        self.settle()
        self.assertEqual(self.ada.seen, [1, "posted", 2, 3])
        self.assert_all_saw(3)

    def test_others_posts_under_way_hold_nobody_up(self) -> None:
        self.ada.posts.begin()
        self.store_events(1, author=BOB)
        self.reached(2)
        self.assert_all_saw(2)

    def test_where_much_is_missing_a_slow_reader_goes_its_own_pace(self) -> None:
        self.ada.outbox.pauseProducing()
        self.store_events(200)
        self.reached(201)
        self.settle(60)
        self.assertEqual((self.ada.cut, self.bob.events[-1]), (0, 201))
        for _ in range(5):
            self.ada.outbox.resumeProducing()
            self.settle()
        self.assert_all_saw(201)

    def test_a_broken_connection_is_cut_and_the_others_are_told(self) -> None:
        def broken(frame: bytes) -> None:
            raise RuntimeError("bug")

        self.ada.outbox._write = broken
        self.post(1)
        self.post(1)
        self.settle()
        self.assertEqual(self.ada.cut, 1)
        self.assertEqual([self.bob.events, self.eve.events], [[1, 2, 3]] * 2)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_where_telling_breaks_the_room_is_read_on_for(self) -> None:
        def broken() -> None:
            raise RuntimeError("bug")

        self.ada.outbox._write = broken  # type: ignore[assignment]
        self.ada.outbox._abort = broken
        self.post(1)
        self.settle()
        self.post(1)
        self.settle()
        self.assertEqual([self.bob.events, self.eve.events], [[1, 2, 3]] * 2)
        self.assertTrue(self.flushLoggedErrors())

    def test_a_single_reader_is_read_on_for_later_where_the_database_is_away(self) -> None:
        self.behind(*[Unavailable("away")] * 3)
        self.settle(RETRY_S)
        self.assertEqual(self.ada.events, [1])
        self.settle(RETRY_S)
        self.assert_all_saw(61)

    def test_a_single_reader_for_whom_reading_on_breaks_is_cut_rather_than_silent(self) -> None:
        self.behind(RuntimeError("bug"))
        self.assertEqual(self.ada.cut, 1)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_a_single_reader_who_left_is_not_read_on_for(self) -> None:
        self.behind(Unavailable("away"))
        self.fanout.leave(self.ada)
        readings = len(self.store.readings)
        self.settle(RETRY_S)
        self.assertEqual((self.ada.events, len(self.store.readings)), ([1], readings))

    def behind(self, *failures: Exception) -> None:
        """Let Ada alone fall behind, whose next readings fail like this."""
        self.ada.outbox.pauseProducing()
        self.store_events(60)
        gate = self.store.hold("feed")
        self.reached(61)
        self.store.failures += failures
        gate.callback(None)
        self.ada.outbox.resumeProducing()
        self.settle()


class BeginningToListen(FanoutCase):
    def test_what_was_told_of_before_anybody_had_caught_up_is_read(self) -> None:
        for seq in (1, 2):
            with self.subTest(seq):
                gate = self.store.hold("glance")
                listener = Listener(self.turn)
                _, caught_up = self.subscribe(listener, seq - 1)
                self.store_events(1, author=BOB)
                self.reached(seq)
                gate.callback(None)
                self.successResultOf(caught_up)
                self.settle()
                self.assertEqual(listener.events, [seq])
                self.fanout.leave(listener)

    def test_the_first_event_of_a_room_is_told(self) -> None:
        listener = self.joined()
        self.post(1)
        self.post(1)
        self.settle()
        self.assertEqual(listener.events, [1, 2])
        self.assertEqual(self.store.readings, ["glance", "feed"])


class Removals(FanoutCase):
    def setUp(self) -> None:
        super().setUp()
        self.post(1, author=BOB)
        self.ada, self.bob = self.joined(ADA), self.joined(BOB)
        self.settle()

    def test_whoever_is_removed_gets_nothing_of_the_new_epoch_and_is_told(self) -> None:
        self.fanout.hear(self.remove(ADA))
        self.post(2, author=BOB)
        self.settle()
        self.assertEqual(self.ada.seen, [1])
        self.assertEqual((self.bob.events, self.removed), ([1, 2, 3, 4], [self.ada]))

    def test_one_reading_shows_who_was_removed(self) -> None:
        self.store.readings.clear()
        self.fanout.hear(self.remove(ADA))
        self.assertEqual(self.store.readings, ["feed"])

    def test_not_even_where_the_news_of_it_is_lost(self) -> None:
        self.remove(ADA)
        self.post(1, author=BOB)
        self.settle()
        self.assertEqual((self.ada.seen, self.removed), ([1], [self.ada]))
        self.assertEqual(self.bob.events, [1, 2, 3])

    def test_whoever_was_let_in_again_meanwhile_must_come_back_to_read(self) -> None:
        self.remove(ADA)
        self.post_untold(2)
        self.fanout.hear(self.let_in(ADA))
        self.settle()
        self.assertEqual((self.ada.seen, self.removed), ([1], [self.ada]))
        back = self.joined(ADA, cursor=4)
        self.post(1, author=BOB)
        self.settle()
        self.assertEqual((back.events, self.bob.events), ([5, 6], [1, 2, 3, 4, 5, 6]))

    def test_whoever_was_removed_twice_on_one_page_and_is_in_again_reads_nothing_between(
        self,
    ) -> None:
        for _ in range(2):
            self.remove(ADA)
            self.let_in(ADA)
        self.reached(5)
        self.settle()
        self.assertEqual((self.ada.seen, self.removed), ([1], [self.ada]))

    def test_whoever_comes_during_the_reading_and_is_removed_gets_nothing_after_that(self) -> None:
        """The reading asks about nobody but Bob, and is done when Eve listens, and was removed."""
        self.fanout.leave(self.ada)
        self.post_untold(1)
        gate = self.store.hold_back("feed")
        self.reached(2)
        eve = self.joined(EVE)
        self.remove(EVE)
        gate.callback(None)
        self.settle()
        self.assertEqual((eve.events, self.removed), ([1, 2], [eve]))
        self.assertEqual(self.bob.events, [1, 2, 3])

    def test_two_connections_of_one_person_end_together(self) -> None:
        also = self.joined(ADA)
        self.settle()
        self.fanout.hear(self.remove(ADA))
        self.settle()
        self.assertEqual(self.removed, [self.ada, also])

    def post_untold(self, count: int) -> None:
        self.store_events(count, author=BOB)


class Counting(FanoutCase):
    def setUp(self) -> None:
        super().setUp()
        self.ada = self.joined(ADA)

    def counts(self) -> list[int]:
        self.settle()
        return [frame["members"] for frame in self.ada.frames if frame["type"] == "member"]

    def test_the_audience_is_told_how_many_members_there_are_now(self) -> None:
        self.fanout.hear(self.remove(EVE))
        self.assertEqual(self.counts(), [2])
        self.assertIn(GENERAL, self.changed)

    def test_a_count_that_is_the_same_is_not_told(self) -> None:
        self.now_ms += EPOCH_MS
        self.post(1)
        self.fanout.counted(GENERAL, 1, 3)
        self.assertEqual(self.counts(), [])

    def test_an_older_count_is_not_believed(self) -> None:
        self.fanout.hear(self.remove(EVE))
        self.fanout.counted(GENERAL, 0, 3)
        self.assertEqual(self.counts(), [2])

    def test_counts_are_told_at_most_once_a_second(self) -> None:
        for members in range(4, 10):
            self.fanout.counted(GENERAL, 0, members)
        self.assertEqual(self.counts(), [9])
        self.fanout.counted(GENERAL, 0, 10)
        self.assertEqual(self.counts(), [9])
        self.clock.advance(1)
        self.assertEqual(self.counts(), [9, 10])

    def test_a_count_of_what_is_not_told_yet_reaches_nobody_who_was_removed_by_it(self) -> None:
        bob = self.joined(BOB)
        self.settle(2)
        self.ada.frames.clear()
        bob.frames.clear()
        self.remove(ADA)
        self.fanout.counted(GENERAL, 1, 2)
        self.settle(2)
        self.assertEqual((self.ada.frames, self.removed), ([], [self.ada]))
        self.assertEqual(bob.seen, ["key", 1, "member"])
        self.assertEqual(bob.frames[-1]["members"], 2)

    def test_rooms_that_nobody_listens_to_are_not_counted(self) -> None:
        self.fanout.leave(self.ada)
        self.fanout.counted(GENERAL, 5, 5)
        self.assertEqual(self.counts(), [])


class Races(FanoutCase):
    """Everything at once, in many orders: held readings, failures, removals, two nodes."""

    PEOPLE = (ADA, BOB, EVE)

    def test_everybody_reads_each_number_once_in_order_while_a_member_and_nothing_else(
        self,
    ) -> None:
        for seed in range(150):
            with self.subTest(seed):
                self.setUp()
                self.run_with(random.Random(seed))

    def test_the_same_where_little_is_remembered(self) -> None:
        self.patch(tail, "MOST_EVENTS", 6)
        self.patch(rooms, "REMEMBERED_EVENTS", 4)
        for seed in range(150, 300):
            with self.subTest(seed):
                self.setUp()
                self.run_with(random.Random(seed))

    def run_with(self, dice: random.Random) -> None:
        self.dice = dice
        self.gates: list[Deferred[None]] = []
        self.listeners: dict[Listener, tuple[User, int, int | None]] = {}
        self.destroyed_before: dict[Listener, set[int]] = {}
        self.removals: list[tuple[User, int]] = []
        steps = [
            *[self.step_post] * 4,
            *[self.step_post_elsewhere] * 3,
            *[self.step_hear_of_it] * 3,
            *[self.step_subscribe] * 2,
            *[self.step_come] * 3,
            self.step_destroy,
            self.step_forget,
            self.step_leave,
            *[self.step_hold] * 2,
            *[self.step_release] * 4,
            self.step_fail,
            self.step_remove,
            self.step_let_in,
            self.step_time,
        ]
        for _ in range(60):
            dice.choice(steps)()
        self.finish()

    def step_post(self) -> None:
        self.post(self.dice.randint(1, 3), author=self.member())

    def step_post_elsewhere(self) -> None:
        self.store_events(self.dice.choice([1, 2, 60]), author=self.member())

    def member(self) -> User:
        inside = [one for one in self.PEOPLE if (GENERAL, one.id) in self.store.members]
        return self.dice.choice(inside)

    def step_hear_of_it(self) -> None:
        self.reached(self.dice.randint(0, len(self.store.events[GENERAL])))

    def step_subscribe(self) -> None:
        user = self.member()
        since = self.store.since.get((GENERAL, user.id), 0)
        last = len(self.store.events[GENERAL])
        cursor = max(since, last - self.dice.choice([0, 1, 5, 70]))
        listener = self.listener(user)
        self.listeners[listener] = (user, cursor, None)
        self.subscribe(listener, cursor)[1].addErrback(self.not_answered, listener)

    def listener(self, user: User) -> Listener:
        """Somebody who comes now, and must not be shown what is destroyed already."""
        listener = Listener(self.turn, user)
        log = self.store.events[GENERAL]
        self.destroyed_before[listener] = {one.seq for one in log if not one.ciphertext}
        return listener

    def step_come(self) -> None:
        user = self.member()
        since = max(0, len(self.store.events[GENERAL]) - self.dice.choice([0, 1, 5, 70]))
        listener = self.listener(user)
        coming = self.come_back(listener, self.dice.choice([since, None]))
        coming.addCallback(self.entered, listener, user)
        coming.addErrback(lambda failure: failure.trap(Unavailable, Refused))

    def entered(self, entry: Entry, listener: Listener, user: User) -> None:
        """Where its answer said; who was removed after that may have heard of it already."""
        ends = [last for who, last in self.removals if who == user and last >= entry.start]
        self.listeners[listener] = (user, entry.start, min(ends, default=None))

    def step_destroy(self) -> None:
        log = self.store.events[GENERAL]
        if log:
            seq = self.dice.randint(max(1, len(log) - 9), len(log))
            self.maybe_hear(self.destroy(seq, self.member()))

    def step_forget(self) -> None:
        """The tail had to make room."""
        self.fanout._ties.arrivals.tails._tails.clear()

    def not_answered(self, failure: Failure, listener: Listener) -> None:
        failure.trap(Unavailable)
        self.fanout.leave(listener)

    def step_leave(self) -> None:
        if self.listeners:
            self.fanout.leave(self.dice.choice(list(self.listeners)))

    def step_hold(self) -> None:
        hold = self.dice.choice([self.store.hold, self.store.hold_back])
        self.gates.append(hold(self.dice.choice(["feed", "glance", "after"])))

    def step_release(self) -> None:
        if self.gates:
            self.gates.pop(self.dice.randrange(len(self.gates))).callback(None)

    def step_fail(self) -> None:
        self.store.failures.append(Unavailable("away"))

    def step_remove(self) -> None:
        inside = [one for one in self.PEOPLE if (GENERAL, one.id) in self.store.members]
        if len(inside) > 1:
            gone = self.dice.choice(inside)
            self.note_removal(gone)
            told = self.remove(gone, self.dice.choice([one for one in inside if one != gone]))
            self.maybe_hear(told)

    def note_removal(self, user: User) -> None:
        """From the next number on, who listens now may read nothing more."""
        last = len(self.store.events[GENERAL])
        self.removals.append((user, last))
        for listener, (who, cursor, end) in self.listeners.items():
            if who == user and end is None:
                self.listeners[listener] = (who, cursor, last)

    def step_let_in(self) -> None:
        outside = [one for one in self.PEOPLE if (GENERAL, one.id) not in self.store.members]
        if outside:
            self.maybe_hear(self.let_in(self.dice.choice(outside), self.member()))

    def maybe_hear(self, told: object) -> None:
        if self.dice.random() < 0.5:
            self.fanout.hear(told)  # type: ignore[arg-type]

    def shown_destroyed(self, listener: Listener) -> list[int]:
        """What ``listener`` was shown although it was destroyed before it came."""
        return [
            frame["seq"]
            for frame in listener.frames
            if frame["type"] == "event"
            and frame["seq"] in self.destroyed_before[listener]
            and frame["envelope"]["ciphertext"]
        ]

    def step_time(self) -> None:
        self.settle(1)

    def finish(self) -> None:
        self.store.failures.clear()
        self.store.gates.clear()
        for gate in self.gates:
            gate.callback(None)
        last = len(self.store.events[GENERAL])
        for _ in range(5):
            self.settle(RETRY_S)
            self.reached(last)
        self.settle()
        audience = self.fanout.audience(GENERAL)
        subscriptions = audience.subscriptions if audience else {}
        for lost in self.removed:
            self.assertIsNotNone(self.listeners[lost][2], "was never removed")  # type: ignore[index]
        for listener, (user, cursor, end) in self.listeners.items():
            numbers = range(cursor + 1, cursor + 1 + len(listener.events))
            self.assertEqual(listener.events, list(numbers), "a gap, or an order of its own")
            self.assertEqual(listener.cut, 0)
            self.assertEqual(self.shown_destroyed(listener), [])
            if end is not None:
                self.assertNotIn(listener, subscriptions, "removed, and listens still")
                self.assertEqual([seq for seq in listener.events if seq > end], [], user.username)
            elif listener in subscriptions:
                self.assertEqual(cursor + len(listener.events), last, "lacks something")
