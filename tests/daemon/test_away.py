"""A MariaDB that is away, hangs, dies, comes back, or comes back as another one."""

from __future__ import annotations

import time

from twisted.internet import reactor
from twisted.internet.error import ConnectError
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.web.client import ResponseFailed

from tests.support.client import Frame
from tests.support.daemon import NO_PACE, DaemonProcess
from tests.support.senders import Sender, faults, history

from .cases import MariaDBCase

BACK_WITHIN_S = 5.0
ANSWER_WITHIN_S = 5.0


class Away(MariaDBCase):
    async def test_a_server_that_is_away_at_start_is_waited_for(self) -> None:
        name = self.server.fresh_database()
        daemon = self.on(name)
        self.disturb()
        self.server.stop()
        daemon.spawn()
        daemon.wait_until("/readyz", 503)
        daemon.wait_until("/healthz", 200)
        ada = self.stranger(daemon, "ada")
        status, _, text = await ada.request("GET", "/readyz")
        self.assertEqual(status, 503)
        self.assertIn("database", text)
        for path, fields in (
            ("/login", {"username": "ada", "password": "correct horse"}),
            ("/register", {"username": "ada", "fullname": "Ada L.", "password": "correct horse"}),
        ):
            # Whether a form for new accounts is shown at all, only the database knows.
            fields |= {"csrf": await ada.csrf("/login"), "confirm": "correct horse"}
            status, headers, text = await ada.request(
                "POST", path, {"Origin": daemon.url}, data=fields
            )
            self.assertEqual(status, 503, path)
            self.assertTrue(headers.getRawHeaders("Retry-After")[0].isdigit())
            self.assertIn('value="ada"', text)
        status, headers, _ = await ada.request("GET", "/register")
        self.assertEqual(status, 503)
        self.assertTrue(headers.getRawHeaders("Retry-After")[0].isdigit())
        ada.cookies["securechat"] = "A" * 43
        for path in ("/session", "/", "/login"):
            status, headers, _ = await ada.request("GET", path)
            self.assertEqual(status, 503, path)
            self.assertTrue(headers.getRawHeaders("Retry-After")[0].isdigit())
        with self.assertRaises(ConnectionError) as refused:
            await ada.connect()
        self.assertIn("503", str(refused.exception))
        self.assertFalse((daemon.data_dir / "keyring.json").exists())

        self.server.start()
        daemon.wait_until("/readyz", 200, BACK_WITHIN_S)
        ada.cookies.clear()
        self.assertEqual(await ada.register(), 303)
        self.assertEqual((await (await ada.chat()).post("here at last"))["seq"], 1)

    async def test_another_database_that_comes_back_ends_the_daemon(self) -> None:
        name, theirs = self.server.fresh_database(), self.server.fresh_database()
        daemon = self.on(name, "--limit", "registrations-per-address=0").start()
        daemon.stop()
        self.on(theirs).start().stop()
        self.server.drop_database(name)
        self.server.sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        self.server.load(name, self.server.dump(theirs))
        self.disturb()
        self.server.stop()
        daemon.spawn()
        daemon.wait_until("/readyz", 503)
        ada = self.stranger(daemon, "ada")
        form = {"username": "ada", "fullname": "Ada", "csrf": await ada.csrf("/login")}
        form |= {"password": "correct horse", "confirm": "correct horse"}

        self.server.start()
        ending = deferToThread(daemon.wait_for_end, 15)
        # Whoever comes while nobody knows yet whose database it is gets no account in it.
        while not ending.called:
            try:
                status, _, _ = await ada.request("POST", "/register", data=form)
            except (ConnectError, ResponseFailed):
                break
            self.assertEqual(status, 503)
        self.assertEqual(await ending, 1)
        self.assertIn("belongs to another database", daemon.log())
        self.assertEqual(self.server.sql("SELECT COUNT(*) FROM users", name), [(0,)])


class ComingAndGoing(MariaDBCase):
    daemon: DaemonProcess
    senders: list[Sender]

    async def start(self) -> None:
        """Two people who are connected and subscribed."""
        self.disturb()
        self.daemon = self.on(self.server.fresh_database(), *NO_PACE).start()
        self.senders = [Sender(await self.person(self.daemon, name)) for name in ("ada", "eve")]
        for sender in self.senders:
            await (await sender.connect()).subscribe()

    async def assert_unavailable(self) -> None:
        """Everybody's next post is answered in time: come back later."""
        for sender in self.senders:
            sender.post(3)
        started_s = time.monotonic()
        sent = [(sender, mid) for sender in self.senders for mid in sender.newest(3)]
        answers = [await self.answer(sender, mid) for sender, mid in sent]
        self.assertLess(time.monotonic() - started_s, ANSWER_WITHIN_S)
        for answer in answers:
            self.assertEqual((answer["code"], answer["retry"]), ("unavailable", True), answer)

    async def answer(self, sender: Sender, mid: str) -> Frame:
        """The first answer to a post."""
        assert sender.socket is not None
        return await sender.socket.wait_for(
            lambda frame: frame.get("id") == mid and frame["type"] in ("posted", "error")
        )

    async def assert_posting_again(self) -> None:
        """Within 5 s from now everybody's posts are stored, over the socket that stayed open."""
        started_s = time.monotonic()
        for sender in self.senders:
            before = sender.tally()
            while sender.tally() == before:
                self.assertLess(time.monotonic() - started_s, BACK_WITHIN_S, self.daemon.log())
                sender.post(1)
                [mid] = sender.newest(1)
                await self.answer(sender, mid)
                await deferLater(reactor, 0.05)

    async def assert_kept(self) -> None:
        """What was not stored is sent again; then everything is there once, and was heard once."""
        for sender in self.senders:
            sender.resend(sender.unknown())
        await self.until(lambda: not [s for s in self.senders if s.tally() < len(s.invoked)])
        assert self.senders[0].socket is not None
        entries = await history(self.senders[0].socket)
        self.assertEqual(faults(entries, self.senders), [])
        for sender in self.senders:
            assert sender.socket is not None
            await sender.socket.event(len(entries))
            self.assertEqual(sender.socket.events(), list(range(1, len(entries) + 1)))
            self.assertEqual(sender.socket.welcome, sender.socket.frames[0])

    async def test_a_server_that_hangs_costs_nobody_the_connection(self) -> None:
        await self.start()
        await self.assert_posting_again()
        self.server.pause()
        try:
            paused_s = time.monotonic()
            await self.assert_unavailable()
            await self.assert_unavailable()
            self.daemon.wait_until("/healthz", 200)
            await deferLater(reactor, max(0.0, paused_s + 6 - time.monotonic()))
        finally:
            self.server.resume()
        await self.assert_posting_again()
        await self.assert_kept()

    async def test_a_server_that_is_killed_while_people_post_loses_nothing(self) -> None:
        await self.start()
        for _ in range(3):
            for sender in self.senders:
                sender.post(300)
            goal = sum(sender.tally() for sender in self.senders) + 50
            await self.until(lambda: sum(sender.tally() for sender in self.senders) >= goal)  # noqa: B023 - used up here
            self.server.kill()
            await self.assert_unavailable()
            self.daemon.wait_until("/readyz", 503)
            self.server.start()
            await self.assert_posting_again()
            self.daemon.wait_until("/readyz", 200)
        await self.assert_kept()
        self.assertNotIn("Traceback", self.daemon.log())
