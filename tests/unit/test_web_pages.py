"""The pages as a browser without JavaScript meets them, with good input and bad."""

from __future__ import annotations

import gzip
import re
from urllib.parse import quote_from_bytes

from twisted.trial.unittest import SynchronousTestCase

from securechat.core.model import digest_of
from securechat.core.ports import SessionEnded
from securechat.core.settings import Limits
from securechat.web import Origins

from .fakes_browser import PASSWORD, Browser
from .fakes_web import Web
from .fakes_wire import Response

FORM = "application/x-www-form-urlencoded"


class PagesCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.browser = Browser(self.web)

    def register_fields(self, **changes: str) -> dict[str, str]:
        fields = {
            "csrf": self.browser.get("/register").csrf,
            "fullname": "Ada Lovelace",
            "username": "ada",
            "password": PASSWORD,
            "confirm": PASSWORD,
        }
        return {**fields, **changes}

    def assertKeptNothingSecret(self, response: Response) -> None:
        self.assertNotIn(PASSWORD, response.text)
        self.assertNotIn("Traceback", response.text)


class Registering(PagesCase):
    def test_whoever_registers_is_signed_in_and_in_the_chat(self) -> None:
        response = self.browser.register()
        self.assertEqual((response.status, response.header("Location")), (303, "/"))
        page = self.browser.get("/")
        self.assertEqual(page.status, 200)
        self.assertIn("Ada Lovelace", page.text)
        self.assertEqual(page.header("Cache-Control"), "no-store")
        self.assertEqual(self.browser.get("/session").status, 204)

    def test_wrong_fields_are_422_with_the_reasons_and_what_was_typed(self) -> None:
        response = self.browser.post(
            "/register",
            self.register_fields(username="a b", fullname="Ada <b>", confirm="another secret"),
        )
        self.assertEqual(response.status, 422)
        self.assertIn("3 to 32 characters", response.text)
        self.assertIn("not the same", response.text)
        self.assertIn('value="a b"', response.text)
        self.assertIn('value="Ada &lt;b&gt;"', response.text)
        self.assertKeptNothingSecret(response)
        fixed = {**self.register_fields(), "csrf": response.csrf}
        self.assertEqual(self.browser.post("/register", fixed).status, 303)

    def test_an_empty_form_tells_of_every_field(self) -> None:
        response = self.browser.post("/register", {"csrf": self.browser.get("/register").csrf})
        self.assertEqual(response.status, 422)
        for name in ("fullname", "username", "password"):
            self.assertIn(f'id="{name}-error"', response.text)

    def test_a_taken_name_in_another_case_is_409(self) -> None:
        self.browser.register("ada")
        other = Browser(self.web)
        response = other.register("ADA", "Somebody Else")
        self.assertEqual(response.status, 409)
        self.assertIn("taken", response.text)
        self.assertIn('value="Somebody Else"', response.text)
        self.assertKeptNothingSecret(response)

    def test_names_of_every_kind_are_kept_and_shown_as_text(self) -> None:
        for number, name in enumerate(
            ("👩\u200d💻 Grace", "محمد", "<script>alert(1)</script>", "{{ 7 * 7 }}", 'a" onload="x')
        ):
            browser = Browser(self.web)
            self.assertEqual(browser.register(f"user{number}", name).status, 303)
            page = browser.get("/").text
            self.assertNotIn("<script>alert", page)
            self.assertNotIn('onload="x', page)
            self.assertNotIn("49", page.partition("account-name")[2][:80])

    def test_bad_names_are_422(self) -> None:
        for name in ("", "x" * 81, "nul\0byte", "\u202eevil", "line\r\nSet-Cookie: x=y", "\u2066"):
            response = self.browser.post("/register", self.register_fields(fullname=name))
            self.assertEqual(response.status, 422, repr(name))
            self.assertNotIn("x=y", str(response.all("Set-Cookie")))

    def test_passwords_of_every_length_work_and_differ_at_their_ends(self) -> None:
        for n_bytes in (8, 72, 73, 1_024):
            secret = "x" * (n_bytes - 1)
            fields = self.register_fields(
                username=f"user{n_bytes}", password=secret + "a", confirm=secret + "a"
            )
            self.assertEqual(self.browser.post("/register", fields).status, 303)
            self.browser = Browser(self.web)
            self.assertEqual(self.browser.log_in(f"user{n_bytes}", secret + "b").status, 401)
            self.assertEqual(self.browser.log_in(f"user{n_bytes}", secret + "a").status, 303)
            self.browser = Browser(self.web)
        too_long = "x" * 1_025
        fields = self.register_fields(username="late", password=too_long, confirm=too_long)
        self.assertEqual(self.browser.post("/register", fields).status, 422)

    def test_closed_registration_is_403_both_ways(self) -> None:
        self.web = Web(registration="closed")
        self.browser = Browser(self.web)
        self.assertEqual(self.browser.get("/register").status, 403)
        csrf = self.browser.get("/login").csrf
        response = self.browser.post("/register", {"csrf": csrf, "username": "ada"})
        self.assertEqual(response.status, 403)
        self.assertIn("closed", response.text)
        self.assertEqual(self.web.store.users, {})


