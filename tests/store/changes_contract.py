"""What every database promises about how rooms begin, who comes in, and who goes."""

from __future__ import annotations

from securechat.core import commands as c
from securechat.core.errors import Code, Refused
from securechat.core.model import GENERAL, REPORTS, PublicRoom, RoomId, User, UserId, digest_of
from tests.store.changing import HOUR_MS, ChangingCase
from tests.store.sealing import NOW_MS, person

ANN, BOB, CAT, DAN, EVE = (person(name) for name in ("ann", "bob", "cat", "dan", "eve"))


class BeginningContract(ChangingCase):
    """Rooms are made once."""

    async def test_who_makes_a_room_owns_it_and_its_first_event_says_so(self) -> None:
        await self.joined(ANN)
        made = await self.create(ANN, "public", history="joined")
        self.assertEqual((made.event.seq, made.affected, made.duplicate), (1, (ANN.id,), False))
        self.assertEqual(made.key.first_seq, 1)
        self.assertEqual(await self.roles(made.room), {"ann": "owner"})
        self.assertEqual(
            await self.said(made.room),
            [{"seq": 1, "kind": "created", "name": "Club", "room_kind": "public"}],
        )
        room = await self.store.rooms.room_of(ANN.id, made.room)
        assert room is not None
        self.assertEqual((room.name, room.kind, room.history), ("Club", "public", "joined"))
        self.assertEqual((room.last_seq, room.unread), (1, 0))
        self.assertEqual(await self.revision(ANN), 1)

    async def test_a_room_that_is_made_again_is_the_same_and_nobody_elses(self) -> None:
        await self.joined(ANN, BOB)
        first = await self.create(ANN)
        mid = first.event.mid
        again = await self.create(ANN, room=first.room, mid=mid)
        self.assertEqual((again.event, again.key, again.duplicate), (first.event, first.key, True))
        for actor, other in ((BOB, mid), (ANN, self.mid())):
            await self.barred(Code.BAD_COMMAND, self.create(actor, room=first.room, mid=other))
        for taken in (GENERAL, REPORTS):
            await self.barred(Code.BAD_COMMAND, self.create(ANN, room=taken))
        self.assertEqual(await self.roles(first.room), {"ann": "owner"})

    async def test_a_direct_room_is_one_for_the_same_people_whoever_makes_it(self) -> None:
        await self.joined(ANN, BOB, CAT)
        room = RoomId("d-of-ann-bob-cat")
        made = await self.create(ANN, "direct", people=(BOB, CAT), room=room)
        self.assertEqual(set(made.affected), {ANN.id, BOB.id, CAT.id})
        self.assertEqual(
            await self.roles(room), {"ann": "member", "bob": "member", "cat": "member"}
        )
        again = await self.create(BOB, "direct", people=(CAT, ANN), room=room)
        self.assertEqual((again.event, again.duplicate), (made.event, True))
        self.assertEqual([await self.revision(one) for one in (ANN, BOB, CAT)], [1, 1, 1])

    async def test_a_direct_room_holds_two_to_eight_people_who_know_each_other(self) -> None:
        crowd = tuple(person(f"user{n}") for n in range(8))
        await self.joined(ANN, EVE, *crowd)
        await self.leave(GENERAL, EVE)
        unseen: list[tuple[User, ...]] = [(EVE,), (crowd[0], EVE), (person("nobody"),)]
        for people in unseen:
            await self.barred(
                Code.NOT_FOUND, self.create(ANN, "direct", people=people, room=RoomId("d1"))
            )
        for people in [(ANN,), crowd]:
            await self.barred(
                Code.BAD_COMMAND, self.create(ANN, "direct", people=people, room=RoomId("d1"))
            )
        self.assertEqual(await self.sql("SELECT id FROM rooms WHERE id = 'd1'"), [])
        await self.create(ANN, "direct", people=crowd[:7], room=RoomId("d1"))

    async def test_nobody_leaves_or_is_put_out_of_a_direct_room(self) -> None:
        await self.joined(ANN, BOB, CAT)
        room = (await self.create(ANN, "direct", people=(BOB,))).room
        for command in (
            c.LeaveRoom("c", room),
            c.Kick("c", room, BOB.id),
            c.AddMember("c", room, CAT.id),
            c.RenameRoom("c", room, "mine"),
        ):
            await self.barred(Code.FORBIDDEN, self.change(ANN, command))
        self.assertEqual(await self.roles(room), {"ann": "member", "bob": "member"})


