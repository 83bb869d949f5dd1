"""What members read: pages without holes, gaps only where they are far behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from securechat.bus.local import LocalBus
from securechat.chat.rooms import (
    CHUNK_EVENTS,
    FOUND_A_PAGE,
    MEMBERS_A_PAGE,
    Entry,
    RoomReader,
    entry,
)
from securechat.chat.signals import KEEP_EVERY_S, Signals
from securechat.core.commands import Read, Typing
from securechat.core.errors import Code, Refused, Unavailable
from securechat.core.keys import RoomKeys, RootKeys
from securechat.core.model import (
    GENERAL,
    Asking,
    Draft,
    MessageId,
    Page,
    PasswordHash,
    RoomId,
    UserId,
)
from securechat.core.ports import News, ReadTo, TypingIn
from tests.unit.memory import MemoryRooms, MemoryStore, person

ADA, EVE = person("ada"), person("eve")


class Reading(TestCase):
    def setUp(self) -> None:
        self.store = MemoryStore(members={(GENERAL, ADA.id)})
        room_keys = RoomKeys(RootKeys("db", {1: bytes(32)}))
        for number in range(200):
            mid = MessageId(f"{number:022}")
            self.store._append(Draft(GENERAL, mid, ADA.id, 0, b"{}"), room_keys)
        self.reader = RoomReader(self.store, self.store, self.store)  # type: ignore[arg-type]

    def after(self, seq: int) -> Page:
        return self.successResultOf(Deferred.fromCoroutine(self.reader.after(ADA.id, GENERAL, seq)))

    def before(self, seq: int, limit: int = 50) -> Page:
        return self.successResultOf(
            Deferred.fromCoroutine(self.reader.before(ADA.id, GENERAL, seq, limit))
        )

    def lose(self, *seqs: int) -> None:
        self.store.newest[GENERAL] = 200
        log = self.store.events[GENERAL]
        self.store.events[GENERAL] = [event for event in log if event.seq not in seqs]

    def check(self, page: Page, first: int, last: int, lost: set[int]) -> None:
        self.assertEqual([event.seq for event in page.events], list(range(first, last + 1)))
        self.assertEqual({event.seq for event in page.events if not event.protected}, lost)

    def test_a_lost_row_keeps_its_place_in_replay(self) -> None:
        self.lose(10, 1, 200)
        self.check(self.after(0), 1, CHUNK_EVENTS, {1, 10})
        self.check(self.after(160), 161, 200, {200})

    def test_a_lost_row_keeps_its_place_in_history(self) -> None:
        self.lose(90, 51, 1)
        self.check(self.before(101), 51, 100, {51, 90})
        self.check(self.before(20), 1, 19, {1})
        self.check(self.before(10_000, 3), 198, 200, set())

    def test_all_rows_lost_are_all_told(self) -> None:
        self.lose(*range(1, 201))
        self.check(self.before(6), 1, 5, {1, 2, 3, 4, 5})

    def test_nothing_is_made_up_where_nothing_may_be_read(self) -> None:
        self.store.since[GENERAL, ADA.id] = 150
        self.check(self.after(0), 151, 200, set())
        self.assertEqual(self.before(151).events, ())
        self.assertEqual(self.after(200).events, ())

    def enter(self, since: int | None) -> Entry:
        asking = Asking((ADA.id, EVE.id), since, None)
        glance = self.successResultOf(
            Deferred.fromCoroutine(self.reader.glance({GENERAL: asking}))
        )[GENERAL]
        self.assertNotIn(EVE.id, glance.sights)
        return entry(glance.sights[ADA.id], glance.keys, since)

    def test_who_comes_back_goes_on_where_they_were(self) -> None:
        self.assertEqual(self.enter(None).start, 150)
        self.assertEqual(self.enter(0).start, 0)
        self.assertEqual(self.enter(199).start, 199)
        self.assertEqual(self.enter(10_000).start, 200)

    def test_who_is_too_far_behind_is_told_of_the_gap(self) -> None:
        self.store.newest[GENERAL] = 601
        entered = self.enter(100)
        self.assertEqual((entered.gap, entered.start), ((101, 551), 551))

    def test_who_sees_nothing_of_before_enters_where_they_came_in(self) -> None:
        self.store.since[GENERAL, ADA.id] = 180
        for since in (None, 0, 100, 180):
            entered = self.enter(since)
            self.assertEqual((entered.start, entered.gap), (180, None), since)
        self.assertEqual(self.enter(190).start, 190)

    def test_a_gap_names_nothing_that_may_not_be_seen(self) -> None:
        self.store.newest[GENERAL] = 2_000
        self.store.since[GENERAL, ADA.id] = 300
        for since in (0, 299, 300):
            self.assertEqual(self.enter(since).gap, (301, 1_950), since)
        self.assertEqual(self.enter(400).gap, (401, 1_950))
        self.store.since[GENERAL, ADA.id] = 1_990
        self.assertEqual((self.enter(0).gap, self.enter(0).start), (None, 1_990))

    def test_keys_of_before_are_not_given(self) -> None:
        key = self.store.room_keys[GENERAL][0]
        self.store.room_keys[GENERAL].append(replace(key, epoch=2, first_seq=181))
        self.store.since[GENERAL, ADA.id] = 180
        self.assertEqual([one.epoch for one in self.enter(0).keys], [2])
        del self.store.since[GENERAL, ADA.id]
        self.assertEqual([one.epoch for one in self.enter(0).keys], [1, 2])

    def test_a_lost_row_keeps_its_place_in_the_feed(self) -> None:
        self.lose(10, 200)
        feed = self.successResultOf(
            Deferred.fromCoroutine(self.reader.feed(GENERAL, 0, [ADA.id, EVE.id]))
        )
        self.assertEqual([event.seq for event in feed.events], list(range(1, CHUNK_EVENTS + 1)))
        self.assertEqual([event.seq for event in feed.events if not event.protected], [10])
        self.assertEqual(feed.since, {ADA.id: 0})

    def test_lists_come_in_pages(self) -> None:
        hashed = PasswordHash(b"", 1)
        for number in range(MEMBERS_A_PAGE + 1):
            user = person(f"p{number:03}")
            self.store.users[user.id] = (user, hashed)
            self.store.members.add((GENERAL, user.id))
        self.store.users[ADA.id] = (ADA, hashed)
        reader = RoomReader(self.store, MemoryRooms(self.store), self.store)  # type: ignore[arg-type]
        members, more = self.successResultOf(
            Deferred.fromCoroutine(reader.members(ADA.id, GENERAL, ""))
        )
        self.assertEqual((len(members), more), (MEMBERS_A_PAGE, True))
        rest, more = self.successResultOf(
            Deferred.fromCoroutine(reader.members(ADA.id, GENERAL, members[-1].person.username))
        )
        self.assertEqual((len(rest), more), (2, False))
        for number in range(FOUND_A_PAGE):
            self.store.events[RoomId(f"r{number:03}")] = []
        found, more = self.successResultOf(Deferred.fromCoroutine(reader.find(ADA.id, "", "")))
        self.assertEqual((len(found), more), (FOUND_A_PAGE, True))
        found, more = self.successResultOf(Deferred.fromCoroutine(reader.find(ADA.id, "r01", "")))
        self.assertEqual((len(found), more), (10, False))
        for banned in (False, True):
            asking = reader.members(EVE.id, GENERAL, "", banned)
            self.failureResultOf(Deferred.fromCoroutine(asking), Refused)

    def test_a_room_that_is_not_yours_does_not_exist(self) -> None:
        for room in (GENERAL, RoomId("nowhere")):
            self.store.events.setdefault(room, [])
            for reading in (
                self.reader.after(EVE.id, room, 0),
                self.reader.before(EVE.id, room, 1, 1),
            ):
                failure = self.failureResultOf(Deferred.fromCoroutine(reading), Refused)
                assert isinstance(failure.value, Refused)
                self.assertEqual(failure.value.code, Code.NOT_A_MEMBER)


class Signalling(TestCase):
    def setUp(self) -> None:
        self.store = MemoryStore(members={(GENERAL, ADA.id)}, newest={GENERAL: 7})
        self.clock = Clock()
        self.news: list[News] = []
        bus = LocalBus()
        bus.listen(self.news.append)
        self.signals = Signals(MemoryRooms(self.store), bus, self.clock, lambda: 1_000)

    def read(self, user: UserId, seq: int) -> Deferred[None]:
        return Deferred.fromCoroutine(self.signals.read(user, Read(GENERAL, seq)))

    def typing(self, user: UserId) -> Deferred[None]:
        return Deferred.fromCoroutine(self.signals.typing(user, Typing(GENERAL)))

    def marks(self) -> list[int]:
        return [news.mark.seq for news in self.news if isinstance(news, ReadTo)]

    def test_a_read_mark_is_kept_and_told_soon(self) -> None:
        self.successResultOf(self.read(ADA.id, 5))
        self.assertEqual(self.marks(), [])
        for seq in (3, 99):
            self.clock.advance(KEEP_EVERY_S)
            self.successResultOf(self.read(ADA.id, seq))
        self.clock.advance(KEEP_EVERY_S)
        self.assertEqual(self.marks(), [5, 5, 7])

    def test_marks_of_one_moment_are_stored_together_the_furthest_of_each(self) -> None:
        for seq in (2, 6, 4):
            self.successResultOf(self.read(ADA.id, seq))
        self.clock.advance(KEEP_EVERY_S)
        self.assertEqual(self.marks(), [6])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_marks_wait_for_a_database_that_is_away(self) -> None:
        self.successResultOf(self.read(ADA.id, 2))
        self.store.failures.append(Unavailable("away"))
        self.clock.advance(KEEP_EVERY_S)
        self.assertEqual(self.marks(), [])
        self.successResultOf(self.read(ADA.id, 1))
        self.clock.advance(KEEP_EVERY_S)
        self.assertEqual(self.marks(), [2])

    def test_marks_that_wait_are_stored_at_the_end(self) -> None:
        self.successResultOf(self.read(ADA.id, 2))
        self.successResultOf(Deferred.fromCoroutine(self.signals.drain()))
        self.assertEqual(self.marks(), [2])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_the_end_waits_for_marks_that_are_being_stored_and_leaves_no_timer(self) -> None:
        gate: Deferred[None] = Deferred()
        stored = MemoryRooms.read_to

        async def held(rooms: MemoryRooms, readings: Any) -> Any:
            await gate
            return await stored(rooms, readings)

        self.patch(MemoryRooms, "read_to", held)
        self.successResultOf(self.read(ADA.id, 2))
        self.clock.advance(KEEP_EVERY_S)
        self.successResultOf(self.read(ADA.id, 5))
        drained = Deferred.fromCoroutine(self.signals.drain())
        self.assertNoResult(drained)
        late = self.failureResultOf(self.read(ADA.id, 6), Refused)
        self.assertEqual(late.value.code, Code.UNAVAILABLE)
        self.store.failures.append(Unavailable("away"))
        gate.callback(None)
        self.successResultOf(drained)
        self.assertEqual(self.marks(), [5])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_typing_is_told_with_the_rooms_head_and_stored_nowhere(self) -> None:
        self.successResultOf(self.typing(ADA.id))
        self.assertEqual(self.news, [TypingIn(ADA.id, GENERAL, 7)])

    def test_strangers_and_the_muted_tell_nobody(self) -> None:
        self.store.muted.add(ADA.id)
        for signal, code in (
            (self.read(EVE.id, 1), Code.NOT_A_MEMBER),
            (self.typing(EVE.id), Code.NOT_A_MEMBER),
            (self.typing(ADA.id), Code.FORBIDDEN),
        ):
            self.assertEqual(self.failureResultOf(signal, Refused).value.code, code)
        self.assertEqual(self.news, [])