class LoggingIn(PagesCase):
    def setUp(self) -> None:
        super().setUp()
        self.browser.register()
        self.browser = Browser(self.web)

    def test_the_right_pair_is_303_and_a_fresh_session_that_lives_thirty_days(self) -> None:
        response = self.browser.log_in("Ada")
        self.assertEqual((response.status, response.header("Location")), (303, "/"))
        (cookie,) = [one for one in response.all("Set-Cookie") if one.startswith("securechat=")]
        self.assertIn("; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax", cookie)
        self.assertNotIn("Secure", cookie)

    def test_a_wrong_password_and_an_unknown_user_get_the_same_page(self) -> None:
        pages = []
        for username in ("ada", "nil"):
            response = self.browser.log_in(username, "not the secret")
            self.assertEqual(response.status, 401)
            self.assertIn(f'value="{username}"', response.text)
            self.assertKeptNothingSecret(response)
            text = re.sub(r'data-options="[^"]*"', "", response.text)  # a challenge
            pages.append(text.replace(username, "…").replace(response.csrf, "…"))
        self.assertEqual(*pages)

    def test_a_planted_session_is_never_the_one_after_the_log_in(self) -> None:
        planted = "A" * 43
        self.browser.cookies["securechat"] = planted
        self.assertEqual(self.browser.log_in().status, 303)
        self.assertNotEqual(self.browser.cookies["securechat"], planted)

    def test_logging_in_again_ends_the_session_of_before(self) -> None:
        csrf = self.browser.get("/login").csrf
        fields = {"csrf": csrf, "username": "ada", "password": PASSWORD}
        form = self.browser.cookies["securechat-form"]
        self.browser.post("/login", fields)
        first = self.browser.cookies["securechat"]
        self.browser.cookies["securechat-form"] = form
        self.assertEqual(self.browser.post("/login", fields).status, 303)
        self.assertIn(SessionEnded(digest_of(first)), self.web.bus.news)
        self.browser.cookies["securechat"] = first
        self.assertEqual(self.browser.get("/session").status, 401)

    def test_whoever_is_signed_in_is_sent_to_the_chat(self) -> None:
        self.browser.log_in()
        for path in ("/login", "/register"):
            response = self.browser.get(path)
            self.assertEqual((response.status, response.header("Location")), (303, "/"))

    def test_the_chat_is_packed_for_who_can_unpack_it_and_forms_never_are(self) -> None:
        self.browser.log_in()
        packing = ("Accept-Encoding", "gzip")
        packed = self.browser.get("/", packing)
        self.assertEqual(packed.header("Content-Encoding"), "gzip")
        self.assertEqual(packed.header("Vary"), "Accept-Language, Accept-Encoding")
        self.assertEqual(gzip.decompress(packed.body), self.browser.get("/").body)
        # What is typed comes back on them, beside a token.
        self.assertIsNone(Browser(self.web).get("/login", packing).header("Content-Encoding"))

    def test_without_a_session_the_chat_sends_to_the_log_in_and_says_why(self) -> None:
        self.assertEqual(self.browser.get("/").header("Location"), "/login")
        self.browser.log_in()
        self.web.store.sessions.clear()
        where = self.browser.get("/").header("Location") or ""
        self.assertIn("session has ended", self.browser.get(where).text)

    def test_log_ins_are_counted_by_outcome(self) -> None:
        self.browser.log_in(password="wrong one")
        self.browser.log_in()
        self.assertEqual(self.web.metrics.logins, ["refused", "ok"])
        self.assertEqual(self.web.metrics.registrations, 1)


