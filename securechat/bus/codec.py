"""News as bytes for the other daemons, and back: small, dated, counted, and signed.

A message is the base64url of its HMAC-SHA-256 (43 characters), a space, and compact JSON:
``{"n":<node>,"c":<number>,"t":<ms since 1970>,"k":<kind>,…}``. The key is one purpose of the root
key, so whoever can write to the server in the middle, but has no keyring, can neither forge nor
alter. Nor repeat or reorder: each node counts its messages, and what is not newer than the last one
from there is dropped (a daemon that has heard nothing from there since it started may believe a
message of the last STALE_MS once more). What can be done is to hold messages back. What is true of
rooms, people and sessions is then found in the database, where it is looked up anyway; read marks,
typing and who is online are believed as they are told. No text, no token and no key is ever in it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from ..core.encoding import b64url, from_b64url
from ..core.model import ROOM_ID, USER_ID, ReadMark, RoomId, SessionDigest, StoredEvent, UserId
from ..core.ports import (
    News,
    Online,
    Posted,
    Reached,
    ReadTo,
    Renamed,
    RoomErased,
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


class _Last(NamedTuple):
    """The newest number heard from a node, and the latest time that it ever put on a message."""

    number: int
    time_ms: int


class Codec:
    """Signs and reads the messages of one node; the keys are shared by all who have the keyring."""

    def __init__(
        self, keys: Callable[[], Sequence[bytes]], node: str, wall_clock: Callable[[], int]
    ) -> None:
        """``keys`` gives those in use: the first signs, any of them is believed.

        ``wall_clock`` gives milliseconds since 1970.
        """
        self._keys = keys
        self._node = node
        self._wall_clock = wall_clock
        self._sent = 0
        self._last: dict[str, _Last] = {}

    def encode(self, news: News) -> bytes:
        """The message that tells ``news``."""
        kind, fields = _fields(news)
        self._sent += 1
        head = {"n": self._node, "c": self._sent, "t": self._wall_clock(), "k": kind}
        whole = head | fields
        body = json.dumps(whole, separators=(",", ":")).encode("ascii")
        return _mac(self._keys()[0], body) + b" " + body

    def decode(self, message: bytes) -> tuple[News, ...]:
        """What ``message`` tells: nothing where it is our own, or of a kind unknown here.

        Raises Unheard.
        """
        if len(message) > MOST_BYTES or message[_MAC_CHARS : _MAC_CHARS + 1] != b" ":
            raise Unheard("unreadable")
        body = message[_MAC_CHARS + 1 :]
        mac = message[:_MAC_CHARS]
        if not any(hmac.compare_digest(mac, _mac(key, body)) for key in self._keys()):
            raise Unheard("forged")
        try:
            whole = json.loads(body)
            node, time_ms, kind = _text(whole, "n"), _number(whole, "t"), _text(whole, "k")
            if node == self._node:
                return ()
            self._check_newer(node, _number(whole, "c"), time_ms)
            read = _READERS.get(kind)
            return () if read is None else read(whole)
        except (ValueError, RecursionError):
            raise Unheard("unreadable") from None

    def _check_newer(self, node: str, number: int, time_ms: int) -> None:
        """Raise Unheard where this is old, or not newer than the last message of ``node``."""
        now_ms = self._wall_clock()
        if abs(now_ms - time_ms) > STALE_MS:
            raise Unheard("stale")
        last = self._last.get(node)
        if last is None:
            # Of who was silent so long every message is stale by now.
            oldest_ms = now_ms - STALE_MS
            self._last = {n: one for n, one in self._last.items() if one.time_ms >= oldest_ms}
            last = _Last(0, 0)
        if number <= last.number:
            raise Unheard("stale")
        self._last[node] = _Last(number, max(time_ms, last.time_ms))


def _mac(key: bytes, body: bytes) -> bytes:
    return b64url(hmac.digest(key, body, hashlib.sha256)).encode("ascii")


def _fields(news: News) -> tuple[str, dict[str, Any]]:
    match news:
        case Posted(events=events):
            return "reached", {"r": _heads(events)}
        case Reached(room=room, seq=seq):
            return "reached", {"r": {room: seq}}
        case SessionEnded(session=session):
            return "ended", {"s": b64url(session)}
        case RoomsChanged(user=user) | Renamed(user=user):
            return "rooms" if isinstance(news, RoomsChanged) else "renamed", {"u": user}
        case RoomErased(room=room):
            return "erased", {"r": room}
        case ReadTo(user=user, mark=mark):
            left = (mark.unread, mark.mentions)
            return "read", {"u": user, "r": mark.room, "q": mark.seq, "l": left[0], "m": left[1]}
        case TypingIn(user=user, room=room, head=head):
            return "typing", {"u": user, "r": room, "q": head}
        case Online(node=node, users=users, number=number, gone=gone):
            went = {} if gone is None else {"g": sorted(gone)}
            return "online", {"o": node, "i": number, "u": sorted(users)} | went


def _heads(events: Sequence[StoredEvent]) -> dict[str, int]:
    """Events stay here: who is told a number reads them, and whether it may, from the store."""
    heads: dict[str, int] = {}
    for event in events:
        heads[event.room] = max(event.seq, heads.get(event.room, 0))
    return heads


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


def _erased(whole: Mapping[str, Any]) -> tuple[News, ...]:
    return (RoomErased(_room(whole)),)


def _renamed(whole: Mapping[str, Any]) -> tuple[News, ...]:
    return (Renamed(_user(whole.get("u"))),)


def _read(whole: Mapping[str, Any]) -> tuple[News, ...]:
    numbers = (_number(whole, name) for name in ("q", "l", "m"))
    return (ReadTo(_user(whole.get("u")), ReadMark(_room(whole), *numbers)),)


def _typing(whole: Mapping[str, Any]) -> tuple[News, ...]:
    return (TypingIn(_user(whole.get("u")), _room(whole), _number(whole, "q")),)


def _online(whole: Mapping[str, Any]) -> tuple[News, ...]:
    gone = _users(whole, "g") if "g" in whole else None
    return (Online(_text(whole, "o"), _users(whole, "u"), _number(whole, "i"), gone),)


_READERS: dict[str, Callable[[Mapping[str, Any]], tuple[News, ...]]] = {
    "reached": _reached,
    "ended": _ended,
    "rooms": _rooms,
    "erased": _erased,
    "renamed": _renamed,
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


def _users(whole: Mapping[str, Any], name: str) -> frozenset[UserId]:
    found = whole.get(name)
    if not isinstance(found, list):
        raise _Malformed(name)
    return frozenset(_user(user) for user in found)


def _user(found: object) -> UserId:
    if not isinstance(found, str) or not USER_ID.fullmatch(found):
        raise _Malformed("u")
    return UserId(found)
