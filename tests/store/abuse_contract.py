"""What every database promises where somebody who may do a thing does it to harm."""

from __future__ import annotations

from typing import Any, cast

from twisted.logger import ILogObserver, LogEvent, Logger

from securechat.core import commands as c
from securechat.core import content
from securechat.core.errors import Code
from securechat.core.keys import RoomKeys, RootKeys
from securechat.core.model import (
    GENERAL,
    REPORTS,
    Appended,
    Changed,
    Draft,
    Outcome,
    Rejected,
    RoomId,
    User,
    digest_of,
)
from securechat.store import admission, deletion, invites, membership, notices, people
from securechat.store.transaction import Transaction
from tests.store.changing import ChangingCase
from tests.store.sealing import NOW_MS, draft, person

ANN, BOB, CAT, EVE = (person(name) for name in ("ann", "bob", "cat", "eve"))
NOTE = "INSERT INTO annotations (room_id, seq, kind, target) VALUES (?, ?, ?, ?)"


class WornOutContract(ChangingCase):
    """How much one message may be about."""

    async def test_a_message_is_edited_a_hundred_times_and_deleted_at_once(self) -> None:
        await self.joined(ANN, BOB)
        said = await self.say(ANN, GENERAL, "rude")
        other = await self.say(ANN, GENERAL, "other")
        most = admission.MOST_EDITS
        self.assertEqual(most, 100)
        for first, last, stored in ((0, 60, 60), (60, 130, 40), (130, 132, 0)):
            outcomes = await self.post(
                *(draft(ANN, f"{n}", kind="edit", target=said) for n in range(first, last))
            )
            self.assertEqual(_stored(outcomes), stored)
            self.assertEqual(outcomes[stored:], [Rejected("target")] * (last - first - stored))
        # Other messages, and who answers, are not concerned.
        await self.say(ANN, GENERAL, "better", kind="edit", target=other)
        await self.say(BOB, GENERAL, "why?", kind="reply", target=said)
        await self.make_administrator(BOB)
        deleted = await self.change(BOB, c.Delete("c", GENERAL, said))
        gone = [event.seq for event in await self.stored(GENERAL) if not event.ciphertext]
        self.assertEqual(len(gone), 1 + most)
        self.assertLess(len(deleted.event.ciphertext), 1_000)

    async def test_one_person_reacts_to_a_message_twenty_times_and_others_still_can(self) -> None:
        await self.joined(ANN, BOB)
        said = await self.say(ANN, GENERAL, "hello")
        most = admission.MOST_OWN_REACTIONS
        self.assertEqual(most, 20)
        for first, last, stored in ((0, 12, 12), (12, 30, 8), (30, 31, 0)):
            outcomes = await self.post(
                *(draft(BOB, f"{n}", kind="reaction", target=said) for n in range(first, last))
            )
            self.assertEqual(_stored(outcomes), stored)
        # Taking one back makes no room: both stay in the log.
        await self.change(BOB, c.Delete("c", GENERAL, said + 1))
        again = draft(BOB, "again", kind="reaction", target=said)
        self.assertEqual(await self.post(again), [Rejected("target")])
        await self.say(ANN, GENERAL, "+", kind="reaction", target=said)

    async def test_a_message_has_a_largest_number_of_reactions(self) -> None:
        await self.joined(ANN, BOB)
        said = await self.say(ANN, GENERAL, "hello")
        self.patch(admission, "MOST_REACTIONS", 3)
        for user, count, stored in ((ANN, 2, 2), (BOB, 2, 1), (ANN, 1, 0)):
            drafts = [
                draft(user, f"{user.username} {count} {n}", kind="reaction", target=said)
                for n in range(count)
            ]
            self.assertEqual(_stored(await self.post(*drafts)), stored)

    async def post(self, *drafts: Draft) -> list[Outcome]:
        return await self.store.events.append(drafts, self.sealer)


