"""Invite links against a real daemon: who comes in, and what is told nowhere."""

from __future__ import annotations

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread

from tests.support.client import PASSWORD, Person
from tests.support.daemon import DaemonProcess

from .cases import MariaDBCase, ProcessCase


def form(name: str) -> dict[str, str]:
    """The fields of somebody who registers."""
    return {
        "fullname": name.title(),
        "username": name,
        "password": PASSWORD,
        "confirm": PASSWORD,
    }


class Invited(ProcessCase):
    async def test_a_stranger_registers_joins_and_talks_and_the_log_has_no_token(self) -> None:
        daemon = self.new_daemon().start()
        ada = await self.person(daemon, "ada")
        await deferToThread(daemon.stop)
        daemon.options = ("--registration", "invite")
        daemon.start()
        mine = await ada.chat()
        room = await mine.create_room("Chess", history="joined")
        await mine.subscribe(room)
        token = await mine.invite(room, uses=2)
        eve = self.stranger(daemon, "eve")
        self.assertEqual((await eve.request("GET", "/register"))[0], 403)
        status, where, _ = await self.follow(eve, token, form("eve"))
        self.assertEqual((status, where), (303, f"/#room={room}"))
        said = await mine.content(2, room)
        self.assertEqual(said["kind"], "joined")
        theirs = await eve.chat()
        names = {one["name"] for one in theirs.welcome["rooms"]}
        self.assertEqual(names, {"Chess", "general"})
        await theirs.subscribe(room)
        self.assertEqual((await theirs.post("hello", room))["type"], "posted")
        self.assertEqual(await mine.read(3, room), "hello")
        self.assertNotIn(token, daemon.log())

    async def test_an_account_joins_by_one_button_after_logging_in(self) -> None:
        daemon = self.new_daemon().start()
        ada, eve = await self.person(daemon, "ada"), await self.person(daemon, "eve")
        mine = await ada.chat()
        token = await mine.invite(await mine.create_room("Chess"), uses=1)
        again = self.stranger(daemon, "eve")
        fields = {"username": "eve", "password": PASSWORD, "join": token}
        fields["csrf"] = await again.csrf(f"/login?join={token}")
        origin = {"Origin": daemon.url}
        status, headers, _ = await again.request("POST", "/login", origin, data=fields)
        self.assertEqual((status, headers.getRawHeaders("Location")), (303, [f"/join/{token}"]))
        status, where, _ = await self.follow(again, token, {})
        self.assertEqual(status, 303)
        self.assertRegex(where, "^/#room=")
        # The link is used up: who came in by it finds the room behind it, nobody else anything.
        for one in (again, eve, ada):
            status, headers, _ = await one.request("GET", f"/join/{token}")
            self.assertEqual((status, headers.getRawHeaders("Location")), (303, [where]))
        for other in (self.stranger(daemon, "bob"), await self.person(daemon, "cat")):
            status, _, page = await other.request("GET", f"/join/{token}")
            self.assertEqual(status, 404)
            self.assertNotIn("Chess", page)

    async def test_of_many_who_follow_a_link_for_two_at_once_two_come_in(self) -> None:
        await self.race(self.new_daemon().start())

    async def race(self, daemon: DaemonProcess) -> None:
        ada = await self.person(daemon, "ada")
        mine = await ada.chat()
        room = await mine.create_room("Chess")
        token = await mine.invite(room, uses=2)
        people = [self.stranger(daemon, f"eve{number}") for number in range(5)]
        answers = await gatherResults(
            [Deferred.fromCoroutine(self.follow(one, token, form(one.username))) for one in people]
        )
        self.assertEqual(sorted(status for status, _, _ in answers), [303, 303, 404, 404, 404])
        late = [one for one, answer in zip(people, answers, strict=True) if answer[0] == 404]
        for one in late:
            self.assertEqual(await one.log_in(), 401)
        found = (await mine.command("members", room))["members"]
        self.assertEqual(len(found), 3)

    async def follow(
        self, person: Person, token: str, fields: dict[str, str]
    ) -> tuple[int, str, str]:
        """Open the link and send its form; status, Location and page."""
        path = f"/join/{token}"
        csrf = await person.csrf(path)
        origin = {"Origin": person.url}
        data = {"csrf": csrf, **fields}
        status, headers, page = await person.request("POST", path, origin, data=data)
        (where,) = headers.getRawHeaders("Location") or [""]
        return status, where, page


class InvitedOnMariaDB(MariaDBCase):
    async def test_of_many_who_follow_a_link_for_two_at_once_two_come_in(self) -> None:
        daemon = self.on(self.server.fresh_database()).start()
        await Invited.race(self, daemon)  # type: ignore[arg-type]

    follow = Invited.follow
