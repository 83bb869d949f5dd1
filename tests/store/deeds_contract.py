"""What every database promises about what is done in a room: names, roles, deletions, reports."""

from __future__ import annotations

from securechat.core import commands as c
from securechat.core.errors import Code
from securechat.core.model import (
    GENERAL,
    REPORTS,
    Appended,
    Existing,
    Rejected,
    RoomId,
    User,
)
from tests.store.changing import ChangingCase
from tests.store.sealing import NOW_MS, draft, person

ANN, BOB, CAT, EVE = (person(name) for name in ("ann", "bob", "cat", "eve"))


class UpkeepContract(ChangingCase):
    """Names, topics, archives."""

    async def test_a_room_is_renamed_gets_a_topic_and_is_archived_and_opened(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        commands: tuple[c.Change, ...] = (
            c.RenameRoom("c", room, "Our 🏡"),
            c.SetTopic("c", room, "Tea; and -- cake?"),
            c.ArchiveRoom("c", room, True),
            c.ArchiveRoom("c", room, False),
        )
        for command in commands:
            changed = await self.change(ANN, command)
            self.assertEqual((changed.affected, changed.duplicate), ((), False))
            again = await self.change(ANN, command, changed.event.mid)
            self.assertEqual((again.event, again.duplicate), (changed.event, True))
            # What is so already is not told a second time.
            again = await self.change(ANN, command)
            self.assertEqual((again.event, again.duplicate), (changed.event, True))
        self.assertEqual(
            await self.said(room, above=2),
            [
                {"seq": 3, "kind": "renamed", "name": "Our 🏡"},
                {"seq": 4, "kind": "topic", "topic": "Tea; and -- cake?"},
                {"seq": 5, "kind": "archived", "archived": True},
                {"seq": 6, "kind": "archived", "archived": False},
            ],
        )
        shown = await self.store.rooms.room_of(BOB.id, room)
        assert shown is not None
        self.assertEqual((shown.name, shown.topic), ("Our 🏡", "Tea; and -- cake?"))

    async def test_an_archived_room_takes_no_post_until_it_is_opened(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        await self.say(BOB, room, "before")
        await self.change(ANN, c.ArchiveRoom("c", room, True))
        [refused] = await self.store.events.append([draft(BOB, "during", room)], self.sealer)
        self.assertEqual(refused, Rejected("archived"))
        await self.change(ANN, c.ArchiveRoom("c", room, False))
        self.assertEqual(await self.say(BOB, room, "after"), 6)

    async def test_an_id_that_was_used_for_something_else_is_a_conflict(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        [posted] = await self.store.events.append([draft(ANN, "text", room)], self.sealer)
        assert isinstance(posted, Appended)
        topic = await self.change(ANN, c.SetTopic("c", room, "t"))
        for mid in (posted.event.mid, topic.event.mid):
            await self.barred(Code.ID_CONFLICT, self.change(ANN, c.Kick("c", room, BOB.id), mid))
        # Somebody else's id is no conflict.
        await self.say(BOB, room, "hers")
        await self.change(ANN, c.Kick("c", room, BOB.id), draft(BOB, "hers").mid)
        self.assertEqual(sorted(await self.roles(room)), ["ann"])


class RolesContract(ChangingCase):
    """Roles and mutes."""

    async def test_roles_are_given_and_taken_but_a_room_keeps_an_owner(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        step_down = c.SetRole("c", room, ANN.id, "member")
        text = await self.barred(Code.FORBIDDEN, self.change(ANN, step_down))
        self.assertIn("owner", text)
        before = await self.revision(BOB)
        given = await self.change(ANN, c.SetRole("c", room, BOB.id, "moderator"))
        self.assertEqual(given.affected, (BOB.id,))
        self.assertEqual(await self.revision(BOB), before + 1)
        again = await self.change(ANN, c.SetRole("c", room, BOB.id, "moderator"))
        self.assertEqual((again.event, again.duplicate), (given.event, True))
        await self.change(ANN, c.SetRole("c", room, BOB.id, "owner"))
        await self.change(ANN, step_down)
        self.assertEqual(await self.roles(room), {"ann": "member", "bob": "owner"})
        self.assertEqual(
            await self.said(room, above=2),
            [
                {"seq": 3, "kind": "role", "user": BOB.id, "role": "moderator"},
                {"seq": 4, "kind": "role", "user": BOB.id, "role": "owner"},
                {"seq": 5, "kind": "role", "user": ANN.id, "role": "member"},
            ],
        )
        await self.change(ANN, c.LeaveRoom("c", room))
        await self.change(BOB, c.SetRole("c", room, BOB.id, "moderator"))
        self.assertEqual(await self.roles(room), {"bob": "moderator"})

    async def test_the_muted_are_heard_again_when_their_time_is_up_or_they_are_unmuted(
        self,
    ) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        await self.say(BOB, room, "before")

        async def heard(text: str, at_ms: int) -> bool:
            drafts = [draft(BOB, text, room, at_ms)]
            [outcome] = await self.store.events.append(drafts, self.sealer)
            return not isinstance(outcome, Rejected)

        await self.change(ANN, c.Mute("c", room, BOB.id, None))
        self.assertFalse(await heard("for ever", NOW_MS + 10**12))
        muted = await self.change(ANN, c.Mute("c", room, BOB.id, 60))
        self.assertEqual(muted.affected, (BOB.id,))
        self.assertFalse(await heard("soon", NOW_MS + 59_999))
        self.assertTrue(await heard("late", NOW_MS + 60_000))
        await self.change(ANN, c.Unmute("c", room, BOB.id))
        self.assertTrue(await heard("free", NOW_MS))
        again = await self.change(ANN, c.Unmute("c", room, BOB.id))
        self.assertTrue(again.duplicate)
        self.assertEqual(
            [(one["kind"], one.get("until")) for one in await self.said(room, above=2)],
            [("muted", None), ("muted", NOW_MS + 60_000), ("unmuted", None)],
        )

    async def test_leaving_and_coming_back_ends_no_mute(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB, kind="public")
        for seconds in (60, None):
            await self.change(ANN, c.Mute("c", room, BOB.id, seconds))
            for _ in range(2):
                await self.change(BOB, c.LeaveRoom("c", room))
                await self.join(BOB, room)
                [refused] = await self.store.events.append([draft(BOB, "I", room)], self.sealer)
                self.assertEqual(refused, Rejected("muted"))
        await self.change(ANN, c.Unmute("c", room, BOB.id))
        await self.change(BOB, c.LeaveRoom("c", room))
        await self.join(BOB, room)
        await self.say(BOB, room, "at last")

    async def test_nothing_is_done_to_who_is_not_there(self) -> None:
        await self.joined(ANN, EVE)
        room = await self.club(ANN)
        for command in (
            c.Kick("c", room, EVE.id),
            c.Mute("c", room, EVE.id, 60),
            c.Unmute("c", room, EVE.id),
            c.SetRole("c", room, EVE.id, "owner"),
            c.Unban("c", room, EVE.id),
        ):
            await self.barred(Code.NOT_FOUND, self.change(ANN, command))
        self.assertEqual(len(await self.stored(room)), 1)


class DeletionContract(ChangingCase):
    """What is deleted is gone, and what is reported is kept."""

    async def test_a_message_goes_with_all_its_edits_and_its_place_stays(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        said = await self.say(BOB, room, "wrong")
        edits = [
            await self.say(BOB, room, text, kind="edit", target=said) for text in ("less", "least")
        ]
        answer = await self.say(ANN, room, "what?", kind="reply", target=said)
        deleted = await self.change(BOB, c.Delete("c", room, said))
        [tombstone] = await self.said(room, above=answer)
        self.assertEqual(
            tombstone, {"seq": answer + 1, "kind": "deleted", "target": said, "edits": edits}
        )
        for event in await self.stored(room):
            is_gone = event.seq in (said, *edits)
            self.assertEqual(not event.encrypted_key and not event.ciphertext, is_gone)
            self.assertTrue(event.protected and event.tag)
        for actor, mid in ((BOB, deleted.event.mid), (BOB, None), (ANN, None)):
            again = await self.change(actor, c.Delete("c", room, said), mid)
            self.assertEqual((again.event, again.duplicate), (deleted.event, True))
        [resent] = await self.store.events.append([draft(BOB, "wrong", room)], self.sealer)
        self.assertIsInstance(resent, Existing)

    async def test_reactions_are_taken_back_and_other_events_cannot_be_deleted(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        said = await self.say(BOB, room, "text")
        edit = await self.say(BOB, room, "better", kind="edit", target=said)
        reaction = await self.say(BOB, room, "👍", kind="reaction", target=said)
        for seq in (1, 2, edit, 99, 0):
            await self.barred(Code.NOT_FOUND, self.change(ANN, c.Delete("c", room, seq)))
        changed = await self.change(BOB, c.Delete("c", room, reaction))
        for seq in (changed.event.seq,):
            await self.barred(Code.NOT_FOUND, self.change(BOB, c.Delete("c", room, seq)))
        self.assertEqual(
            [event.seq for event in await self.stored(room) if not event.ciphertext], [reaction]
        )

    async def test_others_messages_are_deleted_by_moderators_only_and_never_between_few(
        self,
    ) -> None:
        await self.joined(ANN, BOB, CAT)
        room = await self.club(ANN, BOB, CAT)
        direct = (await self.create(CAT, "direct", people=(ANN,))).room
        said, reaction = await self.say(CAT, room, "text"), 0
        reaction = await self.say(CAT, room, "👍", kind="reaction", target=said)
        for seq in (said, reaction):
            await self.barred(Code.FORBIDDEN, self.change(BOB, c.Delete("c", room, seq)))
        await self.change(ANN, c.SetRole("c", room, BOB.id, "moderator"))
        for seq in (said, reaction):
            await self.change(BOB, c.Delete("c", room, seq))
        await self.make_administrator(ANN)
        said = await self.say(CAT, direct, "text")
        await self.barred(Code.FORBIDDEN, self.change(ANN, c.Delete("c", direct, said)))
        await self.change(CAT, c.Delete("c", direct, said))

    async def test_what_somebody_cannot_see_is_neither_deleted_nor_reported(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, history="joined")
        said = await self.say(ANN, room, "secret")
        await self.change(ANN, c.AddMember("c", room, BOB.id))
        await self.change(ANN, c.SetRole("c", room, BOB.id, "moderator"))
        await self.barred(Code.NOT_FOUND, self.change(BOB, c.Delete("c", room, said)))
        await self.barred(Code.NOT_FOUND, self.report(BOB, room, said))

    async def test_a_report_is_sealed_for_the_administrators_who_reads_it_or_not(self) -> None:
        await self.joined(ANN, BOB, EVE)
        room = await self.club(ANN, BOB)
        said = await self.say(ANN, room, "insult")
        mid = self.mid()
        reported = await self.store.changes.report(
            BOB.id, c.Report("c", room, said, "rude"), mid, NOW_MS, self.sealer
        )
        self.assertEqual((reported.room, reported.event.author), (REPORTS, BOB.id))
        self.assertEqual(
            await self.said(REPORTS),
            [{"seq": 1, "kind": "report", "room": room, "target": said, "body": "rude"}],
        )
        again = await self.store.changes.report(
            BOB.id, c.Report("c", room, said, "rude"), mid, NOW_MS, self.sealer
        )
        self.assertEqual((again.event, again.duplicate), (reported.event, True))
        self.assertIsNone(await self.store.rooms.room_of(BOB.id, REPORTS))
        self.assertEqual(len(await self.stored(room)), said)
        for seq in (1, 99):
            await self.barred(Code.NOT_FOUND, self.report(BOB, room, seq))
        for actor, where in ((EVE, room), (EVE, RoomId("nowhere")), (BOB, REPORTS)):
            await self.barred(Code.NOT_A_MEMBER, self.report(actor, where, said))
        self.assertEqual(len(await self.stored(REPORTS)), 1)
        said = await self.say(EVE, GENERAL, "fine")
        await self.report(ANN, GENERAL, said)
        self.assertEqual(len(await self.stored(REPORTS)), 2)

    async def report(self, actor: User, room: RoomId, seq: int) -> None:
        await self.store.changes.report(
            actor.id,
            c.Report("c", room, seq, "why"),
            self.mid(),
            NOW_MS,
            self.sealer,
        )