class ComingContract(ChangingCase):
    """Joining, inviting, adding."""

    async def test_anyone_joins_a_public_room_once(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, kind="public")
        joined = await self.join(BOB, room)
        self.assertEqual((joined.event.seq, joined.affected), (2, (BOB.id,)))
        self.assertEqual(
            await self.said(room, above=1), [{"seq": 2, "kind": "joined", "user": BOB.id}]
        )
        for mid in (joined.event.mid, self.mid()):
            again = await self.join(BOB, room, mid)
            self.assertEqual((again.event, again.duplicate), (joined.event, True))
        self.assertEqual(await self.roles(room), {"ann": "owner", "bob": "member"})
        self.assertEqual((await self.revision(BOB), await self.epochs(room)), (1, [1]))

    async def test_rooms_that_are_private_archived_or_unknown_cannot_be_joined(self) -> None:
        await self.joined(ANN, BOB)
        archived = await self.club(ANN, kind="public")
        await self.change(ANN, c.ArchiveRoom("c", archived, True))
        direct = (await self.create(ANN, "direct", people=(BOB,))).room
        await self.joined(EVE)
        for room in (await self.club(ANN), archived, direct, REPORTS, RoomId("nowhere")):
            await self.barred(Code.NOT_A_MEMBER, self.join(EVE, room))

    async def test_joining_general_before_anybody_spoke_is_told_once(self) -> None:
        await self.joined(ANN)
        first = await self.join(ANN, GENERAL)
        again = await self.join(ANN, GENERAL)
        self.assertEqual((first.event.seq, again.event), (1, first.event))
        self.assertEqual(await self.roles(GENERAL), {"ann": "member"})

    async def test_who_enters_a_room_without_a_past_gets_a_new_key_and_only_what_follows(
        self,
    ) -> None:
        await self.joined(ANN, BOB, CAT)
        room = await self.club(ANN, kind="public", history="joined")
        await self.say(ANN, room, "secret")
        await self.join(BOB, room)
        await self.change(ANN, c.AddMember("c", room, CAT.id))
        self.assertEqual(await self.epochs(room), [1, 3, 4])
        for user, seen in ((BOB, [3, 4]), (CAT, [4]), (ANN, [1, 2, 3, 4])):
            page = await self.page(user, room)
            self.assertEqual([event.seq for event in page.events], seen)
            self.assertEqual(page.keys[0].first_seq, seen[0])

    async def test_what_was_said_before_one_came_is_not_unread(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, kind="public")
        await self.say(ANN, room, "before")
        await self.join(BOB, room)
        await self.say(ANN, room, "after")
        shown = await self.store.rooms.room_of(BOB.id, room)
        assert shown is not None
        self.assertEqual(shown.unread, 1)

    async def test_a_link_lets_in_as_many_as_it_says_and_no_longer(self) -> None:
        await self.joined(ANN, BOB, CAT, DAN)
        room = await self.club(ANN)
        digest = await self.invite(ANN, room, "two", uses=2)
        self.assertEqual(
            await self.store.changes.invitation(digest, NOW_MS),
            PublicRoom(room, "Club", "", 1, joined=False),
        )
        bob = await self.join_invited(BOB, "two")
        for mid in (bob.event.mid, self.mid()):
            again = await self.join_invited(BOB, "two", mid)
            self.assertEqual((again.event, again.duplicate), (bob.event, True))
        late = NOW_MS + HOUR_MS
        await self.barred(Code.NOT_FOUND, self.join_invited(CAT, "two", now_ms=late))
        self.assertIsNone(await self.store.changes.invitation(digest, late))
        cat = await self.join_invited(CAT, "two")
        text = await self.barred(Code.NOT_FOUND, self.join_invited(DAN, "two"))
        self.assertEqual(text, "This invite does not work any more.")
        self.assertIsNone(await self.store.changes.invitation(digest, NOW_MS))
        self.assertTrue((await self.join_invited(CAT, "two", cat.event.mid)).duplicate)
        self.assertEqual(sorted(await self.roles(room)), ["ann", "bob", "cat"])
        self.assertIsNone(await self.store.changes.invitation(digest_of("no such"), NOW_MS))

    async def test_who_is_in_the_room_finds_it_behind_its_links_also_when_they_are_used_up(
        self,
    ) -> None:
        await self.joined(ANN, BOB, CAT)
        room = await self.club(ANN)
        digest = await self.invite(ANN, room, "one")
        behind = self.store.changes.room_behind
        self.assertEqual(await behind(digest, ANN.id), room)
        self.assertIsNone(await behind(digest, BOB.id))
        await self.join_invited(BOB, "one")
        self.assertEqual(await behind(digest, BOB.id), room)
        for unknown, user in ((digest, CAT), (digest_of("other"), BOB), (b"", BOB)):
            self.assertIsNone(await behind(unknown, user.id))
        await self.change(BOB, c.LeaveRoom("c", room))
        self.assertIsNone(await behind(digest, BOB.id))

    async def test_a_link_does_not_let_in_who_is_banned_nor_into_an_archived_room(self) -> None:
        await self.joined(ANN, BOB, CAT)
        room = await self.club(ANN)
        digest = await self.invite(ANN, room, "link", uses=9)
        await self.change(ANN, c.Ban("c", room, BOB.id))
        await self.barred(Code.NOT_FOUND, self.join_invited(BOB, "link"))
        await self.change(ANN, c.ArchiveRoom("c", room, True))
        await self.barred(Code.NOT_FOUND, self.join_invited(CAT, "link"))
        self.assertIsNone(await self.store.changes.invitation(digest, NOW_MS))

    async def test_links_are_taken_back_together_and_bounded(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN)
        for number in range(10):
            await self.invite(ANN, room, f"{number}")
        await self.barred(Code.FORBIDDEN, self.invite(ANN, room, "one too many"))
        await self.join_invited(BOB, "7")
        await self.invite(ANN, room, "one more")
        command = c.RevokeInvites("c", room)
        for good in (10, 0):
            revoked = await self.store.changes.revoke_invites(ANN.id, command, NOW_MS)
            self.assertEqual(revoked, good)
        self.assertIsNone(await self.store.changes.invitation(digest_of("8"), NOW_MS))

    async def test_only_people_one_can_see_are_added(self) -> None:
        await self.joined(ANN, BOB, EVE)
        await self.leave(GENERAL, EVE)
        room = await self.club(ANN)
        for user in (EVE.id, UserId("nobody")):
            await self.barred(Code.NOT_FOUND, self.change(ANN, c.AddMember("c", room, user)))
        added = await self.change(ANN, c.AddMember("c", room, BOB.id))
        self.assertEqual((added.event.author, added.affected), (ANN.id, (BOB.id,)))
        again = await self.change(ANN, c.AddMember("c", room, BOB.id))
        self.assertEqual((again.event, again.duplicate), (added.event, True))
        await self.change(ANN, c.Ban("c", room, BOB.id))
        text = await self.barred(Code.FORBIDDEN, self.change(ANN, c.AddMember("c", room, BOB.id)))
        self.assertIn("banned", text)