class LoggingOut(PagesCase):
    def test_it_ends_the_session_its_sockets_and_what_the_browser_kept(self) -> None:
        self.browser.register()
        token = self.browser.cookies["securechat"]
        response = self.browser.post("/logout", {"csrf": self.browser.get("/").csrf})
        self.assertEqual((response.status, response.header("Location")), (303, "/login"))
        self.assertEqual(response.header("Clear-Site-Data"), '"cache", "storage"')
        self.assertNotIn("securechat", self.browser.cookies)
        self.assertEqual(self.web.bus.news, [SessionEnded(digest_of(token))])
        self.browser.cookies["securechat"] = token
        self.assertEqual(self.browser.get("/").status, 303)

    def test_it_needs_the_token_of_this_session(self) -> None:
        self.browser.register()
        other = Browser(self.web)
        other.register("bob", "Bob")
        for csrf in ("", "x", other.get("/").csrf, self.browser.cookies["securechat"]):
            self.assertEqual(self.browser.post("/logout", {"csrf": csrf}).status, 403)
        self.assertEqual(self.browser.get("/session").status, 204)

    def test_it_is_no_get(self) -> None:
        self.browser.register()
        response = self.browser.get("/logout")
        self.assertEqual((response.status, response.header("Allow")), (405, "POST"))
        self.assertEqual(self.browser.get("/session").status, 204)

    def test_without_a_database_it_is_503_and_not_a_false_promise(self) -> None:
        self.browser.register()
        csrf = self.browser.get("/").csrf
        self.web.store.away = True
        self.assertEqual(self.browser.post("/logout", {"csrf": csrf}).status, 503)
        self.assertIn("securechat", self.browser.cookies)


class WhereAFormComesFrom(PagesCase):
    """CSRF tokens, Origin and Sec-Fetch-Site on every form."""

    def assertRefused(self, response: Response) -> None:
        self.assertEqual(response.status, 403)
        self.assertIn('value="ada"', response.text)
        self.assertKeptNothingSecret(response)
        self.assertEqual(self.web.store.users, {})
        self.assertEqual(self.web.hashing.work, 0)

    def test_missing_forged_and_foreign_tokens_are_refused(self) -> None:
        other = Browser(self.web)
        foreign = other.get("/register").csrf
        fields = self.register_fields()
        own = self.browser.cookies["securechat-form"]
        for csrf in ("", "x", foreign, own, fields["csrf"][:-1], fields["csrf"] + "A", "é\0"):
            self.assertRefused(self.browser.post("/register", {**fields, "csrf": csrf}))
        del fields["csrf"]
        self.assertRefused(self.browser.post("/register", fields))

    def test_a_token_without_its_cookie_is_refused(self) -> None:
        fields = self.register_fields()
        self.browser.cookies.clear()
        self.assertRefused(self.browser.post("/register", fields))

    def test_a_page_that_was_open_too_long_is_refused_and_its_next_sending_works(self) -> None:
        fields = self.register_fields()
        self.web.clock.advance(3_601)
        again = self.browser.post("/register", fields)
        self.assertRefused(again)
        fields["csrf"] = again.csrf
        self.assertEqual(self.browser.post("/register", fields).status, 303)

    def test_a_cookie_from_the_future_is_refused(self) -> None:
        fields = self.register_fields()
        self.web.clock.advance(-5)
        self.assertRefused(self.browser.post("/register", fields))

    def test_the_token_is_not_the_cookie_and_does_not_give_it_away(self) -> None:
        csrf = self.browser.get("/login").csrf
        value = self.browser.cookies["securechat-form"]
        self.assertNotIn(value.partition(".")[2], csrf)
        self.assertNotIn(csrf, value)

    def test_another_origin_is_refused_even_with_the_right_token(self) -> None:
        for origin in (
            "null",
            "http://evil.example",
            "https://localhost:8080",
            "http://localhost",
            "http://localhost:8080.evil.example",
        ):
            fields = self.register_fields()
            self.assertRefused(self.browser.post("/register", fields, ("Origin", origin)))

    def test_two_origins_are_refused(self) -> None:
        fields = self.register_fields()
        ours = ("Origin", "http://localhost:8080")
        self.assertRefused(self.browser.post("/register", fields, ours, ours))

    def test_what_another_site_fetches_is_refused(self) -> None:
        for site in ("cross-site", "same-site", "nonsense"):
            for origin in ("", "http://localhost:8080"):
                fields = self.register_fields()
                headers = (("Sec-Fetch-Site", site), ("Origin", origin))
                self.assertRefused(self.browser.post("/register", fields, *headers))

    def test_without_an_origin_the_token_or_the_same_site_decides(self) -> None:
        for number, site in enumerate(("same-origin", "none", "")):
            fields = self.register_fields(username=f"user{number}")
            headers = (("Sec-Fetch-Site", site), ("Origin", ""))
            self.assertEqual(self.browser.post("/register", fields, *headers).status, 303)
            self.browser = Browser(self.web)

    def test_log_in_and_log_out_are_held_to_the_same(self) -> None:
        self.browser.register()
        evil = ("Origin", "http://evil.example")
        csrf = self.browser.get("/").csrf
        self.assertEqual(self.browser.post("/logout", {"csrf": csrf}, evil).status, 403)
        other = Browser(self.web)
        fields = {"csrf": other.get("/login").csrf, "username": "ada", "password": PASSWORD}
        self.assertEqual(other.post("/login", fields, evil).status, 403)
        self.assertEqual(other.post("/login", {**fields, "csrf": "x"}).status, 403)
        self.assertEqual(other.post("/login", fields).status, 303)


