"""Deleting one's own account, as a browser without JavaScript meets it."""

from __future__ import annotations

from securechat.core.model import SealedSecret

from .fakes_browser import PASSWORD, Browser
from .fakes_wire import Response
from .test_web_pages import PagesCase


class Deleting(PagesCase):
    def setUp(self) -> None:
        super().setUp()
        self.browser.register()

    def delete(self, current: str = PASSWORD, written: str = "keep") -> Response:
        return self.browser.submit("/settings/delete", current=current, written=written)

    def test_the_settings_lead_to_a_page_that_says_what_happens(self) -> None:
        self.assertIn('href="/settings/delete"', self.browser.get("/settings").text)
        page = self.browser.get("/settings/delete")
        self.assertEqual((page.status, page.header("Cache-Control")), (200, "no-store"))
        self.assertIn("@ada stays taken", page.text)
        self.assertIn('value="keep" checked', page.text)

    def test_a_stranger_is_sent_to_log_in(self) -> None:
        stranger = Browser(self.web)
        fields = {"current": PASSWORD, "written": "keep"}
        for response in (
            stranger.get("/settings/delete"),
            stranger.post("/settings/delete", fields),
        ):
            self.assertEqual((response.status, response.header("Location")), (303, "/login"))

    def test_with_the_password_the_account_goes_and_the_browser_keeps_nothing(self) -> None:
        for written, messages in (("keep", False), ("erase", True)):
            [user] = [one for one, _ in self.web.store.users.values()]
            response = self.delete(written=written)
            self.assertEqual(
                (response.status, response.header("Location")), (303, "/login?deleted")
            )
            self.assertEqual(response.header("Clear-Site-Data"), '"cache", "storage"')
            self.assertEqual(self.web.erasure.erased[-1], (user.id, messages))
            self.assertNotIn("ada", self.web.store.users)
            self.assertEqual(self.web.store.sessions, {})
            self.browser = Browser(self.web)
            self.browser.register()

    def test_a_wrong_password_is_told_counted_and_deletes_nothing(self) -> None:
        for _ in range(5):
            response = self.delete("wrong one")
            self.assertEqual(response.status, 422)
        self.assertEqual(self.delete().status, 429)
        self.assertIn("ada", self.web.store.users)
        [user] = [one for one, _ in self.web.store.users.values()]
        told = [(deed.kind, deed.actor, deed.outcome) for deed in self.web.audit.deeds]
        wrong = ("password_refused", user.id, "wrong_password")
        soon = ("password_refused", user.id, "throttled_account")
        self.assertEqual(told, [*[wrong] * 5, soon])

    def test_whoever_has_a_second_factor_proves_it_first(self) -> None:
        [user] = [one for one, _ in self.web.store.users.values()]
        self.web.store.apps[user.id] = SealedSecret(user.id, 1, b"sealed")
        self.assertEqual(self.browser.get("/settings/delete").status, 200)
        csrf = self.browser.get("/settings/delete").csrf
        self.web.clock.advance(10 * 60)
        fields = {"csrf": csrf, "current": PASSWORD, "written": "keep"}
        for response in (
            self.browser.get("/settings/delete"),
            self.browser.post("/settings/delete", fields),
        ):
            self.assertEqual(response.header("Location"), "/settings/confirm?delete")
        self.assertEqual(self.web.erasure.erased, [])

    def test_what_shall_become_of_messages_must_be_said(self) -> None:
        for written in ("", "both"):
            self.assertEqual(self.delete(written=written).status, 422)
        self.assertEqual(self.web.erasure.erased, [])

    def test_a_form_of_another_site_or_session_deletes_nothing(self) -> None:
        csrf = self.browser.get("/settings/delete").csrf
        fields = {"current": PASSWORD, "written": "keep"}
        evil = ("Origin", "http://evil.example")
        for sent in (
            self.browser.post("/settings/delete", {**fields, "csrf": "x"}),
            self.browser.post("/settings/delete", {**fields, "csrf": csrf}, evil),
        ):
            self.assertEqual(sent.status, 403)
        self.assertIn("ada", self.web.store.users)

    def test_the_last_administrator_is_refused_in_words(self) -> None:
        self.web.erasure.last_administrator = True
        response = self.delete()
        self.assertEqual(response.status, 409)
        self.assertIn("This is the last administrator", response.text)
