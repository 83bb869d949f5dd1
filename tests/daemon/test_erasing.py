"""Erasing, over real sockets: who is told, what is left, and that nothing holds it up."""

from __future__ import annotations

from twisted.internet.threads import deferToThread

from securechat import keyfile
from securechat.core.keys import RoomKeys
from securechat.core.model import RoomId
from securechat.core.settings import SqliteDatabase
from securechat.store import Store
from tests.store.aging import age_events
from tests.support.client import PASSWORD, new_id

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


class People(RoomsCase, CommandLineCase):
    async def test_an_account_is_deleted_on_its_page_and_others_see_nobody(self) -> None:
        ada, eve = await self.people("ada", "eve")
        room = await ada.create_room("Den")
        await ada.add(room, eve)
        await eve.subscribe(room)
        said = (await ada.post("words of hers", room))["seq"]
        person = self.persons["ada"]
        status, _ = await person.submit("/settings/delete", current="wrong one", written="keep")
        self.assertEqual(status, 422)
        status, _ = await person.submit("/settings/delete", current=PASSWORD, written="erase")
        self.assertEqual(status, 303)
        self.assertEqual(await ada.closed, 4401)
        nobody = {"id": ada.user_id, "username": "", "full_name": ""}
        self.assertEqual((await eve.told("person"))["person"], nobody)
        self.assertEqual((await person.request("GET", "/session"))[0], 401)
        self.assertEqual(await self.stranger(self.daemon, "ada").log_in(), 401)
        self.assertEqual(await self.stranger(self.daemon, "ada").register(), 409)
        kinds = [(await eve.content(seq, room))["kind"] for seq in range(said + 1, said + 4)]
        self.assertEqual(kinds, ["role", "left", "erased"])
        erased = await eve.content(said + 3, room)
        self.assertEqual((erased["targets"], erased["others"]), ([said], []))
        page = await eve.page(room)
        self.assertEqual(page[said - 1]["envelope"]["ciphertext"], "")
        [shown] = (await eve.command("people", ids=[ada.user_id]))["people"]
        self.assertEqual(shown, nobody)
        self.assertIn("all in order", await self.done(self.daemon, "fsck"))

    async def test_the_operator_erases_an_account_and_not_the_last_administrator(self) -> None:
        _, eve = await self.people("ada", "eve")
        await self.done(self.daemon, "admin", "grant", "ada")
        for words, expected in (
            (("erase", "ada"), "last administrator"),
            (("erase", "nobody"), "there is nobody"),
        ):
            status, _, errors = await self.command(self.daemon, "admin", *words)
            self.assertEqual(status, 1)
            self.assertIn(expected, errors)
        await eve.post("words of hers")
        told = await self.done(self.daemon, "admin", "erase", "--messages", "Eve")
        self.assertEqual(told, "The account of eve is erased.\n")
        self.assertEqual(await eve.closed, 4401)
        page = await (await self.connect("ada")).page()
        self.assertEqual(page[0]["envelope"]["ciphertext"], "")
        self.assertIn("all in order", await self.done(self.daemon, "fsck"))
        self.assertIn("all in order", await self.done(self.daemon, "keys", "verify"))


class Retention(RoomsCase, CommandLineCase):
    async def test_what_is_older_than_the_room_keeps_is_gone_at_the_start_and_everybody_is_told(
        self,
    ) -> None:
        ada, eve = await self.people("ada", "eve")
        room = await ada.create_room("Den")
        await ada.add(room, eve)
        for number in range(5):
            await eve.post(f"words {number}", room)
        set_ = await ada.done("set_retention", room, days=1)
        told = await eve.wait_for(
            lambda frame: frame["type"] == "room" and frame["room"]["retention"] == 1
        )
        self.assertEqual(told["room"]["id"], room)
        await eve.post("young words", room)
        await deferToThread(self.daemon.stop)
        await deferToThread(self.grow_old, room, set_["seq"])
        self.daemon.start()
        ada = await self.connect("ada")
        await ada.subscribe(room)
        await self.until(lambda: "texts are erased: retention" in self.daemon.log())
        said = [
            ada.open(entry, room) if entry["envelope"]["ciphertext"] else None
            for entry in await ada.page(room)
        ]
        # created, joined, five texts, retention, the young one, and what says so.
        self.assertEqual(said[2:7], [None] * 5)
        self.assertEqual(said[7], {"kind": "retention", "days": 1})
        self.assertEqual(said[8]["body"] if said[8] else None, "young words")
        self.assertEqual(said[9], {"kind": "expired", "up_to": 8})
        self.assertIn("all in order", await self.done(self.daemon, "fsck"))

    def grow_old(self, room: str, last: int) -> None:
        """The room's events up to ``last`` are sealed anew as two days ago."""
        data = self.daemon.data_dir
        store = Store(SqliteDatabase(data / "securechat.sqlite3"))
        keys = RoomKeys(keyfile.read(data / "keyring.json"))
        age_events(store, keys, RoomId(room), last, 2 * 86_400_000)


class OnMariaDB(MariaDBCase, Rooms):
    def setUp(self) -> None:
        MariaDBCase.setUp(self)
        self.daemon = self.on(self.server.fresh_database())
        self.persons = {}

    async def begin_with(self, *names: str) -> None:
        self.daemon.start()