class MalformedForms(PagesCase):
    def test_bytes_that_are_not_utf8_are_422_and_keep_what_could_be_read(self) -> None:
        for raw in (b"\xff\xfe", b"%FF%FE"):
            csrf = self.browser.get("/register").csrf
            encoded = raw if raw.startswith(b"%") else quote_from_bytes(raw).encode()
            body = b"csrf=" + csrf.encode() + b"&username=ada&fullname=" + encoded
            response = self.browser.post("/register", body)
            self.assertEqual(response.status, 422)
            self.assertIn("UTF-8", response.text)
            self.assertIn('value="ada"', response.text)
        response = self.browser.post("/register", b"csrf=" + csrf.encode() + b"&username=\xff")
        self.assertEqual(response.status, 422)

    def test_a_field_that_comes_twice_is_refused(self) -> None:
        csrf = self.browser.get("/login").csrf
        body = f"csrf={csrf}&username=ada&username=bob&password=x".encode()
        response = self.browser.post("/login", body)
        self.assertEqual(response.status, 422)
        self.assertIn("twice", response.text)

    def test_too_many_fields_are_refused(self) -> None:
        body = b"&".join(b"f%d=1" % number for number in range(1_000))
        self.assertEqual(self.browser.post("/login", body).status, 403)
        broken = b"&".join(b"f%d=%%FF" % number for number in range(1_000))
        self.assertEqual(self.browser.post("/login", broken).status, 403)
        self.assertEqual(self.web.hashing.work, 0)

    def test_what_is_not_a_form_is_415(self) -> None:
        for kind in ("multipart/form-data; boundary=x", "application/json", "text/plain"):
            response = self.browser.post("/login", b"{}", ("Content-Type", kind))
            self.assertEqual(response.status, 415, kind)
        self.assertEqual(self.web.request("POST", "/login", body=b"x=1").status, 415)
        self.assertEqual(self.web.request("POST", "/login").status, 403)


