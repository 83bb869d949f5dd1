"""Second factors on the pages, as a browser without JavaScript meets them."""

from __future__ import annotations

import html
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from securechat.chat.factors import HALFWAY_MS, MOST_TRIES, PROVEN_MS
from securechat.chat.operator import Operator
from securechat.core.factors import STEP_MS
from securechat.core.model import digest_of
from securechat.core.ports import SessionEnded
from securechat.core.settings import Limits
from tests.support.factors import CODES, OFFER, SECRET, App

from .fakes_browser import PASSWORD, Browser
from .fakes_web import Web
from .fakes_wire import Response
from .test_web_pages import PagesCase

NEW = "another long secret"


class FactorPages(PagesCase):
    """Ada, who has just registered, and her app once she has one."""

    def setUp(self) -> None:
        super().setUp()
        self.browser.register()

    def set_up(self, browser: Browser | None = None) -> list[str]:
        """Set up an app; the recovery codes that are shown."""
        browser = browser or self.browser
        page = browser.get("/settings/security?app")
        self.app = App(self.secret_on(page))
        self.answer = self.send_app(page, self.code(), browser)
        self.assertEqual(self.answer.status, 200)
        return CODES.findall(self.answer.text)

    def send_app(self, page: Response, code: str, browser: Browser | None = None) -> Response:
        offer = OFFER.search(page.text)
        assert offer is not None
        fields = {"csrf": page.csrf, "change": "app", "offer": offer[1], "code": code}
        return (browser or self.browser).post("/settings/security", fields)

    def secret_on(self, page: Response) -> str:
        found = SECRET.search(page.text)
        assert found is not None, page.text
        return found[1].replace(" ", "")

    def code(self) -> str:
        return self.app.code(self.web.now_ms())

    def wait(self, passed_ms: int = STEP_MS) -> None:
        self.web.clock.advance(passed_ms / 1_000)

    def assertGoes(self, response: Response, where: str) -> None:
        self.assertEqual((response.status, response.header("Location")), (303, where))


