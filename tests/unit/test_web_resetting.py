"""New passwords by one-time links."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from securechat.chat.operator import Operator
from securechat.core.model import digest_of
from securechat.core.ports import SessionEnded
from securechat.core.settings import Limits

from .fakes_accounts import START_MS
from .fakes_browser import PASSWORD, Browser
from .fakes_web import Web
from .fakes_wire import Response
from .test_web_pages import PagesCase

HOUR_S = 3_600


class Resetting(PagesCase):
    def setUp(self) -> None:
        super().setUp()
        self.browser.register()
        self.old = self.browser.cookies["securechat"]
        made = Operator(self.web.operator, self.web.random).new_reset("ADA", START_MS)
        self.token = self.successResultOf(Deferred.fromCoroutine(made))
        self.path = f"/reset/{self.token}"
        self.other = Browser(self.web)

    def assertOver(self, response: Response) -> None:
        self.assertEqual(response.status, 404)
        self.assertIn("This link does not work any more.", response.text)

    def test_it_sets_the_password_ends_every_session_and_begins_one(self) -> None:
        page = self.other.get(self.path)
        self.assertIn("Ada Lovelace", page.text)
        self.assertIn('content="noindex"', page.text)
        new = "another long secret"
        response = self.other.post(self.path, {"csrf": page.csrf, "password": new, "confirm": new})
        self.assertEqual((response.status, response.header("Location")), (303, "/"))
        self.assertEqual(self.other.get("/session").status, 204)
        self.assertEqual(self.browser.get("/session").status, 401)
        self.assertIn(SessionEnded(digest_of(self.old)), self.web.bus.news)
        self.assertEqual(Browser(self.web).log_in("ada", PASSWORD).status, 401)
        self.assertEqual(Browser(self.web).log_in("ada", new).status, 303)
        self.assertOver(self.other.get(self.path))
        third = Browser(self.web)
        fields = {"csrf": third.get("/login").csrf, "password": new, "confirm": new}
        self.assertOver(third.post(self.path, fields))

    def test_a_bad_password_leaves_link_and_sessions_alone(self) -> None:
        for password, confirm in (("short", "short"), ("ada", "ada"), (PASSWORD, "x")):
            response = self.other.submit(self.path, password=password, confirm=confirm)
            self.assertEqual(response.status, 422)
            self.assertKeptNothingSecret(response)
        self.assertEqual(self.browser.get("/session").status, 204)
        self.assertEqual(self.other.get(self.path).status, 200)

    def test_it_ends_after_a_day_and_with_a_newer_one(self) -> None:
        self.web.clock.advance(24 * HOUR_S)
        self.assertOver(self.other.get(self.path))
        for token in ("A" * 43, "x", "%C3%A9" * 43, "%00"):
            self.assertOver(self.other.get(f"/reset/{token}"))

    def test_it_needs_our_own_page(self) -> None:
        fields = {"csrf": "x", "password": PASSWORD, "confirm": PASSWORD}
        self.assertEqual(self.other.post(self.path, fields).status, 403)
        self.assertEqual(self.browser.get("/session").status, 204)

    def test_without_a_database_it_is_503(self) -> None:
        csrf = self.other.get(self.path).csrf
        self.web.store.away = True
        self.assertEqual(self.other.get(self.path).status, 503)
        fields = {"csrf": csrf, "password": PASSWORD, "confirm": PASSWORD}
        self.assertEqual(self.other.post(self.path, fields).status, 503)

    def assertUnasked(self, response: Response, status: int, asked: list[str]) -> None:
        self.assertEqual(response.status, status)
        self.assertNotIn("Ada", response.text)
        self.assertIn(f'action="{self.path}"', response.text)
        self.assertEqual(asked, [])

    def test_a_forged_or_throttled_form_asks_nobody_whose_link_it_is(self) -> None:
        self.web.limits = Limits(registrations_per_address=2)
        asked: list[str] = []
        fields = {"csrf": self.other.get(self.path).csrf, "password": "x", "confirm": "x"}
        reset_of = self.web.administration.reset_of

        def ask(token: str, now_ms: int) -> Any:
            asked.append(token)
            return reset_of(token, now_ms)

        self.patch(self.web.administration, "reset_of", ask)
        evil = ("Origin", "http://evil.example")
        self.assertUnasked(self.other.post(self.path, fields, evil), 403, asked)
        self.assertUnasked(self.other.post(self.path, {**fields, "csrf": "x"}), 403, asked)
        for _ in range(self.web.limits.logins_per_address):
            self.other.post("/login", {"csrf": fields["csrf"]})
        self.assertUnasked(self.other.post(self.path, fields), 429, asked)

    def test_forms_count_as_look_ups_of_links(self) -> None:
        self.web = Web(limits=Limits(registrations_per_address=3))
        browser = Browser(self.web)
        path = f"/reset/{'A' * 43}"
        csrf = browser.get("/login").csrf
        for _ in range(3):
            self.assertOver(browser.post(path, {"csrf": csrf}))
        self.assertEqual(browser.post(path, {"csrf": csrf}).status, 429)
        self.assertEqual(browser.get(path).status, 429)

    def test_a_page_that_was_open_too_long_works_when_sent_once_more(self) -> None:
        new = "another long secret"
        fields = {"csrf": self.other.get(self.path).csrf, "password": new, "confirm": new}
        self.web.clock.advance(2 * HOUR_S)
        again = self.other.post(self.path, fields)
        self.assertEqual(again.status, 403)
        fields["csrf"] = again.csrf
        self.assertEqual(self.other.post(self.path, fields).status, 303)
