"""What the web edge logs: each refusal with its reason and address, and nobody's secrets."""

from __future__ import annotations

import json
from typing import Any

from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import provider

from .fakes_browser import PASSWORD, Browser
from .fakes_web import Web


class Logs(SynchronousTestCase):
    def setUp(self) -> None:
        self.events: list[LogEvent] = []
        globalLogPublisher.addObserver(self.keep)
        self.addCleanup(globalLogPublisher.removeObserver, self.keep)
        self.web = Web()
        self.browser = Browser(self.web, address="192.0.2.7")

    @provider(ILogObserver)
    def keep(self, event: LogEvent) -> None:
        self.events.append(event)

    def ours(self, event: str) -> list[LogEvent]:
        return [one for one in self.events if one.get("event") == event]

    def test_registering_logging_in_and_out_are_told_with_name_and_address(self) -> None:
        self.browser.register()
        self.browser.post("/logout", {"csrf": self.browser.get("/").csrf})
        self.browser.log_in()
        (registered,), (logged_in,) = self.ours("registered"), self.ours("logged_in")
        for event in (registered, logged_in):
            self.assertEqual((event["username"], event["address"]), ("ada", "192.0.2.7"))
        self.assertEqual(self.ours("logged_out")[0]["address"], "192.0.2.7")

    def test_too_many_failures_of_an_account_are_told_apart_from_those_of_an_address(self) -> None:
        for _ in range(6):
            self.browser.log_in("nobody", "wrong one")
        self.assertEqual(
            [one["why"] for one in self.ours("refused")][4:], ["wrong_pair", "throttled_account"]
        )

    def test_every_refusal_says_why_and_from_where(self) -> None:
        fields = {"csrf": self.browser.get("/login").csrf, "username": "ada", "password": PASSWORD}
        self.browser.post("/login", fields)
        self.browser.post("/login", {**fields, "csrf": "x"})
        self.browser.post("/login", fields, ("Origin", "null"))
        self.browser.submit("/register", username="a b")
        self.browser.get("/ws")
        self.web.request("GET", "/", host="evil.example", address="192.0.2.7")
        self.web.request("PUT", "/", address="192.0.2.7")
        self.web.send(b"nonsense\r\n\r\n", address="192.0.2.7")
        self.web.store.away = True
        self.browser.post("/login", fields)
        refused = self.ours("refused")
        self.assertEqual(
            [event["why"] for event in refused],
            [
                "wrong_pair",
                "csrf",
                "origin",
                "fields",
                "origin",
                "host",
                "method",
                "malformed",
                "unavailable",
            ],
        )
        self.assertEqual({event["address"] for event in refused}, {"192.0.2.7"})

    def test_no_password_token_or_cookie_is_ever_logged(self) -> None:
        self.browser.register()
        secrets = [*self.browser.cookies.values(), PASSWORD, self.browser.get("/").csrf]
        Browser(self.web).log_in(password="wrong canary")
        self.browser.get("/ws", ("Origin", "http://localhost:8080"))
        self.browser.post("/logout", {"csrf": self.browser.get("/").csrf})
        self.browser.log_in()
        secrets += self.browser.cookies.values()
        logged = json.dumps(self.events, default=_shown)
        for secret in (*secrets, "wrong canary"):
            self.assertNotIn(secret, logged)

    def test_what_people_type_is_a_field_and_never_part_of_the_format(self) -> None:
        self.browser.register("ada", "{log_source} %s")
        for event in self.events:
            self.assertNotIn("log_source} %s", event.get("log_format") or "")


def _shown(value: Any) -> str:
    return repr(value)
