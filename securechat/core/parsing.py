"""Bytes to commands: sizes first, then strict JSON, then every field; never a guess."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from . import commands as c
from .content import complaint_about_reaction
from .errors import Code
from .fields import Fields, bad_frame, decode
from .model import (
    MESSAGE_ID,
    MOST_DIRECT_PEOPLE,
    POSTED_KINDS,
    HistoryRule,
    MessageId,
    PostKind,
    RoomKind,
    RoomRole,
)
from .names import tidy_room_name, tidy_topic

VERSION = 1
MOST_PEOPLE = 200
MOST_HISTORY = 200
MOST_REASON_CHARACTERS = 1_000
MOST_SEARCH_CHARACTERS = 64

_DAY_S = 24 * 60 * 60


def parse(frame: bytes, is_binary: bool, most_frame_bytes: int, most_body_bytes: int) -> c.Command:
    """The command in ``frame``, or Refused with ``bad_frame``, ``bad_command`` or ``too_large``."""
    if is_binary:
        raise bad_frame("Frames are text, not binary.")
    if len(frame) > most_frame_bytes:
        raise bad_frame(f"A frame has at most {most_frame_bytes} bytes.")
    fields = Fields(decode(frame))
    if fields.type == "post":
        return _post(fields, most_body_bytes)
    parser = _PARSERS.get(fields.type)
    if parser is None:
        raise bad_frame("No frame of this protocol has this type.")
    return parser(fields)


def _hello(fields: Fields) -> c.Hello:
    if fields.number("version", 1) != VERSION:
        fields.refuse(f"This server speaks version {VERSION}.")
    return c.Hello(point=fields.data("key", 65), nonce=fields.data("nonce", 32))


def _subscribe(fields: Fields) -> c.Subscribe:
    since = fields.number("since", 0) if fields.has("since") else None
    return c.Subscribe(id=fields.request_id(), room=fields.room(), since=since)


def _post(fields: Fields, most_body_bytes: int) -> c.Post:
    mid = fields.text("id")
    if not MESSAGE_ID.fullmatch(mid):
        fields.refuse("id is 128 bits as 22 characters of base64url.")
    kind = cast(PostKind, fields.one_of("kind", *POSTED_KINDS, default="text"))
    if kind == "text" and fields.has("target"):
        fields.refuse("A text has no target.")
    target = None if kind == "text" else fields.number("target", 1)
    room = fields.room()
    body = fields.text("body")
    if not body:
        fields.refuse("An empty message is not sent.")
    if len(body.encode("utf-8")) > most_body_bytes:
        fields.refuse(f"A message has at most {most_body_bytes} bytes.", Code.TOO_LARGE)
    why = complaint_about_reaction(body) if kind == "reaction" else None
    if why is not None:
        fields.refuse(why)
    return c.Post(MessageId(mid), room, body, kind, target)


def _history(fields: Fields) -> c.History:
    before, limit = fields.number("before", 1), fields.number("limit", 1, MOST_HISTORY)
    return c.History(id=fields.request_id(), room=fields.room(), before=before, limit=limit)


def _members(fields: Fields) -> c.Members:
    after = fields.text("after", default="", most=MOST_SEARCH_CHARACTERS)
    return c.Members(fields.request_id(), fields.room(), after, fields.flag("banned", False))


def _create_room(fields: Fields) -> c.CreateRoom:
    request = fields.request_id()
    kind = cast(RoomKind, fields.one_of("kind", "public", "private", "direct"))
    if kind == "direct":
        people = fields.users("people", MOST_DIRECT_PEOPLE - 1)
        return c.CreateRoom(id=request, kind=kind, people=people)
    return c.CreateRoom(
        id=request,
        kind=kind,
        name=fields.tidy("name", tidy_room_name),
        topic=fields.tidy("topic", tidy_topic, default=""),
        history=cast(HistoryRule, fields.one_of("history", "all", "joined", default="all")),
    )


def _find_rooms(fields: Fields) -> c.FindRooms:
    text = fields.text("text", default="", most=MOST_SEARCH_CHARACTERS)
    return c.FindRooms(fields.request_id(), text, fields.text("after", default="", most=32))


def _join_room(fields: Fields) -> c.JoinRoom:
    if fields.has("token"):
        return c.JoinRoom(fields.request_id(), None, fields.text("token", most=64))
    return c.JoinRoom(fields.request_id(), fields.room(), None)


def _invite(fields: Fields) -> c.Invite | c.AddMember | c.RevokeInvites:
    request, room = fields.request_id(), fields.room()
    if fields.has("user"):
        return c.AddMember(request, room, fields.user())
    if fields.flag("revoke", False):
        return c.RevokeInvites(request, room)
    expires_s = fields.number(
        "expires_s", 1, c.MOST_INVITE_DAYS * _DAY_S, default=c.INVITE_DAYS * _DAY_S
    )
    uses = fields.number("uses", 1, c.MOST_INVITE_USES, default=1)
    return c.Invite(request, room, expires_s, uses)


def _mute(fields: Fields) -> c.Mute:
    seconds = (
        fields.number("seconds", 1, c.MOST_MUTE_DAYS * _DAY_S) if fields.has("seconds") else None
    )
    return c.Mute(fields.request_id(), fields.room(), fields.user(), seconds)


def _set_retention(fields: Fields) -> c.SetRetention:
    days = None if fields.is_null("days") else fields.number("days", 1, c.MOST_RETENTION_DAYS)
    return c.SetRetention(fields.request_id(), fields.room(), days)


def _set_role(fields: Fields) -> c.SetRole:
    role = cast(RoomRole, fields.one_of("role", "member", "moderator", "owner"))
    return c.SetRole(fields.request_id(), fields.room(), fields.user(), role)


def _report(fields: Fields) -> c.Report:
    reason = fields.text("reason", default="", most=MOST_REASON_CHARACTERS)
    return c.Report(fields.request_id(), fields.room(), fields.number("seq", 1), reason)


_PARSERS: dict[str, Callable[[Fields], c.Command]] = {
    "hello": _hello,
    "subscribe": _subscribe,
    "unsubscribe": lambda fields: c.Unsubscribe(fields.room()),
    "delete": lambda fields: c.Delete(fields.request_id(), fields.room(), fields.number("seq", 1)),
    "history": _history,
    "people": lambda fields: c.People(fields.request_id(), fields.users("ids", MOST_PEOPLE)),
    "members": _members,
    "read": lambda fields: c.Read(fields.room(), fields.number("seq", 0)),
    "typing": lambda fields: c.Typing(fields.room()),
    "create_room": _create_room,
    "rename_room": lambda fields: c.RenameRoom(
        fields.request_id(), fields.room(), fields.tidy("name", tidy_room_name)
    ),
    "set_topic": lambda fields: c.SetTopic(
        fields.request_id(), fields.room(), fields.tidy("topic", tidy_topic)
    ),
    "archive_room": lambda fields: c.ArchiveRoom(
        fields.request_id(), fields.room(), fields.flag("archived", True)
    ),
    "set_retention": _set_retention,
    "find_rooms": _find_rooms,
    "join_room": _join_room,
    "erase_room": lambda fields: c.EraseRoom(fields.request_id(), fields.room()),
    "leave_room": lambda fields: c.LeaveRoom(fields.request_id(), fields.room()),
    "invite": _invite,
    "kick": lambda fields: c.Kick(fields.request_id(), fields.room(), fields.user()),
    "ban": lambda fields: c.Ban(fields.request_id(), fields.room(), fields.user()),
    "unban": lambda fields: c.Unban(fields.request_id(), fields.room(), fields.user()),
    "mute": _mute,
    "unmute": lambda fields: c.Unmute(fields.request_id(), fields.room(), fields.user()),
    "set_role": _set_role,
    "report": _report,
}

COMMANDS = frozenset(_PARSERS) | {"post"}
"""Every ``type`` that a client may send."""
