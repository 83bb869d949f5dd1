"""What every database promises about what is erased as a whole."""

from __future__ import annotations

from securechat.core import commands as c
from securechat.core.erasing import STEP_EVENTS
from securechat.core.errors import Code
from securechat.core.model import GENERAL, REPORTS, Rejected, digest_of
from securechat.core.ports import RoomErased, RoomsChanged
from tests.store.erasing_case import CANARY, ErasingCase
from tests.store.sealing import NOW_MS, draft, person

ANN, BOB, EVE = person("ann"), person("bob"), person("eve")


class RoomsContract(ErasingCase):
    """A room is erased: nothing of it opens from the first step on, then the rest goes."""

    async def test_from_the_first_step_on_nothing_opens_and_nobody_is_there(self) -> None:
        await self.joined(ANN, BOB, EVE)
        room, other = await self.club(ANN, BOB, EVE), await self.club(BOB)
        await self.talk(ANN, room, 30)
        await self.talk(BOB, other, 5, "what stays")
        await self.invite(ANN, room, "in")
        before = await self.revision(EVE)
        self.assertEqual(await self.canaries(), 30)
        members = await self.store.erasures.erase_room(ANN.id, room, NOW_MS)
        self.assertEqual(set(members), {ANN.id, BOB.id, EVE.id})
        self.assertEqual((await self.canaries(), await self.canaries("what stays")), (0, 5))
        self.assertEqual(await self.revision(EVE), before + 1)
        self.assertEqual(await self.roles(room), {})
        self.assertIsNone(await self.store.rooms.room_of(ANN.id, room))
        self.assertIsNone(await self.store.changes.invitation(digest_of("in"), NOW_MS))
        self.assertEqual(await self.store.rooms.erased([room, other, GENERAL]), {room})
        row = await self.sql("SELECT name, topic, kind FROM rooms WHERE id = ?", room)
        self.assertEqual([tuple(one) for one in row], [("", "", "erased")])
        await self.assert_in_order()

    async def test_step_by_step_every_row_of_it_goes_and_whatever_is_broken_off_goes_on(
        self,
    ) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        await self.talk(ANN, room, 2 * STEP_EVENTS, f"{CANARY} for @bob")
        said = await self.say(ANN, room, "+", kind="reaction", target=5)
        await self.change(ANN, c.Ban("c", room, BOB.id))
        await self.store.erasures.erase_room(ANN.id, room, NOW_MS)
        counts = []
        while await self.store.erasures.under_way():
            store = await self.reopened()
            await self.assert_in_order()
            counts.append(await store.erasures.clear_room(room, NOW_MS))
        self.assertEqual(counts, [STEP_EVENTS, STEP_EVENTS, said + 1 - 2 * STEP_EVENTS])
        for table in ("events", "annotations", "mentions", "bans", "mutes", "memberships"):
            rows = await self.sql(f"SELECT 1 FROM {table} WHERE room_id = ?", room)
            self.assertEqual(rows, [], table)
        self.assertIn(f"{room}: erased", await self.assert_in_order())

    async def test_the_whole_of_it_is_told_and_counted(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        await self.talk(BOB, room, 10)
        erasure = self.erasure()
        await erasure.erase_room(ANN.id, room)
        await erasure.done()
        self.assertEqual(await self.store.erasures.under_way(), [])
        [erased, *changed] = self.bus.news
        self.assertEqual(erased, RoomErased(room))
        self.assertEqual(set(changed), {RoomsChanged(ANN.id), RoomsChanged(BOB.id)})
        counted = self.metrics.registry.get_sample_value(
            "securechat_erased_events_total", {"why": "room"}
        )
        self.assertEqual(counted, 12)

    async def test_only_an_owner_may_and_the_same_again_is_done(self) -> None:
        await self.joined(ANN, BOB, EVE)
        room = await self.club(ANN, BOB)
        erase = self.store.erasures.erase_room
        await self.barred(Code.FORBIDDEN, erase(BOB.id, room, NOW_MS))
        await self.barred(Code.NOT_A_MEMBER, erase(EVE.id, room, NOW_MS))
        await self.change(ANN, c.ArchiveRoom("c", room, True))
        self.assertEqual(len(await erase(ANN.id, room, NOW_MS)), 2)
        self.assertEqual(await erase(ANN.id, room, NOW_MS), ())
        await self.barred(Code.NOT_A_MEMBER, erase(BOB.id, room, NOW_MS))
        await self.barred(Code.NOT_A_MEMBER, self.change(ANN, c.LeaveRoom("c", room)))
        self.assertEqual(await erase(None, room, NOW_MS), ())

    async def test_the_servers_own_rooms_and_direct_messages_stay(self) -> None:
        await self.joined(ANN, BOB)
        await self.make_administrator(ANN)
        await self.store.administration.grant("ann")
        direct = (await self.create(ANN, "direct", people=(ANN, BOB))).room
        for room in (GENERAL, REPORTS, direct):
            for actor in (ANN.id, None):
                erase = self.store.erasures.erase_room(actor, room, NOW_MS)
                await self.barred(Code.FORBIDDEN, erase)
        erase = self.store.erasures.erase_room(None, self.mid(), NOW_MS)  # type: ignore[arg-type]
        await self.barred(Code.NOT_FOUND, erase)
        self.assertEqual(await self.store.erasures.under_way(), [])

    async def test_nobody_comes_back_and_nothing_is_written_there_any_more(self) -> None:
        await self.joined(ANN, BOB)
        made = await self.create(ANN, "public")
        room = made.room
        await self.change(ANN, c.AddMember("c", room, BOB.id))
        # Both are remembered as members with the room's newest key.
        await self.say(BOB, room, "before")
        await self.say(ANN, room, "before too")
        await self.store.erasures.erase_room(ANN.id, room, NOW_MS)
        refused = await self.store.events.append([draft(BOB, "after", room)], self.sealer)
        self.assertEqual(refused, [Rejected("not_a_member")])
        await self.barred(Code.NOT_A_MEMBER, self.join(BOB, room))
        again = self.create(ANN, "public", room=room, mid=made.event.mid)
        await self.barred(Code.BAD_COMMAND, again)
        found = await self.store.rooms.find(ANN.id, "", "", 50)
        self.assertEqual([one.id for one in found], [GENERAL])

    async def test_a_key_or_a_member_of_an_erased_room_is_complained_of(self) -> None:
        await self.joined(ANN)
        room = await self.club(ANN)
        [key] = [tuple(row) for row in await self.sql("SELECT * FROM room_keys")]
        await self.store.erasures.erase_room(ANN.id, room, NOW_MS)
        await self.sql("INSERT INTO room_keys VALUES (?, ?, ?, ?, ?, ?)", *key)
        await self.enter(room, ANN)
        self.assertEqual(
            await self.complaints(),
            [f"{room}: is erased, and has keys", f"{room}: is erased, and has members"],
        )
