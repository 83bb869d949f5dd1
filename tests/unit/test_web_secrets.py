"""Addresses that let somebody in are told to nobody: not by the log, not by browsers."""

from __future__ import annotations

from typing import Any

from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from securechat.core.settings import Limits

from .test_web_pages import PagesCase


class Logging(PagesCase):
    def test_what_lets_somebody_in_is_never_in_a_line_of_the_log(self) -> None:
        events: list[LogEvent] = []
        observer: Any = events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        tokens = [letter * 43 for letter in "ABC"]
        for place, token in zip(("/join/", "/reset/", "/setup?token="), tokens, strict=True):
            self.browser.get(place + token)
            self.browser.get("/" + place + token)
        self.browser.get(f"/login?join={tokens[0]}")
        lines = " ".join(formatEvent(event) + str(event.get("path")) for event in events)
        self.assertIn("/join/…", lines)
        for token in tokens:
            self.assertNotIn(token, lines)


class TellingNobody(PagesCase):
    def assertPolicy(self, policy: str, *paths: str) -> None:
        for path in paths:
            for method in ("GET", "HEAD"):
                self.assertEqual(
                    self.web.request(method, path).header("Referrer-Policy"), policy, path
                )

    def test_an_address_that_lets_somebody_in_is_sent_along_with_nothing(self) -> None:
        self.web.limits = Limits()
        setup = self.web.administration.setup_token
        invite = self.web.rooms.link("one")
        self.assertPolicy(
            "strict-origin",
            f"/join/{invite}",
            f"/join/{'A' * 43}",
            f"//join/{invite}",
            f"/join/{invite}?x=y",
            f"/login?join={invite}",
            f"/login?x=y&join={invite}",
            f"/setup?token={setup}",
            "/setup?token=x",
            f"/reset/{'A' * 43}",
        )

    def test_every_other_page_tells_its_address_to_our_own(self) -> None:
        self.assertPolicy(
            "same-origin", "/login", "/login?ended", "/", "/joining", self.web.static_file
        )

    def test_refusals_of_such_addresses_tell_nothing_either(self) -> None:
        path = f"/join/{'A' * 43}"
        for response in (
            self.web.request("POST", path),
            self.web.request("PUT", path),
            self.web.request("GET", path, host="evil.example"),
        ):
            self.assertGreaterEqual(response.status, 400)
            self.assertEqual(response.header("Referrer-Policy"), "strict-origin")
        self.web.store.away = True
        self.assertPolicy("strict-origin", path)
