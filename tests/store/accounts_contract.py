"""What every database promises about people and their sessions."""

from __future__ import annotations

from dataclasses import replace

from securechat.core.errors import NameTaken
from securechat.core.model import GENERAL, Person, SessionDigest, UserId
from securechat.store.faults import Conflict
from tests.store.cases import StoreCase
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

    async def test_a_session_of_nobody_is_refused(self) -> None:
        await self.refused(Conflict, lambda: self.store.accounts.add_session(session(EVE)))
