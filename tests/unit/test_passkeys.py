"""Passkeys, by a device in memory that can be spoiled in every way."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from securechat.chat.factors import PROVEN_MS
from securechat.chat.passkeys import CHALLENGE_MS
from securechat.core import passkeys
from securechat.core.encoding import b64url, from_b64url
from securechat.core.passkeys import BadPasskey
from securechat.web import Origins
from tests.support.authenticator import USER_PRESENT, USER_VERIFIED, Authenticator
from tests.support.factors import CODES

from .fakes_browser import Browser
from .fakes_web import Web
from .fakes_wire import Response
from .test_web_second import FactorPages

HOME = "http://localhost:8080"


class Parties(SynchronousTestCase):
    def test_passkeys_are_for_names_over_https_and_for_localhost(self) -> None:
        loopback = Origins()
        loopback.listen_on([8080])
        public = Origins("https://chat.example.org")
        odd = Origins("https://chat.example.org:8443")
        cases = (
            (loopback, "localhost:8080", ("localhost", HOME)),
            (loopback, "LOCALHOST:8080", ("localhost", HOME)),
            (loopback, "localhost:8081", None),
            (loopback, "127.0.0.1:8080", None),
            (loopback, "[::1]:8080", None),
            (public, "chat.example.org", ("chat.example.org", "https://chat.example.org")),
            (public, "chat.example.org:443", ("chat.example.org", "https://chat.example.org")),
            (public, "example.org", None),
            (odd, "chat.example.org:8443", ("chat.example.org", "https://chat.example.org:8443")),
            (odd, "chat.example.org", None),
            (Origins("https://192.0.2.7"), "192.0.2.7", None),
            (Origins("http://chat.example.org"), "chat.example.org", None),
        )
        for origins, host, expected in cases:
            self.assertEqual(origins.relying_party(host), expected, host)


class WhatComesIn(SynchronousTestCase):
    @given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
    def test_nothing_but_an_answer_is_one(self, text: str) -> None:
        self.assertRaises(BadPasskey, passkeys.read, text)

    def test_nor_is_one_that_is_nested_without_end(self) -> None:
        self.assertRaises(BadPasskey, passkeys.read, "[" * 60_000)

    def test_names_are_made_fit_to_be_shown(self) -> None:
        self.assertEqual(passkeys.tidy_name("  My \u202e\n key\0 ", "x"), "My key")
        self.assertEqual(passkeys.tidy_name("\u200b", "Firefox"), "Firefox")
        self.assertEqual(len(passkeys.tidy_name("é" * 99, "x")), 64)

    def test_counters_go_on_or_do_not_count_at_all(self) -> None:
        for before, now, good in ((0, 0, True), (0, 1, True), (5, 6, True), (5, 5, False)):
            self.assertEqual(passkeys.goes_on(before, now), good)
        self.assertFalse(passkeys.goes_on(5, 0))


class PasskeyPages(FactorPages):
    def setUp(self) -> None:
        super().setUp()
        self.device = Authenticator(self.web.origins.home)

    def options(self, page: Response) -> str:
        found = re.search(r'data-options="([^"]+)"', page.text)
        assert found is not None, page.text
        return html.unescape(found[1])

    def add(self, device: Authenticator | None = None, **more: str) -> Response:
        page = self.browser.get("/settings/security")
        credential = (device or self.device).create(self.options(page))
        fields = {"csrf": page.csrf, "change": "passkey", "name": "My key", **more}
        return self.browser.post("/settings/security", {"credential": credential, **fields})

    def sign_in(self, browser: Browser | None = None, **more: str) -> Response:
        browser = browser or Browser(self.web)
        page = browser.get("/login")
        credential = self.device.get(self.options(page))
        fields = {"csrf": page.csrf, "credential": credential, **more}
        return browser.post("/login/passkey", fields)

    def assertRefused(self, response: Response) -> None:
        self.assertEqual(response.status, 401)
        self.assertIn("This passkey was not accepted.", response.text)


class Adding(PasskeyPages):
    def test_it_is_the_first_factor_and_brings_recovery_codes(self) -> None:
        done = self.add()
        self.assertEqual((done.status, len(CODES.findall(done.text))), (200, 10))
        page = self.browser.get("/settings/security").text
        self.assertIn("My key", page)
        self.assertIn("never used", page)
        self.assertGoes(Browser(self.web).log_in(), "/login/second")

    def test_one_more_factor_brings_no_other_recovery_codes(self) -> None:
        self.set_up()
        self.assertEqual(CODES.findall(self.add().text), [])
        self.browser.submit("/settings/security", change="remove_app")
        self.assertGoes(Browser(self.web).log_in(), "/login/second")
        self.assertIn("10 recovery codes", self.browser.get("/settings/security").text)

    def test_what_was_not_asked_of_this_browser_for_this_now_is_not_added(self) -> None:
        elsewhere = Browser(self.web)
        elsewhere.log_in()
        page = elsewhere.get("/settings/security")
        old = self.browser.get("/settings/security")
        login = Browser(self.web).get("/login")
        csrf = old.csrf
        made_up = json.loads(self.options(old))
        said = made_up | {"challenge": b64url(b"1.x.y")}
        borrowed = made_up | {"challenge": json.loads(self.options(login))["challenge"]}
        for options in (self.options(page), json.dumps(said), json.dumps(borrowed)):
            credential = self.device.create(options)
            fields = {"csrf": csrf, "change": "passkey", "credential": credential}
            response = self.browser.post("/settings/security", fields)
            self.assertEqual(response.status, 422)
            self.assertIn("This passkey was not accepted.", response.text)
        self.assertEqual(self.web.store.passkeys, {})

    def test_from_another_origin_without_its_holder_or_twice_it_is_not_added(self) -> None:
        evil = Authenticator("http://evil.example")
        self.assertEqual(self.add(evil).status, 422)
        absent = Authenticator(self.device.origin, flags=USER_PRESENT)
        self.assertEqual(self.add(absent).status, 422)
        self.assertEqual(self.add().status, 200)
        self.assertEqual(self.add().status, 422)
        self.assertEqual(len(self.web.store.passkeys), 1)

    def test_it_is_removed_by_its_owner_alone(self) -> None:
        self.add()
        reference = b64url(self.device.id)
        eve = Browser(self.web)
        eve.register("eve", "Eve Moneypenny")
        for browser, there in ((eve, 1), (self.browser, 0)):
            for passkey in ("", "!", b64url(b"other"), reference):
                fields = {"change": "remove_passkey", "passkey": passkey}
                where = "/settings/security?removed"
                self.assertGoes(browser.submit("/settings/security", **fields), where)
            self.assertEqual(len(self.web.store.passkeys), there)
        self.assertGoes(Browser(self.web).log_in(), "/")

    def test_under_an_address_none_is_offered(self) -> None:
        self.web.origins.listen_on([8080])
        page = self.web.request("GET", "/login", host="127.0.0.1:8080")
        self.assertNotIn("data-passkey", page.text)
        self.assertIn("data-passkey", self.web.request("GET", "/login").text)


class SigningIn(PasskeyPages):
    def setUp(self) -> None:
        super().setUp()
        self.add()
        self.events: list[LogEvent] = []
        observer: Any = self.events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def told(self, event: str) -> list[LogEvent]:
        return [one for one in self.events if one.get("event") == event]

    def test_a_passkey_alone_signs_in_and_leads_back_to_an_invite(self) -> None:
        phone = Browser(self.web)
        self.assertGoes(self.sign_in(phone), "/")
        self.assertEqual(phone.get("/session").status, 204)
        [event] = self.told("logged_in")
        self.assertEqual((event["username"], event["factor"]), ("ada", "passkey"))
        invite = self.web.rooms.link("one")
        self.assertGoes(self.sign_in(join=invite), f"/join/{invite}")
        self.assertIn("last used", self.browser.get("/settings/security").text)

    def test_the_same_answer_signs_in_once_also_one_that_does_not_count(self) -> None:
        for counts in (True, False):
            self.device = Authenticator(self.web.origins.home, counts=counts)
            self.add()
            phone = Browser(self.web)
            page = phone.get("/login")
            credential = self.device.get(self.options(page))
            cookies = dict(phone.cookies)
            fields = {"csrf": page.csrf, "credential": credential}
            self.assertGoes(phone.post("/login/passkey", fields), "/")
            phone.cookies = dict(cookies)
            self.assertRefused(phone.post("/login/passkey", fields))

    def test_a_challenge_is_answered_within_ten_minutes(self) -> None:
        for late_ms, statuses in ((0, 303), (CHALLENGE_MS - 1_000, 303), (CHALLENGE_MS, 401)):
            phone = Browser(self.web)
            page = phone.get("/login")
            fields = {"csrf": page.csrf, "credential": self.device.get(self.options(page))}
            self.wait(late_ms)
            self.assertEqual(phone.post("/login/passkey", fields).status, statuses)

    def test_an_answer_to_another_browser_is_none(self) -> None:
        page = Browser(self.web).get("/login")
        credential = self.device.get(self.options(page))
        mine = Browser(self.web)
        fields = {"csrf": mine.get("/login").csrf, "credential": credential}
        self.assertRefused(mine.post("/login/passkey", fields))

    def test_a_counter_that_goes_back_is_refused_and_told(self) -> None:
        for _ in range(3):
            self.sign_in()
        self.device.count = 1
        self.assertRefused(self.sign_in())
        [event] = self.told("passkey_went_back")
        self.assertEqual(event["username"], "ada")

    def test_what_is_spoiled_is_refused(self) -> None:
        home, key, flags = self.device.origin, self.device.key, self.device.flags
        self.device.origin = "http://evil.example"
        self.assertRefused(self.sign_in())
        self.device.origin, self.device.flags = home, USER_PRESENT
        self.assertRefused(self.sign_in())
        self.device.flags = USER_VERIFIED
        self.assertRefused(self.sign_in())
        self.device.flags = flags
        self.device.key = Authenticator(home).key
        self.assertRefused(self.sign_in())
        self.device.key = key
        handle, self.device.handle = self.device.handle, b64url(b"e" * 22)
        self.assertRefused(self.sign_in())
        self.device.handle = handle
        self.assertGoes(self.sign_in(), "/")
        self.device.id = b"unknown"
        self.assertRefused(self.sign_in())

    def test_every_part_that_is_cut_or_changed_is_refused(self) -> None:
        for part in ("clientDataJSON", "authenticatorData", "signature"):
            for spoil in (lambda b: b[:-1], lambda b: b"", lambda b: b[:-1] + bytes([b[-1] ^ 1])):
                page = (phone := Browser(self.web)).get("/login")
                answer = json.loads(self.device.get(self.options(page)))
                whole = from_b64url(answer["response"][part])
                answer["response"][part] = b64url(spoil(whole))
                fields = {"csrf": page.csrf, "credential": json.dumps(answer)}
                self.assertRefused(phone.post("/login/passkey", fields))

    def test_it_is_the_second_factor_of_its_owner_alone(self) -> None:
        phone = Browser(self.web)
        self.assertGoes(phone.log_in(), "/login/second")
        page = phone.get("/login/second")
        said = json.loads(self.options(page))
        self.assertEqual([one["id"] for one in said["allowCredentials"]], [b64url(self.device.id)])
        fields = {"csrf": page.csrf, "credential": self.device.get(json.dumps(said))}
        self.assertGoes(phone.post("/login/second", fields), "/")
        eve = Browser(self.web)
        eve.register("eve", "Eve Moneypenny")
        ada, self.browser = self.browser, eve
        mine, self.device = self.device, Authenticator(self.device.origin)
        self.add()
        self.browser = ada
        other = Browser(self.web)
        other.log_in()
        page = other.get("/login/second")
        fields = {"csrf": page.csrf, "credential": self.device.get(self.options(page))}
        self.assertEqual(other.post("/login/second", fields).status, 401)
        fields["credential"] = mine.get(self.options(other.get("/login")))
        self.assertEqual(other.post("/login/second", fields).status, 401)

    def test_it_is_a_proof_for_its_owner(self) -> None:
        self.wait(PROVEN_MS)
        page = self.browser.get("/settings/confirm?security")
        old = self.browser.cookies["securechat"]
        fields = {"csrf": page.csrf, "back": "security"}
        credential = self.device.get(self.options(page))
        eve = Browser(self.web)
        eve.register("eve", "Eve Moneypenny")
        self.wait(PROVEN_MS)
        theirs = eve.get("/settings/confirm?security").csrf
        response = eve.post("/settings/confirm", {"csrf": theirs, "credential": credential})
        self.assertEqual(response.status, 422)
        credential = self.device.get(self.options(self.browser.get("/settings/confirm?security")))
        response = self.browser.post("/settings/confirm", {**fields, "credential": credential})
        self.assertGoes(response, "/settings/security")
        self.assertNotEqual(self.browser.cookies["securechat"], old)
        self.assertEqual(self.browser.get("/settings/security").status, 200)

    def test_without_a_database_it_is_503(self) -> None:
        phone = Browser(self.web)
        page = phone.get("/login")
        fields = {"csrf": page.csrf, "credential": self.device.get(self.options(page))}
        self.web.store.away = True
        self.assertEqual(phone.post("/login/passkey", fields).status, 503)
        self.web.store.away = False
        self.assertGoes(phone.post("/login/passkey", fields), "/")

    def test_under_a_public_address_only_its_own_origin_counts(self) -> None:
        self.web = Web(public_url="https://chat.example.org")
        self.browser = Browser(self.web, over_tls=True)
        self.browser.register()
        self.device = Authenticator("https://chat.example.org")
        self.assertEqual(self.add().status, 200)
        self.assertGoes(self.sign_in(Browser(self.web, over_tls=True)), "/")
        self.device.origin = "https://chat.example.org:444"
        self.assertRefused(self.sign_in(Browser(self.web, over_tls=True)))


class Recorded(PasskeyPages):
    def kinds(self) -> list[tuple[str, str]]:
        found = [(str(deed.kind), deed.outcome) for deed in self.web.audit.deeds]
        self.web.audit.deeds.clear()
        return found

    def test_the_audit_log_says_what_was_refused_and_what_was_proven(self) -> None:
        self.web.audit.deeds.clear()
        self.set_up()
        self.add()
        # That is recorded where it is stored.
        self.assertEqual(self.kinds(), [])
        phone = Browser(self.web)
        phone.log_in()
        phone.submit("/login/second", code="000000")
        self.assertEqual(self.kinds(), [("log_in_refused", "wrong_code")])
        self.device.flags = USER_PRESENT
        self.sign_in()
        [user] = [user for user, _ in self.web.store.users.values()]
        self.assertEqual([deed.subject for deed in self.web.audit.deeds], [user.id])
        self.assertEqual(self.kinds(), [("log_in_refused", "bad_passkey")])
        self.wait(PROVEN_MS)
        self.device.flags = USER_PRESENT | USER_VERIFIED
        page = self.browser.get("/settings/confirm?security")
        fields = {"csrf": page.csrf, "password": "wrong", "code": ""}
        self.browser.post("/settings/confirm", fields)
        self.assertEqual(self.kinds(), [("password_refused", "wrong_password")])
        fields = {"csrf": page.csrf, "credential": self.device.get(self.options(page))}
        self.browser.post("/settings/confirm", fields)
        self.assertEqual(self.kinds(), [("confirmed", "done")])
