"""The demo fills an empty server, beside a daemon or without one, and nothing but an empty one."""

from __future__ import annotations

import json
import re
import time

from twisted.internet.threads import deferToThread

from securechat.core.encoding import from_b64url
from securechat.demo.cast import MARA, PEOPLE, THEO
from tests.support.client import PASSWORD, Socket
from tests.support.daemon import DaemonProcess

from .cases import MariaDBCase
from .test_administration import CommandLineCase

PRINTED = re.compile(r"shown only now: (\S{16,})\n\Z")
MANY = 600
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class DemoCase(CommandLineCase):
    async def demo(self, daemon: DaemonProcess, *words: str) -> str:
        """Fill the server; the password that is printed."""
        output = await self.done(daemon, "demo", *words)
        for person in PEOPLE:
            self.assertIn(f"  {person.username} ", output)
        found = PRINTED.search(output)
        assert found is not None, output
        return found[1]

    async def chat_as(self, daemon: DaemonProcess, name: str, password: str) -> Socket:
        """Log in and say hello."""
        person = self.stranger(daemon, name)
        self.assertEqual(await person.log_in(password), 303)
        return await person.chat()

    async def filled_and_refused(self, daemon: DaemonProcess) -> None:
        """Fill the server beside its daemon, look at it as two people, and try again."""
        password = await self.demo(daemon)
        mara = await self.chat_as(daemon, MARA, password)
        rooms = {room["name"]: room for room in mara.welcome["rooms"]}
        self.assertEqual(mara.welcome["user"]["role"], "administrator")
        self.assertEqual(rooms["general"]["unread"], 0)
        self.assertGreater(rooms["Repair café"]["unread"], 3)
        self.assertEqual(rooms["Repair café"]["mentions"], 1)
        self.assertEqual(rooms["Bird count"]["unread"], 100)
        self.assertTrue(rooms["Summer fair"]["archived"])
        theo = await self.chat_as(daemon, THEO, password)
        self.assertEqual({room["unread"] for room in theo.welcome["rooms"]}, {0})
        self.assertIn("all in order", await self.done(daemon, "fsck"))
        await self.refused(daemon)

    async def refused(self, daemon: DaemonProcess) -> None:
        """The server has people: nothing is changed, and a sentence says why."""
        status, output, errors = await self.command(daemon, "demo")
        self.assertEqual((status, output), (1, ""))
        self.assertEqual(
            errors, "securechat: somebody is here already: a demo is only for an empty server\n"
        )


class Demo(DemoCase):
    async def test_it_fills_a_running_server_once(self) -> None:
        await self.filled_and_refused(self.new_daemon().start())

    async def test_without_a_daemon_it_makes_all_that_is_needed(self) -> None:
        daemon = self.new_daemon()
        password = await self.demo(daemon, "--messages", str(MANY))
        self.assertIn("all in order", await self.done(daemon, "fsck"))
        daemon.start()
        mara = await self.chat_as(daemon, MARA, password)
        [many] = [room for room in mara.welcome["rooms"] if room["name"] == "Many messages"]
        self.assertGreaterEqual(many["last_seq"], MANY)
        self.assertEqual(many["unread"], 0)

    async def test_what_was_said_is_read_in_order_and_lies_in_the_past(self) -> None:
        daemon = self.new_daemon().start()
        mara = await self.chat_as(daemon, MARA, await self.demo(daemon))
        entries = await mara.page()
        headers = [json.loads(from_b64url(one["envelope"]["protected"])) for one in entries]
        times_ms = [header["time"] for header in headers]
        self.assertEqual(times_ms, sorted(times_ms))
        self.assertLess(times_ms[0], times_ms[-1] - 2 * DAY_MS)
        self.assertLess(times_ms[-1], time.time() * 1_000 - HOUR_MS)
        said = [mara.open(one) for one in entries if one["envelope"]["ciphertext"]]
        self.assertTrue(said[0]["body"].startswith("Hello everybody!"))
        kinds = {content["kind"] for content in said}
        self.assertEqual(kinds, {"text", "reply", "edit", "reaction", "deleted"})

    async def test_a_server_with_one_person_is_left_alone(self) -> None:
        daemon = self.new_daemon().start()
        await self.person(daemon, "ada")
        await self.refused(daemon)
        await deferToThread(daemon.stop)
        await self.refused(daemon)

    async def test_the_password_may_come_from_a_file_that_others_cannot_read(self) -> None:
        daemon = self.new_daemon()
        file = daemon.folder / "password"
        file.write_text(f"{PASSWORD}\n")
        file.chmod(0o644)
        words = ("demo", "--password-file", str(file))
        status, output, errors = await self.command(daemon, *words)
        self.assertEqual((status, output), (1, ""))
        self.assertIn("chmod 600", errors)
        file.chmod(0o600)
        self.assertNotIn(PASSWORD, await self.done(daemon, *words))
        await self.chat_as(daemon.start(), MARA, PASSWORD)

    async def test_a_password_that_nobody_may_have_leaves_the_server_empty(self) -> None:
        daemon = self.new_daemon()
        file = daemon.folder / "password"
        file.touch(mode=0o600)
        for content, why in (("short", "at least 8 characters"), ("\n", "first line")):
            file.write_text(content)
            words = ("demo", "--password-file", str(file))
            status, _, errors = await self.command(daemon, *words)
            self.assertEqual(status, 1)
            self.assertIn(why, errors)
        await self.demo(daemon)


class OnMariaDB(MariaDBCase, DemoCase):
    async def test_it_fills_a_running_server_once(self) -> None:
        await self.filled_and_refused(self.on(self.server.fresh_database()).start())
