"""Reading one frame: strict JSON first, then every field with its type and range."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from .encoding import from_b64url
from .errors import Close, Code, Refused
from .model import ROOM_ID, USER_ID, RoomId, UserId
from .names import BadName

REQUEST_ID_CHARACTERS = 64

_LARGEST_NUMBER = (1 << 53) - 1


def decode(frame: bytes) -> dict[str, Any]:
    """Strict JSON: UTF-8, one object, no duplicate names, no NaN, no lone surrogates."""
    try:
        text = frame.decode("utf-8")
        value = _decoder.decode(text)
        if "\\u" in text:
            # Only an escape can spell a surrogate that stands alone.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise bad_frame("Frames are strict JSON in UTF-8.") from None
    if not isinstance(value, dict):
        raise bad_frame("A frame is a JSON object.")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("a name stands twice")
    return names


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def bad_frame(text: str) -> Refused:
    """The refusal of what is no frame at all."""
    return Refused(Code.BAD_FRAME, text, close=Close.BAD_FRAMES)


class Fields:
    """The fields of one frame; each method raises Refused where the field is not as it must be."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields
        kind = fields.get("type")
        if not isinstance(kind, str):
            raise bad_frame("A frame has a type.")
        self.type: str = kind
        self._request = _request_id(fields.get("id"))

    def refuse(self, text: str, code: Code = Code.BAD_COMMAND) -> NoReturn:
        """Raise Refused under this frame's own id."""
        raise Refused(code, text, request=self._request)

    def has(self, name: str) -> bool:
        """Whether the frame has this field."""
        return name in self._fields

    def is_null(self, name: str) -> bool:
        """Whether the frame has this field, and it is null."""
        return name in self._fields and self._fields[name] is None

    def request_id(self) -> str:
        """``id``, the client's name for the request."""
        if self._request is None:
            self.refuse(f"id is a text of 1 to {REQUEST_ID_CHARACTERS} characters.")
        return self._request

    def text(self, name: str, default: str | None = None, most: int | None = None) -> str:
        """A text, of at most ``most`` characters; ``default`` where it is left out."""
        value = self._fields.get(name, default)
        if not isinstance(value, str):
            self.refuse(f"{name} is a text.")
        if most is not None and len(value) > most:
            self.refuse(f"{name} has at most {most} characters.")
        return value

    def one_of(self, name: str, *choices: str, default: str | None = None) -> str:
        """One of these texts."""
        value = self._fields.get(name, default)
        if value not in choices:
            self.refuse(f"{name} is one of {', '.join(choices)}.")
        return str(value)

    def flag(self, name: str, default: bool) -> bool:
        """``true`` or ``false``."""
        value = self._fields.get(name, default)
        if type(value) is not bool:
            self.refuse(f"{name} is true or false.")
        return value

    def number(
        self, name: str, low: int, high: int = _LARGEST_NUMBER, default: int | None = None
    ) -> int:
        """A whole number in this range."""
        value = self._fields.get(name, default)
        if type(value) is not int or not low <= value <= high:
            self.refuse(f"{name} is a whole number from {low} to {high}.")
        return value

    def data(self, name: str, length: int) -> bytes:
        """So many bytes, written in base64url."""
        try:
            value = from_b64url(self.text(name))
        except ValueError:
            value = b""
        if len(value) != length:
            self.refuse(f"{name} is base64url of {length} bytes.")
        return value

    def tidy(self, name: str, tidy: Any, default: str | None = None) -> str:
        """A name that ``tidy`` accepts, as ``tidy`` returns it."""
        try:
            return str(tidy(self.text(name, default)))
        except BadName as error:
            self.refuse(str(error))

    def room(self) -> RoomId:
        """A room id."""
        room = self.text("room")
        if not ROOM_ID.fullmatch(room):
            self.refuse("room is 1 to 32 of A-Z a-z 0-9 _ -.")
        return RoomId(room)

    def user(self) -> UserId:
        """A user id."""
        user = self.text("user")
        if not USER_ID.fullmatch(user):
            self.refuse("user is 1 to 32 of A-Z a-z 0-9 _ -.")
        return UserId(user)

    def users(self, name: str, most: int) -> tuple[UserId, ...]:
        """1 to ``most`` user ids, each once."""
        values = self._fields.get(name)
        if not isinstance(values, list) or not 1 <= len(values) <= most:
            self.refuse(f"{name} is a list of 1 to {most} user ids.")
        if not all(isinstance(value, str) and USER_ID.fullmatch(value) for value in values):
            self.refuse(f"{name} holds something that is not a user id.")
        return tuple(dict.fromkeys(UserId(value) for value in values))


def _request_id(value: object) -> str | None:
    if isinstance(value, str) and 1 <= len(value) <= REQUEST_ID_CHARACTERS:
        return value
    return None
