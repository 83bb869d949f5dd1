"""What every database promises about people and their sessions."""

from __future__ import annotations

from dataclasses import replace

from securechat.core import commands as c
from securechat.core.errors import Code, NameTaken
from securechat.core.model import (
    GENERAL,
    Changed,
    PasswordHash,
    Person,
    RoomId,
    SessionDigest,
    User,
    UserId,
    digest_of,
)
from securechat.store.faults import Conflict
from tests.store.cases import StoreCase
from tests.store.changing import HOUR_MS, ChangingCase
from tests.store.sealing import NOW_MS, CheapSealer, draft, id_of, password, person, session

ANN, BOB, EVE = person("ann"), person("bob"), person("eve")

HOSTILE_NAMES = (
    "\U0001f9d1\u200d\U0001f680" * 80,
    "O'Brien \"; DROP TABLE users; -- %s ? \\ \\' {} :x",
    "nul\x00 in the middle",
    "\u202eright to left\u202c עברית",
    "trailing space ",
    "ß İ ı ﬀ ñ n\u0303",
)


class AccountsContract(StoreCase):
    """Registering, names, credentials."""

    async def test_who_registers_is_in_general_with_a_session(self) -> None:
        await self.joined(ANN)
        self.assertEqual(await self.store.accounts.session(session(ANN).digest), session(ANN))
        self.assertEqual([r.id for r in await self.store.rooms.rooms_of(ANN.id)], [GENERAL])
        self.assertEqual(await self.store.accounts.credentials("ann"), (ANN, password()))

    async def test_unknown_names_and_sessions_are_none(self) -> None:
        await self.joined(ANN)
        for name in ("bob", "ANN", "ann ", "ann\x00", "änn", "", "' OR 1=1 -- "):
            self.assertIsNone(await self.store.accounts.credentials(name), name)
        self.assertIsNone(await self.store.accounts.session(SessionDigest(b"\x00" * 32)))

    async def test_a_taken_name_leaves_nothing_behind(self) -> None:
        await self.joined(ANN)
        second = replace(ANN, id=UserId(id_of("second ann")))
        other = session(second, "other")
        await self.refused(
            NameTaken, lambda: self.store.accounts.add_user(second, password(), other)
        )
        self.assertIsNone(await self.store.accounts.session(other.digest))
        [room] = await self.store.rooms.rooms_of(ANN.id)
        self.assertEqual(room.members, 1)

    async def test_only_the_name_makes_a_name_taken(self) -> None:
        await self.joined(ANN)
        same_id = replace(BOB, id=ANN.id)
        await self.refused(
            Conflict, lambda: self.store.accounts.add_user(same_id, password(), session(same_id))
        )
        same_session = session(ANN)
        await self.refused(
            Conflict, lambda: self.store.accounts.add_user(BOB, password(), same_session)
        )
        self.assertIsNone(await self.store.accounts.credentials("bob"))

    async def test_hostile_full_names_come_back_as_they_were(self) -> None:
        for number, name in enumerate(HOSTILE_NAMES):
            user = person(f"user{number}", name)
            await self.joined(user)
            stored = await self.store.accounts.credentials(user.username)
            assert stored is not None
            self.assertEqual(stored[0], user)
            [seen] = await self.store.accounts.people(user.id, [user.id])
            self.assertEqual(seen, Person(user.id, user.username, name))

    async def test_people_are_those_who_share_or_wrote_in_my_rooms(self) -> None:
        gone, far = person("gone"), person("far")
        everyone = (ANN, BOB, EVE, gone, far)
        await self.joined(*everyone)
        room = await self.room("room", ANN, BOB, gone)
        await self.room("elsewhere", far)
        await self.store.events.append([draft(gone, "bye", room)], CheapSealer())
        await self.leave(room, gone)
        for user in (BOB, EVE, gone, far):
            await self.leave(GENERAL, user)
        ids = [user.id for user in everyone] + [UserId("nobody")]
        seen = await self.store.accounts.people(ANN.id, ids)
        self.assertEqual({person.username for person in seen}, {"ann", "bob", "gone"})
        self.assertEqual(await self.store.accounts.people(EVE.id, ids), [])
        self.assertEqual(await self.store.accounts.people(ANN.id, []), [])
        self.assertEqual(await self.store.accounts.people(ANN.id, [far.id, EVE.id]), [])

    async def test_a_name_is_seen_in_the_rooms_that_somebody_is_in_or_wrote_in(self) -> None:
        await self.joined(ANN, BOB)
        own, left = await self.room("own", ANN), await self.room("left", ANN, BOB)
        silent = await self.room("silent", ANN, BOB)
        await self.store.events.append([draft(ANN, "bye", left)], CheapSealer())
        for room in (left, silent):
            await self.leave(room, ANN)
        asked = [GENERAL, own, left, silent, RoomId("nowhere")]
        found = await self.store.accounts.seen_in(ANN.id, asked)
        called = Person(ANN.id, ANN.username, ANN.full_name)
        self.assertEqual(found, (called, {GENERAL: 0, own: 0, left: 1}))
        self.assertEqual(await self.store.accounts.seen_in(ANN.id, []), (called, {}))
        self.assertIsNone(await self.store.accounts.seen_in(UserId("nobody"), asked))


