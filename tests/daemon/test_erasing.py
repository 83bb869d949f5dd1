"""Erasing, over real sockets: who is told, what is left, and that nothing holds it up."""

from __future__ import annotations

from tests.support.client import new_id

from .cases import MariaDBCase
from .rooms_case import RoomsCase
from .test_administration import CommandLineCase

NOT = "not_a_member"


class Rooms(RoomsCase, CommandLineCase):
    async def test_a_room_goes_away_for_everybody_with_the_reason(self) -> None:
        ada, eve = await self.people("ada", "eve")
        room = await ada.create_room("Den")
        await ada.add(room, eve)
        await eve.subscribe(room)
        await eve.post("words", room)
        erase = {"type": "erase_room", "room": room, "id": new_id()}
        done = {"type": "done", "id": erase["id"]}
        self.assertEqual(await ada.ask(erase), done)
        for one in (ada, eve):
            self.assertEqual((await one.told("removed", room=room))["reason"], "erased")
        self.assertEqual(self.code(await eve.command("history", room, before=9, limit=9)), NOT)
        self.assertEqual(self.code(await eve.command("erase_room", room)), NOT)
        self.assertEqual(await ada.ask(erase), done)
        again = await self.connect("eve")
        self.assertEqual([one["id"] for one in again.welcome["rooms"]], ["general"])
        await self.until(lambda: "events of" in self.daemon.log())
        self.assertIn(f"{room}: erased", await self.done(self.daemon, "fsck"))

    async def test_the_operator_erases_a_room_beside_the_daemon(self) -> None:
        ada, eve = await self.people("ada", "eve")
        room = await ada.create_room("Den")
        await ada.add(room, eve)
        for number in range(20):
            await eve.post(f"words {number}", room)
        told = await self.done(self.daemon, "admin", "erase-room", room)
        self.assertEqual(told, f"The room {room} is erased.\n")
        for one in (ada, eve):
            self.assertEqual((await one.told("removed", room=room))["reason"], "erased")
        self.assertIn(f"{room}: erased", await self.done(self.daemon, "fsck"))
        await self.done(self.daemon, "admin", "erase-room", room)

    async def test_what_stays_is_refused_in_words(self) -> None:
        ada, eve = await self.people("ada", "eve")
        await self.done(self.daemon, "admin", "grant", "ada")
        self.assertEqual(self.code(await ada.command("erase_room", "general")), "forbidden")
        direct = await ada.direct(eve)
        for room, words in (
            ("general", "belongs to the server"),
            ("reports", "belongs to the server"),
            (direct, "direct messages"),
            ("nowhere", "no room with the id nowhere"),
            ("no room", "no id of a room"),
        ):
            status, output, errors = await self.command(self.daemon, "admin", "erase-room", room)
            self.assertEqual((status, output), (1, ""), room)
            self.assertIn(words, errors)


class OnMariaDB(MariaDBCase, Rooms):
    def setUp(self) -> None:
        MariaDBCase.setUp(self)
        self.daemon = self.on(self.server.fresh_database())
        self.persons = {}

    async def begin_with(self, *names: str) -> None:
        self.daemon.start()