class TooMuch(PagesCase):
    def test_thirty_log_ins_a_minute_from_an_address(self) -> None:
        for number in range(30):
            self.assertEqual(self.browser.log_in(f"nobody{number}", "wrong one").status, 401)
        work = self.web.hashing.work
        response = self.browser.log_in("nobody", "wrong one")
        self.assertEqual((response.status, response.header("Retry-After")), (429, "2"))
        self.assertIn('value="nobody"', response.text)
        self.assertEqual(self.web.hashing.work, work)
        elsewhere = Browser(self.web, address="192.0.2.7")
        self.assertEqual(elsewhere.log_in("nobody", "wrong one").status, 401)
        self.web.clock.advance(2)
        self.assertEqual(self.browser.log_in("nobody", "wrong one").status, 401)

    def test_registrations_have_a_limit_of_their_own(self) -> None:
        self.web = Web(limits=Limits(registrations_per_address=1))
        self.browser = Browser(self.web)
        self.assertEqual(self.browser.register("ada").status, 303)
        other = Browser(self.web)
        response = other.register("bob")
        self.assertEqual((response.status, response.header("Retry-After")), (429, "60"))
        self.assertEqual(other.log_in("ada").status, 303)

    def test_forged_forms_do_not_use_up_what_the_owner_may_do(self) -> None:
        for _ in range(100):
            self.browser.post("/login", {"csrf": "x", "username": "a", "password": "b"})
        self.assertEqual(self.browser.log_in("nobody", "wrong one").status, 401)

    def test_busy_threads_are_503_with_a_time_to_come_back(self) -> None:
        self.browser.register()
        other = Browser(self.web)
        self.web.hashing.busy = True
        response = other.log_in()
        self.assertEqual((response.status, response.header("Retry-After")), (503, "3"))
        self.assertIn('value="ada"', response.text)
        self.assertKeptNothingSecret(response)

    def test_without_a_database_forms_are_503_and_keep_what_was_typed(self) -> None:
        fields = self.register_fields()
        self.web.store.away = True
        response = self.browser.post("/register", fields)
        self.assertEqual((response.status, response.header("Retry-After")), (503, "5"))
        self.assertIn('value="Ada Lovelace"', response.text)
        self.assertKeptNothingSecret(response)

    def test_without_a_database_nobody_is_taken_for_signed_out(self) -> None:
        self.browser.register()
        self.web.store.away = True
        for path in ("/", "/session", "/login", "/register"):
            response = self.browser.get(path)
            self.assertEqual((response.status, response.header("Retry-After")), (503, "5"))
        self.assertIn("securechat", self.browser.cookies)

    def test_without_a_cookie_the_log_in_page_needs_no_database(self) -> None:
        self.web.store.away = True
        self.assertEqual(self.browser.get("/login").status, 200)


class ForMachines(PagesCase):
    def test_health_is_told_to_anybody_under_any_name(self) -> None:
        for host in ("localhost:8080", "10.0.0.1", "evil.example", "\xff\xfe"):
            self.assertEqual(self.web.request("GET", "/healthz", host=host).status, 200)
            self.assertEqual(self.web.request("GET", "/readyz", host=host).status, 200)

    def test_not_ready_says_why(self) -> None:
        self.web.not_ready = "the database is away"
        response = self.browser.get("/readyz")
        self.assertEqual((response.status, response.text), (503, "the database is away\n"))
        self.assertEqual(self.browser.get("/healthz").status, 200)


class UnderTls(SynchronousTestCase):
    def test_cookies_are_host_bound_and_secure(self) -> None:
        web = Web(public_url="https://chat.example.org")
        browser = Browser(web, over_tls=True)
        self.assertIsInstance(web.origins, Origins)
        responses = [browser.get("/login"), browser.register(), browser.get("/")]
        cookies = [value for response in responses for value in response.all("Set-Cookie")]
        self.assertTrue(any(value.startswith("__Host-securechat=") for value in cookies))
        for value in cookies:
            self.assertTrue(value.startswith("__Host-"), value)
            self.assertIn("; Path=/; HttpOnly; SameSite=Lax; Secure", value)
            self.assertNotIn("Domain", value)

    def test_a_cookie_without_the_prefix_signs_nobody_in(self) -> None:
        web = Web(public_url="https://chat.example.org")
        browser = Browser(web, over_tls=True)
        browser.register()
        browser.cookies = {"securechat": browser.cookies["__Host-securechat"]}
        self.assertEqual(browser.get("/session").status, 401)
