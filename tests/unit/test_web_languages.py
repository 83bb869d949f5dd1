"""Pages in another language hold not one English word, and say which language they are in."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from securechat.assets import static_dir
from securechat.chat.operator import Operator
from securechat.core.settings import Limits
from securechat.web.templates import STATUSES

from .fakes_accounts import START_MS
from .fakes_browser import PASSWORD, Browser
from .fakes_texts import TEXTS
from .fakes_web import Web
from .fakes_wire import Response

GERMAN = ("Accept-Language", "de-DE,de;q=0.9,en;q=0.8")
ADA = {"fullname": "Ada", "username": "ada", "password": PASSWORD, "confirm": PASSWORD}
SEEN_ATTRIBUTES = ("alt", "aria-description", "aria-label", "placeholder", "title")
SCRIPTED = re.compile(r"data-(?:busy-label|met|not-yet|other|other-label)")
GIVEN = re.compile(r"SecureChat|\b[Aa]da\b|Chess <club>|Fridays|https?://\S+")
"""What is no text of the catalogue: the product, names, addresses."""


class Page(HTMLParser):
    """Every text that somebody sees or hears, also by way of a script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in SEEN_ATTRIBUTES or SCRIPTED.fullmatch(name):
                self.texts.append(value or "")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


class German(Browser):
    """A browser that asks for German and keeps what it was shown."""

    def __init__(self, web: Web, seen: list[Response]) -> None:
        super().__init__(web)
        self.seen = seen

    def _send(
        self, method: str, path: str, headers: list[tuple[str, str]], body: bytes
    ) -> Response:
        response = super()._send(method, path, [*headers, GERMAN], body)
        self.seen.append(response)
        return response


def masked(entry: Any) -> Any:
    """The entry with a dot for every letter, but for the names to be filled in."""
    if isinstance(entry, dict):
        return {form: masked(text) for form, text in entry.items()}
    return re.sub(r"(\{\w+\})|[^\W\d_]", lambda found: found[1] or "•", entry)


