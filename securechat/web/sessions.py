"""Cookies, CSRF tokens, and where a form came from."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from typing import Literal

from twisted.web.http import Request

from .origins import Origins

PRE_SESSION_S = 3_600
"""How long a form may stay open before it has to be sent twice."""

_PRE_SESSION = re.compile(r"([0-9]{1,12})\.[A-Za-z0-9_-]{22}")
_SAFE_SITES = frozenset({"same-origin", "none"})

Kind = Literal["pre-session", "session"]


class Cookies:
    """Our two cookies: the session's token, and the pre-session that a form belongs to before.

    With ``secure`` they carry the ``__Host-`` prefix (RFC 6265bis section 4.1.3.2), so that neither
    another host nor plain HTTP can plant them; without (loopback only) they have other names, so
    that the two never meet. The pre-session's value is ``<made, seconds since 1970>.<random>``.
    """

    def __init__(self, secure: bool, random_bytes: Callable[[int], bytes]) -> None:
        self._prefix = "__Host-" if secure else ""
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
        self._random_bytes = random_bytes
        self.session_name = f"{self._prefix}securechat"
        self.pre_session_name = f"{self._prefix}securechat-form"

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
        random = base64.urlsafe_b64encode(self._random_bytes(16)).rstrip(b"=").decode()
        value = f"{now_s}.{random}"
        self._set(request, self.pre_session_name, value, PRE_SESSION_S)
        return value

    def _set(self, request: Request, name: str, value: str, max_age_s: int) -> None:
        request.cookies.append(
            f"{name}={value}; Max-Age={max_age_s}{self._attributes}".encode("ascii")
        )


class Csrf:
    """CSRF tokens: a MAC over a cookie's value, so that neither gives the other away.

    ``keys`` gives those in use: the first makes tokens, and any of them is believed, since a page
    may be older than the newest.
    """

    def __init__(self, keys: Callable[[], Sequence[bytes]]) -> None:
        self._keys = keys

    def token(self, kind: Kind, cookie: str) -> str:
        """The token of the forms that belong to this cookie."""
        return _token(self._keys()[0], kind, cookie)

    def holds(self, kind: Kind, cookie: str | None, token: str) -> bool:
        """Whether ``token`` belongs to ``cookie``; compared in constant time."""
        if cookie is None:
            return False
        sent = token.encode("utf-8", "surrogatepass")
        expected = [_token(key, kind, cookie).encode() for key in self._keys()]
        return any(hmac.compare_digest(one, sent) for one in expected)


def _token(key: bytes, kind: Kind, cookie: str) -> str:
    mac = hmac.digest(key, f"{kind}\0{cookie}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


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