class ForgedNotesContract(ChangingCase):
    """Somebody can write to the database, and knows none of the keys."""

    def setUp(self) -> None:
        super().setUp()
        self.sealer = RoomKeys(RootKeys("test", {1: b"r" * 32}))

    async def test_a_deletion_takes_no_message_that_is_noted_as_an_edit(self) -> None:
        await self.joined(ANN, EVE)
        contract = await self.say(ANN, GENERAL, "text", "the contract says 100")
        evil = await self.say(EVE, GENERAL, "text", "x")
        other = await self.say(EVE, GENERAL, "text", "y")
        edit = await self.say(EVE, GENERAL, "edit", "z", evil)
        edit_of_another = await self.say(EVE, GENERAL, "edit", "z", other)
        await self.sql(NOTE, GENERAL, contract, "edit", evil)
        await self.sql("UPDATE annotations SET target = ? WHERE seq = ?", evil, edit_of_another)
        told: list[LogEvent] = []
        observer = cast(ILogObserver, told.append)
        self.patch(deletion, "logger", Logger(observer=observer))
        deleted = await self.change(EVE, c.Delete("c", GENERAL, evil))
        self.assertEqual(await self.living(), [contract, other, edit_of_another, 6])
        self.assertEqual(self.read(deleted)["edits"], [edit])
        self.assertEqual(
            [(event["seq"], event["reason"]) for event in told],
            [
                (seq, f"it is noted as edit of {evil}, and says something else")
                for seq in (contract, edit_of_another)
            ],
        )

    async def test_an_edit_that_another_has_sealed_does_not_go_with_the_message(self) -> None:
        await self.joined(ANN, EVE)
        said = await self.say(ANN, GENERAL, "text", "hello")
        plaintext = content.posted("edit", "bye", said)
        one = Draft(GENERAL, self.mid(), EVE.id, NOW_MS, plaintext, "edit", said)
        await self.store.database.write(
            "edit", lambda tx: notices.append_notice(tx, one, self.sealer, fresh_epoch=False)
        )
        deleted = await self.change(ANN, c.Delete("c", GENERAL, said))
        self.assertEqual(self.read(deleted)["edits"], [])
        self.assertEqual(await self.living(), [2, 3])

    async def test_a_row_that_was_given_to_another_is_not_theirs_to_delete(self) -> None:
        await self.joined(ANN, EVE)
        contract = await self.say(ANN, GENERAL, "text", "the contract says 100")
        await self.sql("UPDATE events SET author_id = ? WHERE seq = 1", EVE.id)
        await self.barred(Code.NOT_FOUND, self.change(EVE, c.Delete("c", GENERAL, contract)))
        self.assertEqual(await self.living(), [contract])

    async def test_an_edit_whose_note_is_lost_is_no_message(self) -> None:
        await self.joined(ANN)
        said = await self.say(ANN, GENERAL, "text", "hello")
        edit = await self.say(ANN, GENERAL, "edit", "bye", said)
        await self.sql("DELETE FROM annotations WHERE seq = ?", edit)
        await self.barred(Code.NOT_FOUND, self.change(ANN, c.Delete("c", GENERAL, edit)))
        self.assertEqual(await self.living(), [said, edit])

    async def test_a_message_that_does_not_open_any_more_can_still_be_deleted(self) -> None:
        await self.joined(ANN)
        said = await self.say(ANN, GENERAL, "text", "hello")
        await self.sql("UPDATE events SET tag = iv WHERE seq = ?", said)
        await self.change(ANN, c.Delete("c", GENERAL, said))
        self.assertEqual(await self.living(), [2])

    async def test_a_note_that_says_deleted_keeps_nothing(self) -> None:
        await self.joined(ANN, BOB)
        said = await self.say(ANN, GENERAL, "text", "secret")
        other = await self.say(BOB, GENERAL, "text", "x")
        await self.sql(NOTE, GENERAL, other, "deleted", said)
        deleted = await self.change(ANN, c.Delete("c", GENERAL, said))
        self.assertEqual((deleted.duplicate, deleted.event.seq), (False, 3))
        self.assertEqual(await self.living(), [other, 3])
        again = await self.change(ANN, c.Delete("c", GENERAL, said))
        self.assertEqual((again.duplicate, again.event.seq), (True, 3))

    async def test_what_was_destroyed_by_no_deletion_is_not_said_to_be_deleted(self) -> None:
        await self.joined(ANN, BOB)
        said = await self.say(ANN, GENERAL, "text", "secret")
        other = await self.say(BOB, GENERAL, "text", "x")
        await self.sql("UPDATE events SET encrypted_key = NULL, ciphertext = NULL WHERE seq = 1")
        await self.sql(NOTE, GENERAL, other, "deleted", said)
        await self.barred(Code.NOT_FOUND, self.change(ANN, c.Delete("c", GENERAL, said)))

    async def say(  # type: ignore[override]
        self, author: User, room: RoomId, kind: str, body: str, target: int | None = None
    ) -> int:
        plaintext = content.posted(kind, body, target)
        one = Draft(room, self.mid(), author.id, NOW_MS, plaintext, kind, target)
        [outcome] = await self.store.events.append([one], self.sealer)
        assert isinstance(outcome, Appended), outcome
        return outcome.event.seq

    def read(self, changed: Changed) -> dict[str, Any]:
        return content.read(self.sealer.open(changed.event, changed.key))

    async def living(self) -> list[int]:
        """The numbers of all events that are not destroyed."""
        return [event.seq for event in await self.stored(GENERAL) if event.ciphertext]


