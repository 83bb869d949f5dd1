"""The first administrator, and the command line beside a running daemon and without one."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from tests.support.client import PASSWORD, Person
from tests.support.daemon import ROOT, DaemonProcess

from .cases import MariaDBCase, ProcessCase

SETUP = re.compile(r"no administrator yet: open (\S+)/setup\?token=([A-Za-z0-9_-]{43})")


class CommandLineCase(ProcessCase):
    async def command(self, daemon: DaemonProcess, *words: str) -> tuple[int, str, str]:
        """Run ``python -m securechat`` with the daemon's options; status, output, errors."""
        listen = ("--listen", f"tcp:{daemon.port}:interface=127.0.0.1")
        return await self.only(daemon, *listen, *daemon.options, *words)

    async def only(self, daemon: DaemonProcess, *words: str) -> tuple[int, str, str]:
        """Run ``python -m securechat`` on the daemon's data with no other option."""
        ended = await deferToThread(
            subprocess.run,
            [
                *(sys.executable, "-m", "securechat", "--data-dir", str(daemon.data_dir)),
                *words,
            ],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            cwd=daemon.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertNotIn("Traceback", ended.stdout + ended.stderr)
        return ended.returncode, ended.stdout, ended.stderr

    async def done(self, daemon: DaemonProcess, *words: str) -> str:
        """The output of a command that must succeed."""
        status, output, errors = await self.command(daemon, *words)
        self.assertEqual((status, errors), (0, ""), output)
        return output

    async def granted_and_reset(self, daemon: DaemonProcess) -> None:
        """Ada, registered, becomes an administrator, and gets a new password."""
        ada = await self.person(daemon, "ada")
        socket = await ada.chat()
        await self.done(daemon, "admin", "grant", "Ada")
        await self.done(daemon, "admin", "grant", "ada")
        again = await ada.chat()
        self.assertEqual(again.welcome["user"]["role"], "administrator")
        self.assertIn("reports", {room["id"] for room in again.welcome["rooms"]})

        link = (await self.done(daemon, "admin", "reset", "ada")).strip()
        self.assertTrue(link.startswith(f"{daemon.url}/reset/"), link)
        path = link.removeprefix(daemon.url)
        new = "another long secret"
        lost = self.stranger(daemon, "ada")
        status, _ = await lost.submit(path, password=new, confirm=new)
        self.assertEqual(status, 303)
        self.assertEqual(await socket.closed, 4401)
        self.assertEqual(await again.closed, 4401)
        self.assertEqual((await ada.request("GET", "/session"))[0], 401)
        self.assertEqual((await lost.request("GET", "/session"))[0], 204)
        self.assertEqual(await self.stranger(daemon, "ada").log_in(), 401)
        self.assertEqual(await self.stranger(daemon, "ada").log_in(new), 303)
        self.assertEqual((await lost.request("GET", path))[0], 404)
        self.assertNotIn(path.rpartition("/")[2], daemon.log())


class AuditLog(CommandLineCase):
    async def test_what_was_done_is_there_to_be_read_and_stays_provable(self) -> None:
        daemon = self.new_daemon()
        daemon.start()
        await self.granted_and_reset(daemon)
        await self.stranger(daemon, "ada").log_in("a wrong one")
        await self.done(daemon, "admin", "reports")
        daemon.kill()
        self.assertIn("the audit log is intact", await self.done(daemon, "audit", "verify"))
        daemon.start()
        daemon.stop()
        told = await self.done(daemon, "audit", "tail", "--lines", "100", "--json")
        rows = [json.loads(line) for line in told.splitlines()]
        kinds = [row["kind"] for row in rows]
        self.assertEqual([row["number"] for row in rows], list(range(1, len(rows) + 1)))
        for kind in ("registered", "administrator_granted", "reset_made", "password_reset"):
            self.assertIn(kind, kinds)
        self.assertIn("reports_read", kinds)
        self.assertEqual(kinds.count("started"), 2)
        [registered] = [row for row in rows if row["kind"] == "registered"]
        self.assertEqual(registered["address"], "127.0.0.1")
        database = daemon.data_dir / "securechat.sqlite3"
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("UPDATE audit SET actor = 'x' WHERE kind = 'reports_read'")
            connection.commit()
        status, output, _ = await self.command(daemon, "audit", "verify")
        number = kinds.index("reports_read") + 1
        self.assertEqual((status, output.partition(":")[0]), (1, str(number)))
        self.assertEqual((await self.command(daemon, "fsck"))[0], 1)
        database.unlink()
        status, _, errors = await self.command(daemon, "audit", "verify")
        self.assertEqual((status, "there is no database" in errors), (2, True), errors)


class FirstAdministrator(CommandLineCase):
    async def test_the_printed_link_makes_one_and_is_good_for_this_start_alone(self) -> None:
        daemon = self.new_daemon().start()
        await self.until(lambda: SETUP.search(daemon.log()))
        old = self.token(daemon)
        await deferToThread(daemon.stop)
        daemon.start()
        await self.until(lambda: self.token(daemon) != old)
        token = self.token(daemon)
        ada = self.stranger(daemon, "ada")
        self.assertEqual((await ada.request("GET", f"/setup?token={old}"))[0], 403)
        status, page = await self.set_up(ada, token)
        self.assertEqual(status, 200)
        found = re.search(r"/join/([A-Za-z0-9_-]{43})", page)
        assert found is not None
        socket = await ada.chat()
        self.assertEqual(socket.welcome["user"]["role"], "administrator")
        names = {room["id"] for room in socket.welcome["rooms"]}
        self.assertEqual(names, {"general", "reports"})

        eve = self.stranger(daemon, "eve")
        self.assertEqual((await eve.request("GET", f"/setup?token={token}"))[0], 404)
        self.assertEqual((await eve.request("GET", "/register"))[0], 403)
        fields = {"fullname": "Eve", "username": "eve", "password": PASSWORD, "confirm": PASSWORD}
        status, _ = await eve.submit(f"/join/{found[1]}", **fields)
        self.assertEqual(status, 303)

        self.assertEqual(daemon.log().count(token), 1)
        self.assertNotIn(found[1], daemon.log())
        told = len(SETUP.findall(daemon.log()))
        await deferToThread(daemon.stop)
        daemon.start()
        self.assertEqual((await ada.request("GET", "/setup"))[0], 404)
        self.assertEqual(len(SETUP.findall(daemon.log())), told)
        self.assertEqual((await eve.request("GET", "/register"))[0], 303)
        self.assertEqual((await self.stranger(daemon, "x").request("GET", "/register"))[0], 403)

    def token(self, daemon: DaemonProcess) -> str:
        return SETUP.findall(daemon.log())[-1][1]  # type: ignore[no-any-return]

    async def set_up(self, person: Person, token: str) -> tuple[int, str]:
        return await person.submit(
            "/setup",
            f"/setup?token={token}",
            token=token,
            fullname="Ada Lovelace",
            username="ada",
            password=PASSWORD,
            confirm=PASSWORD,
            registration="invite",
        )


class BesideTheDaemon(CommandLineCase):
    async def test_grant_and_reset(self) -> None:
        await self.granted_and_reset(self.new_daemon().start())

    async def test_reports_are_read_with_the_newest_words_and_what_became_of_the_message(
        self,
    ) -> None:
        daemon = self.new_daemon().start()
        self.assertIn("nothing was reported", await self.done(daemon, "admin", "reports"))
        ada, eve = await self.person(daemon, "ada"), await self.person(daemon, "eve")
        mine, theirs = await ada.chat(), await eve.chat()
        await theirs.post("first words")
        await theirs.post("edited \x1b[31m words", kind="edit", target=1)
        await theirs.post("soon gone")
        await mine.done("report", "general", seq=1, reason="rude\x07")
        await mine.done("report", "general", seq=3, reason="ruder")
        await theirs.done("delete", "general", seq=3)
        told = await self.done(daemon, "admin", "reports")
        for words in (
            "reported by @ada",
            "general (general), number 1",
            "author: @eve",
            r"reason: rude\x07",
            r"message: edited \x1b[31m words",
            "reason: ruder",
            "message: (deleted)",
            "2 reports",
        ):
            self.assertIn(words, told)
        self.assertNotIn("first words", told)
        self.assertNotIn("soon gone", told)

    async def test_fsck_finds_everything_in_order_while_people_talk(self) -> None:
        daemon = self.new_daemon().start()
        socket = await (await self.person(daemon, "ada")).chat()
        await socket.post("hello")
        self.assertIn("in order", await self.done(daemon, "fsck"))


class Disabling(CommandLineCase):
    async def test_who_is_disabled_is_out_within_seconds_and_comes_in_when_enabled(self) -> None:
        daemon = self.new_daemon().start()
        ada = await self.person(daemon, "ada")
        socket = await ada.chat()
        link = (await self.done(daemon, "admin", "reset", "ada")).strip()
        self.assertIn("ada is disabled", await self.done(daemon, "admin", "disable", "Ada"))
        self.assertLess(await self.until(lambda: socket.closed.called), 6)
        self.assertEqual(await socket.closed, 4401)
        self.assertEqual((await ada.request("GET", "/session"))[0], 401)
        self.assertEqual(await self.stranger(daemon, "ada").log_in(), 401)
        path = link.removeprefix(daemon.url)
        self.assertEqual((await ada.request("GET", path))[0], 404)
        status, _, errors = await self.command(daemon, "admin", "reset", "ada")
        self.assertEqual(status, 1)
        self.assertIn("who is not disabled", errors)
        await self.done(daemon, "admin", "enable", "ada")
        self.assertEqual(await self.stranger(daemon, "ada").log_in(), 303)


class WhileSomebodyLogsIn(CommandLineCase):
    async def test_a_new_password_throws_out_whoever_comes_in_with_the_old_one_meanwhile(
        self,
    ) -> None:
        daemon = self.new_daemon().start()
        await self.person(daemon, "ada")
        link = (await self.done(daemon, "admin", "reset", "ada")).strip()
        path, new = link.removeprefix(daemon.url), "another long secret"
        ada, thieves = (
            self.stranger(daemon, "ada"),
            [self.stranger(daemon, "ada") for _ in range(8)],
        )
        old = {"username": "ada", "password": PASSWORD}
        forms = [(one, "/login", {"csrf": await one.csrf("/login"), **old}) for one in thieves]
        renewed = {"csrf": await ada.csrf(path), "password": new, "confirm": new}
        origin = {"Origin": daemon.url}

        async def send(late_s: float, one: Person, where: str, fields: dict[str, str]) -> int:
            await deferLater(reactor, late_s)
            return (await one.request("POST", where, origin, data=fields))[0]

        # While the new password is hashed, and in the queue behind it, the old one is checked.
        sent = [send(0, ada, path, renewed)]
        sent += [send(0.03 * number, *form) for number, form in enumerate(forms, 1)]
        status, *_ = await gatherResults([Deferred.fromCoroutine(one) for one in sent])
        self.assertEqual(status, 303)
        self.assertEqual((await ada.request("GET", "/session"))[0], 204)
        for thief in thieves:
            self.assertEqual((await thief.request("GET", "/session"))[0], 401)


class WithoutADaemon(CommandLineCase):
    async def test_it_works_and_leaves_a_database_that_starts(self) -> None:
        daemon = self.new_daemon().start()
        await self.person(daemon, "ada")
        await deferToThread(daemon.stop)
        await self.done(daemon, "admin", "grant", "ada")
        self.assertRegex(await self.done(daemon, "admin", "reset", "ada"), r"/reset/[\w-]{43}\n")
        nowhere = ("--listen", "tcp:0:interface=127.0.0.1", "admin", "reset", "ada")
        status, output, errors = await self.only(daemon, *nowhere)
        self.assertEqual(status, 0)
        self.assertRegex(output, r"\A/reset/[\w-]{43}\n\Z")
        self.assertIn("put the address of your server in front", errors)
        await self.done(daemon, "fsck")
        daemon.start()
        ada = self.stranger(daemon, "ada")
        self.assertEqual(await ada.log_in(), 303)
        self.assertEqual((await ada.chat()).welcome["user"]["role"], "administrator")

    async def test_every_refusal_is_a_sentence_and_a_status(self) -> None:
        daemon = self.new_daemon()
        status, _, errors = await self.command(daemon, "admin", "grant", "ada")
        self.assertEqual(status, 1)
        self.assertIn("start the daemon once first", errors)
        self.assertFalse(daemon.data_dir.exists())
        daemon.start()
        await deferToThread(daemon.stop)
        for words, expected in (
            (("admin", "grant", "nobody"), 1),
            (("admin", "reset", "no body\x1b"), 1),
            (("admin", "disable", "nobody"), 1),
            (("admin", "enable", "nobody"), 1),
            (("--registraton", "x", "fsck"), 2),
        ):
            status, output, errors = await self.command(daemon, *words)
            self.assertEqual((status, output), (expected, ""), words)
            self.assertRegex(errors, r"\Asecurechat: .+\n\Z", words)
            self.assertNotIn("\x1b", errors)
        (daemon.data_dir / "keyring.json").unlink()
        status, _, errors = await self.command(daemon, "admin", "reset", "ada")
        self.assertEqual(status, 1)
        self.assertIn("keyring", errors)


class OnMariaDB(MariaDBCase, CommandLineCase):
    async def test_grant_and_reset(self) -> None:
        await self.granted_and_reset(self.on(self.server.fresh_database()).start())