class LoggingIn(FactorPages):
    def setUp(self) -> None:
        super().setUp()
        self.codes = self.set_up()
        self.wait()
        self.phone = Browser(self.web)

    def second(self, code: str, browser: Browser | None = None, **more: str) -> Response:
        return (browser or self.phone).submit("/login/second", code=code, **more)

    def test_after_the_password_comes_the_code_and_then_the_chat(self) -> None:
        self.assertGoes(self.phone.log_in(), "/login/second")
        self.assertNotIn("securechat", self.phone.cookies)
        self.assertGoes(self.phone.get("/"), "/login")
        page = self.phone.get("/login/second")
        self.assertEqual((page.status, page.header("Cache-Control")), (200, "no-store"))
        self.assertIn('autocomplete="one-time-code"', page.text)
        self.assertGoes(self.second(self.code()), "/")
        self.assertEqual(self.phone.get("/session").status, 204)
        self.assertEqual(set(self.phone.cookies), {"securechat", "securechat-known"})
        self.assertEqual(self.web.metrics.logins, ["ok"])

    def test_the_way_to_an_invite_is_kept(self) -> None:
        invite = self.web.rooms.link("one")
        page = self.phone.get(f"/login?join={invite}")
        fields = {"csrf": page.csrf, "username": "ada", "password": PASSWORD, "join": invite}
        self.assertGoes(self.phone.post("/login", fields), f"/login/second?join={invite}")
        page = self.phone.get(f"/login/second?join={invite}")
        self.assertEqual(page.header("Referrer-Policy"), "strict-origin")
        wrong = self.second("000000", join=invite)
        self.assertIn(f'name="join" value="{invite}"', wrong.text)
        self.assertGoes(self.second(self.code(), join=invite), f"/join/{invite}")
        for evil in ("//evil.example", "x", invite + "/../.."):
            other = Browser(self.web)
            other.log_in()
            self.wait()
            self.assertGoes(self.second(self.code(), other, join=evil), "/")

    def test_a_wrong_code_is_said_beside_the_field_and_the_fifth_ends_it(self) -> None:
        self.phone.log_in()
        for _ in range(MOST_TRIES - 1):
            response = self.second("000000")
            self.assertEqual(response.status, 401)
            self.assertIn('id="code-error"', response.text)
            self.assertNotIn("000000", response.text)
        response = self.second("000000")
        self.assertEqual(response.status, 401)
        self.assertIn("Please begin again", response.text)
        self.assertIn('action="/login"', response.text)
        self.assertNotIn("securechat-second", self.phone.cookies)
        self.assertGoes(self.phone.get("/login/second"), "/login")
        self.assertEqual(self.web.metrics.logins, ["refused"] * MOST_TRIES)

    def test_the_audit_log_is_told_whose_code_was_refused_and_by_nobody_whom(self) -> None:
        [ada] = [user for user, _ in self.web.store.users.values()]
        self.phone.log_in()
        self.web.audit.deeds = []
        for code in ["000000"] * (MOST_TRIES + 1):
            self.phone.post("/login/second", {"csrf": self.phone.get("/login").csrf, "code": code})
        self.phone.post("/login/second", {"csrf": "x", "code": self.code()})
        told = [
            (deed.kind, deed.actor, deed.subject, deed.outcome) for deed in self.web.audit.deeds
        ]
        kind = "log_in_refused"
        self.assertEqual(
            told,
            [
                *[(kind, None, ada.id, "wrong_code")] * (MOST_TRIES - 1),
                (kind, None, ada.id, "second_over"),
                (kind, None, None, "second_over"),
                (kind, None, None, "csrf"),
            ],
        )

    def test_it_is_bound_to_the_browser_and_to_five_minutes(self) -> None:
        self.phone.log_in()
        self.assertGoes(Browser(self.web).get("/login/second"), "/login")
        stranger = Browser(self.web)
        fields = {"csrf": stranger.get("/login").csrf, "code": self.code()}
        self.assertIn("Please begin again", stranger.post("/login/second", fields).text)
        self.assertNotIn("securechat", stranger.cookies)
        fields["csrf"] = self.phone.get("/login/second").csrf
        self.wait(HALFWAY_MS)
        fields["code"] = self.code()
        self.assertIn("Please begin again", self.phone.post("/login/second", fields).text)
        self.assertNotIn("securechat", self.phone.cookies)

    def test_its_cookie_obeys_the_rules_of_the_others(self) -> None:
        for web, prefix in (
            (self.web, ""),
            (Web(public_url="https://chat.example.org"), "__Host-"),
        ):
            browser = Browser(web, over_tls=bool(prefix))
            if prefix:
                browser.register()
                self.web = web
                self.set_up(browser)
                browser.cookies.clear()
            response = browser.log_in()
            [cookie] = [c for c in response.all("Set-Cookie") if "securechat-second" in c]
            self.assertTrue(cookie.startswith(f"{prefix}securechat-second="))
            parts = set(cookie.split("; ")[1:])
            secure = {"Secure"} if prefix else set()
            self.assertEqual(parts, {"Max-Age=300", "Path=/", "HttpOnly", "SameSite=Lax", *secure})

    def test_its_form_needs_our_token_and_origin(self) -> None:
        self.phone.log_in()
        csrf = self.phone.get("/login/second").csrf
        for token in ("", "x", Browser(self.web).get("/login").csrf):
            response = self.phone.post("/login/second", {"csrf": token, "code": self.code()})
            self.assertEqual(response.status, 403)
        evil = ("Origin", "http://evil.example")
        response = self.phone.post("/login/second", {"csrf": csrf, "code": self.code()}, evil)
        self.assertEqual(response.status, 403)
        self.assertGoes(self.second(self.code()), "/")

    def test_a_recovery_code_lets_in_once_and_is_told_to_the_log(self) -> None:
        events: list[LogEvent] = []
        observer: Any = events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.phone.log_in()
        self.assertGoes(self.second(self.codes[0]), "/")
        other = Browser(self.web)
        other.log_in()
        self.assertEqual(self.second(self.codes[0], other).status, 401)
        told = [event.get("event") for event in events]
        self.assertIn("recovery_used", told)
        [logged_in] = [event for event in events if event.get("event") == "logged_in"]
        self.assertEqual(logged_in["factor"], "recovery")
        lines = " ".join(formatEvent(event) + repr(event) for event in events)
        self.assertNotIn(self.codes[0], lines)

    def test_without_a_database_it_is_503_and_the_try_is_not_lost(self) -> None:
        self.phone.log_in()
        fields = {"csrf": self.phone.get("/login/second").csrf, "code": self.code()}
        self.web.store.away = True
        response = self.phone.post("/login/second", fields)
        self.assertEqual(response.status, 503)
        self.assertIn('name="code"', response.text)
        self.web.store.away = False
        self.assertGoes(self.phone.post("/login/second", fields), "/")

    def test_failures_delay_the_next_code_of_the_account_and_a_right_password_helps_nobody(
        self,
    ) -> None:
        for _ in range(MOST_TRIES):
            self.phone.log_in()
            self.second("000000")
        self.phone.log_in()
        response = self.second(self.code())
        self.assertEqual((response.status, response.header("Retry-After")), (429, "1"))
        # Whoever was here before is not kept out.
        known = Browser(self.web)
        known.cookies["securechat-known"] = self.browser.cookies["securechat-known"]
        known.log_in()
        self.assertGoes(self.second(self.code(), known), "/")
        self.wait(1_000)
        self.wait()
        self.assertGoes(self.second(self.code()), "/")

    def test_tries_are_limited_by_address_like_those_of_passwords(self) -> None:
        self.web = Web(limits=Limits(logins_per_address=2))
        self.browser = Browser(self.web)
        self.browser.register()
        self.set_up()
        phone = Browser(self.web)
        phone.log_in()
        self.assertEqual(self.second("000000", phone).status, 429)

    def test_a_link_for_a_new_password_sets_it_and_does_not_sign_in(self) -> None:
        made = Operator(self.web.operator, self.web.random).new_reset("ada", self.web.now_ms())
        path = f"/reset/{self.successResultOf(Deferred.fromCoroutine(made))}"
        self.assertGoes(self.phone.submit(path, password=NEW, confirm=NEW), "/login")
        self.assertNotIn("securechat", self.phone.cookies)
        self.assertEqual(self.browser.get("/session").status, 401)
        self.assertGoes(self.phone.log_in(password=NEW), "/login/second")
        self.assertGoes(self.second(self.code()), "/")

    def test_whoever_holds_the_machine_takes_factors_away_and_ends_sessions(self) -> None:
        operator = Operator(self.web.operator, self.web.random)
        [mine] = self.web.store.sessions
        gone = (("ADA", (True, (mine,))), ("ada", (False, ())))
        for name, found in (*gone, ("nobody", None), ("", None)):
            work = Deferred.fromCoroutine(operator.remove_factors(name))
            self.assertEqual(self.successResultOf(work), found)
        self.assertEqual(self.browser.get("/session").status, 401)
        self.assertGoes(self.phone.log_in(), "/")