class AnotherLanguage(SynchronousTestCase):
    """German, with dots in place of its letters: any letter left was written elsewhere."""

    def setUp(self) -> None:
        self.static = Path(self.mktemp())
        shutil.copytree(static_dir(), self.static)
        path = self.static / "texts" / "de.json"
        entries = json.loads(path.read_text(encoding="utf-8"))
        dots = {key: masked(entry) for key, entry in entries.items()}
        path.write_text(json.dumps(dots), encoding="utf-8")
        self.seen: list[Response] = []

    def site(self, **options: Any) -> tuple[Web, German]:
        web = Web(static=self.static, **options)
        return web, German(web, self.seen)

    def assertNoWordLeft(self, statuses: Sequence[int]) -> None:
        pages = [page for page in self.seen if page.status not in (204, 303)]
        self.assertEqual([page.status for page in pages], list(statuses))
        for page in pages:
            self.assertIn('<html lang="de">', page.text)
            self.assertEqual(page.header("Content-Language"), "de")
            self.assertIn("Accept-Language", (page.header("Vary") or "").split(", "))
            texts = Page(page.text).texts
            self.assertGreater(sum("•" in text for text in texts), 3)
            left = [text for text in texts if re.search("[A-Za-z]", GIVEN.sub("", text))]
            self.assertEqual(left, [], page.status)

    def test_entering(self) -> None:
        web, browser = self.site()
        for path in ("/login", "/login?ended", f"/login?join={'A' * 43}", "/register"):
            browser.get(path)
        browser.log_in("nobody", "wrong one")
        browser.submit("/register", **ADA)
        browser.get("/")
        web.store.away = True
        browser.get("/")
        German(web, self.seen).submit("/login", username="ada", password=PASSWORD)
        self.assertNoWordLeft([200] * 5 + [401, 200, 200, 503, 200, 503])

    def test_each_mistake_in_a_field(self) -> None:
        web, browser = self.site()
        Browser(web).register("ada")
        browser.submit("/register")
        browser.submit("/register", fullname="0" * 81, username="0 0", password="0" * 1_025)
        browser.submit("/register", fullname="\0", username="ada", password=PASSWORD)
        browser.submit("/register", fullname="\u200d", username="12345678", password="12345678")
        browser.submit("/register", **ADA)
        self.assertNoWordLeft([200, 422] * 4 + [200, 409])

    def test_forms_that_are_none(self) -> None:
        _, browser = self.site(limits=Limits(registrations_per_address=3))
        csrf = browser.get("/register").csrf
        browser.post("/register", {"csrf": "0"})
        browser.post("/register", {"csrf": csrf}, ("Origin", "http://evil.example"))
        browser.post("/register", b"{}", ("Content-Type", "application/json"))
        browser.post("/register", f"csrf={csrf}&fullname=%ff".encode())
        browser.post("/register", f"csrf={csrf}&0=1&0=2".encode())
        browser.submit("/register")
        browser.post("/register", {"csrf": csrf})
        self.assertNoWordLeft([200, 403, 403, 415, 422, 422, 200, 422, 429])

    def test_invites(self) -> None:
        web, browser = self.site()
        browser.register("ada", "Ada")
        path = f"/join/{web.rooms.link('one')}"
        browser.get(path)
        browser.submit(path, csrf="0")
        web.rooms.banned.add(web.store.users["ada"][0].id)
        browser.submit(path)
        browser.get("/join/nothing")
        other = German(web, self.seen)
        csrf = other.get(path).csrf
        web.store.away = True
        other.post(path, {**ADA, "csrf": csrf})
        self.assertNoWordLeft([200, 200, 200, 403, 200, 403, 404, 200, 503])

    def test_who_may_not_register(self) -> None:
        for registration in ("closed", "invite"):
            web, browser = self.site(registration=registration)
            browser.get("/login")
            browser.get("/register")
            browser.get(f"/join/{web.rooms.link('one')}")
        self.assertNoWordLeft([200, 403, 403, 200, 403, 200])

    def test_setting_up(self) -> None:
        for registration in ("open", "closed", None):
            web, browser = self.site(registration=registration)
            browser.get("/setup")
            token = web.administration.setup_token
            csrf = browser.get(f"/setup?token={token}").csrf
            fields = {**ADA, "token": token, "csrf": csrf}
            browser.post("/setup", fields)
            browser.post("/setup", {**fields, "registration": "invite"})
            browser.get("/setup")
        self.assertNoWordLeft([403, 200, 422, 200, 404] * 3)

    def test_setting_a_new_password(self) -> None:
        web, browser = self.site()
        Browser(web).register("ada", "Ada")
        made = Operator(web.operator, web.random).new_reset("ada", START_MS)
        path = f"/reset/{self.successResultOf(Deferred.fromCoroutine(made))}"
        browser.submit(path, password="short")
        browser.get("/reset/nothing")
        browser.post(path, {"csrf": "0"})
        self.assertNoWordLeft([200, 422, 404, 403])

    def test_every_error_page(self) -> None:
        web, _ = self.site()
        words = web.site.words("de")
        for status in (*sorted(STATUSES), 418):
            body = web.site.error_page(words, status, retry_after=status)
            headers = [("Content-Language", "de"), ("Vary", "Accept-Language")]
            self.seen.append(Response(status, headers, body))
        self.assertNoWordLeft([*sorted(STATUSES), 418])

    def test_what_is_refused_before_any_page_is_asked(self) -> None:
        web, browser = self.site()
        browser.get("/ws")
        self.seen.append(web.request("PUT", "/login", headers=[GERMAN]))
        self.seen.append(web.request("GET", "/", headers=[GERMAN], host="evil.example"))
        large = [GERMAN, ("Content-Length", "65537")]
        self.seen.append(web.request("GET", "/login", headers=large))
        self.assertNoWordLeft([403, 405, 421, 413])


class Chosen(SynchronousTestCase):
    """The language of an answer, and what caches are told about it."""

    def test_the_language_of_the_browser_is_spoken_where_we_have_it(self) -> None:
        web = Web()
        german = web.request("GET", "/register", headers=[GERMAN])
        self.assertIn("Konto anlegen", german.text)
        self.assertNotIn(TEXTS.of("en")("register.title"), german.text)
        for header in ([], [("Accept-Language", "fr-FR")], [("Accept-Language", "en-GB,de;q=0.9")]):
            page = web.request("GET", "/register", headers=header)
            self.assertIn("<h1>Make an account</h1>", page.text)
            self.assertEqual(page.header("Content-Language"), "en")
            self.assertIn("Accept-Language", (page.header("Vary") or "").split(", "))

    def test_what_has_no_words_depends_on_no_language(self) -> None:
        web = Web()
        for path in ("/healthz", "/", web.static_file):
            answer = web.request("GET", path, headers=[GERMAN])
            self.assertIsNone(answer.header("Content-Language"), path)
            self.assertNotIn("Language", answer.header("Vary") or "", path)
