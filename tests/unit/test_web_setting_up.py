"""The first administrator, with the link that the daemon prints."""

from __future__ import annotations

import re
from urllib.parse import quote

from securechat.assets import static_dir, templates_dir
from securechat.chat.administration import Administration
from securechat.core.commands import MOST_INVITE_USES
from securechat.core.model import GENERAL, digest_of
from securechat.core.settings import Limits

from .fakes_browser import PASSWORD, Browser
from .fakes_web import Web
from .fakes_wire import Response
from .test_web_pages import PagesCase


class SettingUp(PagesCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = f"/setup?token={self.web.administration.setup_token}"

    def fields(self, **changes: str) -> dict[str, str]:
        fields = {
            "csrf": self.browser.get(self.path).csrf,
            "token": self.web.administration.setup_token,
            "fullname": "Ada Lovelace",
            "username": "ada",
            "password": PASSWORD,
            "confirm": PASSWORD,
            "registration": "invite",
        }
        return fields | changes

    def set_up(self, **changes: str) -> Response:
        return self.browser.post("/setup", self.fields(**changes))

    def test_it_makes_the_administrator_and_shows_how_to_invite_the_others(self) -> None:
        response = self.set_up()
        self.assertEqual(response.status, 200)
        user, _ = self.web.store.users["ada"]
        self.assertEqual(user.role, "administrator")
        self.assertEqual(self.browser.get("/session").status, 204)
        found = re.search(r"http://localhost:8080/join/([A-Za-z0-9_-]{43})", response.text)
        assert found is not None
        self.assertEqual(self.web.store.invites, {digest_of(found[1]): GENERAL})
        (command,) = self.web.rooms.invited
        self.assertEqual((command.expires_s, command.uses), (7 * 86_400, MOST_INVITE_USES))
        self.assertIn('src="data:image/svg+xml', response.text)
        self.assertIn("<b>Details</b>: <b>Invite by link</b>", response.text)
        deeds = (static_dir() / "room.deeds.js").read_text()
        self.assertIn("label: t('room.invite')", deeds)
        shell = (templates_dir() / "chat.html").read_text()
        self.assertIn(">{{ t('shell.details') }}</button>", shell)
        self.assertEqual(response.header("Cache-Control"), "no-store")
        self.assertEqual(Browser(self.web).get("/register").status, 403)

    def test_afterwards_there_is_nothing_here_for_good(self) -> None:
        self.set_up()
        for browser in (self.browser, Browser(self.web)):
            self.assertEqual(browser.get(self.path).status, 404)
            self.assertEqual(browser.get("/setup").status, 404)
            self.assertEqual(browser.post("/setup", {"token": "x"}).status, 404)
        self.web.store.away = True
        self.assertEqual(self.browser.get("/setup").status, 404)

    def test_a_wrong_token_is_403_and_changes_nothing(self) -> None:
        right = self.web.administration.setup_token
        for token in ("", "x", "A" * 43, right[:-1], right + "A", "é" * 43):
            self.assertEqual(self.browser.get(f"/setup?token={quote(token)}").status, 403)
            self.assertEqual(self.set_up(token=token).status, 403, token)
        self.assertEqual(self.browser.get("/setup").status, 403)
        self.assertEqual(self.web.store.users, {})
        self.assertEqual(self.web.hashing.work, 0)

    def test_each_start_has_a_token_of_its_own(self) -> None:
        again = Administration(self.web.operator, self.web.accounts, self.web.bus, self.web.random)
        self.assertNotEqual(again.setup_token, self.web.administration.setup_token)

    def test_wrong_fields_keep_what_was_typed_and_the_token(self) -> None:
        response = self.set_up(confirm="another", registration="open")
        self.assertEqual(response.status, 422)
        self.assertIn('value="Ada Lovelace"', response.text)
        self.assertRegex(response.text, r'value="open" checked')
        self.assertKeptNothingSecret(response)
        fields = self.fields(csrf=response.csrf)
        self.assertEqual(self.browser.post("/setup", fields).status, 200)

    def test_no_choice_and_a_strange_one_are_asked_for_again(self) -> None:
        for choice in ("", "closed", "x"):
            response = self.set_up(registration=choice)
            self.assertEqual(response.status, 422)
            self.assertIn('id="registration-error"', response.text)
        self.assertEqual(self.web.store.users, {})

    def test_of_two_who_set_up_at_once_one_is_told_that_it_is_done(self) -> None:
        fields, other = self.fields(), Browser(self.web)
        theirs = {**fields, "csrf": other.get(self.path).csrf, "username": "eve"}
        self.assertEqual(self.browser.post("/setup", fields).status, 200)
        self.web.administration._is_set_up = False
        self.assertEqual(other.post("/setup", theirs).status, 404)
        self.assertEqual(list(self.web.store.users), ["ada"])

    def test_it_needs_our_own_page(self) -> None:
        evil = ("Origin", "http://evil.example")
        self.assertEqual(self.browser.post("/setup", self.fields(), evil).status, 403)
        self.assertEqual(self.set_up(csrf="x").status, 403)
        self.assertEqual(self.web.store.users, {})

    def test_guessing_is_throttled(self) -> None:
        self.web = Web(limits=Limits(registrations_per_address=3))
        browser = Browser(self.web)
        for _ in range(3):
            self.assertEqual(browser.get(f"/setup?token={'A' * 43}").status, 403)
        self.assertEqual(browser.get(f"/setup?token={'A' * 43}").status, 429)

    def test_without_a_database_it_is_503(self) -> None:
        fields = self.fields()
        self.web.store.away = True
        self.assertEqual(self.browser.get(self.path).status, 503)
        response = self.browser.post("/setup", fields)
        self.assertEqual((response.status, response.header("Retry-After")), (503, "5"))
        self.assertIn('value="Ada Lovelace"', response.text)
        self.assertKeptNothingSecret(response)
