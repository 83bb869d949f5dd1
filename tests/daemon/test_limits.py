"""The limits that an operator sets: who is over one is told which, and when to come back."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.task import deferLater

from .cases import ProcessCase


class Limits(ProcessCase):
    async def test_each_limit_says_no_and_when_to_come_back(self) -> None:
        daemon = self.new_daemon(
            *("--limit", "connections-per-user=2", "--limit", "posts=1"),
            *("--limit", "registrations-per-address=2"),
        ).start()
        ada = await self.person(daemon, "ada")
        await self.person(daemon, "eve")

        kim = self.stranger(daemon, "kim")
        fields = {"fullname": "Kim", "username": "kim", "csrf": await kim.csrf("/register")}
        fields |= {"password": "correct horse", "confirm": "correct horse"}
        status, headers, page = await kim.request(
            "POST", "/register", {"Origin": daemon.url}, data=fields
        )
        self.assertEqual(status, 429)
        self.assertLessEqual(int(headers.getRawHeaders("Retry-After")[0]), 30)
        self.assertIn("Too many attempts", page)
        self.assertIn('value="Kim"', page)

        first, second = await ada.chat(), await ada.chat()
        with self.assertRaises(ConnectionError) as refused:
            await ada.connect()
        self.assertIn("429", str(refused.exception))
        await second.close()
        await self.until(lambda: "has ended" in daemon.log())
        third = await ada.chat()

        answers = [await first.post(f"{number}") for number in range(8)]
        limited = [answer for answer in answers if answer["type"] == "error"]
        self.assertEqual([answer["type"] for answer in answers[:5]], ["posted"] * 5)
        self.assertEqual({answer["code"] for answer in limited}, {"rate_limited"})
        self.assertEqual({answer["retry"] for answer in limited}, {True})
        self.assertIn("posts", limited[-1]["text"])
        self.assertEqual((await third.post("another socket"))["type"], "posted")
        await deferLater(reactor, limited[-1]["retry_ms"] / 1_000 + 0.05)
        self.assertEqual((await first.post("in time"))["type"], "posted")

    async def test_a_limit_that_is_no_limit_is_refused_at_start(self) -> None:
        daemon = self.new_daemon()
        wrong = ("posts", "posts-per-user=-1", "posts-per-room=many", "journal=0", "password-min=7")
        answer = daemon.run_to_end(*(word for text in wrong for word in ("--limit", text)))
        self.assert_refused(answer, *(f"--limit {text.partition('=')[0]}: " for text in wrong))

    async def test_closed_registration_says_so_and_lets_people_with_an_account_in(self) -> None:
        daemon = self.new_daemon().start()
        await self.person(daemon, "ada")
        daemon.stop()
        daemon.options += ("--registration", "closed")
        daemon.start()
        kim = self.stranger(daemon, "kim")
        status, _, page = await kim.request("GET", "/register")
        self.assertEqual(status, 403)
        self.assertIn("Registration is closed on this server.", page)
        status, page = await kim.submit(
            "/register",
            "/login",
            fullname="Kim",
            username="kim",
            password="correct horse",
            confirm="correct horse",
        )
        self.assertEqual(status, 403)
        self.assertIn("Registration is closed on this server.", page)
        self.assertEqual(await kim.log_in("correct horse"), 401)
        self.assertEqual(await self.stranger(daemon, "ada").log_in(), 303)
