"""People for the tests who sit in front of a real Chromium."""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.certificates import Certificates, make_certificates

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Locator, Page, Request

PASSWORD = "correct horse battery"
WITHIN_MS = 15_000.0
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

WATCH_POLICY = """
addEventListener('securitypolicyviolation', (event) =>
  tell_violation(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""
READ_ROWS = """(items) => items.map((item) => {
  let first = item;
  while (first && !first.querySelector('.author')) first = first.previousElementSibling;
  return [first?.querySelector('.author').textContent ?? '',
          item.querySelector('.body').textContent];
})"""


def reason_to_skip() -> str | None:
    """Why the browser tests cannot run here; None when they can."""
    if os.environ.get("SECURECHAT_TESTS") != "all":
        return "only with SECURECHAT_TESTS=all"
    if shutil.which("chromium") is None:
        return "Chromium is not installed"
    try:
        import playwright.sync_api  # noqa: F401 - whether it is there
    except ImportError:
        return "playwright is not installed"
    return None


@functools.cache
def certificates() -> Certificates:
    """Certificates for localhost that `browser` trusts, one set a process."""
    folder = Path(tempfile.mkdtemp(prefix="securechat-certificates-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_certificates(folder)


@functools.cache
def browser() -> Browser:
    """The one Chromium of this process; it ends with the process."""
    from playwright.sync_api import sync_playwright

    # By its key only this one server is trusted: everything else is verified as ever.
    flags = [*FLAGS, f"--ignore-certificate-errors-spki-list={certificates().spki_sha256}"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    playwright = sync_playwright().start()
    atexit.register(playwright.stop)
    chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
    atexit.register(chromium.close)
    return chromium


class Visitor:
    """Somebody with a browser of their own: cookies, storage and one page at first."""

    def __init__(self, url: str, name: str, **options: Any) -> None:
        """``name`` is what people call them, ``options`` are Playwright's of a new context."""
        self.url = url
        self.full_name = name
        self.username = re.sub(r"[^a-z0-9_.-]", "", name.lower().replace(" ", ".")) or "nobody"
        self.troubles: list[str] = []
        """Whatever no visit should cause: script errors, dialogs, requests to strangers …"""
        self._excused: list[str] = []
        options.setdefault("locale", "en-GB")
        options.setdefault("reduced_motion", "reduce")
        self.context = browser().new_context(**options)
        self.context.set_default_timeout(WITHIN_MS)
        self.context.expose_binding(
            "tell_violation", lambda _, text: self.troubles.append(f"policy: {text}")
        )
        self.context.add_init_script(WATCH_POLICY)
        self.context.on("request", self._requested)
        self.page = self.new_page()

    def new_page(self) -> Page:
        """One more tab of the same browser."""
        page = self.context.new_page()
        page.on("console", self._logged)
        page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        page.on("dialog", self._asked)
        return page

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"console: {message.text}")

    def _asked(self, dialog: Dialog) -> None:
        if dialog.type == "beforeunload":
            dialog.accept()
            return
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self.url + "/", "blob:" + self.url, "data:")):
            self.troubles.append(f"request: {request.url}")

    def excuse(self, *patterns: str) -> None:
        """Troubles that match one of these are what the test wants."""
        self._excused += patterns

    def excuse_lost_connections(self) -> None:
        """What Chromium itself logs while a daemon is away."""
        self.excuse(
            r"console: WebSocket connection to .* failed",
            r"console: Failed to load resource: net::ERR_CONNECTION",
            # … of what was fetched through the service worker
            r"console: Failed to load resource: net::ERR_FAILED",
        )

    @property
    def unexcused(self) -> list[str]:
        """The troubles that nobody excused."""
        return [
            trouble
            for trouble in self.troubles
            if not any(re.search(pattern, trouble) for pattern in self._excused)
        ]

    def visit(self, path: str = "/") -> None:
        """Go there."""
        self.page.goto(self.url + path)

    def fill(self, **fields: str) -> None:
        """Type into the form's fields by their names."""
        for name, text in fields.items():
            self.page.locator(f"main input[name={name}]").fill(text)

    def submit(self) -> None:
        """Press the form's one button that sends it, and wait for the answer."""
        with self.page.expect_event("load"):
            self.page.locator("main form:not([data-passkey]) button[type=submit]").click()

    def register(self) -> Visitor:
        """Make an account through the form; the chat is open afterwards."""
        self.visit("/register")
        self.fill(fullname=self.full_name, username=self.username)
        self.fill(password=PASSWORD, confirm=PASSWORD)
        self.submit()
        assert self.page.url == self.url + "/", self.page.url
        return self

    def log_in(self) -> Visitor:
        """Log in through the form; the chat is open afterwards."""
        self.visit("/login")
        self.fill(username=self.username, password=PASSWORD)
        self.submit()
        assert self.page.url == self.url + "/", self.page.url
        return self

    @property
    def composer(self) -> Locator:
        """Where messages are typed."""
        return self.page.get_by_label("Message", exact=True)

    def say(self, text: str) -> None:
        """Type a message and send it by Enter."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def message(self, text: str, page: Page | None = None) -> Locator:
        """The stored messages that read exactly so."""
        body = (page or self.page).locator(".body").get_by_text(text, exact=True)
        return (page or self.page).locator("li.message[data-seq]").filter(has=body)

    def reads(self, *texts: str) -> None:
        """Wait until each of these is in sight as a stored message."""
        for text in texts:
            self.message(text).first.wait_for()

    def rows(self) -> list[tuple[str, str]]:
        """Stored messages on the page: who (as shown) and what."""
        found = self.page.locator("li.message[data-seq]").evaluate_all(READ_ROWS)
        return [(author, body) for author, body in found]

    def dialog(self, name: str) -> Locator:
        """The open dialog of this title."""
        return self.page.get_by_role("dialog", name=name)

    def create_room(self, name: str, kind: str = "Private", history: str = "Everything") -> None:
        """Make a room and wait until it is open."""
        self.page.get_by_role("button", name="New conversation").click()
        dialog = self.dialog("New conversation")
        dialog.get_by_text("New room").click()
        dialog.get_by_label("Name", exact=True).fill(name)
        dialog.get_by_text(kind, exact=False).first.click()
        dialog.get_by_text(history, exact=False).first.click()
        dialog.get_by_role("button", name="Create the room").click()
        self.in_room(name)

    def add(self, name: str) -> None:
        """Bring somebody into the open room."""
        self.details().get_by_role("button", name="Add a person").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("searchbox").fill(name)
        dialog.get_by_text(name, exact=True).click()
        dialog.get_by_role("button", name="Add", exact=True).click()
        dialog.wait_for(state="detached")

    def room_link(self, name: str) -> Locator:
        """The room in the sidebar, by the start of what it is called there."""
        label = self.page.locator(".room-label").get_by_text(name, exact=True)
        return self.page.locator("#room-groups a").filter(has=label)

    def open_room(self, name: str) -> None:
        """Go there by the sidebar."""
        self.room_link(name).click()
        self.in_room(name)

    def in_room(self, name: str) -> None:
        """Wait until this room is open."""
        self.page.get_by_role("heading", level=1).get_by_text(name, exact=True).wait_for()

    def choose(self, text: str, item: str) -> None:
        """Pick this from the menu of the message that reads so."""
        self.message(text).first.hover()
        self.message(text).first.get_by_role("button", name="More").click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def details(self) -> Locator:
        """The panel beside the timeline, opened where it is not."""
        panel = self.page.get_by_role("complementary", name="Details")
        button = self.page.get_by_role("button", name="Details", exact=True)
        if button.get_attribute("aria-expanded") != "true":
            button.click()
        panel.wait_for()
        return panel

    def change_member(self, name: str, item: str, action: str) -> None:
        """Do this to a member of the open room, and say yes."""
        self.details().get_by_role("button", name=f"Change {name}").click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()
        dialog = self.dialog(f"{item}: {name}")
        dialog.get_by_role("button", name=action, exact=True).click()
        dialog.wait_for(state="detached")

    def notices(self) -> list[str]:
        """What happened in the open room, as its small lines tell it."""
        lines = self.page.locator("li.notice-line > span")
        return [str(text) for text in lines.all_text_contents()]

    def leave(self) -> None:
        """Close everything."""
        self.context.close()
