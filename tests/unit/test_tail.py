"""Who comes back is served from memory, and shown nothing that they may not read any more."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import Deferred

from securechat.chat import rooms
from securechat.chat.rooms import REMEMBERED_EVENTS
from securechat.core.errors import Refused, Unavailable
from securechat.core.keys import EPOCH_MS
from securechat.core.model import GENERAL, Glance, RoomId
from securechat.gathering import PATIENCE_S
from securechat.sockets import arrivals, tail
from securechat.sockets.arrivals import REMEMBERED_S
from securechat.sockets.subscription import Framed
from securechat.sockets.tail import Tails
from tests.unit.fanout_cases import BOB, EVE, FanoutCase, Listener
from tests.unit.memory import person

OTHER = RoomId("other")


class ComingBack(FanoutCase):
    def came(self, since: int | None = None, user: str = "ada") -> Listener:
        """Somebody who came and had nothing to wait for."""
        listener = Listener(self.turn, person(user))
        self.successResultOf(self.come_back(listener, since))
        self.settle()
        return listener

    def open_ones(self, listener: Listener) -> list[int]:
        """The numbers of those events that ``listener`` was shown and could open."""
        return [
            frame["seq"]
            for frame in listener.frames
            if frame["type"] == "event" and frame["envelope"]["ciphertext"]
        ]

    def test_two_hundred_who_come_back_cost_a_handful_of_readings(self) -> None:
        self.post(60)
        crowd = [person(f"p{number}") for number in range(200)]
        self.store.members |= {(GENERAL, one.id) for one in crowd}
        for known in (False, True):
            self.store.readings.clear()
            gate = self.store.hold("glance")
            listeners = [Listener(self.turn, one) for one in crowd]
            coming = [self.come_back(one, 10 + n % 50) for n, one in enumerate(listeners)]
            gate.callback(None)
            self.settle()
            for number, (one, entered) in enumerate(zip(listeners, coming, strict=True)):
                self.assertEqual(self.successResultOf(entered).start, 10 + number % 50)
                self.assertEqual(one.events, list(range(11 + number % 50, 61)))
                self.fanout.leave(one)
            self.assertEqual(self.store.readings, ["glance"] * 2, known)

    def test_those_of_one_person_are_looked_up_once(self) -> None:
        self.post(3)
        gate = self.store.hold("glance")
        listeners = [Listener(self.turn) for _ in range(10)]
        for one in listeners:
            self.come_back(one, None)
        gate.callback(None)
        self.settle()
        self.assertEqual([one.events for one in listeners], [[1, 2, 3]] * 10)
        self.assertEqual(self.store.readings, ["glance"] * 2)

    def test_more_than_fit_into_one_reading_are_read_in_several(self) -> None:
        self.patch(arrivals, "MOST_AT_ONCE", 3)
        self.setUp()
        self.post(1)
        gate = self.store.hold("glance")
        listeners = [Listener(self.turn) for _ in range(10)]
        for one in listeners:
            self.come_back(one, 0)
        gate.callback(None)
        self.settle()
        self.assertEqual([one.events for one in listeners], [[1]] * 10)
        self.assertEqual(self.store.readings, ["glance"] * 4)

    def test_who_asks_during_a_reading_is_not_answered_by_it(self) -> None:
        self.post(2)
        gate = self.store.hold("glance")
        first, second = Listener(self.turn), Listener(self.turn, EVE)
        self.come_back(first, 0)
        self.remove(EVE)
        entered = self.come_back(second, 0)
        gate.callback(None)
        self.failureResultOf(entered, Refused)
        self.assertEqual(second.events, [])

    def test_nobody_waits_for_a_reading_that_hangs(self) -> None:
        self.post(2)
        gate = self.store.hold("glance")
        first, second, third = (Listener(self.turn) for _ in range(3))
        self.come_back(first, 0)
        self.come_back(second, 0)
        self.settle(PATIENCE_S / 2)
        self.come_back(third, 0)
        self.assertEqual((second.events, third.events), ([], []))
        self.settle(PATIENCE_S / 2)
        self.assertEqual((second.events, third.events), ([1, 2], [1, 2]))
        gate.callback(None)
        self.settle()
        self.assertEqual(first.events, [1, 2])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_reading_that_fails_fails_for_those_who_asked_for_it_alone(self) -> None:
        self.post(2)
        gate = self.store.hold_back("glance")
        first, second = Listener(self.turn), Listener(self.turn)
        self.store.failures.append(Unavailable("away"))
        one, two = self.come_back(first, 0), self.come_back(second, 0)
        gate.callback(None)
        self.failureResultOf(one, Unavailable)
        self.successResultOf(two)
        self.settle()
        self.assertEqual((first.events, second.events), ([], [1, 2]))

    def test_what_was_told_live_is_not_read_again(self) -> None:
        self.post(1)
        ada = self.came()
        self.post(5)
        self.store_events(1)
        self.post(2)
        known: list[object] = []
        glance = self.store.glance

        async def noted(askings: dict, *values: int) -> object:  # type: ignore[type-arg]
            found = await glance(askings, *values)
            known.append((askings[GENERAL].known, found[GENERAL].events))
            return found

        self.patch(self.store, "glance", noted)
        self.assertEqual(self.came(0, "bob").events, ada.events)
        self.assertEqual(known, [((1, 9), ())])

    def test_a_message_that_was_deleted_is_shown_to_nobody_who_comes_after_that(self) -> None:
        self.post(5)
        self.came()
        self.fanout.hear(self.destroy(3))
        self.assertEqual(self.open_ones(self.came(0, "bob")), [1, 2, 4, 5, 6])

    def test_nor_one_that_was_deleted_at_another_daemon_which_nobody_told_of(self) -> None:
        self.post(5)
        ada = self.came()
        self.destroy(3)
        bob = self.came(0, "bob")
        self.assertEqual((bob.events, self.open_ones(bob)), ([1, 2, 3, 4, 5, 6], [1, 2, 4, 5, 6]))
        self.assertEqual(ada.events, bob.events)

    def test_nor_where_an_older_reading_brings_it_late(self) -> None:
        self.post(5)
        gate = self.store.hold("glance")
        early = Listener(self.turn)
        self.come_back(early, 0)
        self.destroy(3)
        late = Listener(self.turn, BOB)
        self.come_back(late, 0)
        self.settle(PATIENCE_S)
        gate.callback(None)
        self.settle()
        self.assertEqual(self.open_ones(late), [1, 2, 4, 5, 6])
        self.assertEqual(self.open_ones(self.came(0, "eve")), [1, 2, 4, 5, 6])

    def test_who_was_removed_while_away_is_refused(self) -> None:
        self.post(5)
        self.came()
        self.came(None, "eve")
        self.remove(EVE)
        listener = Listener(self.turn, EVE)
        self.failureResultOf(self.come_back(listener, 0), Refused)
        self.failureResultOf(self.come_back(Listener(self.turn, person("zoe")), 0), Refused)
        self.assertEqual(listener.frames, [])

    def test_who_is_removed_during_the_reading_gets_nothing_of_what_follows(self) -> None:
        self.post(5)
        self.came(None, "bob")
        gate = self.store.hold("glance")
        eve = Listener(self.turn, EVE)
        self.come_back(eve, 0)
        self.fanout.hear(self.remove(EVE))
        self.post(3, author=BOB)
        gate.callback(None)
        self.settle()
        self.assertEqual(eve.events, [1, 2, 3, 4, 5])
        self.assertEqual(self.removed, [eve])

    def test_what_is_told_during_the_reading_under_the_same_key_follows_at_once(self) -> None:
        self.post(5)
        self.came(None, "bob")
        gate = self.store.hold("glance")
        for since in (0, 5):
            with self.subTest(since):
                eve = Listener(self.turn, EVE)
                self.come_back(eve, since)
                last = len(self.store.events[GENERAL])
                self.post(3)
                self.store.readings.clear()
                gate.callback(None)
                self.settle()
                self.assertEqual(eve.events, list(range(since + 1, last + 4)))
                self.assertEqual(self.store.readings, [])
                gate = self.store.hold("glance")
        self.store.gates.clear()

    def test_who_was_told_nothing_yet_gets_the_key_of_what_follows(self) -> None:
        self.post(5)
        self.came(None, "bob")
        gate = self.store.hold("glance")
        eve = Listener(self.turn, EVE)
        self.come_back(eve, 5)
        self.post(1)
        gate.callback(None)
        self.settle()
        self.assertEqual(eve.seen, ["key", 6])

    def test_who_reads_only_from_now_on_is_shown_nothing_and_no_key_of_before(self) -> None:
        self.post(5)
        self.came()
        self.remove(EVE)
        self.fanout.hear(self.let_in(EVE))
        for since in (None, 0, 3, 6):
            listener = Listener(self.turn, EVE)
            entry = self.successResultOf(self.come_back(listener, since))
            self.settle()
            self.assertEqual((entry.start, listener.events), (6, [7]), since)
            self.assertEqual([key.epoch for key in entry.keys], [3])

    def test_who_is_too_far_behind_is_told_of_the_gap_and_shown_the_newest(self) -> None:
        self.post(600)
        self.came()
        listener = Listener(self.turn)
        entry = self.successResultOf(self.come_back(listener, 50))
        self.settle()
        self.assertEqual((entry.gap, entry.start), ((51, 550), 550))
        self.assertEqual(listener.events, list(range(551, 601)))

    def test_the_first_who_comes_decides_how_much_is_remembered(self) -> None:
        self.post(REMEMBERED_EVENTS + 270)
        for since in (30, 40, 80):
            last = REMEMBERED_EVENTS + 270
            self.assertEqual(self.came(since).events, list(range(since + 1, last + 1)))
        self.assertEqual(set(self.store.readings), {"glance"})

    def test_who_is_further_behind_than_is_remembered_reads_alone_up_to_there(self) -> None:
        self.post(REMEMBERED_EVENTS + 70)
        self.came()
        listener = self.came(0)
        self.assertEqual(listener.events, list(range(1, REMEMBERED_EVENTS + 71)))
        self.assertEqual(self.store.readings.count("after"), 2)

    def test_what_another_daemon_wrote_is_shown_without_having_been_told(self) -> None:
        self.post(2)
        ada = self.came()
        self.store_events(3, author=BOB)
        self.assertEqual(self.came(1, "bob").events, [2, 3, 4, 5])
        self.assertEqual(ada.events, [1, 2, 3, 4, 5])
        self.now_ms += EPOCH_MS
        self.store_events(200, author=BOB)
        self.assertEqual(self.came(200, "bob").events, [201, 202, 203, 204, 205])
        self.assertEqual(ada.events, list(range(1, 206)))

    def test_rows_that_are_missing_or_damaged_keep_their_place(self) -> None:
        self.post(5)
        log = self.store.events[GENERAL]
        log[1] = replace(log[1], protected=b"x")
        del log[3]
        self.store.newest[GENERAL] = 5
        for _ in range(2):
            self.assertEqual(self.came(0).events, [1, 2, 3, 4, 5])

    def test_an_empty_room_is_entered(self) -> None:
        listener = self.came()
        self.post(2)
        self.settle()
        self.assertEqual(listener.events, [1, 2])


class Bounds(FanoutCase):
    def framed(self, count: int) -> list[Framed]:
        return [Framed.of(event) for event in self.store_events(count).events]

    def begin(self, tails: Tails, room: RoomId = GENERAL, floor: int = 0) -> None:
        tails.refresh(room, Glance({}, floor, floor, (), ()), 0.0)

    def test_a_room_that_nobody_came_to_has_no_tail(self) -> None:
        tails = Tails()
        tails.append(GENERAL, self.framed(1)[0])
        self.assertIsNone(tails.known(GENERAL))

    def test_a_tail_is_no_longer_than_it_may_be(self) -> None:
        self.patch(tail, "MOST_EVENTS", 10)
        tails = Tails()
        self.begin(tails)
        events = self.framed(25)
        for event in events:
            tails.append(GENERAL, event)
        self.assertEqual(tails.known(GENERAL), (16, 25))
        self.patch(tail, "MOST_BYTES", 3 * len(events[-1].frame))
        tails.append(GENERAL, self.framed(1)[0])
        self.assertEqual(tails.known(GENERAL), (24, 26))

    def test_an_event_larger_than_all_that_is_remembered_is_not(self) -> None:
        self.patch(tail, "MOST_BYTES", 10)
        tails = Tails()
        self.begin(tails)
        for event in self.framed(2):
            tails.append(GENERAL, event)
        self.assertEqual(tails.known(GENERAL), (3, 2))

    def test_only_the_next_event_is_added(self) -> None:
        tails = Tails()
        self.begin(tails)
        first, second, third = self.framed(3)
        for event in (second, first, first, third, second):
            tails.append(GENERAL, event)
        self.assertEqual(tails.known(GENERAL), (1, 2))

    def test_the_room_goes_first_that_nobody_came_to_for_longest(self) -> None:
        events = self.framed(3)
        tails = Tails(most_bytes=sum(len(one.frame) for one in events) + 1)
        for room in (GENERAL, OTHER):
            self.begin(tails, room)
        self.begin(tails)
        for room in (GENERAL, OTHER):
            for event in events[:2]:
                tails.append(room, event)
        self.assertEqual((tails.known(GENERAL), tails.known(OTHER)), ((1, 2), None))
        tails.append(GENERAL, events[2])
        self.assertEqual(tails.known(GENERAL), (1, 3))

    def test_what_nobody_has_come_for_lately_is_forgotten(self) -> None:
        self.post(3)
        tails = self.fanout._ties.arrivals.tails
        self.come_back(Listener(self.turn), None)
        for seconds, known in ((REMEMBERED_S, (1, 3)), (1, None)):
            self.settle(seconds)
            self.fanout.forget()
            self.assertEqual(tails.known(GENERAL), known)
        self.assertEqual(tails._size, 0)

    def test_what_is_counted_is_what_is_there(self) -> None:
        self.patch(rooms, "REMEMBERED_EVENTS", 8)
        self.patch(tail, "MOST_EVENTS", 12)
        coming: list[Deferred[object]] = []
        for count in (3, 20, 1, 5):
            self.post(count)
            coming.append(self.come_back(Listener(self.turn), None))  # type: ignore[arg-type]
            self.fanout.hear(self.destroy(len(self.store.events[GENERAL]) - 1))
        self.settle()
        tails = self.fanout._ties.arrivals.tails
        kept = tails._tails[GENERAL]
        size = sum(len(event.frame) for event in kept.between(kept.first - 1, kept.last))
        self.assertEqual((tails._size, kept.size), (size, size))
