"""Fan-out: every subscriber gets every number once and in order, whatever races with what."""

from __future__ import annotations

from dataclasses import replace

from securechat.core.errors import Unavailable
from securechat.core.keys import EPOCH_MS
from securechat.core.model import GENERAL
from securechat.core.ports import TypingIn
from securechat.sockets.audience import MOST_MEMBERS
from securechat.sockets.reader import push
from tests.unit.fanout_cases import ADA, BOB, EVE, FanoutCase, Listener


class Subscribers(FanoutCase):
    def test_a_subscriber_gets_what_is_stored_and_then_what_is_live(self) -> None:
        self.post(3)
        listener = self.joined()
        self.post(2)
        self.settle()
        self.assertEqual(listener.seen, [1, 2, 3, 4, 5])

    def test_a_subscriber_gets_only_what_it_lacks(self) -> None:
        self.post(3)
        listener = self.joined(cursor=2)
        self.settle()
        self.assertEqual(listener.seen, [3])

    def test_what_is_posted_during_the_catch_up_comes_once_and_in_order(self) -> None:
        self.post(2)
        gate = self.store.hold("glance")
        listener = Listener(self.turn)
        _, caught_up = self.subscribe(listener, 0)
        self.post(2)
        self.assertNoResult(caught_up)
        gate.callback(None)
        self.successResultOf(caught_up)
        self.post(1)
        self.settle()
        self.assertEqual(listener.seen, [1, 2, 3, 4, 5])

    def test_an_event_that_was_read_before_it_was_told_comes_once(self) -> None:
        told_late = self.store_events(2)
        listener = self.joined()
        self.fanout.hear(told_late)
        self.settle()
        self.assertEqual(listener.seen, [1, 2])

    def test_the_key_of_a_new_epoch_comes_before_its_first_event(self) -> None:
        self.post(1)
        listener = self.joined()
        self.now_ms += EPOCH_MS
        self.post(2)
        self.settle()
        self.assertEqual(listener.seen, [1, "key", 2, 3])
        self.assertEqual(listener.frames[1]["kid"], "general.2")

    def test_keys_of_epochs_that_are_over_are_not_remembered(self) -> None:
        ada = Listener(self.turn)
        subscription, caught_up = self.subscribe(ada, 0)
        self.successResultOf(caught_up)
        for _ in range(100):
            self.now_ms += EPOCH_MS
            self.post(2)
        self.settle()
        self.assertEqual(ada.events, list(range(1, 201)))
        self.assertEqual(ada.seen.count("key"), 100)
        self.assertEqual(len(subscription.kids), 1)

    def test_every_member_gets_the_same_bytes_in_one_write_a_turn(self) -> None:
        self.post(1)
        listeners = [self.joined() for _ in range(3)]
        self.settle()
        for listener in listeners:
            listener.writes.clear()
        self.post(2)
        self.settle()
        writes = [listener.writes for listener in listeners]
        self.assertEqual([len(one) for one in writes], [1, 1, 1])
        self.assertEqual(writes[1:], writes[:-1])

    def test_what_one_turn_tells_a_room_is_joined_in_one_write(self) -> None:
        self.post(1)
        listener = self.joined()
        self.settle()
        listener.writes.clear()
        self.post(2)
        self.post(1)
        self.settle()
        self.assertEqual((listener.events, len(listener.writes)), ([1, 2, 3, 4], 1))

    def test_what_is_said_after_an_event_comes_after_it_and_what_before_it_before(self) -> None:
        self.post(1)
        listener = self.joined()
        self.settle()
        listener.outbox.send(push("before"))
        self.post(1)
        listener.outbox.send(push("after"))
        self.post(1)
        listener.outbox.send_live(push("last"))
        self.settle()
        self.assertEqual(listener.seen, [1, "before", 2, "after", 3, "last"])

    def test_whoever_leaves_in_the_turn_of_an_event_was_told_it(self) -> None:
        self.post(1)
        listener = self.joined()
        self.settle()
        self.post(1)
        self.fanout.leave(listener)
        self.post(1)
        self.settle()
        self.assertEqual(listener.events, [1, 2])

    def test_a_connection_that_ends_in_the_turn_of_an_event_takes_it_along(self) -> None:
        self.post(1)
        listener = self.joined()
        self.settle()
        self.post(1)
        listener.outbox.flush_all()
        listener.outbox.close()
        self.settle()
        self.assertEqual(listener.events, [1, 2])

    def test_a_paused_reader_of_a_live_event_gets_it_later_and_in_order(self) -> None:
        self.post(1)
        slow, quick = self.joined(), self.joined(BOB)
        self.settle()
        slow.outbox.pauseProducing()
        for _ in range(3):
            self.post(1)
            self.settle()
        self.assertEqual((slow.events, quick.events), ([1], [1, 2, 3, 4]))
        slow.outbox.resumeProducing()
        self.assertEqual(slow.events, [1, 2, 3, 4])

    def test_live_events_of_one_epoch_are_told_without_asking_the_store(self) -> None:
        self.post(1)
        listener = self.joined()
        self.store.readings.clear()
        for _ in range(5):
            self.post(2, author=BOB)
        self.settle()
        self.assertEqual(listener.events, list(range(1, 12)))
        self.assertEqual(self.store.readings, [])

    def test_whoever_left_hears_nothing_more_and_leaves_nothing_behind(self) -> None:
        listener = self.joined()
        self.fanout.leave(listener)
        self.post(2)
        self.settle()
        self.assertEqual(listener.seen, [])
        self.assertEqual((self.fanout._audiences, self.fanout._places), ({}, {}))

    def test_whoever_leaves_during_the_catch_up_hears_nothing_more(self) -> None:
        self.post(2)
        gate = self.store.hold("glance")
        listener = Listener(self.turn)
        _, caught_up = self.subscribe(listener, 0)
        self.fanout.leave(listener)
        gate.callback(None)
        self.successResultOf(caught_up)
        self.settle()
        self.assertEqual(listener.seen, [])

    def test_whoever_leaves_before_the_catch_up_begins_hears_nothing(self) -> None:
        self.post(2)
        listener = Listener(self.turn)
        subscription = self.fanout.subscribe(listener, GENERAL, 0, ())
        self.fanout.unsubscribe(listener, GENERAL)
        self.fanout.unsubscribe(listener, GENERAL)
        self.joined(BOB)
        self.successResultOf(self.caught_up(subscription))
        self.settle()
        self.assertEqual(listener.seen, [])

    def test_subscribing_again_is_the_same_as_subscribing(self) -> None:
        self.post(2)
        listener = self.joined()
        self.successResultOf(self.subscribe(listener, 1)[1])
        self.post(1)
        self.settle()
        self.assertEqual(listener.seen, [1, 2, 2, 3])

    def test_missing_rows_are_sent_as_events_that_do_not_open(self) -> None:
        self.post(5)
        log = self.store.events[GENERAL]
        del log[4], log[1]
        self.store.newest[GENERAL] = 5
        listener = self.joined()
        self.settle()
        self.assertEqual(listener.seen, [1, 2, 3, 4, 5])
        for frame in (listener.frames[1], listener.frames[4]):
            self.assertEqual(set(frame["envelope"].values()), {""})

    def test_an_event_whose_header_is_damaged_does_not_hide_the_others(self) -> None:
        self.post(3)
        log = self.store.events[GENERAL]
        log[1] = replace(log[1], protected=b"\xff" + log[1].protected)
        listener = self.joined()
        self.settle()
        self.assertEqual(listener.seen, [1, 2, 3])

    def test_who_may_read_nothing_yet_is_live_at_once(self) -> None:
        self.post(3)
        self.store.since[GENERAL, ADA.id] = 3
        listener = self.joined(cursor=3)
        self.post(1)
        self.settle()
        self.assertEqual(listener.events, [4])

    def test_what_a_reader_has_just_posted_is_acknowledged_before_it_is_shown(self) -> None:
        listener = Listener(self.turn)
        ticket = listener.posts.begin()
        self.post(1)
        _, caught_up = self.subscribe(listener, 0)
        self.assertNoResult(caught_up)
        listener.outbox.send(b"\x81\x11" + b'{"type":"posted"}')
        listener.posts.end(ticket)
        self.successResultOf(caught_up)
        self.settle()
        self.assertEqual(listener.seen, ["posted", 1])

    def test_whoever_is_removed_while_catching_up_is_told_so(self) -> None:
        self.post(200)
        self.fanout.leave(self.joined(BOB, 200))
        gate = self.store.hold("after")
        listener = Listener(self.turn)
        _, caught_up = self.subscribe(listener, 0)
        self.remove(ADA)
        gate.callback(None)
        self.successResultOf(caught_up)
        self.settle()
        self.assertEqual(listener.events, list(range(1, 51)))
        self.assertEqual(self.removed, [listener])
        self.assertIsNone(self.fanout.audience(GENERAL))

    def test_whoever_is_removed_and_let_in_again_while_catching_up_reads_nothing_between(
        self,
    ) -> None:
        self.post(1)
        listener = Listener(self.turn)
        keys = self.store._keys(GENERAL, 1, 1)
        subscription = self.fanout.subscribe(listener, GENERAL, 0, keys)
        self.remove(ADA)
        self.let_in(ADA)
        self.successResultOf(self.caught_up(subscription))
        self.settle()
        self.assertEqual((listener.events, self.removed), ([], [listener]))

    def test_the_rooms_that_somebody_listens_to_are_told_to_the_heartbeat(self) -> None:
        self.assertEqual(self.fanout.told(), {})
        self.post(2)
        gate = self.store.hold("glance")
        self.subscribe(Listener(self.turn), 0)
        self.assertEqual(self.fanout.told(), {})
        gate.callback(None)
        self.assertEqual(self.fanout.told(), {GENERAL: 2})
        self.post(1)
        self.assertEqual(self.fanout.told(), {GENERAL: 3})