class CrowdContract(ChangingCase):
    """Rooms, links and reports without end."""

    async def test_nobody_is_in_more_rooms_than_can_be_told(self) -> None:
        self.assertEqual(membership.MOST_ROOMS_A_PERSON, 500)
        await self.joined(ANN, BOB, EVE)
        self.patch(membership, "MOST_ROOMS_A_PERSON", 3)
        rooms = [await self.club(EVE, ANN) for _ in range(2)]
        await self.change(EVE, c.LeaveRoom("c", rooms[1]))
        rooms.append((await self.create(EVE, "public")).room)
        add = c.AddMember("c", rooms[2], ANN.id)
        self.assertIn("person", await self.barred(Code.FORBIDDEN, self.change(EVE, add)))
        await self.change(EVE, c.LeaveRoom("c", rooms[0]))
        together = self.create(EVE, "direct", people=(ANN,), room=RoomId("d"))
        self.assertIn("person", await self.barred(Code.FORBIDDEN, together))
        public = (await self.create(BOB, "public")).room
        await self.invite(BOB, public, "link")
        for question in (
            self.join(ANN, public),
            self.join_invited(ANN, "link"),
            self.create(ANN, "private"),
        ):
            self.assertIn("leave one", await self.barred(Code.FORBIDDEN, question))
        await self.change(ANN, c.LeaveRoom("c", rooms[0]))
        await self.join_invited(ANN, "link")
        self.assertIn("ann", await self.roles(public))

    async def test_everybody_may_make_ten_links_and_nobody_uses_up_those_of_others(self) -> None:
        await self.joined(ANN, EVE)
        for number in range(10):
            await self.invite(EVE, GENERAL, f"eve {number}")
        text = await self.barred(Code.FORBIDDEN, self.invite(EVE, GENERAL, "eve 10"))
        self.assertIn("links of yours", text)
        await self.invite(ANN, GENERAL, "ann")
        self.assertEqual(invites.MOST_GOOD_LINKS, 1_000)
        self.patch(invites, "MOST_GOOD_LINKS", 11)
        text = await self.barred(Code.FORBIDDEN, self.invite(ANN, GENERAL, "ann 2"))
        self.assertIn("too many links", text)

    async def test_one_person_reports_one_message_once(self) -> None:
        await self.joined(ANN, BOB)
        said = [await self.say(ANN, GENERAL, text) for text in ("rude", "ruder")]
        first = await self.report(BOB, said[0], "why")
        again = await self.report(BOB, said[0], "another reason")
        self.assertEqual((first.duplicate, again.duplicate), (False, True))
        self.assertEqual(again.event, first.event)
        for actor, seq in ((BOB, said[1]), (ANN, said[0])):
            self.assertFalse((await self.report(actor, seq, "why")).duplicate)
        self.assertEqual(len(await self.stored(REPORTS)), 3)

    async def report(self, actor: User, seq: int, reason: str) -> Changed:
        command = c.Report("c", GENERAL, seq, reason)
        return await self.store.changes.report(actor.id, command, self.mid(), NOW_MS, self.sealer)


