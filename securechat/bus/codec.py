"""News as bytes for the other daemons, and back: small, dated, and signed.

A message is the base64url of its HMAC-SHA-256 (43 characters), a space, and compact JSON:
``{"n":<node>,"t":<ms since 1970>,"k":<kind>,…}``. The key is one purpose of the root key, so
whoever can write to the server in the middle, but has no keyring, can neither forge nor alter. An
old message may be sent again for STALE_MS: since news only wakes and is true or not in the
database, that harms nobody. No text, no token and no key is ever in it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from ..core.encoding import b64url, from_b64url
from ..core.model import ROOM_ID, USER_ID, ReadMark, RoomId, SessionDigest, UserId
from ..core.ports import (
    News,
    Online,
    Posted,
    Reached,
    ReadTo,
    RoomsChanged,
    SessionEnded,
    TypingIn,
)

STALE_MS = 60_000
"""What is further from our clock than this is dropped, in either direction."""

MOST_BYTES = 4 * 1024 * 1024
_MAC_CHARS = 43
_DIGEST_BYTES = 32
_LARGEST = 2**53 - 1


Fault = Literal["forged", "stale", "unreadable"]


class Unheard(Exception):
    """A message that must be dropped."""

    def __init__(self, why: Fault) -> None:
        super().__init__(why)
        self.why = why


class _Malformed(ValueError):
    """A signed message whose field of this name is not what it must be."""


class Codec:
    """Signs and reads the messages of one node; ``key`` is shared by all who have the keyring."""

    def __init__(self, key: bytes, node: str, wall_clock: Callable[[], int]) -> None:
        """``wall_clock`` gives milliseconds since 1970."""
        self._key = key
        self._node = node
        self._wall_clock = wall_clock

    def encode(self, news: News) -> bytes:
        """The message that tells ``news``."""
        kind, fields = _fields(news)
        whole = {"n": self._node, "t": self._wall_clock(), "k": kind} | fields
        body = json.dumps(whole, separators=(",", ":")).encode("ascii")
        return self._mac(body) + b" " + body

    def decode(self, message: bytes) -> tuple[News, ...]:
        """What ``message`` tells: nothing where it is our own, or of a kind unknown here.

        Raises Unheard.
        """
        if len(message) > MOST_BYTES or message[_MAC_CHARS : _MAC_CHARS + 1] != b" ":
            raise Unheard("unreadable")
        body = message[_MAC_CHARS + 1 :]
        if not hmac.compare_digest(message[:_MAC_CHARS], self._mac(body)):
            raise Unheard("forged")
        try:
            whole = json.loads(body)
            node, time_ms, kind = _text(whole, "n"), _number(whole, "t"), _text(whole, "k")
            if node == self._node:
                return ()
            if abs(self._wall_clock() - time_ms) > STALE_MS:
                raise Unheard("stale")
            read = _READERS.get(kind)
            return () if read is None else read(whole)
        except (ValueError, RecursionError):
            raise Unheard("unreadable") from None

    def _mac(self, body: bytes) -> bytes:
        return b64url(hmac.digest(self._key, body, hashlib.sha256)).encode("ascii")


def _fields(news: News) -> tuple[str, dict[str, Any]]:
    match news:
        case Posted(events=events):
            # Events stay here: who is told a number reads them, and whether it may, from the store.
            heads: dict[str, int] = {}
            for event in events:
                heads[event.room] = max(event.seq, heads.get(event.room, 0))
            return "reached", {"r": heads}
        case Reached(room=room, seq=seq):
            return "reached", {"r": {room: seq}}
        case SessionEnded(session=session):
            return "ended", {"s": b64url(session)}
        case RoomsChanged(user=user):
            return "rooms", {"u": user}
        case ReadTo(user=user, mark=mark):
            left = (mark.unread, mark.mentions)
            return "read", {"u": user, "r": mark.room, "q": mark.seq, "l": left[0], "m": left[1]}
        case TypingIn(user=user, room=room, head=head):
            return "typing", {"u": user, "r": room, "q": head}
        case Online(node=node, users=users):
            return "online", {"o": node, "u": sorted(users)}


def _reached(whole: Mapping[str, Any]) -> tuple[News, ...]:
    heads = whole.get("r")
    if not isinstance(heads, dict):
        raise _Malformed("r")
    return tuple(Reached(_room({"r": room}), _number(heads, room)) for room in heads)


def _ended(whole: Mapping[str, Any]) -> tuple[News, ...]:
    digest = from_b64url(_text(whole, "s"))
    if len(digest) != _DIGEST_BYTES:
        raise _Malformed("s")
    return (SessionEnded(SessionDigest(digest)),)


def _rooms(whole: Mapping[str, Any]) -> tuple[News, ...]:
    return (RoomsChanged(_user(whole.get("u"))),)


def _read(whole: Mapping[str, Any]) -> tuple[News, ...]:
    numbers = (_number(whole, name) for name in ("q", "l", "m"))
    return (ReadTo(_user(whole.get("u")), ReadMark(_room(whole), *numbers)),)


def _typing(whole: Mapping[str, Any]) -> tuple[News, ...]:
    return (TypingIn(_user(whole.get("u")), _room(whole), _number(whole, "q")),)


def _online(whole: Mapping[str, Any]) -> tuple[News, ...]:
    users = whole.get("u")
    if not isinstance(users, list):
        raise _Malformed("u")
    return (Online(_text(whole, "o"), frozenset(_user(user) for user in users)),)


_READERS: dict[str, Callable[[Mapping[str, Any]], tuple[News, ...]]] = {
    "reached": _reached,
    "ended": _ended,
    "rooms": _rooms,
    "read": _read,
    "typing": _typing,
    "online": _online,
}


def _text(whole: object, name: str) -> str:
    found = whole.get(name) if isinstance(whole, dict) else None
    if not isinstance(found, str):
        raise _Malformed(name)
    return found


def _number(whole: object, name: str) -> int:
    found = whole.get(name) if isinstance(whole, dict) else None
    if type(found) is not int or not 0 <= found <= _LARGEST:
        raise _Malformed(name)
    return found


def _room(whole: Mapping[str, Any]) -> RoomId:
    found = _text(whole, "r")
    if not ROOM_ID.fullmatch(found):
        raise _Malformed("r")
    return RoomId(found)


def _user(found: object) -> UserId:
    if not isinstance(found, str) or not USER_ID.fullmatch(found):
        raise _Malformed("u")
    return UserId(found)
