"""Cookies, CSRF tokens, and where a form came from."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Literal

from twisted.web.http import Request

from .macs import Macs
from .origins import Origins

PRE_SESSION_S = 3_600
"""How long a form may stay open before it has to be sent twice."""

_PRE_SESSION = re.compile(r"([0-9]{1,12})\.[A-Za-z0-9_-]{22}")
_SAFE_SITES = frozenset({"same-origin", "none"})

Kind = Literal["pre-session", "session"]


class Cookies:
    """Our cookies: the session's token; the pre-session, which a form belongs to before; marks; and
    a token while a log-in waits for its second factor.

    With ``secure`` they carry the ``__Host-`` prefix (RFC 6265bis section 4.1.3.2), so that neither
    another host nor plain HTTP can plant them; without (loopback only) they have other names, so
    that the two never meet. The pre-session's value is ``stamped``; marks are KnownBrowsers'.
    """

    def __init__(self, secure: bool, random_bytes: Callable[[int], bytes]) -> None:
        self._prefix = "__Host-" if secure else ""
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
        self._random_bytes = random_bytes
        self.session_name = f"{self._prefix}securechat"
        self.pre_session_name = f"{self._prefix}securechat-form"
        self.marks_name = f"{self._prefix}securechat-known"
        self.halfway_name = f"{self._prefix}securechat-second"

    def token(self, request: Request) -> str | None:
        """The session token that the browser sent, whatever it is worth."""
        return _cookie(request, self.session_name)

    def sign_in(self, request: Request, token: str, max_age_s: int) -> None:
        """Hand the browser its session and take the pre-session away."""
        self._set(request, self.session_name, token, max_age_s)
        self._set(request, self.pre_session_name, "", 0)

    def sign_out(self, request: Request) -> None:
        """Take the session away."""
        self._set(request, self.session_name, "", 0)

    def pre_session(self, request: Request, now_s: int) -> str | None:
        """The browser's pre-session, or None where it has none or it has expired."""
        value = _cookie(request, self.pre_session_name)
        found = _PRE_SESSION.fullmatch(value or "")
        if found is None or not 0 <= now_s - int(found[1]) < PRE_SESSION_S:
            return None
        return value

    def keep_pre_session(self, request: Request, now_s: int) -> str:
        """The browser's pre-session, a new one where it has none or an old one."""
        value = self.pre_session(request, now_s)
        if value is not None and now_s - int(value.partition(".")[0]) < PRE_SESSION_S // 2:
            return value
        value = self.stamped(now_s)
        self._set(request, self.pre_session_name, value, PRE_SESSION_S)
        return value

    def marks(self, request: Request) -> str | None:
        """What the browser keeps for KnownBrowsers, whatever it is worth."""
        return _cookie(request, self.marks_name)

    def keep_marks(self, request: Request, value: str, max_age_s: int) -> None:
        """Have the browser keep this for KnownBrowsers, also when its person logs out."""
        self._set(request, self.marks_name, value, max_age_s)

    def stamped(self, now_s: int) -> str:
        """A fresh random value, with when it was made: ``<seconds since 1970>.<22 characters>``."""
        random = base64.urlsafe_b64encode(self._random_bytes(16)).rstrip(b"=").decode()
        return f"{now_s}.{random}"

    def halfway(self, request: Request) -> str | None:
        """The token of the log-in that is half done in this browser, whatever it is worth."""
        return _cookie(request, self.halfway_name)

    def keep_halfway(self, request: Request, token: str, max_age_s: int) -> None:
        """Hand the browser the token of a log-in that waits."""
        self._set(request, self.halfway_name, token, max_age_s)

    def drop_halfway(self, request: Request) -> None:
        """Take that away."""
        self._set(request, self.halfway_name, "", 0)

    def _set(self, request: Request, name: str, value: str, max_age_s: int) -> None:
        request.cookies.append(
            f"{name}={value}; Max-Age={max_age_s}{self._attributes}".encode("ascii")
        )


class Csrf:
    """CSRF tokens: a MAC over a cookie's value, so that neither gives the other away."""

    def __init__(self, macs: Macs) -> None:
        self._macs = macs

    def token(self, kind: Kind, cookie: str) -> str:
        """The token of the forms that belong to this cookie."""
        return self._macs.make(kind, cookie)

    def holds(self, kind: Kind, cookie: str | None, token: str) -> bool:
        """Whether ``token`` belongs to ``cookie``."""
        return cookie is not None and self._macs.holds(token, kind, cookie)


def came_from_us(request: Request, origins: Origins) -> bool:
    """Whether the headers of a POST allow that one of our own pages sent it.

    An Origin must be ours; ``null`` is not. A browser that leaves it out tells by Sec-Fetch-Site;
    a client that sends neither is no browser, and its CSRF token decides.
    """
    sites = _header(request, "Sec-Fetch-Site")
    if len(sites) > 1 or (sites and sites[0] not in _SAFE_SITES):
        return False
    sent = _header(request, "Origin")
    return not sent or (len(sent) == 1 and origins.allows_origin(sent[0]))


def origin_is_ours(request: Request, origins: Origins) -> bool:
    """Whether the request names one Origin, and it is ours: what a WebSocket must do."""
    sent = _header(request, "Origin")
    return len(sent) == 1 and origins.allows_origin(sent[0])


def _header(request: Request, name: str) -> list[str]:
    values = request.requestHeaders.getRawHeaders(name.encode("ascii")) or []
    return [value.decode("latin-1") for value in values]


def _cookie(request: Request, name: str) -> str | None:
    value = request.received_cookies.get(name.encode("ascii"))
    return None if value is None else value.decode("latin-1")