class Typing(FanoutCase):
    def test_the_others_are_told_who_is_typing_and_not_oneself(self) -> None:
        self.post(1)
        ada, also_ada, bob = self.joined(), self.joined(), self.joined(BOB)
        self.fanout.hear(TypingIn(ADA.id, GENERAL, 1))
        self.settle()
        self.assertEqual([ada.seen, also_ada.seen], [[1], [1]])
        self.assertEqual(bob.frames[-1], {"type": "typing", "room": "general", "user": ADA.id})

    def test_in_rooms_of_very_many_nobody_is_told_who_is_typing(self) -> None:
        self.post(1)
        bob = self.joined(BOB)
        for members, is_told in ((MOST_MEMBERS, True), (MOST_MEMBERS + 1, False)):
            self.fanout.counted(GENERAL, 1, members)
            self.settle(2)
            bob.frames.clear()
            self.fanout.hear(TypingIn(ADA.id, GENERAL, 1))
            self.settle()
            self.assertEqual(bob.seen, ["typing"] * is_told)

    def test_a_node_that_has_not_heard_what_the_typist_has_tells_nobody(self) -> None:
        self.post(1)
        bob = self.joined(BOB)
        self.fanout.hear(TypingIn(ADA.id, GENERAL, 2))
        self.settle()
        self.assertEqual(bob.seen, [1])

    def test_neither_who_catches_up_nor_who_reads_slowly_is_told(self) -> None:
        self.post(1)
        bob, eve = self.joined(BOB), Listener(self.turn, EVE)
        self.settle()
        bob.outbox.pauseProducing()
        self.store.hold("glance")
        self.subscribe(eve, 0)
        self.fanout.hear(TypingIn(ADA.id, GENERAL, 1))
        bob.outbox.resumeProducing()
        self.settle()
        self.assertEqual((bob.seen, eve.seen), ([1], []))

    def test_where_nobody_listens_yet_nothing_is_told(self) -> None:
        self.fanout.hear(TypingIn(ADA.id, GENERAL, 0))
        self.store.failures.append(Unavailable("away"))
        bob = Listener(self.turn, BOB)
        self.failureResultOf(self.subscribe(bob, 0)[1], Unavailable)
        self.fanout.hear(TypingIn(ADA.id, GENERAL, 0))
        self.settle()
        self.assertEqual(bob.seen, [])
