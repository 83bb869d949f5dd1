"""Names, passwords and sessions changed by their owners, against real daemons."""

from __future__ import annotations

import re
import time

from twisted.internet.defer import Deferred

from tests.support.client import PASSWORD, Person, Socket

from .cases import MariaDBCase, ProcessCase
from .several import SeveralCase

NEW = "another long secret"
AT_ONCE_S = 1.0


class ChangingCase(ProcessCase):
    """Somebody with two browsers, each with an open socket."""

    async def both(self, url: str) -> tuple[Person, Person]:
        ada, other = Person(url, "ada"), Person(url, "ada")
        for one in (ada, other):
            self.addCleanup(self._leave, one)
        self.assertEqual(await ada.register(), 303)
        self.assertEqual(await other.log_in(), 303)
        return ada, other

    def _leave(self, person: Person) -> Deferred[None]:
        return Deferred.fromCoroutine(person.leave())

    async def assert_ended(self, *sockets: Socket, since_s: float) -> None:
        for socket in sockets:
            self.assertEqual(await socket.closed, 4401)
        self.assertLess(time.monotonic() - since_s, AT_ONCE_S)

    async def change_password(self, ada: Person, *elsewhere: Socket) -> None:
        """Change it; every socket of before is closed as soon as the answer is there."""
        csrf = await ada.csrf("/settings")
        fields = {"csrf": csrf, "change": "password", "current": PASSWORD}
        status, _ = await ada.submit("/settings", **fields, password=NEW, confirm=NEW)
        answered_s = time.monotonic()
        self.assertEqual(status, 303)
        await self.assert_ended(*elsewhere, since_s=answered_s)

    async def renewed(self, url: str) -> None:
        ada, other = await self.both(url)
        mine, theirs = await ada.chat(), await other.chat()
        old = dict(ada.cookies)
        await self.change_password(ada, mine, theirs)
        self.assertEqual((await other.request("GET", "/session"))[0], 401)
        self.assertEqual((await ada.request("GET", "/session"))[0], 204)
        again = await ada.chat()
        self.assertEqual((await again.post("still here"))["type"], "posted")
        for cookies in (old, other.cookies):
            other.cookies = dict(cookies)
            self.assertEqual((await other.request("GET", "/session"))[0], 401)
            with self.assertRaisesRegex(ConnectionError, "401"):
                await other.connect()
        other.cookies = {}
        self.assertEqual(await other.log_in(), 401)
        self.assertEqual(await other.log_in(NEW), 303)


class Changing(ChangingCase):
    async def test_a_new_password_ends_every_session_and_leaves_this_browser_a_new_one(
        self,
    ) -> None:
        await self.renewed(self.new_daemon().start().url)

    async def test_a_session_that_is_ended_from_the_list_loses_its_sockets_at_once(self) -> None:
        daemon = self.new_daemon().start()
        ada, other = await self.both(daemon.url)
        mine, theirs = await ada.chat(), await other.chat()
        _, _, page = await ada.request("GET", "/settings")
        [reference] = re.findall(r'name="session" value="([^"]+)"', page)
        began_s = time.monotonic()
        status, _ = await ada.submit("/settings", change="session", session=reference)
        self.assertEqual(status, 303)
        await self.assert_ended(theirs, since_s=began_s)
        self.assertEqual((await other.request("GET", "/session"))[0], 401)
        self.assertEqual((await mine.post("still here"))["type"], "posted")
        self.assertNotIn(reference, daemon.log())

    async def test_a_new_name_is_told_to_who_shares_a_room_and_by_every_later_answer(self) -> None:
        daemon = self.new_daemon().start()
        ada, eve = await self.person(daemon, "ada"), await self.person(daemon, "eve")
        mine, theirs = await ada.chat(), await eve.chat()
        stranger = await eve.chat()
        await mine.subscribe()
        await theirs.subscribe()
        status, _ = await ada.submit("/settings", change="name", fullname="Ada King")
        self.assertEqual(status, 303)
        for socket in (mine, theirs):
            frame = await socket.told("person")
            self.assertEqual(frame["person"]["full_name"], "Ada King")
        self.assertEqual(stranger.of("person"), [])
        answer = await theirs.command("people", ids=[mine.user_id])
        self.assertEqual(answer["people"][0]["full_name"], "Ada King")
        self.assertEqual((await ada.chat()).welcome["user"]["full_name"], "Ada King")


class ChangingOnMariaDB(MariaDBCase, ChangingCase):
    async def test_a_new_password_ends_every_session_and_leaves_this_browser_a_new_one(
        self,
    ) -> None:
        await self.renewed(self.on(self.server.fresh_database()).start().url)


class ChangingAtSeveral(SeveralCase, ChangingCase):
    async def test_a_new_name_is_told_and_a_new_password_closes_the_sockets_at_all_daemons(
        self,
    ) -> None:
        self.start(2)
        ada = await self.visitor("ada", 0)
        sockets = []
        for at in range(2):
            self.move(ada, at)
            sockets.append(await ada.chat())
        self.move(ada, 0)
        for socket in sockets:
            await socket.subscribe()
        status, _ = await ada.submit("/settings", change="name", fullname="Ada King")
        self.assertEqual(status, 303)
        for socket in sockets:
            await socket.told("person")
        await self.change_password(ada, *sockets)
