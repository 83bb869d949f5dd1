"""What a browser says of itself, as two short words for its owner to know it again by.

Nothing else of a ``User-Agent`` is kept: neither versions nor models. The words are from the lists
below, so what is stored and shown is bounded and harmless whatever was sent.
"""

from __future__ import annotations

from .model import Device

MOST_CHARACTERS = 512
"""What stands further behind is not looked at."""

BROWSERS = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
)
"""The first that is found counts: most browsers name those as well that they descend from."""

PLATFORMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows NT", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def device_of(user_agent: str | None) -> Device:
    """The browser and its system as this ``User-Agent`` names them."""
    said = (user_agent or "")[:MOST_CHARACTERS]
    browser = _first(BROWSERS, said)
    # Everything calls itself Safari; who does so with a version of its own and is nobody else, is.
    if not browser and "Version/" in said and "Safari/" in said:
        browser = "Safari"
    return Device(browser, _first(PLATFORMS, said))


def _first(marks: tuple[tuple[str, str], ...], said: str) -> str:
    return next((word for mark, word in marks if mark in said), "")
