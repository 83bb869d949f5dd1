"""Fan-out: every subscriber gets every number once and in order, whatever races with what."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from securechat.chat.rooms import RoomReader
from securechat.core.errors import Unavailable
from securechat.core.keys import EPOCH_MS, Channel, RoomKeys, RootKeys
from securechat.core.model import GENERAL, Appended, Draft, MessageId, Page, RoomId, UserId
from securechat.core.ports import Posted, Reached
from securechat.metrics import Metrics
from securechat.sockets.fanout import Fanout, Subscription
from securechat.sockets.outbox import Outbox, Turn
from securechat.sockets.underway import UnderWay
from tests.unit.memory import MemoryStore, person

ADA = person("ada")
NOW_MS = 1_700_000_000_000


class HeldStore(MemoryStore):
    """A store whose reads can be made to wait."""

    gate: Deferred[None] | None = None

    async def after(self, user: UserId, room: RoomId, seq: int, limit: int) -> Page | None:
        page = await super().after(user, room, seq, limit)
        gate, self.gate = self.gate, None
        if gate is not None:
            await gate
        return page


class Listener:
    """A connection that remembers which frames it was sent."""

    def __init__(self, turn: Turn) -> None:
        self.user_id = ADA.id
        self.channel = Channel(os.urandom(32), b"", b"")
        self.cut = 0
        self.outbox = Outbox(turn, self, 0, self._cut)  # type: ignore[arg-type]
        self.frames: list[dict[str, Any]] = []
        self.posts = UnderWay()

    async def posts_answered(self) -> None:
        await self.posts.answered()

    def _cut(self) -> None:
        self.cut += 1

    def write(self, data: bytes) -> None:
        while data:
            size, start = data[1], 2
            if size == 126:
                size, start = int.from_bytes(data[2:4], "big"), 4
            self.frames.append(json.loads(data[start : start + size]))
            data = data[start + size :]

    @property
    def seen(self) -> list[int | str]:
        return [frame.get("seq", frame["type"]) for frame in self.frames]


class FanoutTests(TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.turn = Turn(self.clock)
        self.store = HeldStore(members={(GENERAL, ADA.id)})
        self.room_keys = RoomKeys(RootKeys("db", {1: os.urandom(32)}))
        reader = RoomReader(self.store, self.store, self.store)  # type: ignore[arg-type]
        self.fanout = Fanout(reader, self.room_keys, self.clock, Metrics())
        self.now_ms = NOW_MS

    def store_events(self, count: int) -> Posted:
        events, keys = [], {}
        for _ in range(count):
            mid = MessageId(f"{len(self.store.events[GENERAL]):022}")
            draft = Draft(GENERAL, mid, ADA.id, self.now_ms, b"{}".ljust(128))
            outcome = self.store._append(draft, self.room_keys)
            assert isinstance(outcome, Appended)
            events.append(outcome.event)
            keys[outcome.key.kid] = outcome.key
        return Posted(tuple(events), keys)

    def post(self, count: int = 1) -> None:
        self.fanout.hear(self.store_events(count))

    def subscribe(self, listener: Listener, cursor: int) -> tuple[Subscription, Deferred[None]]:
        keys = self.store._keys(GENERAL, cursor + 1, len(self.store.events[GENERAL]))
        subscription = self.fanout.subscribe(listener, GENERAL, cursor, keys)
        return subscription, Deferred.fromCoroutine(self.fanout.catch_up(subscription))

    def joined(self, cursor: int = 0) -> Listener:
        listener = Listener(self.turn)
        self.successResultOf(self.subscribe(listener, cursor)[1])
        return listener

    def settle(self) -> None:
        self.clock.advance(0)

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
        gate: Deferred[None] = Deferred()
        self.store.gate = gate
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

    def test_a_hole_is_filled_from_the_store(self) -> None:
        listener = self.joined()
        self.post(1)
        self.store_events(2)  # another daemon's, never told here
        self.post(1)
        self.settle()
        seen = [one for one in listener.seen if one != "key"]
        self.assertEqual(seen, [1, 2, 3, 4])

    def test_the_key_of_a_new_epoch_comes_before_its_first_event(self) -> None:
        self.post(1)
        listener = self.joined()
        self.now_ms += EPOCH_MS
        self.post(2)
        self.settle()
        self.assertEqual(listener.seen, [1, "key", 2, 3])
        self.assertEqual(listener.frames[1]["kid"], "general.2")

    def test_every_member_gets_the_same_bytes_in_one_write_a_turn(self) -> None:
        self.post(1)
        listeners = [self.joined(cursor=1) for _ in range(3)]
        for listener in listeners:
            self.fanout._rooms[GENERAL][listener].kids.add("general.1")
        writes: list[bytes] = []
        for listener in listeners:
            listener.write = writes.append  # type: ignore[method-assign,assignment]
        self.post(2)
        self.settle()
        self.assertEqual(len(writes), 3)
        self.assertEqual(len(set(writes)), 1)

    def test_whoever_left_hears_nothing_more(self) -> None:
        listener = self.joined()
        self.fanout.leave(listener)
        self.post(2)
        self.settle()
        self.assertEqual(listener.seen, [])
        self.assertEqual((self.fanout._rooms, self.fanout._heads), ({}, {}))

    def test_whoever_leaves_during_the_catch_up_hears_nothing_more(self) -> None:
        self.post(2)
        gate: Deferred[None] = Deferred()
        self.store.gate = gate
        listener = Listener(self.turn)
        _, caught_up = self.subscribe(listener, 0)
        self.fanout.leave(listener)
        gate.callback(None)
        self.successResultOf(caught_up)
        self.settle()
        self.assertEqual(listener.seen, [])

    def test_subscribing_again_is_the_same_as_subscribing(self) -> None:
        self.post(2)
        listener = self.joined()
        self.successResultOf(self.subscribe(listener, 1)[1])
        self.post(1)
        self.settle()
        self.assertEqual(listener.seen, [1, 2, 2, 3])

    def test_a_hole_is_filled_later_where_the_database_is_away(self) -> None:
        listener = self.joined()
        self.store_events(1)
        self.store.failures.append(Unavailable("away"))
        self.post(1)
        self.settle()
        self.assertEqual(listener.seen, [])
        self.clock.advance(1)
        self.settle()
        self.assertEqual([one for one in listener.seen if one != "key"], [1, 2])

    def test_a_hole_is_not_filled_for_somebody_who_is_no_member_any_more(self) -> None:
        listener = self.joined()
        self.store_events(1)
        told = self.store_events(1)
        self.store.members.clear()
        self.fanout.hear(told)
        self.fanout.hear(told)
        self.settle()
        self.assertEqual(listener.seen, [])

    def test_missing_rows_are_sent_as_events_that_do_not_open(self) -> None:
        self.post(5)
        log = self.store.events[GENERAL]
        del log[4], log[1]
        self.store.heads[GENERAL] = 5
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
        listener = self.joined()
        self.post(1)
        self.settle()
        self.assertEqual([one for one in listener.seen if one != "key"], [4])

    def test_a_room_that_reached_further_is_read_on_from_the_store(self) -> None:
        listener = self.joined()
        self.store_events(2)
        self.fanout.hear(Reached(GENERAL, 2))
        self.fanout.hear(Reached(GENERAL, 1))
        self.settle()
        self.assertEqual([one for one in listener.seen if one != "key"], [1, 2])

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

    def test_a_broken_subscription_is_cut_rather_than_silent(self) -> None:
        listener = self.joined()
        self.store_events(1)
        self.store.failures.append(RuntimeError("bug"))
        self.post(1)
        self.assertEqual(listener.cut, 1)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
