"""Browsers that somebody has signed in with before (OWASP: device cookies)."""

from __future__ import annotations

import re

from twisted.web.http import Request

from .macs import Macs
from .sessions import Cookies

MARK_S = 180 * 24 * 3_600
"""How long a browser is known."""

MOST_MARKS = 4
"""So many people may share a browser and all be known."""

_MARK = re.compile(
    r"(?P<stamp>(?P<made>[0-9]{1,12})\.(?P<random>[A-Za-z0-9_-]{22}))\.(?P<mac>[A-Za-z0-9_-]{43})"
)


class KnownBrowsers:
    """Who has signed in with a browser before, as the browser itself keeps it (device cookies).

    So whoever guesses at somebody's password elsewhere does not keep their own browser out, and a
    browser that guesses itself has a counter of its own. A mark is ``<made, seconds since
    1970>.<random>.<MAC of these and the user name>``, and names nobody; a browser keeps the
    MOST_MARKS newest. It opens nothing: whoever steals one may guess as often as its owner.
    """

    def __init__(self, cookies: Cookies, macs: Macs) -> None:
        self._cookies = cookies
        self._macs = macs

    def source(self, request: Request, username: str, now_s: int) -> str:
        """A word for this browser where ``username`` signed in with it before, else empty."""
        found = self._mark_of(request, username, now_s)
        return found["random"] if found else ""

    def remember(self, request: Request, username: str, now_s: int) -> None:
        """Have the browser keep that ``username`` has just signed in with it."""
        mine = self._mark_of(request, username, now_s)
        kept = [mark[0] for mark in self._marks(request, now_s)]
        others = [mark for mark in kept if mine is None or mark != mine[0]]
        mark = self._cookies.stamped(now_s)
        marks = [f"{mark}.{self._macs.make(username, mark)}", *others][:MOST_MARKS]
        self._cookies.keep_marks(request, "~".join(marks), MARK_S)

    def _mark_of(self, request: Request, username: str, now_s: int) -> re.Match[str] | None:
        for mark in self._marks(request, now_s):
            if self._macs.holds(mark["mac"], username, mark["stamp"]):
                return mark
        return None

    def _marks(self, request: Request, now_s: int) -> list[re.Match[str]]:
        sent = (self._cookies.marks(request) or "").split("~", MOST_MARKS)[:MOST_MARKS]
        found = [mark for mark in map(_MARK.fullmatch, sent) if mark]
        return [mark for mark in found if 0 <= now_s - int(mark["made"]) < MARK_S]
