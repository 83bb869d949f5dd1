"""Takes the pictures in docs/: three people talk through a daemon of their own.

``python -m tests.support.picture`` writes docs/chat.png; with a folder behind it, also every page
narrow and wide, light and dark, into that folder, for eyes.
"""

from __future__ import annotations

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
                    one.reads(text)
            # Drawn anew, so that everybody is counted.
            people[GRACE].page.reload()
            people[GRACE].reads(SAID[-1][1])
            yield people
        finally:
            for one in people.values():
                one.leave()
            daemon.stop()


def _size(pixels: tuple[int, int]) -> dict[Literal["width", "height"], int]:
    width, height = pixels
    return {"width": width, "height": height}


def main(folder: Path | None) -> None:
    """Write the picture of the README and, where ``folder`` is given, the others."""
    for _ in range(MOST_TRIES):
        with conversation() as people:
            if _colours(people[GRACE]) < len(people) - 1:
                continue
            _take(people[GRACE], folder)
            return


def _colours(visitor: Visitor) -> int:
    """How many the faces have: they follow from user ids, which are random."""
    faces = visitor.page.locator(".face")
    return len(set(faces.evaluate_all("(all) => all.map((one) => one.dataset.hue)")))


def _take(visitor: Visitor, folder: Path | None) -> None:
    visitor.page.emulate_media(color_scheme="light")
    visitor.page.wait_for_timeout(SETTLE_MS)
    PICTURE.parent.mkdir(exist_ok=True)
    visitor.page.screenshot(path=PICTURE)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        _all_pages(visitor, folder)


def _all_pages(visitor: Visitor, folder: Path) -> None:
    _every_way(visitor, folder, "chat")
    visitor.page.set_viewport_size({"width": NARROW_PX[0], "height": NARROW_PX[1]})
    visitor.page.get_by_role("button", name="Rooms", exact=True).click()
    _every_way(visitor, folder, "rooms")
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
