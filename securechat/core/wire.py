"""The frames of ``securechat.v1``: strict parsing of commands, encoding of answers.

``→`` commands come from the browser, ``←`` frames go to it; all are JSON text frames.
Reads sizes before anything else, accepts only strict JSON, and never guesses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from . import envelope
from .encoding import from_b64url
from .errors import Close, Code, Refused
from .model import MESSAGE_ID, ROOM_ID, USER_ID, MessageId, RoomId, StoredEvent, UserId

VERSION = 1
SUBPROTOCOL = "securechat.v1"
REQUEST_ID_CHARACTERS = 64
MOST_PEOPLE = 200
MOST_HISTORY = 200

_LARGEST_NUMBER = (1 << 53) - 1


@dataclass(frozen=True, slots=True)
class Hello:
    """→ ``{"type":"hello","version":1,"key":<65 B>,"nonce":<32 B>}``"""

    point: bytes
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Subscribe:
    """→ ``{"type":"subscribe","id":…,"room":R,"since":n}``; ``since`` may be left out."""

    id: str
    room: RoomId
    since: int | None


@dataclass(frozen=True, slots=True)
class Post:
    """→ ``{"type":"post","id":<client id>,"room":R,"body":…}``"""

    id: MessageId
    room: RoomId
    body: str


@dataclass(frozen=True, slots=True)
class History:
    """→ ``{"type":"history","id":…,"room":R,"before":seq,"limit":1..200}``"""

    id: str
    room: RoomId
    before: int
    limit: int


@dataclass(frozen=True, slots=True)
class People:
    """→ ``{"type":"people","id":…,"ids":[… up to 200]}``"""

    id: str
    ids: tuple[UserId, ...]


Command = Hello | Subscribe | Post | History | People

NOT_BUILT = frozenset(
    {
        "archive_room",
        "ban",
        "create_room",
        "delete",
        "find_rooms",
        "invite",
        "join_room",
        "kick",
        "leave_room",
        "members",
        "mute",
        "read",
        "rename_room",
        "report",
        "set_role",
        "set_topic",
        "typing",
        "unban",
        "unmute",
        "unsubscribe",
    }
)
"""Commands of the protocol that this version answers with ``bad_command``."""


def parse(frame: bytes, is_binary: bool, most_frame_bytes: int, most_body_bytes: int) -> Command:
    """The command in ``frame``, or Refused with ``bad_frame``, ``bad_command`` or ``too_large``."""
    if is_binary:
        raise _bad_frame("Frames are text, not binary.")
    if len(frame) > most_frame_bytes:
        raise _bad_frame(f"A frame has at most {most_frame_bytes} bytes.")
    fields = _Fields(decode(frame))
    parser = _PARSERS.get(fields.type)
    if parser is not None:
        return parser(fields, most_body_bytes)
    if fields.type in NOT_BUILT:
        fields.refuse(f"{fields.type} is not available on this server.")
    raise _bad_frame("No frame of this protocol has this type.")


def decode(frame: bytes) -> dict[str, Any]:
    """Strict JSON: UTF-8, one object, no duplicate names, no NaN, no lone surrogates."""
    try:
        text = frame.decode("utf-8")
        value = _decoder.decode(text)
        if "\\u" in text:
            # Only an escape can spell a surrogate that stands alone.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise _bad_frame("Frames are strict JSON in UTF-8.") from None
    if not isinstance(value, dict):
        raise _bad_frame("A frame is a JSON object.")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("a name stands twice")
    return names


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _bad_frame(text: str) -> Refused:
    return Refused(Code.BAD_FRAME, text, close=Close.BAD_FRAMES)


class _Fields:
    """The fields of one frame, each read with its type and range."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields
        kind = fields.get("type")
        if not isinstance(kind, str):
            raise _bad_frame("A frame has a type.")
        self.type: str = kind
        self._request = _request_id(fields.get("id"))

    def refuse(self, text: str, code: Code = Code.BAD_COMMAND) -> NoReturn:
        raise Refused(code, text, request=self._request)

    def has(self, name: str) -> bool:
        return name in self._fields

    def request_id(self) -> str:
        if self._request is None:
            self.refuse(f"id is a text of 1 to {REQUEST_ID_CHARACTERS} characters.")
        return self._request

    def text(self, name: str) -> str:
        value = self._fields.get(name)
        if not isinstance(value, str):
            self.refuse(f"{name} is a text.")
        return value

    def number(self, name: str, low: int, high: int = _LARGEST_NUMBER) -> int:
        value = self._fields.get(name)
        if type(value) is not int or not low <= value <= high:
            self.refuse(f"{name} is a whole number from {low} to {high}.")
        return value

    def data(self, name: str, length: int) -> bytes:
        try:
            value = from_b64url(self.text(name))
        except ValueError:
            value = b""
        if len(value) != length:
            self.refuse(f"{name} is base64url of {length} bytes.")
        return value

    def room(self) -> RoomId:
        room = self.text("room")
        if not ROOM_ID.fullmatch(room):
            self.refuse("room is 1 to 32 of A-Z a-z 0-9 _ -.")
        return RoomId(room)

    def ids(self) -> tuple[UserId, ...]:
        values = self._fields.get("ids")
        if not isinstance(values, list) or not 1 <= len(values) <= MOST_PEOPLE:
            self.refuse(f"ids is a list of 1 to {MOST_PEOPLE} user ids.")
        if not all(isinstance(value, str) and USER_ID.fullmatch(value) for value in values):
            self.refuse("ids holds something that is not a user id.")
        return tuple(dict.fromkeys(UserId(value) for value in values))


