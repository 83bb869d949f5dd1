"""What the pages have recorded of people and their sessions, and of whom they refuse."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from securechat.core.settings import Limits
from securechat.core.trail import Deed

from .fakes_browser import PASSWORD, Browser
from .fakes_web import Web

HERE = "192.0.2.7"
NEW = "another long secret"


class WebAudit(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web(limits=Limits(logins_per_address=5))
        self.browser = Browser(self.web, HERE)
        self.browser.register()
        self.ada = self.web.store.users["ada"][0].id

    def recorded(self) -> list[tuple[str, str | None, str | None, str]]:
        """Kind, actor, subject and outcome of what was recorded; all of it from here."""
        deeds, self.web.audit.deeds = self.web.audit.deeds, []
        self.assertLessEqual({deed.address for deed in deeds}, {HERE})
        return [(deed.kind, deed.actor, deed.subject, deed.outcome) for deed in deeds]

    def test_a_refused_log_in_says_whose_account_it_was_about_and_never_by_whom(self) -> None:
        Browser(self.web, HERE).log_in(password="wrong canary")
        Browser(self.web, HERE).log_in("nobody", "wrong canary")
        Browser(self.web, HERE).log_in("no name", "wrong canary")
        self.assertEqual(
            self.recorded(),
            [
                ("log_in_refused", None, self.ada, "wrong_pair"),
                ("log_in_refused", None, None, "wrong_pair"),
                ("log_in_refused", None, None, "wrong_pair"),
            ],
        )

    def test_so_does_each_other_reason(self) -> None:
        stranger = Browser(self.web, HERE)
        fields = {"csrf": stranger.get("/login").csrf, "username": "ada", "password": PASSWORD}
        stranger.post("/login", {**fields, "csrf": "x"})
        stranger.post("/login", fields, ("Origin", "null"))
        self.web.store.away = True
        stranger.post("/login", fields)
        self.web.store.away = False
        for _ in range(5):
            stranger.post("/login", {**fields, "password": "x"})
        reasons = [outcome for _, _, _, outcome in self.recorded()]
        expected = ["csrf", "origin", "unavailable", *["wrong_pair"] * 4, "throttled"]
        self.assertEqual(reasons, expected)

    def test_who_guesses_on_is_told_apart_from_who_is_looked_at(self) -> None:
        self.web = Web()
        Browser(self.web, HERE).register()
        stranger, settings = Browser(self.web, HERE), Browser(self.web, HERE)
        settings.log_in()
        for _ in range(7):
            stranger.log_in(password="x")
            fields = {"change": "password", "current": "x", "password": NEW, "confirm": NEW}
            settings.submit("/settings", **fields)
        reasons = [(kind, outcome) for kind, _, _, outcome in self.recorded()]
        self.assertIn(("log_in_refused", "throttled_account"), reasons)
        self.assertIn(("password_refused", "throttled_account"), reasons)

    def test_the_store_is_told_from_where_somebody_registers_and_logs_in(self) -> None:
        Browser(self.web, "192.0.2.8").log_in()
        devices = [session.device for session in self.web.store.sessions.values()]
        self.assertEqual([device.address for device in devices], [HERE, "192.0.2.8"])
        self.assertEqual(self.recorded(), [])

    def test_who_logs_out_is_named_and_a_stranger_is_nobody(self) -> None:
        self.browser.post("/logout", {"csrf": self.browser.get("/").csrf})
        self.assertEqual(self.recorded(), [("logged_out", self.ada, self.ada, "done")])
        self.browser.post("/logout", {})
        self.assertEqual(self.recorded(), [])

    def test_what_people_do_in_their_settings(self) -> None:
        def change(change: str, **fields: str) -> None:
            self.browser.submit("/settings", change=change, **fields)

        change("name", fullname="Ada King")
        change("name", fullname="")
        change("password", current="wrong canary", password=NEW, confirm=NEW)
        change("session", session="nothing")
        change("sessions")
        self.assertEqual(
            self.recorded(),
            [
                ("renamed", self.ada, self.ada, "done"),
                ("password_refused", self.ada, self.ada, "wrong_password"),
                ("sessions_ended", self.ada, self.ada, "done"),
            ],
        )

    def test_nothing_that_was_typed_or_lets_in_is_recorded(self) -> None:
        Browser(self.web, HERE).log_in(password="wrong canary")
        Browser(self.web, HERE).log_in("canary", PASSWORD)
        self.browser.submit("/settings", change="name", fullname="Canary")
        secrets = [*self.browser.cookies.values(), PASSWORD]
        self.browser.post("/logout", {"csrf": self.browser.get("/").csrf})
        deeds: list[Deed] = self.web.audit.deeds
        self.assertEqual(len(deeds), 4)
        for secret in ("canary", "Canary", *secrets):
            self.assertNotIn(secret, repr(deeds))
