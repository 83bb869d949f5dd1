"""What members read: pages without holes, gaps only where they are far behind."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from securechat.chat.rooms import CHUNK_EVENTS, Entry, RoomReader
from securechat.core.errors import Code, Refused
from securechat.core.keys import RoomKeys, RootKeys
from securechat.core.model import GENERAL, Draft, MessageId, Page, RoomId
from tests.unit.memory import MemoryStore, person

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
        self.store.heads[GENERAL] = 200
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
        return self.successResultOf(
            Deferred.fromCoroutine(self.reader.enter(ADA.id, GENERAL, since))
        )

    def test_who_comes_back_goes_on_where_they_were(self) -> None:
        self.assertEqual(self.enter(None).start, 150)
        self.assertEqual(self.enter(0).start, 0)
        self.assertEqual(self.enter(199).start, 199)
        self.assertEqual(self.enter(10_000).start, 200)

    def test_who_is_too_far_behind_is_told_of_the_gap(self) -> None:
        self.store.heads[GENERAL] = 601
        entry = self.enter(100)
        self.assertEqual((entry.gap, entry.start), ((101, 551), 551))

    def test_a_room_that_is_not_yours_does_not_exist(self) -> None:
        for room in (GENERAL, RoomId("nowhere")):
            self.store.events.setdefault(room, [])
            for reading in (
                self.reader.enter(EVE.id, room, None),
                self.reader.after(EVE.id, room, 0),
                self.reader.before(EVE.id, room, 1, 1),
            ):
                failure = self.failureResultOf(Deferred.fromCoroutine(reading), Refused)
                assert isinstance(failure.value, Refused)
                self.assertEqual(failure.value.code, Code.NOT_A_MEMBER)
