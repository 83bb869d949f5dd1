"""Takes the pictures in docs/: three people talk through a daemon of their own.

``python -m tests.support.picture`` writes docs/chat.png; with a folder behind it, also every page
narrow and wide, light and dark, into that folder, for eyes.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tests.support.browser import Visitor
from tests.support.daemon import ROOT, DaemonProcess

PICTURE = ROOT / "docs" / "chat.png"
SIZE_PX = (1280, 800)
NARROW_PX = (320, 640)
MOST_TRIES = 10
SETTLE_MS = 1_500
"""Until banners and the marks of sending are gone."""

ADA, GRACE, LIN = "Ada Lovelace", "Grace Hopper", "Lin Wei"
SAID = (
    (ADA, "Hello both! The new server is up, everybody can log in."),
    (GRACE, "I am in. That took less time than the coffee."),
    (LIN, "Does it keep our history when it restarts?"),
    (ADA, "It does. I stopped it twice today and nobody noticed."),
    (ADA, "And what lies on the disk is sealed: I looked, and could read none of it."),
    (LIN, "Good. Then the key file goes into the safe, apart from the backups 🔑"),
    (
        GRACE,
        "Agreed. I will write down how to put it back:\n1. the database\n2. the key file",
    ),
    (LIN, "Perfect, see you tomorrow."),
)


@contextmanager
def conversation() -> Iterator[dict[str, Visitor]]:
    """The three in front of their browsers, everything said; by name."""
    with tempfile.TemporaryDirectory() as folder:
        daemon = DaemonProcess(Path(folder)).start()
        people: dict[str, Visitor] = {}
        try:
            for name in (ADA, GRACE, LIN):
                people[name] = Visitor(daemon.url, name, viewport=_size(SIZE_PX)).register()
            for name, text in SAID:
                people[name].say(text)
                for one in people.values():
                    one.page.locator("#rows").get_by_text(_end(text), exact=True).wait_for()
            _furnish(people[ADA], people[GRACE])
            yield people
        finally:
            for one in people.values():
                one.leave()
            daemon.stop()


def _end(text: str) -> str:
    """The last line: those of a list stand apart, without their numbers."""
    return re.sub(r"\A\d\. ", "", text.splitlines()[-1])


def _furnish(ada: Visitor, grace: Visitor) -> None:
    """More rooms, an answer, an edit and reactions, so that there is something to see."""
    for name, kind in (("Engine room", "Private"), ("Garden", "Public")):
        ada.create_room(name, kind)
        ada.add(grace.full_name)
        grace.room_link(name).wait_for()
    ada.say(f"@{grace.username}, the beans are up!")
    ada.open_room("Engine room")
    ada.say("Shall we start the second daemon tonight?")
    grace.choose(SAID[2][1], "Reply")
    grace.say("It catches up by itself, from the last number it has.")
    grace.choose(SAID[3][1], "🎉")
    grace.choose(SAID[3][1], "👍")
    grace.page.mouse.move(5, 300)
    grace.composer.focus()


def _size(pixels: tuple[int, int]) -> dict[Literal["width", "height"], int]:
    width, height = pixels
    return {"width": width, "height": height}


def main(folder: Path | None) -> None:
    """Write the picture of the README and, where ``folder`` is given, the others."""
    for _ in range(MOST_TRIES):
        with conversation() as people:
            if _colours(people[GRACE]) < len(people) - 1:
                continue
            _take(people[GRACE], people[ADA], folder)
            return


def _colours(visitor: Visitor) -> int:
    """How many the faces have: they follow from user ids, which are random."""
    faces = visitor.page.locator(".face")
    return len(set(faces.evaluate_all("(all) => all.map((one) => one.dataset.hue)")))


def _take(visitor: Visitor, ada: Visitor, folder: Path | None) -> None:
    visitor.page.emulate_media(color_scheme="light")
    visitor.page.wait_for_timeout(SETTLE_MS)
    PICTURE.parent.mkdir(exist_ok=True)
    visitor.page.screenshot(path=PICTURE)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        _all_pages(visitor, folder)
        _all_windows(visitor, ada, folder)


def _all_windows(visitor: Visitor, ada: Visitor, folder: Path) -> None:
    """Dialogs, the menu, and what somebody sees who was removed."""
    page = ada.page
    page.get_by_role("button", name="New conversation").click()
    for name, label in (("find", "Find a room"), ("create", "New room"), ("people", "Message")):
        ada.dialog("New conversation").get_by_text(label).click()
        _every_way(ada, folder, name)
    page.keyboard.press("Escape")
    ada.details().get_by_role("button", name="Invite by link").click()
    page.get_by_role("dialog").get_by_role("button", name="Make a link").click()
    page.locator("#invite-link").wait_for()
    _every_way(ada, folder, "invite")
    page.keyboard.press("Escape")
    ada.details()
    _every_way(ada, folder, "owner")
    visitor.open_room("Engine room")
    ada.change_member(visitor.full_name, "Remove", "Remove")
    _every_way(visitor, folder, "removed")
    ada.open_room("general")
    message = ada.message(SAID[3][1]).first
    message.scroll_into_view_if_needed()
    message.hover()
    message.get_by_role("button", name="More").click()
    page.wait_for_timeout(300)
    page.screenshot(path=folder / "menu-wide.png")
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": NARROW_PX[0], "height": NARROW_PX[1]})
    message.focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    page.screenshot(path=folder / "menu-narrow.png")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Details", exact=True).click()
    page.wait_for_timeout(300)
    page.screenshot(path=folder / "details-narrow.png")


def _all_pages(visitor: Visitor, folder: Path) -> None:
    _every_way(visitor, folder, "chat")
    visitor.page.set_viewport_size({"width": NARROW_PX[0], "height": NARROW_PX[1]})
    visitor.page.get_by_role("button", name="Rooms", exact=True).click()
    _every_way(visitor, folder, "rooms")
    visitor.page.get_by_role("link", name="general").click()
    stranger = Visitor(visitor.url, "Stranger")
    for name, path in (("login", "/login"), ("register", "/register"), ("error", "/nothing")):
        stranger.visit(path)
        _every_way(stranger, folder, name)
    stranger.visit("/register")
    stranger.submit()
    _every_way(stranger, folder, "register-errors")
    stranger.leave()


def _every_way(visitor: Visitor, folder: Path, name: str) -> None:
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        visitor.page.emulate_media(color_scheme=scheme)
        for size in (NARROW_PX, SIZE_PX):
            visitor.page.set_viewport_size({"width": size[0], "height": size[1]})
            visitor.page.wait_for_timeout(200)
            visitor.page.screenshot(path=folder / f"{name}-{scheme}-{size[0]}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