class PowerContract(ChangingCase):
    """Rights that would last longer, or reach further, than they are given for."""

    async def test_an_administrator_is_kept_out_by_nobody(self) -> None:
        await self.joined(ANN, BOB, CAT, EVE)
        room = await self.club(ANN, EVE, kind="public")
        await self.change(ANN, c.SetRole("c", room, EVE.id, "moderator"))
        await self.change(EVE, c.Ban("c", room, CAT.id))
        for user in (BOB, CAT):
            await self.make_administrator(user)
            await self.barred(Code.FORBIDDEN, self.change(EVE, c.Ban("c", room, user.id)))
            found = await self.store.rooms.find(user.id, "", "", 50)
            self.assertIn(room, [one.id for one in found])
            await self.join(user, room)
        self.assertEqual(sorted(await self.roles(room)), ["ann", "bob", "cat", "eve"])

    async def test_links_end_with_the_right_to_make_them(self) -> None:
        await self.joined(ANN, BOB, EVE)
        private, public = await self.club(ANN, EVE, BOB), await self.club(ANN, EVE, kind="public")
        for room in (private, public):
            await self.change(ANN, c.SetRole("c", room, EVE.id, "moderator"))
            await self.invite(EVE, room, f"eve {room}", 9)
            await self.invite(ANN, room, f"ann {room}", 9)
            await self.change(ANN, c.SetRole("c", room, EVE.id, "member"))
        # In a public room members invite too.
        self.assertEqual(await self.good("eve", private, public), [public])
        await self.change(ANN, c.SetRole("c", private, EVE.id, "moderator"))
        await self.invite(EVE, private, f"eve {private}", 9)
        for room in (private, public):
            await self.change(EVE, c.LeaveRoom("c", room))
            await self.barred(Code.NOT_FOUND, self.join_invited(EVE, f"eve {room}"))
        self.assertEqual(await self.good("eve", private, public), [])
        self.assertEqual(await self.good("ann", private, public), [private, public])

    async def test_who_comes_into_a_deserted_room_owns_it(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, kind="public")
        await self.change(ANN, c.LeaveRoom("c", room))
        await self.join(BOB, room)
        await self.join(ANN, room)
        self.assertEqual(await self.roles(room), {"bob": "owner", "ann": "member"})

    async def test_nobody_owns_general(self) -> None:
        await self.joined(ANN)
        await self.change(ANN, c.LeaveRoom("c", GENERAL))
        await self.join(ANN, GENERAL)
        self.assertEqual(await self.roles(GENERAL), {"ann": "member"})

    async def test_an_act_touches_all_its_people_at_once_by_id(self) -> None:
        await self.joined(ANN, BOB, EVE)
        heir, owner = sorted((ANN, BOB), key=lambda one: one.id)
        await self.make_administrator(EVE)
        touches: list[list[str]] = []
        touch = people.touch

        def noted(tx: Transaction, users: Any) -> None:
            users = list(users)
            touches.append(users)
            touch(tx, users)

        for command in (c.Ban, c.Kick):
            room = await self.club(owner, heir, EVE)
            self.patch(people, "touch", noted)
            await self.change(EVE, command("c", room, owner.id))
            self.assertEqual([set(users) for users in touches], [{owner.id, heir.id}])
            touches.clear()
            self.patch(people, "touch", touch)
            self.assertEqual((await self.roles(room))[heir.username], "owner")

    async def good(self, author: str, *rooms: RoomId) -> list[RoomId]:
        """Those of the rooms that the author's link still leads to."""
        changes = self.store.changes
        found = [
            (room, await changes.invitation(digest_of(f"{author} {room}"), NOW_MS))
            for room in rooms
        ]
        return [room for room, shown in found if shown is not None]


def _stored(outcomes: list[Outcome]) -> int:
    return sum(isinstance(outcome, Appended) for outcome in outcomes)