class SessionsContract(StoreCase):
    """Sessions begin, are used, and end."""

    async def test_use_moves_forward_and_never_back(self) -> None:
        await self.joined(ANN)
        digest = session(ANN).digest
        for seen_ms, expected_ms in ((NOW_MS + 5, 5), (NOW_MS + 2, 5), (NOW_MS + 9, 9)):
            await self.store.accounts.touch_session(digest, seen_ms)
            found = await self.store.accounts.session(digest)
            assert found is not None
            self.assertEqual(found.seen_ms, NOW_MS + expected_ms)

    async def test_an_ended_session_is_unknown_and_the_others_stay(self) -> None:
        await self.joined(ANN)
        other = session(ANN, "other")
        await self.store.accounts.add_session(other)
        await self.store.accounts.end_session(session(ANN).digest)
        await self.store.accounts.end_session(session(ANN).digest)
        self.assertIsNone(await self.store.accounts.session(session(ANN).digest))
        self.assertEqual(await self.store.accounts.session(other.digest), other)

    async def test_old_and_idle_sessions_end_together(self) -> None:
        await self.joined(ANN)
        made = {
            "old": replace(session(ANN, "old"), created_ms=10, seen_ms=100),
            "idle": replace(session(ANN, "idle"), created_ms=50, seen_ms=60),
            "fine": replace(session(ANN, "fine"), created_ms=50, seen_ms=100),
        }
        for one in made.values():
            await self.store.accounts.add_session(one)
        self.assertEqual(await self.store.accounts.end_sessions_before(50, 100), 2)
        self.assertEqual(await self.store.accounts.session(made["fine"].digest), made["fine"])
        self.assertIsNone(await self.store.accounts.session(made["old"].digest))

    async def test_a_session_begins_only_while_the_password_is_the_one_that_was_checked(
        self,
    ) -> None:
        await self.joined(ANN)
        accounts, administration = self.store.accounts, self.store.administration
        self.assertTrue(await accounts.add_session(session(ANN, "checked"), password()))
        digest, renewed = digest_of("link"), PasswordHash(b"$2b$04$renewed", 1)
        await administration.add_reset("ann", digest, NOW_MS + HOUR_MS)
        self.assertIsNotNone(await administration.use_reset(digest, renewed, NOW_MS))
        other_root = replace(renewed, root_id=2)
        for late, proof in (("old", password()), ("root", other_root)):
            self.assertFalse(await accounts.add_session(session(ANN, late), proof))
            self.assertIsNone(await accounts.session(session(ANN, late).digest))
        self.assertTrue(await accounts.add_session(session(ANN, "new"), renewed))

    async def test_a_session_of_nobody_is_refused(self) -> None:
        await self.refused(Conflict, lambda: self.store.accounts.add_session(session(EVE)))
        self.assertFalse(await self.store.accounts.add_session(session(EVE), password()))


