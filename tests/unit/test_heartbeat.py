"""The heartbeat: what the bus has lost is found in the database, with two queries a beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, LoopingCall
from twisted.trial.unittest import TestCase

from securechat.core.errors import Unavailable
from securechat.core.model import RoomId, SessionDigest, UserId
from securechat.core.ports import News, Reached, RoomsChanged, SessionEnded
from securechat.heartbeat import BEAT_S, Heartbeat

ADA, BOB = UserId("u-ada"), UserId("u-bob")
DESK, PHONE, BOBS = (SessionDigest(name * 32) for name in (b"d", b"p", b"b"))
TEA, DEN = RoomId("tea"), RoomId("den")


class Database:
    """Rooms and Accounts, as far as a heartbeat asks; what it asks is counted."""

    def __init__(self) -> None:
        self.newest: dict[RoomId, int] = {}
        self.revisions: dict[SessionDigest, int] = {}
        self.asked: list[list[Any]] = []
        self.failures: dict[str, Exception] = {}
        self.gate: Deferred[None] | None = None

    async def heads(self, rooms: Sequence[RoomId]) -> Mapping[RoomId, int]:
        self.asked.append(list(rooms))
        if "heads" in self.failures:
            raise self.failures["heads"]
        return {room: self.newest[room] for room in rooms if room in self.newest}

    async def living(self, digests: Sequence[SessionDigest]) -> Mapping[SessionDigest, int]:
        self.asked.append(list(digests))
        if "living" in self.failures:
            raise self.failures["living"]
        living = {one: self.revisions[one] for one in digests if one in self.revisions}
        if self.gate is not None:
            await self.gate
        return living


class HeartbeatTests(TestCase):
    def setUp(self) -> None:
        self.database = Database()
        self.database.newest = {TEA: 5, DEN: 2}
        self.database.revisions = {DESK: 1, PHONE: 1, BOBS: 7}
        self.rooms = {TEA: 5, DEN: 2}
        self.people = {DESK: ADA, PHONE: ADA, BOBS: BOB}
        self.heard: list[News] = []
        self.shown: dict[UserId, int] = {ADA: 1, BOB: 7}
        database: Any = self.database
        self.heartbeat = Heartbeat(database, database, self)

    def told(self) -> Mapping[RoomId, int]:
        return self.rooms

    def sessions(self) -> Mapping[SessionDigest, UserId]:
        return dict(self.people)

    def greeted(self) -> Mapping[UserId, int]:
        return self.shown

    def hear(self, news: News) -> None:
        self.heard.append(news)

    def beat(self) -> list[News]:
        """What one beat tells."""
        self.heard.clear()
        self.successResultOf(Deferred.fromCoroutine(self.heartbeat.beat()))
        return list(self.heard)

    def test_where_nothing_happens_it_asks_two_questions_and_tells_nothing(self) -> None:
        self.beat()
        for _ in range(3):
            self.database.asked.clear()
            self.assertEqual(self.beat(), [])
            self.assertEqual(self.database.asked, [[TEA, DEN], [DESK, PHONE, BOBS]])

    def test_where_nobody_is_connected_it_asks_nothing(self) -> None:
        self.rooms.clear()
        self.people.clear()
        self.assertEqual(self.beat(), [])
        self.assertEqual(self.database.asked, [])

    def test_a_room_that_has_more_than_was_told_is_read_on(self) -> None:
        self.beat()
        self.database.newest = {TEA: 6, DEN: 1}
        self.assertEqual(self.beat(), [Reached(TEA, 6)])

    def test_a_session_that_is_gone_ends(self) -> None:
        self.beat()
        del self.database.revisions[PHONE]
        self.assertEqual(self.beat(), [SessionEnded(PHONE)])

    def test_a_person_whose_rooms_changed_is_told_once(self) -> None:
        self.beat()
        self.database.revisions |= {DESK: 2, PHONE: 2}
        self.assertEqual(self.beat(), [RoomsChanged(ADA)])
        self.assertEqual(self.beat(), [])

    def test_who_has_just_come_is_told_what_has_changed_since_their_welcome(self) -> None:
        for revision, told in ((7, []), (6, [RoomsChanged(BOB)])):
            del self.people[BOBS]
            self.beat()
            self.people[BOBS] = BOB
            self.shown[BOB] = revision
            self.assertEqual(self.beat(), told)
            self.assertEqual(self.beat(), [])
        self.database.revisions[BOBS] = 8
        self.assertEqual(self.beat(), [RoomsChanged(BOB)])

    def test_who_says_hello_just_now_is_looked_at_once_they_were_welcomed(self) -> None:
        del self.people[BOBS], self.shown[BOB]
        self.beat()
        self.people[BOBS] = BOB
        self.assertEqual(self.beat(), [])
        self.database.revisions[BOBS] = 8
        self.assertEqual(self.beat(), [])
        self.shown[BOB] = 7
        self.assertEqual(self.beat(), [RoomsChanged(BOB)])

    def test_who_was_here_before_is_told_whatever_another_welcome_said(self) -> None:
        self.beat()
        self.database.revisions |= {DESK: 2, PHONE: 2}
        self.shown[ADA] = 2
        self.assertEqual(self.beat(), [RoomsChanged(ADA)])

    def test_who_has_left_is_forgotten(self) -> None:
        self.beat()
        self.people.clear()
        self.beat()
        self.assertEqual(self.heartbeat._revisions, {})

    def test_without_a_database_nothing_is_concluded(self) -> None:
        self.beat()
        self.database.failures = {"heads": Unavailable("away"), "living": Unavailable("away")}
        self.assertEqual(self.beat(), [])
        self.database.failures.clear()
        self.database.revisions |= {DESK: 2, PHONE: 2}
        self.assertEqual(self.beat(), [RoomsChanged(ADA)])

    def test_a_failing_question_does_not_keep_the_other_from_being_asked(self) -> None:
        self.beat()
        self.database.failures = {"heads": RuntimeError("bug")}
        del self.database.revisions[PHONE]
        self.assertEqual(self.beat(), [SessionEnded(PHONE)])
        self.database.failures = {"living": RuntimeError("bug")}
        self.database.newest = {TEA: 6}
        self.assertEqual(self.beat(), [Reached(TEA, 6)])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)

    def test_a_slow_beat_is_never_joined_by_another(self) -> None:
        clock, beats = Clock(), LoopingCall(self.heartbeat.beat)
        beats.clock = clock
        self.database.gate = Deferred()
        beats.start(BEAT_S)
        for _ in range(5):
            clock.advance(BEAT_S)
        self.assertEqual(len(self.database.asked), 2)
        self.database.gate.callback(None)
        clock.advance(BEAT_S)
        self.assertEqual(len(self.database.asked), 4)
        beats.stop()

    def test_a_session_opened_during_the_question_is_not_judged_by_the_answer(self) -> None:
        del self.people[BOBS]
        self.beat()
        self.heard.clear()
        self.database.gate = Deferred()
        beating = Deferred.fromCoroutine(self.heartbeat.beat())
        self.people[BOBS] = BOB
        self.database.gate.callback(None)
        self.successResultOf(beating)
        self.assertEqual(self.heard, [])