class GoingContract(ChangingCase):
    """Leaving, kicks and bans."""

    async def test_whoever_goes_is_gone_with_the_first_event_of_a_new_key(self) -> None:
        await self.joined(ANN, BOB, CAT, DAN)
        room = await self.club(ANN, BOB, CAT, DAN)
        before = await self.revision(BOB)
        left = await self.change(BOB, c.LeaveRoom("c", room))
        removed = await self.change(ANN, c.Kick("c", room, CAT.id))
        banned = await self.change(ANN, c.Ban("c", room, DAN.id))
        self.assertEqual(
            await self.said(room, above=4),
            [
                {"seq": 5, "kind": "left", "user": BOB.id},
                {"seq": 6, "kind": "removed", "user": CAT.id},
                {"seq": 7, "kind": "banned", "user": DAN.id},
            ],
        )
        self.assertEqual(await self.epochs(room), [1, 5, 6, 7])
        self.assertEqual([one.key.first_seq for one in (left, removed, banned)], [5, 6, 7])
        self.assertEqual(left.affected, (BOB.id,))
        self.assertEqual(await self.roles(room), {"ann": "owner"})
        self.assertEqual(await self.revision(BOB), before + 1)
        again = await self.change(BOB, c.LeaveRoom("c", room), left.event.mid)
        self.assertEqual((again.event, again.duplicate), (left.event, True))
        await self.barred(Code.NOT_A_MEMBER, self.change(BOB, c.LeaveRoom("c", room)))

    async def test_the_kicked_may_come_back_and_the_banned_may_not(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, kind="public")
        await self.join(BOB, room)
        await self.change(ANN, c.Kick("c", room, BOB.id))
        await self.join(BOB, room)
        first = await self.change(ANN, c.Ban("c", room, BOB.id))
        again = await self.change(ANN, c.Ban("c", room, BOB.id))
        self.assertEqual((again.event, again.duplicate), (first.event, True))
        await self.barred(Code.NOT_A_MEMBER, self.join(BOB, room))
        await self.change(ANN, c.Unban("c", room, BOB.id))
        await self.barred(Code.NOT_FOUND, self.change(ANN, c.Unban("c", room, BOB.id)))
        await self.join(BOB, room)
        self.assertEqual((await self.said(room))[-2]["kind"], "unbanned")

    async def test_somebody_who_is_not_in_is_banned_without_a_new_key_but_not_kicked(self) -> None:
        await self.joined(ANN, BOB, EVE)
        await self.leave(GENERAL, EVE)
        room = await self.club(ANN, kind="public")
        await self.barred(Code.NOT_FOUND, self.change(ANN, c.Kick("c", room, BOB.id)))
        await self.barred(Code.NOT_FOUND, self.change(ANN, c.Ban("c", room, EVE.id)))
        await self.change(ANN, c.Ban("c", room, BOB.id))
        self.assertEqual((await self.said(room))[-1]["kind"], "banned")
        self.assertEqual(await self.epochs(room), [1])
        await self.barred(Code.NOT_A_MEMBER, self.join(BOB, room))

    async def test_the_links_of_who_was_put_out_work_no_more_and_those_of_others_do(self) -> None:
        await self.joined(ANN, BOB, CAT)
        room = await self.club(ANN, BOB, CAT, kind="public")
        gone = [await self.invite(user, room, user.username) for user in (BOB, CAT)]
        anns = await self.invite(ANN, room, "ann")
        await self.change(ANN, c.Ban("c", room, BOB.id))
        await self.change(ANN, c.Kick("c", room, CAT.id))
        for digest in gone:
            self.assertIsNone(await self.store.changes.invitation(digest, NOW_MS))
        self.assertIsNotNone(await self.store.changes.invitation(anns, NOW_MS))

    async def test_the_last_owner_who_goes_hands_the_room_to_who_has_stood_longest(self) -> None:
        await self.joined(ANN, BOB, CAT, DAN)
        room = await self.club(ANN, BOB, CAT)
        await self.change(ANN, c.AddMember("c", room, DAN.id), now_ms=NOW_MS + 5)
        await self.sql("UPDATE memberships SET joined_ms = joined_ms + 9 WHERE role = 'owner'")
        await self.sql("UPDATE memberships SET joined_ms = 1 WHERE user_id = ?", CAT.id)
        await self.change(ANN, c.SetRole("c", room, DAN.id, "moderator"))
        await self.change(ANN, c.SetRole("c", room, BOB.id, "moderator"))
        for goes, heir, number in ((ANN, BOB, 7), (BOB, DAN, 9), (DAN, CAT, 11)):
            before = await self.revision(heir)
            gone = await self.change(goes, c.LeaveRoom("c", room))
            self.assertEqual(set(gone.affected), {goes.id, heir.id})
            self.assertEqual(await self.revision(heir), before + 1)
            self.assertEqual(
                await self.said(room, above=number - 1),
                [
                    {"seq": number, "kind": "role", "user": heir.id, "role": "owner"},
                    {"seq": number + 1, "kind": "left", "user": goes.id},
                ],
            )
            self.assertEqual((await self.roles(room))[heir.username], "owner")
            self.assertEqual((await self.epochs(room))[-1], number + 1)
        await self.change(CAT, c.LeaveRoom("c", room))
        self.assertEqual(await self.roles(room), {})
        await self.barred(Code.NOT_A_MEMBER, self.join(ANN, room))

    async def test_a_refusal_is_no_trouble_of_the_database_and_changes_nothing(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        told: list[object] = []
        self.patch(self.store.database, "_tell_away", told.append)
        for _ in range(3):
            await self.refused(
                Refused, lambda: self.change(BOB, c.SetRole("c", room, ANN.id, "member"))
            )
        self.assertEqual((told, len(await self.stored(room))), ([], 2))
        await self.store.ping()