class ThePage(FactorPages):
    def test_the_settings_lead_to_it_and_say_whether_there_is_one(self) -> None:
        page = self.browser.get("/settings").text
        self.assertIn('href="/settings/security"', page)
        self.assertIn("Your password alone lets you in.", page)
        self.set_up()
        self.assertIn("takes more than your password", self.browser.get("/settings").text)

    def test_an_app_is_offered_with_a_picture_and_the_secret_as_text(self) -> None:
        page = self.browser.get("/settings/security?app")
        self.assertIn('src="data:image/svg+xml', page.text)
        secret = self.secret_on(page)
        self.assertEqual(len(secret), 32)
        self.assertIn(f"secret={secret}", html.unescape(page.text))
        self.assertNotEqual(self.secret_on(self.browser.get("/settings/security?app")), secret)
        self.assertEqual(self.web.store.apps, {})

    def test_a_wrong_code_keeps_the_secret_and_a_right_one_shows_ten_codes_once(self) -> None:
        page = self.browser.get("/settings/security?app")
        self.app = App(self.secret_on(page))
        again = self.send_app(page, "000000")
        self.assertEqual(again.status, 422)
        self.assertIn('id="code-error"', again.text)
        self.assertEqual(self.secret_on(again), self.secret_on(page))
        done = self.send_app(again, self.code())
        self.assertIn("Your account has a second factor now.", done.text)
        self.assertEqual(len(CODES.findall(done.text)), 10)
        self.assertEqual(done.header("Cache-Control"), "no-store")
        self.assertNotIn("<code>", self.browser.get("/settings/security").text)
        self.assertIn("10 recovery codes are left", self.browser.get("/settings/security").text)

    def test_a_secret_that_was_not_offered_is_answered_with_a_new_one(self) -> None:
        page = self.browser.get("/settings/security?app")
        for offer in ("", "x", "1.AAAA"):
            fields = {"csrf": page.csrf, "change": "app", "offer": offer, "code": "000000"}
            response = self.browser.post("/settings/security", fields)
            self.assertEqual(response.status, 403)
            self.assertNotEqual(self.secret_on(response), self.secret_on(page))

    def test_removed_the_password_alone_is_enough_again(self) -> None:
        self.set_up()
        response = self.browser.submit("/settings/security", change="remove_app")
        self.assertGoes(response, "/settings/security?removed")
        self.assertIn("It was removed.", self.browser.get("/settings/security?removed").text)
        self.assertGoes(Browser(self.web).log_in(), "/")
        again = self.browser.submit("/settings/security", change="recovery")
        self.assertGoes(again, "/settings/security")

    def test_new_recovery_codes_replace_the_old(self) -> None:
        old = self.set_up()
        page = self.browser.submit("/settings/security", change="recovery")
        new = CODES.findall(page.text)
        self.assertEqual((len(new), set(old) & set(new)), (10, set()))

    def test_the_others_stay_logged_in_and_can_be_ended(self) -> None:
        other = Browser(self.web)
        other.log_in()
        self.set_up()
        self.assertEqual(other.get("/session").status, 204)
        page = self.browser.get("/settings/security")
        self.assertIn("You are logged in in 1 other browser. It stays so", page.text)
        self.browser.post("/settings", {"csrf": page.csrf, "change": "sessions"})
        self.assertEqual(other.get("/session").status, 401)

    def test_every_form_needs_the_token_of_the_session_and_our_origin(self) -> None:
        self.set_up()
        csrf = self.browser.get("/settings/security").csrf
        evil = ("Origin", "http://evil.example")
        for path, fields in (
            ("/settings/security", {"change": "remove_app"}),
            ("/settings/security", {"change": "recovery"}),
            ("/settings/confirm", {"password": PASSWORD, "code": self.code()}),
        ):
            for token in ("", "x", Browser(self.web).get("/login").csrf):
                response = self.browser.post(path, {**fields, "csrf": token})
                self.assertEqual(response.status, 403)
            self.assertEqual(self.browser.post(path, {**fields, "csrf": csrf}, evil).status, 403)
        self.assertEqual(len(self.web.store.apps), 1)

    def test_a_change_that_there_is_not_is_422_and_a_stranger_is_sent_to_log_in(self) -> None:
        self.set_up()
        self.assertEqual(self.browser.submit("/settings/security", change="x").status, 422)
        stranger = Browser(self.web)
        for path in ("/settings/security", "/settings/security?app", "/settings/confirm"):
            self.assertGoes(stranger.get(path), "/login")
            self.assertGoes(stranger.post(path, {"change": "recovery"}), "/login")