class LivingContract(ChangingCase):
    """Which sessions are alive, and whether their people's rooms are as known."""

    async def test_sessions_that_live_are_told_with_their_persons_revision(self) -> None:
        await self.joined(ANN, BOB)
        second = session(ANN, "second")
        await self.store.accounts.add_session(second)
        asked = [session(ANN).digest, second.digest, session(BOB).digest, session(EVE).digest]
        living = self.store.accounts.living
        self.assertEqual(await living(asked), dict.fromkeys(asked[:3], 0))
        room = await self.club(ANN)
        self.assertEqual(await living(asked), {asked[0]: 1, asked[1]: 1, asked[2]: 0})
        await self.change(ANN, c.AddMember("c", room, BOB.id))
        await self.store.accounts.end_session(asked[0])
        self.assertEqual(await living(asked), {asked[1]: 1, asked[2]: 1})
        self.assertEqual(await living([]), {})

    async def test_any_number_of_sessions_is_asked_for_at_once(self) -> None:
        await self.joined(ANN)
        sessions = [session(ANN, f"{number}") for number in range(60)]
        for one in sessions:
            await self.store.accounts.add_session(one)
        unknown = [digest_of(f"unknown {number}") for number in range(2_000)]
        asked = [*unknown[:1_000], *(one.digest for one in sessions), *unknown] * 2
        found = await self.store.accounts.living(asked)
        self.assertEqual(found, {one.digest: 0 for one in sessions})


class InvitedContract(ChangingCase):
    """A link that registers."""

    async def register(self, user: User, token: str, at_ms: int = NOW_MS) -> Changed:
        return await self.store.accounts.add_invited_user(
            user,
            password(),
            session(user, at_ms=at_ms),
            digest_of(token),
            self.mid(),
            self.sealer,
        )

    async def test_an_invited_newcomer_is_in_general_and_in_the_room_of_the_link(self) -> None:
        await self.joined(ANN)
        room = await self.club(ANN, history="joined")
        await self.say(ANN, room, "before")
        await self.invite(ANN, room, "link", uses=2)
        entered = await self.register(BOB, "link")
        self.assertEqual((entered.room, entered.event.seq, entered.affected), (room, 3, (BOB.id,)))
        self.assertEqual(entered.key.first_seq, 3)
        self.assertEqual(await self.roles(room), {"ann": "owner", "bob": "member"})
        self.assertEqual(sorted(await self.roles(GENERAL)), ["ann", "bob"])
        self.assertEqual(await self.store.accounts.session(session(BOB).digest), session(BOB))
        await self.register(EVE, "link")
        await self.barred(Code.NOT_FOUND, self.register(person("late"), "link"))

    async def test_a_link_that_is_not_good_registers_nobody(self) -> None:
        await self.joined(ANN)
        room = await self.club(ANN)
        await self.invite(ANN, room, "link")
        for token, at_ms in (("other", NOW_MS), ("link", NOW_MS + HOUR_MS)):
            await self.barred(Code.NOT_FOUND, self.register(BOB, token, at_ms))
            self.assertIsNone(await self.store.accounts.credentials("bob"))
            self.assertIsNone(await self.store.accounts.session(session(BOB).digest))
        self.assertEqual(list(await self.roles(GENERAL)), ["ann"])

    async def test_a_taken_name_takes_no_use_of_the_link(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN)
        await self.invite(ANN, room, "link")
        second = replace(BOB, id=UserId(id_of("second bob")))
        await self.refused(NameTaken, lambda: self.register(second, "link"))
        await self.register(EVE, "link")
        self.assertEqual(await self.roles(room), {"ann": "owner", "eve": "member"})

    async def test_a_link_to_general_registers_as_well(self) -> None:
        await self.joined(ANN)
        await self.invite(ANN, GENERAL, "link")
        entered = await self.register(BOB, "link")
        self.assertEqual((entered.room, entered.event.seq), (GENERAL, 1))
        self.assertEqual(sorted(await self.roles(GENERAL)), ["ann", "bob"])
        await self.barred(Code.NOT_FOUND, self.register(EVE, "link"))
