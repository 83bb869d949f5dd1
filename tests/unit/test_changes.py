"""Changes of rooms: done once, answered before they are told, finished whoever waits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from securechat.bus.local import LocalBus
from securechat.chat.changes import ANSWER_WITHIN_S, MOST_UNDER_WAY, RoomChanges
from securechat.chat.resends import room_id
from securechat.core import commands as c
from securechat.core.encoding import b64url
from securechat.core.errors import Code, Refused, Unavailable
from securechat.core.keys import RoomKeys, RootKeys
from securechat.core.model import GENERAL, REPORTS, Changed, MessageId, RoomId, UserId, digest_of
from securechat.core.ports import News, Posted, Reached, RoomsChanged
from tests.unit.memory import MemoryChanges, MemoryRooms, MemoryStore, person

ADA, EVE = person("ada").id, person("eve").id
NOW_MS = 1_700_000_000_000
ID = "A" * 22


class ChangesCase(TestCase):
    def setUp(self) -> None:
        self.store = MemoryStore(members={(GENERAL, ADA), (GENERAL, EVE)})
        self.port = MemoryChanges(self.store)
        self.told: list[str] = []
        self.doubts: list[tuple[set[RoomId], set[UserId]]] = []
        self.clock = Clock()
        self.now_ms = NOW_MS
        bus = LocalBus()
        bus.listen(self.hear)
        self.changes = RoomChanges(
            changes=self.port,
            rooms=MemoryRooms(self.store),
            sealer=RoomKeys(RootKeys("db", {1: os.urandom(32)})),
            bus=bus,
            clock=self.clock,
            wall_clock=lambda: self.now_ms,
            random_bytes=lambda size: b"\x07" * size,
            doubt=self.doubt,
        )

    def hear(self, news: News) -> None:
        if isinstance(news, Posted):
            self.told += [f"event {event.room}/{event.seq}" for event in news.events]
            self.assertEqual(len(news.keys), len(news.events))
        elif isinstance(news, Reached):
            self.told.append(f"reached {news.room}/{news.seq}")
        elif isinstance(news, RoomsChanged):
            self.told.append(f"rooms of {news.user}")

    def doubt(self, rooms: Iterable[RoomId], people: Iterable[UserId]) -> None:
        self.doubts.append((set(rooms), set(people)))

    def topic(self, topic: str = "tea", request: str = ID) -> Deferred[Any]:
        command = c.SetTopic(request, GENERAL, topic)
        return self.noted(lambda: self.changes.change(ADA, command))

    def kick(self, request: str = ID) -> Deferred[Any]:
        self.port.affected = (EVE,)
        command = c.Kick(request, GENERAL, EVE)
        return self.noted(lambda: self.changes.change(ADA, command))

    def noted(self, begin: Callable[[], Deferred[Any]]) -> Deferred[Any]:
        """The answer, which somebody waits for while the store works, as it does in a daemon."""

        def note(done: Any) -> Any:
            self.told.append("done")
            return done

        if self.port.gate is not None:
            return begin().addCallback(note)
        working: Deferred[None] = Deferred()
        self.port.gate = working
        answer = begin().addCallback(note)
        self.port.gate = None
        working.callback(None)
        return answer

    def code_of(self, answer: Deferred[Any]) -> Code:
        refused = self.failureResultOf(answer, Refused).value
        assert isinstance(refused, Refused)
        return refused.code


class Telling(ChangesCase):
    def test_a_change_is_answered_then_told_then_whom_it_affects(self) -> None:
        changed = self.successResultOf(self.kick())
        self.assertEqual((changed.event.seq, changed.event.mid), (1, ID))
        self.assertEqual(self.told, ["done", "reached general/1", f"rooms of {EVE}"])

    def test_what_changes_nobodys_place_is_told_as_it_is(self) -> None:
        self.successResultOf(self.topic())
        self.assertEqual(self.told, ["done", "event general/1"])

    def test_nothing_is_told_before_the_commit(self) -> None:
        self.port.gate = Deferred()
        answer = self.kick()
        self.assertNoResult(answer)
        self.assertEqual(self.told, [])
        self.port.gate.callback(None)
        self.successResultOf(answer)
        self.assertEqual(len(self.told), 3)

    def test_a_resend_is_done_once_and_whoever_missed_it_is_told_how_far_the_room_is(self) -> None:
        self.kick()
        self.told.clear()
        again = self.successResultOf(self.kick())
        self.assertTrue(again.duplicate)
        self.assertEqual(self.told[:2], ["done", "reached general/1"])
        self.assertEqual(set(self.told[2:]), {f"rooms of {ADA}", f"rooms of {EVE}"})
        self.assertEqual(len(self.store.events[GENERAL]), 1)

    def test_an_id_that_is_no_message_id_is_done_anew_each_time(self) -> None:
        ids = iter(range(9))
        self.patch(self.changes, "_random_bytes", lambda size: bytes([next(ids)]) * size)
        for _ in range(2):
            self.assertFalse(self.successResultOf(self.topic(request="7")).duplicate)
        mids = [event.mid for event in self.store.events[GENERAL]]
        self.assertEqual(mids, [b64url(bytes(16)), b64url(b"\x01" * 16)])

    def test_the_same_id_for_something_else_is_a_conflict(self) -> None:
        self.successResultOf(self.topic("tea"))
        self.assertEqual(self.code_of(self.topic("cake")), Code.ID_CONFLICT)
        self.assertEqual(self.code_of(self.kick()), Code.ID_CONFLICT)
        delete = self.changes.change(ADA, c.Delete("B" * 22, GENERAL, 1))
        self.successResultOf(delete)
        delete = self.changes.change(ADA, c.Delete("B" * 22, GENERAL, 1))
        self.successResultOf(delete)
        delete = self.changes.change(ADA, c.Delete("B" * 22, GENERAL, 2))
        self.assertEqual(self.code_of(delete), Code.ID_CONFLICT)

    def test_a_mute_of_another_length_is_another_command(self) -> None:
        mute = c.Mute(ID, GENERAL, EVE, 60)
        self.successResultOf(self.changes.change(ADA, mute))
        self.now_ms += 5_000
        self.assertTrue(self.successResultOf(self.changes.change(ADA, mute)).duplicate)
        for seconds in (61, None):
            other = self.changes.change(ADA, c.Mute(ID, GENERAL, EVE, seconds))
            self.assertEqual(self.code_of(other), Code.ID_CONFLICT)

    def test_a_room_or_report_of_another_content_is_another_command(self) -> None:
        room = c.CreateRoom(ID, "private", "Den")
        self.successResultOf(self.changes.create(ADA, room))
        self.successResultOf(self.changes.create(ADA, room))
        for kind, name in (("private", "Pub"), ("public", "Den")):
            other = self.changes.create(ADA, c.CreateRoom(ID, kind, name))  # type: ignore[arg-type]
            self.assertEqual(self.code_of(other), Code.ID_CONFLICT)
        self.successResultOf(self.changes.report(ADA, c.Report(ID, GENERAL, 3, "rude")))
        self.successResultOf(self.changes.report(ADA, c.Report(ID, GENERAL, 3, "rude")))
        for seq, reason in ((3, "spam"), (4, "rude")):
            report = self.changes.report(ADA, c.Report(ID, GENERAL, seq, reason))
            self.assertEqual(self.code_of(report), Code.ID_CONFLICT)

    def test_what_is_so_already_sends_nobody_to_look_at_their_rooms(self) -> None:
        done: Changed = self.successResultOf(self.kick())
        so_already = replace(done, affected=(), duplicate=True)

        async def change(*values: Any) -> Changed:
            return so_already

        self.told.clear()
        self.patch(self.port, "change", change)
        self.successResultOf(self.changes.change(ADA, c.Kick("B" * 22, GENERAL, EVE)))
        self.assertEqual(self.told, ["reached general/1"])

    def test_a_refusal_tells_nobody_anything(self) -> None:
        self.store.failures.append(Refused(Code.FORBIDDEN))
        self.assertEqual(self.code_of(self.topic()), Code.FORBIDDEN)
        self.assertEqual((self.told, self.doubts), ([], []))

    def test_a_failure_is_the_answer(self) -> None:
        self.store.failures.append(RuntimeError("bug"))
        self.failureResultOf(self.topic(), RuntimeError)
        self.successResultOf(self.topic())

    def test_an_unknown_outcome_puts_room_and_people_in_doubt(self) -> None:
        self.port.lost = True
        self.failureResultOf(self.kick(), Unavailable)
        self.assertEqual(self.doubts, [({GENERAL}, {ADA, EVE})])
        self.assertEqual(self.told, [])
        self.port.lost = False
        self.assertTrue(self.successResultOf(self.kick()).duplicate)
        self.assertEqual(self.told[1], "reached general/1")

    def test_nobody_waits_for_two_slow_calls_one_after_the_other(self) -> None:
        self.port.gate = Deferred()
        answer = self.changes.create(ADA, c.CreateRoom(ID, "private", "tea"))
        self.clock.advance(ANSWER_WITHIN_S)
        self.failureResultOf(answer, Unavailable)
        self.port.gate.callback(None)
        self.assertEqual(len(self.told), 1)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_an_answer_that_cannot_be_read_does_not_keep_the_news(self) -> None:
        asked = self.store.room_of

        async def away(user: UserId, room: RoomId) -> Any:
            await asked(user, room)
            raise Unavailable("gone")

        self.patch(self.store, "room_of", away)
        self.failureResultOf(self.changes.join(EVE, c.JoinRoom(ID, GENERAL, None)), Unavailable)
        self.assertEqual(self.told, ["event general/1"])

    def test_a_report_is_told_in_the_room_of_reports(self) -> None:
        command = c.Report(ID, GENERAL, 3, "rude")
        answer = self.noted(lambda: self.changes.report(ADA, command))
        self.successResultOf(answer)
        self.assertEqual(self.told, ["done", f"event {REPORTS}/1"])


class Bounds(ChangesCase):
    def test_too_much_at_once_is_unavailable_and_changes_nothing(self) -> None:
        gate: Deferred[None] = Deferred()
        self.port.gate = gate
        answers = [self.topic(request=f"{number:022}") for number in range(MOST_UNDER_WAY)]
        self.assertEqual(self.code_of(self.topic(request="x")), Code.UNAVAILABLE)
        invite = self.changes.invite(ADA, c.Invite("i", GENERAL, 60, 1))
        self.assertEqual(self.code_of(Deferred.fromCoroutine(invite)), Code.UNAVAILABLE)
        self.assertEqual(self.doubts, [])
        gate.callback(None)
        self.assertEqual(
            [self.successResultOf(answer).event.seq for answer in answers],
            list(range(1, MOST_UNDER_WAY + 1)),
        )
        self.successResultOf(self.topic(request="x"))

    def test_the_end_waits_for_what_was_begun_and_begins_nothing_more(self) -> None:
        gate: Deferred[None] = Deferred()
        self.port.gate = gate
        begun = self.kick()
        drained = Deferred.fromCoroutine(self.changes.drain())
        self.assertEqual(self.code_of(self.topic()), Code.UNAVAILABLE)
        self.assertNoResult(drained)
        gate.callback(None)
        self.successResultOf(begun)
        self.successResultOf(drained)
        self.assertEqual(len(self.told), 3)

    def test_an_idle_end_waits_for_nothing(self) -> None:
        self.successResultOf(self.topic())
        self.successResultOf(Deferred.fromCoroutine(self.changes.drain()))


class MakingAndInviting(ChangesCase):
    def test_a_resend_makes_the_same_room_and_another_person_another(self) -> None:
        command = c.CreateRoom(ID, "private", "Den")
        first = self.successResultOf(self.changes.create(ADA, command))
        again = self.successResultOf(self.changes.create(ADA, command))
        other = self.successResultOf(self.changes.create(EVE, command))
        self.assertEqual(first.id, again.id)
        self.assertNotEqual(first.id, other.id)
        self.assertEqual(len(first.id), 22)

    def test_a_direct_room_is_named_by_its_people_whoever_asks(self) -> None:
        mid = MessageId(ID)
        mine = room_id(ADA, c.CreateRoom("1", "direct", people=(EVE,)), mid)
        theirs = room_id(EVE, c.CreateRoom("2", "direct", people=(ADA, EVE)), MessageId("B" * 22))
        three = room_id(ADA, c.CreateRoom("3", "direct", people=(EVE, UserId("u-kim"))), mid)
        self.assertEqual(mine, theirs)
        self.assertNotEqual(mine, three)
        self.assertEqual((mine[0], len(mine)), ("d", 22))

    def test_a_link_is_kept_as_a_hash_and_leads_in(self) -> None:
        invite = self.changes.invite(ADA, c.Invite("i", GENERAL, 60, 5))
        link = self.successResultOf(Deferred.fromCoroutine(invite))
        self.assertEqual(len(link.token), 43)
        self.assertEqual((link.expires_ms, link.uses), (NOW_MS + 60_000, 5))
        [kept] = self.port.links
        self.assertEqual(kept.digest, digest_of(link.token))
        self.assertNotIn(link.token, repr(kept))
        room = self.successResultOf(self.changes.join(EVE, c.JoinRoom(ID, None, link.token)))
        self.assertEqual(room.id, GENERAL)
        wrong = self.changes.join(EVE, c.JoinRoom("B" * 22, None, link.token + "x"))
        self.assertEqual(self.code_of(wrong), Code.NOT_FOUND)

    def test_links_are_taken_back_all_at_once(self) -> None:
        for expires_s in (60, 0):
            invite = self.changes.invite(ADA, c.Invite("i", GENERAL, expires_s, 1))
            self.successResultOf(Deferred.fromCoroutine(invite))
        revoked = self.changes.revoke(ADA, c.RevokeInvites("r", GENERAL))
        self.assertEqual(self.successResultOf(Deferred.fromCoroutine(revoked)), 1)
        self.assertEqual(self.port.links, [])