def _request_id(value: object) -> str | None:
    if isinstance(value, str) and 1 <= len(value) <= REQUEST_ID_CHARACTERS:
        return value
    return None


def _parse_hello(fields: _Fields, _: int) -> Hello:
    if fields.number("version", 1) != VERSION:
        fields.refuse(f"This server speaks version {VERSION}.")
    return Hello(point=fields.data("key", 65), nonce=fields.data("nonce", 32))


def _parse_subscribe(fields: _Fields, _: int) -> Subscribe:
    since = fields.number("since", 0) if fields.has("since") else None
    return Subscribe(id=fields.request_id(), room=fields.room(), since=since)


def _parse_post(fields: _Fields, most_body_bytes: int) -> Post:
    mid = fields.text("id")
    if not MESSAGE_ID.fullmatch(mid):
        fields.refuse("id is 128 bits as 22 characters of base64url.")
    if fields.has("kind") and fields.text("kind") != "text":
        fields.refuse("This server stores only messages of the kind text.")
    if fields.has("target"):
        fields.refuse("A text has no target.")
    room = fields.room()
    body = fields.text("body")
    if not body:
        fields.refuse("An empty message is not sent.")
    if len(body.encode("utf-8")) > most_body_bytes:
        fields.refuse(f"A message has at most {most_body_bytes} bytes.", Code.TOO_LARGE)
    return Post(id=MessageId(mid), room=room, body=body)


def _parse_history(fields: _Fields, _: int) -> History:
    return History(
        id=fields.request_id(),
        room=fields.room(),
        before=fields.number("before", 1),
        limit=fields.number("limit", 1, MOST_HISTORY),
    )


def _parse_people(fields: _Fields, _: int) -> People:
    return People(id=fields.request_id(), ids=fields.ids())


_PARSERS: dict[str, Callable[[_Fields, int], Command]] = {
    "hello": _parse_hello,
    "subscribe": _parse_subscribe,
    "post": _parse_post,
    "history": _parse_history,
    "people": _parse_people,
}


def encode(frame_type: str, **fields: Any) -> bytes:
    """← a frame of this type as compact JSON (bytes, UTF-8)."""
    value = {"type": frame_type, **fields}
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def encode_event(event: StoredEvent) -> bytes:
    """← ``{"type":"event","room":R,"seq":n,"envelope":{…}}``, the same bytes for every member."""
    head = f'{{"type":"event","room":"{event.room}","seq":{event.seq},"envelope":'
    return head.encode("ascii") + envelope.encode(event) + b"}"


def encode_entry(event: StoredEvent) -> bytes:
    """One element of a ``history`` frame's ``events``: ``{"seq":n,"envelope":{…}}``."""
    return f'{{"seq":{event.seq},"envelope":'.encode("ascii") + envelope.encode(event) + b"}"


def encode_history(
    request: str, room: RoomId, entries: Sequence[bytes], keys: list[dict[str, str]], more: bool
) -> bytes:
    """← ``{"type":"history","id":…,"room":R,"keys":[…],"more":…,"events":[…]}``"""
    head = encode("history", id=request, room=room, keys=keys, more=more)
    return head[:-1] + b',"events":[' + b",".join(entries) + b"]}"


def encode_error(refused: Refused) -> bytes:
    """← ``{"type":"error","id":…|null,"code":…,"text":…,"retry":…}`` (and ``retry_ms``)."""
    fields: dict[str, Any] = {
        "id": refused.request,
        "code": refused.code,
        "text": str(refused),
        "retry": refused.retry,
    }
    if refused.retry_ms is not None:
        fields["retry_ms"] = refused.retry_ms
    return encode("error", **fields)


def text_frame(payload: bytes) -> bytes:
    """``payload`` as one unmasked, final WebSocket text frame (RFC 6455 section 5.2)."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload
