"""Guessing at passwords is slowed down, and keeps no owner out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from securechat.chat.accounts import WrongPair
from securechat.core.attempts import Attempts, TooSoon
from securechat.core.errors import Busy, Unavailable
from securechat.core.settings import Limits
from securechat.web.known_browsers import MARK_S

from .fakes_accounts import START_MS
from .fakes_browser import PASSWORD, Browser
from .fakes_web import Web
from .test_accounts import AccountsCase

DAY_MS = 86_400_000


class GrowingDelay(SynchronousTestCase):
    def setUp(self) -> None:
        self.attempts = Attempts(max_counters=100)

    def wait_ms(self, now_ms: int, name: str = "ada", source: str = "") -> int:
        """How long an attempt at ``now_ms`` has to wait; 0 where it was counted."""
        try:
            self.attempts.begin(name, source, now_ms)
        except TooSoon as error:
            return error.wait_ms
        return 0

    def test_after_five_failures_each_waits_twice_as_long_up_to_a_minute(self) -> None:
        now_ms, waits = 0, []
        for _ in range(14):
            wait_ms = self.wait_ms(now_ms)
            if wait_ms:
                now_ms += wait_ms
                self.assertEqual(self.wait_ms(now_ms), 0)
            waits.append(wait_ms // 1_000)
        self.assertEqual(waits, [0] * 5 + [1, 2, 4, 8, 16, 32, 60, 60, 60])

    def test_an_attempt_that_comes_too_early_costs_no_further_delay(self) -> None:
        for _ in range(5):
            self.wait_ms(0)
        for now_ms in range(1_000):
            self.assertEqual(self.wait_ms(now_ms), 1_000 - now_ms)
        self.assertEqual(self.wait_ms(1_000), 0)

    def test_whoever_succeeds_begins_anew(self) -> None:
        for _ in range(5):
            self.wait_ms(0)
        self.attempts.succeeded("ada", "")
        self.assertEqual([self.wait_ms(0) for _ in range(5)], [0] * 5)

    def test_failures_are_forgotten_a_day_after_the_last(self) -> None:
        for _ in range(5):
            self.wait_ms(0)
        self.wait_ms(DAY_MS - 1)
        self.assertEqual(self.wait_ms(DAY_MS), 1_999)
        self.assertEqual([self.wait_ms(2 * DAY_MS) for _ in range(5)], [0] * 5)

    def test_what_nobody_judged_is_no_failure_and_takes_no_delay_away(self) -> None:
        for _ in range(5):
            self.wait_ms(0)
            self.attempts.unjudged("ada", "")
        self.assertEqual([self.wait_ms(0) for _ in range(6)], [0] * 5 + [1_000])
        self.assertEqual(self.wait_ms(1_000), 0)
        self.attempts.unjudged("ada", "")
        self.assertEqual(self.wait_ms(1_000), 1_000)
        self.attempts.unjudged("nobody", "")

    def test_another_name_and_another_source_have_counters_of_their_own(self) -> None:
        for _ in range(6):
            self.wait_ms(0)
        self.assertEqual(self.wait_ms(0, name="bob"), 0)
        self.assertEqual(self.wait_ms(0, source="her browser"), 0)
        self.assertGreater(self.wait_ms(0), 0)

    @given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 70_000)), max_size=400))
    def test_memory_is_bounded_and_nobody_waits_longer_than_a_minute(
        self, steps: list[tuple[int, int]]
    ) -> None:
        attempts, now_ms = Attempts(max_counters=100), 0
        for number, passed_ms in steps:
            now_ms += passed_ms
            try:
                attempts.begin(f"user{number}", "", now_ms)
            except TooSoon as error:
                self.assertLessEqual(error.wait_ms, 60_000)
            self.assertLessEqual(len(attempts._counters), 100)


class AnAccount(AccountsCase):
    def setUp(self) -> None:
        super().setUp()
        self.register()

    def test_what_waits_is_not_looked_at(self) -> None:
        for name in ("ada", "nobody"):
            for _ in range(5):
                self.wrong(name)
            work = self.hashing.work
            error = self.fails(self.accounts.log_in(name, PASSWORD, START_MS), TooSoon)
            self.assertEqual((error.wait_ms, self.hashing.work), (1_000, work), name)

    def test_of_a_thousand_guesses_few_are_looked_at_and_the_owner_comes_in_between(self) -> None:
        looked_at, now_ms = 0, START_MS
        for number in range(1_000):
            guess = self.accounts.log_in("ada", f"guess {number} of many", now_ms)
            error = self.fails(guess, Exception)
            looked_at += isinstance(error, WrongPair)
            now_ms += 500
            if number % 100 == 50:
                self.run_now(self.accounts.log_in("ada", PASSWORD, now_ms, source="her browser"))
        # 500 s: 5 at once, then after 1, 2, 4, 8, 16 and 32 s, then one a minute.
        self.assertLessEqual(looked_at, 5 + 6 + 500 // 60 + 1)

    def test_a_busy_server_and_one_without_a_database_count_nothing(self) -> None:
        self.hashing.busy = True
        for _ in range(10):
            self.fails(self.accounts.log_in("ada", PASSWORD, START_MS), Busy)
        self.hashing.busy, self.store.away = False, True
        for _ in range(10):
            self.fails(self.accounts.log_in("ada", PASSWORD, START_MS), Unavailable)
        self.store.away = False
        self.run_now(self.accounts.log_in("ada", PASSWORD, START_MS))

    def wrong(self, name: str) -> None:
        self.fails(self.accounts.log_in(name, "a wrong secret", START_MS), WrongPair)


class GuessingInABrowser(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web(limits=Limits(logins_per_address=0))
        self.owner = Browser(self.web)
        self.owner.register("ada")

    def test_guesses_from_everywhere_get_few_looked_at_and_keep_no_owner_out(self) -> None:
        before, looked_at = self.web.hashing.work, 0
        for number in range(60):
            # A new address each time, so that no limit by address helps.
            stranger = Browser(self.web, address=f"198.51.100.{number}")
            answer = stranger.log_in("ada", f"guess {number} of many")
            self.assertIn(answer.status, (401, 429))
            if answer.status == 401:
                looked_at += 1
            else:
                wait_s = int(answer.header("Retry-After") or "0")
                self.assertTrue(1 <= wait_s <= 60, wait_s)
            self.web.clock.advance(2)
            if number % 20 == 10:
                again = Browser(self.web)
                again.cookies["securechat-known"] = self.owner.cookies["securechat-known"]
                self.assertEqual(again.log_in().status, 303)
                before += 1
        # 120 s: 5 at once, then after 1, 2, 4, 8, 16, 32 and 60 s.
        self.assertLessEqual(looked_at, 5 + 7)
        self.assertEqual(self.web.hashing.work - before, looked_at)

    def test_an_unknown_name_is_slowed_down_just_the_same(self) -> None:
        answers = []
        for name in ("ada", "nobody"):
            self.web.clock.advance(3_600)
            browser = Browser(self.web)
            statuses = [browser.log_in(name, "a wrong secret") for _ in range(7)]
            answers.append(
                [(one.status, one.header("Retry-After"), len(one.text)) for one in statuses]
            )
        sizes = len("nobody") - len("ada")
        self.assertEqual(
            [(status, retry, size + sizes) for status, retry, size in answers[0]], answers[1]
        )
        self.assertEqual([one[0] for one in answers[0]], [401] * 5 + [429] * 2)

    def test_the_browser_that_is_known_has_a_delay_of_its_own(self) -> None:
        self.owner.cookies.pop("securechat")
        for _ in range(5):
            self.assertEqual(self.owner.log_in(password="a wrong secret").status, 401)
        self.assertEqual(self.owner.log_in().status, 429)
        self.assertEqual(Browser(self.web, address="192.0.2.1").log_in().status, 303)
        self.web.clock.advance(1)
        self.assertEqual(self.owner.log_in().status, 303)

    def test_guesses_at_an_open_page_keep_nobody_from_logging_in(self) -> None:
        for _ in range(6):
            fields = {"change": "password", "current": "a wrong secret"}
            new = "quite another secret"
            answer = self.owner.submit("/settings", **fields, password=new, confirm=new)
        self.assertEqual((answer.status, answer.header("Retry-After")), (429, "1"))
        self.assertEqual(Browser(self.web).log_in().status, 303)


class KnownBrowsers(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web(limits=Limits(logins_per_address=0))
        self.browser = Browser(self.web)
        self.browser.register("ada")
        self.mark = self.browser.cookies["securechat-known"]

    def is_known(self, name: str, value: str) -> bool:
        """Whether a browser with this cookie has a counter of its own for ``name``."""
        for _ in range(6):
            Browser(self.web, address="198.51.100.1").log_in(name, "a wrong secret")
        browser = Browser(self.web)
        browser.cookies["securechat-known"] = value
        return browser.log_in(name, "a wrong secret").status == 401

    def test_a_mark_is_for_one_name_only_and_cannot_be_forged(self) -> None:
        self.assertTrue(self.is_known("ada", self.mark))
        self.assertFalse(self.is_known("bob", self.mark))
        stamp, _, mac = self.mark.rpartition(".")
        made, _, random = stamp.partition(".")
        for forged in (
            f"{stamp}.{'A' * 43}",
            f"{int(made) + 1}.{random}.{mac}",
            f"{made}.{'B' * 22}.{mac}",
            f"{stamp}.",
            "~" * 10_000,
            "",
            self.mark[:-1],
            self.mark + "x",
        ):
            self.assertFalse(self.is_known("ada", forged), forged)

    def test_a_mark_ends_after_half_a_year(self) -> None:
        self.web.clock.advance(MARK_S - 1)
        self.assertTrue(self.is_known("ada", self.mark))
        self.web.clock.advance(1)
        self.assertFalse(self.is_known("ada", self.mark))

    def test_four_people_share_a_browser_and_the_oldest_gives_way(self) -> None:
        for name in ("bob", "cyd", "dan", "eve"):
            self.browser.cookies.pop("securechat", None)
            self.browser.register(name)
        value = self.browser.cookies["securechat-known"]
        known = [name for name in ("ada", "bob", "cyd", "dan", "eve") if self.is_known(name, value)]
        self.assertEqual(known, ["bob", "cyd", "dan", "eve"])

    def test_whoever_comes_again_takes_no_further_place(self) -> None:
        for _ in range(6):
            self.browser.cookies.pop("securechat")
            self.assertEqual(self.browser.log_in().status, 303)
        value = self.browser.cookies["securechat-known"]
        self.assertEqual(value.count("~"), 0)
        self.assertNotEqual(value, self.mark)

    def test_it_stays_when_its_person_logs_out_and_names_nobody(self) -> None:
        page = self.browser.get("/")
        answer = self.browser.post("/logout", {"csrf": page.csrf})
        self.assertEqual(answer.status, 303)
        self.assertIn("securechat-known", self.browser.cookies)
        self.assertNotIn("ada", self.mark)

    def test_it_has_the_attributes_of_the_other_cookies(self) -> None:
        web = Web(public_url="https://chat.example.org")
        browser = Browser(web, over_tls=True)
        answer = browser.register("ada")
        mine = [one for one in answer.all("Set-Cookie") if "-known=" in one]
        self.assertEqual(len(mine), 1)
        self.assertTrue(mine[0].startswith("__Host-securechat-known="), mine)
        for attribute in ("Path=/", "HttpOnly", "Secure", "SameSite=Lax", f"Max-Age={MARK_S}"):
            self.assertIn(attribute, mine[0])
