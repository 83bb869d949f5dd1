"""The page of settings, as a browser without JavaScript meets it."""

from __future__ import annotations

import html

from securechat.core.model import digest_of, reference_of
from securechat.core.ports import SessionEnded
from securechat.core.settings import Limits

from .fakes_browser import PASSWORD, Browser
from .fakes_web import Web
from .fakes_wire import Response
from .test_web_pages import PagesCase

NEW = "another long secret"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


class SettingsCase(PagesCase):
    def setUp(self) -> None:
        super().setUp()
        self.browser.register()
        self.old = self.browser.cookies["securechat"]

    def change(self, change: str, **fields: str) -> Response:
        return self.browser.submit("/settings", change=change, **fields)

    def assertDone(self, response: Response, change: str, sentence: str) -> None:
        where = f"/settings?{change}"
        self.assertEqual((response.status, response.header("Location")), (303, where))
        page = self.browser.get(where)
        self.assertEqual(page.status, 200)
        self.assertIn(sentence, page.text)

    def elsewhere(self, user_agent: str = "") -> Browser:
        """Another browser in which the same person has logged in."""
        other = Browser(self.web)
        fields = {"csrf": other.get("/login").csrf, "username": "ada", "password": PASSWORD}
        response = other.post("/login", fields, ("User-Agent", user_agent))
        self.assertEqual(response.status, 303)
        return other


class ThePage(SettingsCase):
    def test_it_shows_who_one_is_and_is_never_kept(self) -> None:
        page = self.browser.get("/settings")
        self.assertEqual(page.status, 200)
        self.assertIn('value="Ada Lovelace"', page.text)
        self.assertIn("@ada", page.text)
        self.assertEqual(page.header("Cache-Control"), "no-store")
        self.assertIn('<section id="settings-notifications"', page.text)

    def test_the_chat_leads_to_it_and_it_leads_back(self) -> None:
        self.assertIn('href="/settings"', self.browser.get("/").text)
        self.assertIn('href="/">Back to the chat', self.browser.get("/settings").text)

    def test_a_stranger_is_sent_to_log_in(self) -> None:
        stranger = Browser(self.web)
        for response in (
            stranger.get("/settings"),
            stranger.post("/settings", {"change": "name", "fullname": "Eve"}),
        ):
            self.assertEqual((response.status, response.header("Location")), (303, "/login"))
        stranger.cookies["securechat"] = "A" * 43
        self.assertEqual(stranger.get("/settings").header("Location"), "/login?ended")

    def test_every_form_needs_the_token_of_the_session_and_our_origin(self) -> None:
        csrf = self.browser.get("/settings").csrf
        foreign = self.elsewhere().get("/settings").csrf
        before = Browser(self.web).get("/login").csrf
        for change in ("name", "password", "session", "sessions"):
            fields = {"change": change, "fullname": "Eve", "current": PASSWORD, "password": NEW}
            for token in ("", "x", foreign, before):
                response = self.browser.post("/settings", {**fields, "csrf": token})
                self.assertEqual(response.status, 403)
            evil = ("Origin", "http://evil.example")
            response = self.browser.post("/settings", {**fields, "csrf": csrf}, evil)
            self.assertEqual(response.status, 403)
        self.assertEqual(len(self.web.store.sessions), 2)
        self.assertIn("Ada Lovelace", self.browser.get("/").text)

    def test_a_form_that_is_none_of_the_page_is_422(self) -> None:
        for change in ("", "role", "__class__"):
            self.assertEqual(self.change(change).status, 422, change)

    def test_without_a_database_it_is_503(self) -> None:
        csrf = self.browser.get("/settings").csrf
        self.web.store.away = True
        self.assertEqual(self.browser.get("/settings").status, 503)
        fields = {"csrf": csrf, "change": "sessions"}
        self.assertEqual(self.browser.post("/settings", fields).status, 503)

    def test_an_unknown_query_is_no_notice(self) -> None:
        for query in ("", "?x", "?name=1", "?<b>"):
            self.assertNotIn('role="status"', self.browser.get(f"/settings{query}").text)


class Names(SettingsCase):
    def test_a_new_name_is_shown_from_then_on(self) -> None:
        response = self.change("name", fullname=" Ada King <b> ")
        self.assertDone(response, "name", "Your name was changed.")
        self.assertIn("Ada King &lt;b&gt;", self.browser.get("/").text)

    def test_a_bad_name_is_422_beside_its_field_and_kept_as_typed(self) -> None:
        for name in ("", "x" * 81, "nul\0byte", "\u202eevil"):
            response = self.change("name", fullname=name)
            self.assertEqual(response.status, 422)
            self.assertIn('id="fullname-error"', response.text)
            self.assertNotIn('id="password-error"', response.text)
            self.assertIn(f'value="{html.escape(name)}"', response.text)
        self.assertIn("Ada Lovelace", self.browser.get("/").text)


