"""Without any bus: what another process did is found in the database within a few seconds."""

from __future__ import annotations

import sqlite3

from securechat.core.errors import Close
from tests.support.client import Person, Socket
from tests.support.daemon import NO_PACE, DaemonProcess

from .cases import MariaDBCase, ProcessCase

WITHIN_S = 30.0
"""It takes about two seconds, five at most; the machine may be busy."""


class EndedSessions(ProcessCase):
    async def test_a_session_that_somebody_deletes_takes_its_sockets_along(self) -> None:
        daemon = self.new_daemon().start()
        ada, eve = await self.person(daemon, "ada"), await self.person(daemon, "eve")
        sockets = [await ada.chat(), await ada.chat(), await eve.chat()]
        with sqlite3.connect(daemon.data_dir / "securechat.sqlite3", timeout=20) as database:
            sql = "DELETE FROM sessions WHERE user_id = ?"
            self.assertEqual(database.execute(sql, (sockets[0].user_id,)).rowcount, 1)
        await self.until(lambda: sockets[0].ended and sockets[1].ended, WITHIN_S)
        self.assertEqual([one.close_code for one in sockets[:2]], [Close.SESSION_ENDED] * 2)
        await sockets[2].subscribe()
        self.assertFalse(sockets[2].ended)


class TwoDaemons(MariaDBCase):
    """Both on one MariaDB, and no bus between them."""

    def setUp(self) -> None:
        super().setUp()
        self.name = self.server.fresh_database()
        self.here = self.on(self.name, *NO_PACE).start()
        keyring = str(self.here.data_dir / "keyring.json")
        self.there = self.on(self.name, *NO_PACE, "--keyring", keyring).start()

    async def chat(self, daemon: DaemonProcess, name: str) -> tuple[Person, Socket]:
        person = await self.person(daemon, name)
        return person, await person.chat()

    async def test_what_is_stored_by_the_other_is_seen_here(self) -> None:
        _, ada = await self.chat(self.here, "ada")
        _, eve = await self.chat(self.there, "eve")
        for socket in (ada, eve):
            await socket.subscribe()
        for seq in (1, 2):
            self.assertEqual((await eve.post(f"from there {seq}"))["seq"], seq)
        await self.until(lambda: ada.events("general") == [1, 2], WITHIN_S)
        self.assertEqual((await ada.post("from here"))["seq"], 3)
        await self.until(lambda: eve.events("general") == [1, 2, 3], WITHIN_S)
        self.assertEqual(await eve.read(3), "from here")

    async def test_whoever_is_let_in_and_put_out_by_the_other_learns_it_here(self) -> None:
        _, ada = await self.chat(self.here, "ada")
        _, eve = await self.chat(self.there, "eve")
        _, kim = await self.chat(self.here, "kim")
        room = await eve.create_room("den")
        await eve.add(room, ada, kim)
        for socket in (ada, kim):
            await self.until(
                lambda socket=socket: [  # type: ignore[misc]
                    one for one in socket.of("room") if one["room"]["id"] == room
                ],
                WITHIN_S,
            )
            await socket.subscribe(room)
        await eve.done("kick", room, user=ada.user_id)
        after = (await eve.post("after", room))["seq"]
        await self.until(lambda: ada.of("removed") and after in kim.events(room), WITHIN_S)
        self.assertNotIn(after, ada.events(room))
        self.assertEqual(await kim.read(after, room), "after")
