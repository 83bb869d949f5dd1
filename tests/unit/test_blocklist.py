"""No common password, no name: wherever somebody chooses a password, and told in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from unicodedata import normalize

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from securechat.assets import static_dir
from securechat.chat.accounts import InvalidFields
from securechat.chat.operator import Operator
from securechat.core.blocklist import common_passwords
from securechat.core.model import User, UserId
from securechat.core.passwords import (
    complaint,
    names_of_person,
    names_of_site,
)
from securechat.core.settings import Limits

from .fakes_accounts import START_MS
from .fakes_browser import PASSWORD, Browser
from .fakes_texts import in_english
from .fakes_web import Web
from .fakes_wire import Response

ADA = User(UserId("u"), "ada", "Ada Lovelace", "member")
HOST = "chat.example.org"
NAMES = (*names_of_person("ada", "Ada Lovelace"), *names_of_site(HOST))
COMMON = "one of the most common"
NAME = "must not be a name"

Choose = Callable[[str], Response]


def told(password: str, min_characters: int = 8) -> str:
    """What Ada is told about this password on chat.example.org; nothing where she may have it."""
    return in_english(complaint(password, NAMES, min_characters))


class TheList(SynchronousTestCase):
    def test_it_has_at_least_three_thousand_entries_of_allowed_length_as_they_are_compared(
        self,
    ) -> None:
        found = common_passwords()
        self.assertGreaterEqual(len(found), 3_000)
        for one in found:
            self.assertGreaterEqual(len(one), Limits.password_min, one)
            self.assertEqual(one, normalize("NFKC", one).casefold())

    def test_each_is_refused_however_it_is_written(self) -> None:
        accounts = Web().accounts
        for one in sorted(common_passwords()):
            for typed in (one, one.upper(), one.title()):
                error = self.assertRaises(InvalidFields, accounts.judge, typed, typed, ADA)
                self.assertEqual(error.errors["password"].key, "password.common", typed)
        self.assertIn(COMMON, told("\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44"))

    def test_it_is_read_once_and_not_for_a_log_in(self) -> None:
        common_passwords.cache_clear()
        browser = Browser(Web())
        browser.log_in("ada", "password1")
        self.assertEqual(common_passwords.cache_info().currsize, 0)
        browser.register()
        Browser(browser.web).register("eve", "Eve")
        self.assertEqual(common_passwords.cache_info().misses, 1)

    def test_it_never_reaches_a_browser(self) -> None:
        static = static_dir()
        for path in static.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"1q2w3e4r5t", path.read_bytes(), path.name)


class Names(SynchronousTestCase):
    def test_ones_own_and_the_sites_are_refused_in_any_case_and_with_ornaments(self) -> None:
        for password in (
            "AdaLovelace",
            "ada lovelace",
            "Ada.Lovelace-1815",
            "Lovelace",
            "lovelace!1",
            "ada12345",
            "SecureChat",
            "*securechat*",
            "Chat.Example.Org",
            "chatexampleorg7",
            "example2026",
        ):
            self.assertIn(NAME, told(password), password)

    def test_what_is_long_enough_without_the_name_may_hold_it(self) -> None:
        for password in ("ada 7318 2964", "ada12345678", "lovelace and her engine"):
            self.assertEqual(told(password), "", password)

    def test_names_of_digits_or_marks_alone_forbid_only_themselves(self) -> None:
        self.assertIn(NAME, in_english(complaint("70418223", ["70418223"], 8)))
        for names in ((), ("",), ("70418223",), ("…",)):
            self.assertIsNone(complaint("70418224", names, 8))


class WhereverOneIsChosen(SynchronousTestCase):
    """The five forms, each handed passwords that nobody may have."""

    def setUp(self) -> None:
        self.open_site(Limits.password_min)

    def open_site(self, password_min: int) -> None:
        """A site on which nobody is throttled."""
        limits = Limits(
            password_min=password_min,
            connections_per_address=0,
            logins_per_address=0,
            registrations_per_address=0,
        )
        self.web = Web(public_url=f"https://{HOST}", limits=limits)

    def browser(self) -> Browser:
        return Browser(self.web, over_tls=True)

    def forms(self) -> Iterator[tuple[str, Choose]]:
        """Each place with a way to choose a password there; the later ones have an account."""
        person = {"fullname": "Ada Lovelace", "username": "ada"}
        setup = self.web.administration.setup_token
        join = f"/join/{self.web.rooms.link('one')}"
        yield "register", lambda p: self.sent("/register", p, **person)
        yield "join", lambda p: self.sent(join, p, **person)
        yield (
            "setup",
            lambda p: self.sent(
                "/setup", p, f"?token={setup}", token=setup, registration="open", **person
            ),
        )
        owner = self.browser()
        self.assertEqual(owner.register().status, 303)
        yield (
            "settings",
            lambda p: owner.submit(
                "/settings", change="password", current=PASSWORD, password=p, confirm=p
            ),
        )
        made = Operator(self.web.operator, self.web.random).new_reset("ada", START_MS)
        reset = f"/reset/{self.successResultOf(Deferred.fromCoroutine(made))}"
        yield "reset", lambda p: self.sent(reset, p)

    def sent(self, path: str, password: str, query: str = "", **fields: str) -> Response:
        browser = self.browser()
        csrf = browser.get(path + query).csrf
        fields |= {"csrf": csrf, "password": password, "confirm": password}
        return browser.post(path, fields)

    def test_a_common_one_and_a_name_are_422_with_the_reason_and_the_rules(self) -> None:
        seen = []
        for place, choose in self.forms():
            seen.append(place)
            for password, why in (
                ("PassWord1", COMMON),
                ("adalovelace", NAME),
                ("Example-2026", NAME),
                ("securechat!", NAME),
            ):
                response = choose(password)
                self.assertEqual(response.status, 422, f"{place} {password}")
                self.assertIn(why, response.text, f"{place} {password}")
                self.assertIn("At least 8 characters; 15 or more are better", response.text)
                self.assertIn("None of the common passwords, and no name", response.text)
                self.assertNotIn(password, response.text)
        self.assertEqual(seen, ["register", "join", "setup", "settings", "reset"])

    def test_every_25th_of_the_list_is_refused_through_the_form_too(self) -> None:
        browser = self.browser()
        fields = {"csrf": browser.get("/register").csrf, "fullname": "Ada", "username": "ada"}
        for number, one in enumerate(sorted(common_passwords())[::25]):
            typed = one.upper() if number % 2 else one
            response = browser.post("/register", {**fields, "password": typed, "confirm": typed})
            self.assertEqual(response.status, 422, typed)
            self.assertIn(COMMON, response.text)
        self.assertEqual(self.web.store.users, {})

    def test_fifteen_characters_where_the_operator_asks_for_them(self) -> None:
        self.open_site(15)
        for place, choose in self.forms():
            response = choose("fourteen chars")
            self.assertEqual(response.status, 422, place)
            self.assertIn("A password has at least 15 characters.", response.text)
            self.assertIn("At least 15 characters <", response.text)
            self.assertIn('data-password-min="15"', response.text)
        self.assertEqual(
            self.sent("/register", "fifteen chars..", fullname="Eve", username="eve").status, 303
        )

    def test_german_pages_tell_it_in_german(self) -> None:
        german = json.loads((static_dir() / "texts" / "de.json").read_text(encoding="utf-8"))
        browser = self.browser()
        fields = {"csrf": browser.get("/register").csrf, "fullname": "Ada", "username": "ada"}
        for password, key in (("password1", "password.common"), ("securechat", "password.name")):
            fields |= {"password": password, "confirm": password}
            response = browser.post("/register", fields, ("Accept-Language", "de"))
            self.assertIn(german[key], response.text)