class Passwords(SettingsCase):
    def fields(self, **changes: str) -> dict[str, str]:
        return {"current": PASSWORD, "password": NEW, "confirm": NEW, **changes}

    def test_a_change_logs_out_everywhere_else_and_renews_this_session(self) -> None:
        other = self.elsewhere()
        response = self.change("password", **self.fields())
        self.assertDone(response, "password", "Your password was changed.")
        self.assertNotEqual(self.browser.cookies["securechat"], self.old)
        self.assertEqual(other.get("/session").status, 401)
        planted = Browser(self.web)
        planted.cookies["securechat"] = self.old
        self.assertEqual(planted.get("/session").status, 401)
        for token in (self.old, other.cookies["securechat"]):
            self.assertIn(SessionEnded(digest_of(token)), self.web.bus.news)
        self.assertEqual(Browser(self.web).log_in("ada", PASSWORD).status, 401)
        self.assertEqual(Browser(self.web).log_in("ada", NEW).status, 303)

    def test_a_wrong_current_password_is_422_beside_its_field(self) -> None:
        response = self.change("password", **self.fields(current="not the secret"))
        self.assertEqual(response.status, 422)
        self.assertIn('id="current-error"', response.text)
        self.assertIn("This is not your current password.", response.text)
        self.assertIn('value="Ada Lovelace"', response.text)
        self.assertNotIn("not the secret", response.text)
        self.assertKeptNothingSecret(response)
        self.assertEqual(self.browser.cookies["securechat"], self.old)

    def test_a_bad_new_password_is_422_by_the_rules_of_registering(self) -> None:
        for password, confirm, name in (
            ("short", "short", "password"),
            ("ada", "ada", "password"),
            (NEW, "x", "confirm"),
        ):
            response = self.change("password", **self.fields(password=password, confirm=confirm))
            self.assertEqual(response.status, 422)
            self.assertIn(f'id="{name}-error"', response.text)
            self.assertKeptNothingSecret(response)

    def test_guesses_count_as_attempts_to_log_in(self) -> None:
        self.web = Web(limits=Limits(logins_per_address=3))
        self.browser = Browser(self.web)
        self.browser.register()
        for _ in range(3):
            response = self.change("password", **self.fields(current="not the secret"))
            self.assertEqual(response.status, 422)
        response = self.change("password", **self.fields())
        self.assertEqual(response.status, 429)
        self.assertIsNotNone(response.header("Retry-After"))
        self.assertEqual(Browser(self.web).log_in().status, 429)
        self.assertEqual(self.change("name", fullname="Ada King").status, 303)

    def test_a_busy_server_is_503_with_a_time_to_come_back(self) -> None:
        self.web.hashing.busy = True
        response = self.change("password", **self.fields())
        self.assertEqual((response.status, response.header("Retry-After")), (503, "3"))

    def test_the_page_of_before_is_stale_and_works_when_sent_once_more(self) -> None:
        stale = self.browser.get("/settings").csrf
        self.change("password", **self.fields())
        fields = {"csrf": stale, "change": "name", "fullname": "Ada King"}
        again = self.browser.post("/settings", fields)
        self.assertEqual(again.status, 403)
        self.assertIn('value="Ada King"', again.text)
        self.assertEqual(self.browser.post("/settings", {**fields, "csrf": again.csrf}).status, 303)


class Sessions(SettingsCase):
    def test_browsers_are_told_in_words_and_no_secret_is_on_the_page(self) -> None:
        self.elsewhere(IPHONE)
        self.elsewhere("<script>\x07evil/1.0")
        page = self.browser.get("/settings").text
        self.assertIn("Safari on iPhone", page)
        self.assertIn("Unknown browser", page)
        self.assertIn("This browser", page)
        self.assertNotIn("evil", page)
        for digest in self.web.store.sessions:
            self.assertNotIn(digest.hex(), page)
        self.assertNotIn(self.old, page)

    def test_whoever_registers_is_known_by_the_browser_too(self) -> None:
        eve = Browser(self.web)
        fields = {"username": "eve", "password": PASSWORD, "confirm": PASSWORD, "fullname": "Eve"}
        csrf = eve.get("/register").csrf
        eve.post("/register", {**fields, "csrf": csrf}, ("User-Agent", IPHONE))
        self.assertIn("Safari on iPhone", eve.get("/settings").text)

    def test_one_is_ended_and_the_others_stay(self) -> None:
        phone, laptop = self.elsewhere(IPHONE), self.elsewhere()
        token = phone.cookies["securechat"]
        reference = reference_of(digest_of(token))
        response = self.change("session", session=reference)
        self.assertDone(response, "session", "That browser is logged out now.")
        self.assertEqual(phone.get("/session").status, 401)
        self.assertEqual(laptop.get("/session").status, 204)
        self.assertEqual(self.browser.get("/session").status, 204)
        self.assertEqual(self.web.bus.news, [SessionEnded(digest_of(token))])
        self.assertEqual(self.change("session", session=reference).status, 303)

    def test_all_others_are_ended_at_once(self) -> None:
        others = [self.elsewhere(), self.elsewhere()]
        response = self.change("sessions")
        self.assertDone(response, "sessions", "You are logged out everywhere else now.")
        self.assertEqual([one.get("/session").status for one in others], [401, 401])
        self.assertEqual(self.browser.get("/session").status, 204)
        self.assertIn("You are logged in nowhere else.", self.browser.get("/settings").text)

    def test_nobody_ends_somebody_elses(self) -> None:
        eve = Browser(self.web)
        eve.register("eve", "Eve")
        eve.submit("/settings", change="session", session=reference_of(digest_of(self.old)))
        eve.submit("/settings", change="sessions")
        self.assertEqual(self.browser.get("/session").status, 204)
