"""What every database promises about rooms as their members see them."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from securechat.core.errors import Code, Refused
from securechat.core.model import (
    GENERAL,
    MOST_UNREAD,
    Asking,
    Member,
    Person,
    PublicRoom,
    Reading,
    ReadMark,
    RoomId,
    Sight,
    UserId,
)
from securechat.core.rights import Rank, Standing
from securechat.store import log, notices, unread
from securechat.store.transaction import Transaction
from tests.store.cases import StoreCase
from tests.store.sealing import NOW_MS, CheapSealer, draft, person

ANN, BOB, CAT, EVE = person("ann"), person("bob"), person("cat"), person("eve")


class RoomsContract(StoreCase):
    """Rooms, members, and who is found."""

    async def test_a_room_is_shown_as_its_member_sees_it(self) -> None:
        await self.joined(ANN)
        room = await self.room("club", ANN)
        await self.sql("UPDATE rooms SET history = 'joined', archived = 1, topic = 't'")
        await self.sql(
            "UPDATE memberships SET role = 'owner', since_seq = 3 WHERE room_id = 'club'"
        )
        shown = await self.store.rooms.room_of(ANN.id, room)
        assert shown is not None
        self.assertEqual(
            (shown.role, shown.history, shown.archived, shown.since_seq, shown.topic),
            ("owner", "joined", True, 3, "t"),
        )
        self.assertEqual((shown.unread, shown.mentions, shown.people), (0, 0, ()))

    async def test_direct_rooms_name_their_people(self) -> None:
        await self.joined(ANN, BOB, CAT)
        rooms = [
            await self.room(f"d{n}", ANN, *more) for n, more in enumerate(((BOB,), (BOB, CAT)))
        ]
        await self.sql("UPDATE rooms SET kind = 'direct' WHERE id IN ('d0', 'd1')")
        for room, people in zip(rooms, ((ANN, BOB), (ANN, BOB, CAT)), strict=True):
            shown = await self.store.rooms.room_of(ANN.id, room)
            assert shown is not None
            self.assertEqual(shown.people, tuple(sorted(one.id for one in people)))
        shown_all = await self.store.rooms.rooms_of(ANN.id)
        together = await self.store.rooms.belongings([ANN.id, UserId("nobody")])
        self.assertEqual(list(together), [ANN.id])
        self.assertEqual(list(together[ANN.id].rooms), shown_all)
        self.assertEqual([len(one.people) for one in shown_all], [2, 3, 0])

    async def test_a_place_is_where_somebody_stands(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.room("club", ANN)
        for until_ms, known_ms in ((0, 0), (-1, None), (NOW_MS, NOW_MS)):
            await self.sql(
                "UPDATE memberships SET role = 'moderator', muted_until_ms = ? WHERE room_id = ?",
                until_ms,
                room,
            )
            place = await self.store.rooms.place_of(ANN.id, room)
            assert place is not None
            self.assertEqual(place.standing, Standing(ANN.id, "member", "moderator", known_ms))
            self.assertEqual((place.kind, place.archived, place.last_seq), ("private", False, 0))
        await self.sql("UPDATE users SET role = 'administrator' WHERE id = ?", ANN.id)
        place = await self.store.rooms.place_of(ANN.id, room)
        assert place is not None
        self.assertEqual(place.standing.rank, Rank.ADMINISTRATOR)
        for user, where in ((BOB, room), (ANN, RoomId("nowhere"))):
            self.assertIsNone(await self.store.rooms.place_of(user.id, where))

    async def test_members_are_listed_page_by_page_to_members_alone(self) -> None:
        people = [person(f"user{n}") for n in range(5)]
        await self.joined(*people, EVE)
        room = await self.room("club", *people)
        await self.sql(
            "UPDATE memberships SET role = 'owner', muted_until_ms = -1 WHERE user_id = ?",
            people[0].id,
        )
        names: list[str] = []
        while page := await self.store.rooms.members(
            people[1].id, room, names[-1] if names else "", 2
        ):
            names += [member.person.username for member in page]
        self.assertEqual(names, [f"user{n}" for n in range(5)])
        first = await self.store.rooms.members(people[1].id, room, "", 1)
        boss = Person(people[0].id, "user0", "User0")
        self.assertEqual(first, [Member(boss, "owner", None)])
        for where in (room, RoomId("nowhere")):
            self.assertIsNone(await self.store.rooms.members(EVE.id, where, "", 2))

    async def test_the_banned_are_listed_to_moderators_alone(self) -> None:
        await self.joined(ANN, BOB, CAT, EVE)
        room = await self.room("club", ANN, BOB)
        await self.sql("UPDATE memberships SET role = 'moderator' WHERE user_id = ?", ANN.id)
        for one in (CAT, EVE):
            await self.ban(room, one.id)
        cat = Member(Person(CAT.id, "cat", "Cat"), "member", 0)
        self.assertEqual(await self.store.rooms.banned(ANN.id, room, "", 1), [cat])
        after = await self.store.rooms.banned(ANN.id, room, "cat", 9)
        assert after is not None
        self.assertEqual([one.person.username for one in after], ["eve"])
        self.assertIsNone(await self.store.rooms.banned(CAT.id, room, "", 1))
        try:
            await self.store.rooms.banned(BOB.id, room, "", 1)
        except Refused as refused:
            self.assertEqual(refused.code, Code.FORBIDDEN)
        else:
            self.fail("not refused")

    async def test_public_rooms_are_found_by_any_part_of_their_name(self) -> None:
        await self.joined(ANN, BOB)
        names = ("100% fun", "100x fun", "a_b", "axb", "wow!", "back\\slash", "Zebra", "it's ?")
        for n, name in enumerate(names):
            await self.public(f"r{n}", name)
        await self.enter(RoomId("r0"), ANN)
        for text, found in {
            "100%": ["100% fun"],
            "_": ["a_b"],
            "!": ["wow!"],
            "\\": ["back\\slash"],
            "ZEB": ["Zebra"],
            "'s ?": ["it's ?"],
            "nothing": [],
            "GENERAL": ["general"],
        }.items():
            rooms = await self.store.rooms.find(ANN.id, text, "", 50)
            self.assertEqual([room.name for room in rooms], found, text)
        self.assertEqual(
            await self.store.rooms.find(ANN.id, "100", "", 9),
            [
                PublicRoom(RoomId("r0"), "100% fun", "", 1, True),
                PublicRoom(RoomId("r1"), "100x fun", "", 0, False),
            ],
        )

    async def test_only_open_public_rooms_that_do_not_ban_the_viewer_are_found(self) -> None:
        await self.joined(ANN, BOB)
        await self.room("private", ANN)
        for name in ("p1", "p2", "p3", "p4"):
            await self.public(name, name)
        await self.sql("UPDATE rooms SET archived = 1 WHERE id = 'p2'")
        await self.ban(RoomId("p3"), ANN.id)

        async def found(after: str = "", limit: int = 50) -> list[str]:
            return [room.id for room in await self.store.rooms.find(ANN.id, "", after, limit)]

        self.assertEqual(await found(), ["general", "p1", "p4"])
        self.assertEqual(await found(limit=2), ["general", "p1"])
        self.assertEqual(await found(after="p1"), ["p4"])

    async def test_heads_of_any_number_of_rooms(self) -> None:
        await self.joined(ANN)
        room = await self.room("club", ANN)
        await self.store.events.append([draft(ANN, f"{n}", room) for n in range(3)], CheapSealer())
        many = [RoomId(f"unknown{n}") for n in range(1_500)]
        heads = await self.store.rooms.heads([room, *many, GENERAL])
        self.assertEqual(heads, {room: 3, GENERAL: 0})
        self.assertEqual(await self.store.rooms.heads([]), {})

    async def public(self, room: str, name: str) -> None:
        await self.room(room)
        await self.sql("UPDATE rooms SET kind = 'public', name = ? WHERE id = ?", name, room)

    async def ban(self, room: RoomId, user: str) -> None:
        await self.sql(
            "INSERT INTO bans (room_id, user_id, author_id, created_ms) VALUES (?, ?, ?, 0)",
            room,
            user,
            user,
        )


class UnreadContract(StoreCase):
    """What is left to read."""

    async def post(self, *texts: str, **kinds: object) -> None:
        drafts = [draft(ANN, text, **kinds) for text in texts]  # type: ignore[arg-type]
        await self.store.events.append(drafts, CheapSealer())

    async def counted(self, room: RoomId = GENERAL) -> tuple[int, int]:
        shown = await self.store.rooms.room_of(BOB.id, room)
        assert shown is not None
        [same] = [one for one in await self.store.rooms.rooms_of(BOB.id) if one.id == room]
        self.assertEqual(shown, same)
        return shown.unread, shown.mentions

    async def test_others_messages_are_unread_and_what_is_about_them_is_not(self) -> None:
        await self.joined(ANN, BOB)
        await self.post("a", "b", "c")
        await self.post("d", kind="reply", target=1)
        await self.post("e", kind="edit", target=1)
        await self.post("f", kind="reaction", target=1)
        await self.store.events.append([draft(BOB, "mine")], CheapSealer())
        self.assertEqual(await self.counted(), (4, 0))
        await self.store.database.write("d", lambda tx: notices.destroy(tx, GENERAL, [2]))
        self.assertEqual(await self.counted(), (3, 0))

    async def test_calls_are_counted_until_they_are_read_or_destroyed(self) -> None:
        await self.joined(ANN, BOB)
        for text in "abcd":
            await self.post(text, names=("bob",))
        self.assertEqual(await self.counted(), (4, 4))
        await self.store.database.write("d", lambda tx: notices.destroy(tx, GENERAL, [3]))
        self.assertEqual(await self.counted(), (3, 3))
        mark = await self.read(BOB.id, GENERAL, 2)
        self.assertEqual(mark, ReadMark(GENERAL, 2, 1, 1))
        self.assertEqual(await self.counted(), (1, 1))

    async def read(self, user: UserId, room: RoomId, seq: int) -> ReadMark | None:
        """Move one mark."""
        [mark] = await self.store.rooms.read_to([Reading(user, room, seq)])
        return mark

    async def test_many_marks_move_at_once_in_one_transaction(self) -> None:
        await self.joined(ANN, BOB)
        await self.post("a", "b", "c")
        readings = [
            Reading(user, GENERAL, seq) for user, seq in ((BOB.id, 2), (EVE.id, 1), (ANN.id, 3))
        ]
        writes: list[str] = []
        write = self.store.database.write

        def counted(name: str, work: Callable[[Transaction], None]) -> Deferred[None]:
            writes.append(name)
            return write(name, work)

        self.patch(self.store.database, "write", counted)
        marks = await self.store.rooms.read_to(readings)
        self.assertEqual(marks, [ReadMark(GENERAL, 2, 1, 0), None, ReadMark(GENERAL, 3, 0, 0)])
        self.assertEqual(writes, ["read_to"])

    async def test_nothing_is_unread_that_cannot_be_seen(self) -> None:
        await self.joined(ANN, BOB)
        await self.post("a", "b", "c", names=("bob",))
        await self.sql("UPDATE memberships SET since_seq = 2 WHERE user_id = ?", BOB.id)
        self.assertEqual(await self.counted(), (1, 1))

    async def test_a_read_mark_never_goes_back_nor_past_the_newest(self) -> None:
        await self.joined(ANN, BOB)
        await self.post("a", "b", "c")
        for seq, read_seq, left in ((0, 0, 3), (-5, 0, 3), (2, 2, 1), (1, 2, 1), (99, 3, 0)):
            mark = await self.read(BOB.id, GENERAL, seq)
            self.assertEqual(mark, ReadMark(GENERAL, read_seq, left, 0))
        await self.post("d")
        self.assertEqual(await self.counted(), (1, 0))
        self.assertIsNone(await self.read(EVE.id, GENERAL, 1))
        self.assertIsNone(await self.read(BOB.id, RoomId("nowhere"), 1))

    async def test_a_read_mark_that_stays_asks_nothing_of_the_writer(self) -> None:
        await self.joined(ANN, BOB)
        await self.post("a")
        await self.read(BOB.id, GENERAL, 1)
        self.patch(self.store.database, "write", None)
        mark = await self.read(BOB.id, GENERAL, 1)
        self.assertEqual(mark, ReadMark(GENERAL, 1, 0, 0))

    async def test_counting_ends_at_a_hundred_and_looks_at_the_newest(self) -> None:
        await self.joined(ANN, BOB)
        await self.post(*(f"{n}" for n in range(MOST_UNREAD + 20)))
        self.assertEqual(await self.counted(), (MOST_UNREAD, 0))
        self.patch(unread, "WINDOW_EVENTS", 30)
        self.assertEqual(await self.counted(), (30, 0))

    async def test_many_rooms_take_few_statements_and_read_ones_none(self) -> None:
        await self.joined(ANN, BOB)
        rooms = [await self.room(f"room{n}", ANN, BOB) for n in range(120)]
        for n, room in enumerate(rooms):
            await self.store.events.append([draft(ANN, f"{n}", room)], CheapSealer())
        asked = self.statements()
        shown = await self.store.rooms.rooms_of(BOB.id)
        self.assertEqual(sum(room.unread for room in shown), 120)
        self.assertLessEqual(len(asked), 4)
        await self.sql("UPDATE memberships SET read_seq = 1")
        asked.clear()
        shown = await self.store.rooms.rooms_of(BOB.id)
        self.assertEqual((len(shown), len(asked)), (121, 1))

    def statements(self) -> list[str]:
        """Grows with every statement."""
        asked: list[str] = []
        run = Transaction.run

        def noted(tx: Transaction, sql: str, *values: object) -> int:
            asked.append(sql)
            return run(tx, sql, *values)

        self.patch(Transaction, "run", noted)
        return asked


class NewcomerContract(StoreCase):
    """Who sees only what followed is given no key of what was before."""

    async def test_no_key_of_what_was_before_is_handed_out(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.room("club", ANN)
        await self.store.events.append([draft(ANN, f"{n}", room) for n in range(5)], CheapSealer())

        def come_in(tx: Transaction) -> None:
            tx.one(log.HEAD + tx.for_update, room)
            tx.run(
                "INSERT INTO memberships (room_id, user_id, role, read_seq, since_seq, joined_ms)"
                " VALUES (?, ?, 'member', 5, 5, 0)",
                room,
                BOB.id,
            )
            one = draft(BOB, "joined", room, kind="joined")
            notices.append_notice(tx, one, CheapSealer(), fresh_epoch=True)

        await self.store.database.write("join", come_in)
        await self.store.events.append([draft(ANN, "later", room)], CheapSealer())
        for page in (
            await self.store.events.after(BOB.id, room, 0, 50),
            await self.store.events.before(BOB.id, room, 99, 50),
        ):
            assert page is not None
            self.assertEqual([event.seq for event in page.events], [6, 7])
            self.assertEqual(([key.epoch for key in page.keys], page.since_seq), ([2], 5))
        glance = (await self.store.events.glance({room: Asking((BOB.id,), 5, None)}, 50, 50))[room]
        self.assertEqual(glance.sights, {BOB.id: Sight(7, 1, 5)})
        self.assertEqual([key.epoch for key in glance.keys], [2])