class Confirming(FactorPages):
    def confirm(self, back: str = "security", **fields: str) -> Response:
        page = self.browser.get(f"/settings/confirm?{back}")
        fields = {"csrf": page.csrf, "back": back, "password": PASSWORD, **fields}
        return self.browser.post("/settings/confirm", fields)

    def test_after_ten_minutes_nothing_is_changed_without_a_proof(self) -> None:
        self.set_up()
        csrf = self.browser.get("/settings/security").csrf
        self.wait(PROVEN_MS)
        where = "/settings/confirm?security"
        self.assertGoes(self.browser.get("/settings/security"), where)
        self.assertGoes(self.browser.get("/settings/security?app"), where)
        for change in ("app", "remove_app", "recovery"):
            fields = {"csrf": csrf, "change": change}
            self.assertGoes(self.browser.post("/settings/security", fields), where)
        self.assertEqual(len(self.web.store.apps), 1)
        self.assertGoes(self.confirm(code=self.code()), "/settings/security")
        self.assertEqual(self.browser.get("/settings/security").status, 200)
        self.assertGoes(self.browser.get("/settings/confirm?password"), "/settings#password-title")

    def test_a_proof_gives_the_session_a_new_token_and_ends_the_old_one(self) -> None:
        self.wait(PROVEN_MS)
        old = self.browser.cookies["securechat"]
        self.assertGoes(self.confirm(), "/settings/security")
        self.assertNotEqual(self.browser.cookies["securechat"], old)
        self.assertIn(SessionEnded(digest_of(old)), self.web.bus.news)
        stale = Browser(self.web)
        stale.cookies["securechat"] = old
        self.assertEqual(stale.get("/session").status, 401)

    def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_proven(self) -> None:
        self.set_up()
        self.wait(PROVEN_MS)
        wrong = self.confirm(password="a wrong secret", code=self.code())
        self.assertEqual(wrong.status, 422)
        self.assertIn('id="password-error"', wrong.text)
        self.assertNotIn('id="code-error"', wrong.text)
        for code in ("", "000000"):
            wrong = self.confirm(code=code)
            self.assertEqual(wrong.status, 422)
            self.assertIn('id="code-error"', wrong.text)
        self.assertGoes(self.browser.get("/settings/security"), "/settings/confirm?security")
        self.web.hashing.busy = True
        self.assertEqual(self.confirm(code=self.code()).status, 503)

    def test_it_leads_to_nowhere_that_somebody_else_has_written(self) -> None:
        self.wait(PROVEN_MS)
        page = self.browser.get("/settings/confirm?//evil.example")
        self.assertNotIn("evil", page.text)
        fields = {"csrf": page.csrf, "back": "//evil.example", "password": PASSWORD}
        response = self.browser.post("/settings/confirm", fields)
        self.assertGoes(response, "/settings/security")

    def test_guesses_are_limited_like_those_at_the_log_in(self) -> None:
        self.web = Web(limits=Limits(logins_per_address=2))
        self.browser = Browser(self.web)
        self.browser.register()
        self.wait(PROVEN_MS)
        statuses = [self.confirm(password="a wrong secret").status for _ in range(3)]
        self.assertEqual(statuses[0], 422)
        self.assertEqual(statuses[-1], 429)

    def test_a_new_password_needs_it_where_there_is_a_factor(self) -> None:
        fields = {"change": "password", "current": PASSWORD, "password": NEW, "confirm": NEW}
        self.set_up()
        csrf = self.browser.get("/settings").csrf
        self.wait(PROVEN_MS)
        page = self.browser.get("/settings")
        self.assertIn('href="/settings/confirm?password"', page.text)
        self.assertNotIn('name="current"', page.text)
        self.assertEqual(self.browser.post("/settings", {**fields, "csrf": csrf}).status, 403)
        self.assertGoes(Browser(self.web).log_in(), "/login/second")
        self.assertGoes(self.confirm("password", code=self.code()), "/settings#password-title")
        self.assertGoes(self.browser.submit("/settings", **fields), "/settings?password")
        self.assertGoes(Browser(self.web).log_in(password=NEW), "/login/second")

    def test_without_a_factor_the_current_password_is_the_proof(self) -> None:
        self.wait(PROVEN_MS)
        fields = {"change": "password", "current": PASSWORD, "password": NEW, "confirm": NEW}
        self.assertGoes(self.browser.submit("/settings", **fields), "/settings?password")
