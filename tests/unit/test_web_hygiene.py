"""What browsers are told about each answer's body, what they keep of ours, and how they ask."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from securechat.assets import static_dir, templates_dir
from securechat.core.settings import Limits
from securechat.web.headers import CONTENT_SECURITY_POLICY
from securechat.web.known_browsers import MOST_MARKS

from .fakes_browser import Browser
from .fakes_web import Web

MOST_COOKIE_BYTES = 4_096
"""What browsers keep of a name and its value (RFC 6265bis section 5.5)."""

BINARY_OR_JSON = ("application/json", "application/manifest+json", "font/", "image/png")
"""These have no letters, or are UTF-8 by their own definition (RFC 8259 section 8.1)."""


class Policy(SynchronousTestCase):
    def test_it_allows_our_own_files_and_nothing_else(self) -> None:
        parts = [part.split() for part in CONTENT_SECURITY_POLICY.split("; ")]
        said = {name: " ".join(values) for name, *values in parts}
        self.assertEqual(len(said), len(parts))
        for name in ("default-src", "object-src", "base-uri", "frame-ancestors"):
            self.assertEqual(said.pop(name), "'none'", name)
        self.assertEqual(said.pop("img-src"), "'self' blob: data:")
        self.assertEqual(said.pop("require-trusted-types-for"), "'script'")
        self.assertEqual(said.pop("trusted-types"), "securechat")
        self.assertEqual(set(said.values()), {"'self'"})
        self.assertLessEqual({"script-src", "style-src", "connect-src", "form-action"}, set(said))


class SaidOfBodies(SynchronousTestCase):
    def test_every_body_says_what_it_is_and_in_which_letters(self) -> None:
        web = Web(limits=Limits(logins_per_address=0))
        browser = Browser(web)
        browser.register()
        statics = [
            f"{web.static_file.rpartition('/')[0]}/{path.relative_to(static_dir()).as_posix()}"
            for path in sorted(static_dir().rglob("*"))
            if path.is_file() and path.suffix not in (".ts", "")
        ]
        answers = [browser.get(path) for path in statics]
        self.assertEqual({answer.status for answer in answers}, {200})
        for path in ("/", "/login", "/settings", "/session", "/healthz", "/readyz", "/sw.js"):
            answers += [browser.get(path), Browser(web).get(path)]
        for path in ("/nope", "/ws", "/%ff", "/join/x", "/reset/x", "/setup", "/static/"):
            answers.append(browser.get(path))
        answers += [web.request("PUT", "/login"), web.send(b"nonsense\r\n\r\n")]
        answers.append(web.request("GET", "/login", host="evil.example"))
        for answer in answers:
            kind = answer.header("Content-Type") or ""
            if answer.body and not kind.startswith(BINARY_OR_JSON):
                self.assertTrue(kind.endswith('; charset="utf-8"'), kind)
            self.assertTrue(kind or not answer.body, answer)


class Kept(SynchronousTestCase):
    def test_no_cookie_is_larger_than_what_browsers_keep(self) -> None:
        web = Web(public_url="https://chat.example.org")
        browser = Browser(web, over_tls=True)
        largest = 0
        for n in range(MOST_MARKS + 2):
            browser.cookies.pop("__Host-securechat", None)
            sent = browser.register(f"{n}".rjust(32, "n")).all("Set-Cookie")
            largest = max(largest, *(len(one.partition(";")[0]) for one in sent))
        self.assertGreater(largest, 64 * MOST_MARKS)
        self.assertLess(largest, MOST_COOKIE_BYTES)


class WayOut(SynchronousTestCase):
    def test_every_page_of_somebody_signed_in_offers_to_log_out(self) -> None:
        web = Web()
        for path in ("/", "/settings", f"/join/{web.rooms.link('one')}"):
            browser = Browser(web)
            browser.register(f"ada{len(path)}")
            page = browser.get(path)
            forms = re.findall(
                r'<form[^>]* action="/logout">\s*<input type="hidden" name="csrf" value="([^"]+)">',
                page.text,
            )
            self.assertTrue(forms, path)
            self.assertEqual(browser.post("/logout", {"csrf": forms[0]}).status, 303)
            self.assertEqual(browser.get("/session").status, 401)


class PasswordFields(SynchronousTestCase):
    def test_they_are_masked_and_leave_pasting_and_password_managers_alone(self) -> None:
        pages = {path.name: path.read_text("utf-8") for path in templates_dir().rglob("*.html")}
        fields = re.findall(r"<input[^>]*type=\"password\"[^>]*>", pages["parts.html"])
        self.assertTrue(fields)
        for field in fields:
            self.assertIn("autocomplete=", field)
            self.assertNotIn("maxlength", field)
        uses = re.findall(r"password_field\(([^)]+(?:\)[^)]*)?)\)", "".join(pages.values()))
        ways = set(re.findall(r"'((?:current|new)-password)'", "".join(uses)))
        self.assertEqual(ways, {"current-password", "new-password"})
        for path in static_dir().glob("*.js"):
            self.assertNotRegex(path.read_text("utf-8"), r"['\"]paste['\"]|onpaste", path.name)
