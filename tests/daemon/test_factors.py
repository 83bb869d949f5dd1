"""Second factors against real daemons: logging in, proving once more, losing them, rotation."""

from __future__ import annotations

import contextlib
import sqlite3
import time

from tests.support.client import PASSWORD, Person
from tests.support.daemon import DaemonProcess
from tests.support.factors import CODES, OFFER, SECRET, App

from .keys_case import KeysCase
from .several import SeveralCase

AT_ONCE_S = 1.0


async def set_up(person: Person) -> tuple[App, list[str]]:
    """Give somebody an app, whose clock is slow so that its next codes count; recovery codes."""
    where = "/settings/security?app"
    _, _, page = await person.request("GET", where)
    secret, offer = SECRET.search(page), OFFER.search(page)
    assert secret is not None and offer is not None, page
    app = App(secret[1])
    fields = {"change": "app", "offer": offer[1], "code": app.code_now(-1)}
    status, page = await person.submit("/settings/security", where, **fields)
    assert status == 200, page
    return app, CODES.findall(page)


async def second(person: Person, code: str) -> int:
    """Give the code that is asked for; the status."""
    status, _ = await person.submit("/login/second", code=code)
    return status


class Factors(KeysCase):
    async def enrolled(self) -> tuple[DaemonProcess, Person, App, list[str]]:
        daemon = self.new_daemon().start()
        ada = await self.person(daemon, "ada")
        return daemon, ada, *await set_up(ada)

    def forget_proofs(self, daemon: DaemonProcess) -> None:
        """As if everybody had logged in long ago."""
        with contextlib.closing(
            sqlite3.connect(daemon.data_dir / "securechat.sqlite3")
        ) as database:
            database.execute("UPDATE sessions SET proven_ms = 0")
            database.commit()

    async def test_only_password_and_code_together_open_a_session_and_a_socket(self) -> None:
        daemon, _, app, codes = await self.enrolled()
        phone = self.stranger(daemon, "ada")
        self.assertEqual(await phone.log_in(), 303)
        with self.assertRaisesRegex(ConnectionError, "401"):
            await phone.connect()
        self.assertEqual(await second(phone, "000000"), 401)
        self.assertEqual(await second(phone, app.code_now()), 303)
        self.assertEqual((await (await phone.chat()).post("in"))["type"], "posted")
        other = self.stranger(daemon, "ada")
        await other.log_in()
        self.assertEqual(await second(other, app.code_now()), 401)
        self.assertEqual(await second(other, codes[0]), 303)
        log = daemon.log()
        for secret in (*codes, app.code_now(), app.code_now(-1), PASSWORD):
            self.assertNotIn(secret, log)
        for file in daemon.data_dir.rglob("securechat.sqlite3*"):
            content = file.read_bytes()
            for code in codes:
                self.assertNotIn(code.encode(), content)
                self.assertNotIn(code.replace("-", "").encode(), content)
            self.assertNotIn(app.secret, content)

    async def test_a_proof_ends_the_old_session_with_its_sockets_at_once(self) -> None:
        daemon, ada, app, _ = await self.enrolled()
        old, socket = dict(ada.cookies), await ada.chat()
        self.forget_proofs(daemon)
        _, headers, _ = await ada.request("GET", "/settings/security")
        where = headers.getRawHeaders("Location")
        self.assertEqual(where, ["/settings/confirm?security"])
        fields = {"back": "security", "password": PASSWORD, "code": app.code_now()}
        status, _ = await ada.submit("/settings/confirm", **fields)
        answered_s = time.monotonic()
        self.assertEqual(status, 303)
        self.assertEqual(await socket.closed, 4401)
        self.assertLess(time.monotonic() - answered_s, AT_ONCE_S)
        self.assertEqual((await ada.request("GET", "/settings/security"))[0], 200)
        ada.cookies = old
        self.assertEqual((await ada.request("GET", "/session"))[0], 401)

    async def test_whoever_holds_the_machine_takes_them_away_and_sockets_close(self) -> None:
        daemon, ada, _, _ = await self.enrolled()
        socket = await ada.chat()
        told = await self.done(daemon, "admin", "remove-factors", "ADA")
        self.assertEqual(
            told,
            "second factor of ada: had one, and logs in with the password alone now; "
            "sessions ended: 1\n",
        )
        self.assertEqual(await socket.closed, 4401)
        again = self.stranger(daemon, "ada")
        self.assertEqual(await again.log_in(), 303)
        self.assertEqual((await again.request("GET", "/session"))[0], 204)
        self.assertIn("had none", await self.done(daemon, "admin", "remove-factors", "ada"))
        status, _, errors = await self.command(daemon, "admin", "remove-factors", "nobody")
        self.assertEqual(status, 1)
        self.assertIn("nobody", errors)

    async def test_root_keys_are_exchanged_and_codes_count_all_the_while(self) -> None:
        daemon, _, app, codes = await self.enrolled()
        await self.keys(daemon, "rotate")
        # The daemon has not been told of it: it looks for the key that it does not know.
        self.assertIn("1 second factor, under root key 2", await self.keys(daemon, "rewrap"))
        phone = self.stranger(daemon, "ada")
        await phone.log_in()
        self.assertEqual(await second(phone, app.code_now()), 303)
        await self.hang_up(daemon)
        other = self.stranger(daemon, "ada")
        await other.log_in()
        self.assertEqual(await second(other, codes[0]), 303)
        await self.keys(daemon, "retire", "1")
        await self.hang_up(daemon)
        third = self.stranger(daemon, "ada")
        await third.log_in()
        self.assertEqual(await second(third, app.code_now(1)), 303)
        self.assertIn("all in order", await self.keys(daemon, "verify"))


class FactorsAtSeveral(SeveralCase):
    async def test_a_log_in_goes_on_at_another_daemon_and_a_code_counts_once_at_all(self) -> None:
        # With an option each has an address of its own.
        first, other = self.start(2, "--limit", "password-min=8")
        app, _ = await set_up(await self.person(first, "ada"))
        people = [self.stranger(daemon, "ada") for daemon in (first, other)]
        for one, url in zip(people, (other.url, first.url), strict=True):
            self.assertEqual(await one.log_in(), 303)
            one.url = url
        self.assertEqual(await second(people[0], app.code_now()), 303)
        self.assertEqual(await second(people[1], app.code_now()), 401)
        self.assertEqual(await second(people[1], app.code_now(1)), 303)
