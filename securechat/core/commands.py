"""Every command of ``securechat.v1`` as a value; ``→`` is what the client sends.

``id`` is the client's name for the request. Where it has 128 bits (22 characters base64url), a
command that changes something may be sent again after an unknown outcome: it is done once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .model import HistoryRule, MessageId, PostKind, RoomId, RoomKind, RoomRole, UserId

INVITE_DAYS = 7
MOST_INVITE_DAYS = 30
MOST_INVITE_USES = 1_000
MOST_MUTE_DAYS = 365
MOST_RETENTION_DAYS = 3_650


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
class Unsubscribe:
    """→ ``{"type":"unsubscribe","room":R}``; concerns this connection only, has no answer."""

    room: RoomId


@dataclass(frozen=True, slots=True)
class Post:
    """→ ``{"type":"post","id":<client id>,"room":R,"kind":…,"target":seq,"body":…}``

    ``kind`` is ``text`` (also where it is left out), ``reply``, ``edit`` or ``reaction``; all but
    a text have a ``target``.
    """

    id: MessageId
    room: RoomId
    body: str
    kind: PostKind = "text"
    target: int | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """→ ``{"type":"delete","id":…,"room":R,"seq":n}``: a message with its edits, or a reaction."""

    id: str
    room: RoomId
    seq: int


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


@dataclass(frozen=True, slots=True)
class Members:
    """→ ``{"type":"members","id":…,"room":R,"after":<user name>,"banned":true|false}``

    By user name, those after ``after``; with ``banned`` the people who are banned instead.
    """

    id: str
    room: RoomId
    after: str
    banned: bool


@dataclass(frozen=True, slots=True)
class Read:
    """→ ``{"type":"read","room":R,"seq":n}``: I have read up to here; never moves back."""

    room: RoomId
    seq: int


@dataclass(frozen=True, slots=True)
class Typing:
    """→ ``{"type":"typing","room":R}``"""

    room: RoomId


@dataclass(frozen=True, slots=True)
class CreateRoom:
    """→ ``{"type":"create_room","id":…,"kind":…,"name":…,"topic":…,"history":…}``

    A direct room has ``people`` (1 to 7 user ids beside one's own) in place of name, topic and
    history; where these people have one already, that is the answer.
    """

    id: str
    kind: RoomKind
    name: str = ""
    topic: str = ""
    history: HistoryRule = "all"
    people: tuple[UserId, ...] = ()


@dataclass(frozen=True, slots=True)
class RenameRoom:
    """→ ``{"type":"rename_room","id":…,"room":R,"name":…}``"""

    id: str
    room: RoomId
    name: str


@dataclass(frozen=True, slots=True)
class SetTopic:
    """→ ``{"type":"set_topic","id":…,"room":R,"topic":…}``"""

    id: str
    room: RoomId
    topic: str


@dataclass(frozen=True, slots=True)
class ArchiveRoom:
    """→ ``{"type":"archive_room","id":…,"room":R,"archived":true|false}``; read-only, and back."""

    id: str
    room: RoomId
    archived: bool


@dataclass(frozen=True, slots=True)
class SetRetention:
    """→ ``{"type":"set_retention","id":…,"room":R,"days":n|null}``: texts are kept so long."""

    id: str
    room: RoomId
    days: int | None


@dataclass(frozen=True, slots=True)
class FindRooms:
    """→ ``{"type":"find_rooms","id":…,"text":…,"after":R}``: public rooms whose name holds it."""

    id: str
    text: str
    after: str


@dataclass(frozen=True, slots=True)
class JoinRoom:
    """→ ``{"type":"join_room","id":…,"room":R}`` a public one, or ``"token":…`` an invited one."""

    id: str
    room: RoomId | None
    token: str | None


@dataclass(frozen=True, slots=True)
class LeaveRoom:
    """→ ``{"type":"leave_room","id":…,"room":R}``"""

    id: str
    room: RoomId


@dataclass(frozen=True, slots=True)
class Invite:
    """→ ``{"type":"invite","id":…,"room":R,"expires_s":…,"uses":…}``: a link to ``/join/TOKEN``."""

    id: str
    room: RoomId
    expires_s: int
    uses: int


@dataclass(frozen=True, slots=True)
class AddMember:
    """→ ``{"type":"invite","id":…,"room":R,"user":U}``: somebody I know, at once."""

    id: str
    room: RoomId
    user: UserId


@dataclass(frozen=True, slots=True)
class RevokeInvites:
    """→ ``{"type":"invite","id":…,"room":R,"revoke":true}``: no link works any more."""

    id: str
    room: RoomId


@dataclass(frozen=True, slots=True)
class Kick:
    """→ ``{"type":"kick","id":…,"room":R,"user":U}``: out, may come back."""

    id: str
    room: RoomId
    user: UserId


@dataclass(frozen=True, slots=True)
class Ban:
    """→ ``{"type":"ban","id":…,"room":R,"user":U}``: out if in, and cannot come back."""

    id: str
    room: RoomId
    user: UserId


@dataclass(frozen=True, slots=True)
class Unban:
    """→ ``{"type":"unban","id":…,"room":R,"user":U}``: may come back."""

    id: str
    room: RoomId
    user: UserId


@dataclass(frozen=True, slots=True)
class Mute:
    """→ ``{"type":"mute","id":…,"room":R,"user":U,"seconds":n}``; left out: until unmuted."""

    id: str
    room: RoomId
    user: UserId
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Unmute:
    """→ ``{"type":"unmute","id":…,"room":R,"user":U}``"""

    id: str
    room: RoomId
    user: UserId


@dataclass(frozen=True, slots=True)
class SetRole:
    """→ ``{"type":"set_role","id":…,"room":R,"user":U,"role":"member|moderator|owner"}``"""

    id: str
    room: RoomId
    user: UserId
    role: RoomRole


@dataclass(frozen=True, slots=True)
class Report:
    """→ ``{"type":"report","id":…,"room":R,"seq":n,"reason":…}``, for the administrators."""

    id: str
    room: RoomId
    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class EraseRoom:
    """→ ``{"type":"erase_room","id":…,"room":R}``: the room and all that was said in it."""

    id: str
    room: RoomId


OnPerson = AddMember | Kick | Ban | Unban | Mute | Unmute | SetRole
"""Changes that one person makes to another's place in a room."""

Change = Delete | RenameRoom | SetTopic | ArchiveRoom | SetRetention | LeaveRoom | OnPerson
"""What a member may do to a room; each writes one event there."""

KINDS: Final[dict[type, str]] = {
    Delete: "deleted",
    RenameRoom: "renamed",
    SetTopic: "topic",
    ArchiveRoom: "archived",
    SetRetention: "retention",
    LeaveRoom: "left",
    AddMember: "joined",
    Kick: "removed",
    Ban: "banned",
    Unban: "unbanned",
    Mute: "muted",
    Unmute: "unmuted",
    SetRole: "role",
}
"""The kind of the event that says that a change was made."""

RoomCommand = (
    CreateRoom | JoinRoom | FindRooms | Invite | RevokeInvites | Report | EraseRoom | Change
)
"""Everything that is answered ``done``."""

Command = (
    Hello
    | Subscribe
    | Unsubscribe
    | Post
    | History
    | People
    | Members
    | Read
    | Typing
    | RoomCommand
)
