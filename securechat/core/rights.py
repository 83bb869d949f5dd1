"""Who may do what in a room: one table, pure, asked inside the transaction that changes.

A room is found through the person's membership first; who is no member is told so and nothing else,
whatever the server role. A server administrator who is a member stands above its owners.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from . import commands as c
from .errors import Code, Refused
from .model import GENERAL, REPORTS, Role, RoomId, RoomKind, RoomRole, UserId

MUTED: Final = "You are muted in this room."
FIXED: Final = "The administrators are in this room, and it stays as it is."
LASTING: Final = "This room belongs to the server, and stays."
ARCHIVED: Final = "This room is archived."
NOT_DIRECT: Final = "This cannot be done in direct messages."


class Rank(IntEnum):
    """How high somebody stands in a room."""

    MEMBER = 1
    MODERATOR = 2
    OWNER = 3
    ADMINISTRATOR = 4


_RANKS: Final[dict[RoomRole, Rank]] = {
    "member": Rank.MEMBER,
    "moderator": Rank.MODERATOR,
    "owner": Rank.OWNER,
}


def mute_holds(until_ms: int | None, now_ms: int) -> bool:
    """Whether a mute until then still silences; 0: there is none, None: it has no end."""
    return until_ms is None or until_ms > now_ms


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody's place in a room; ``muted_until_ms``: 0 not muted, None without end."""

    user: UserId
    server_role: Role
    room_role: RoomRole
    muted_until_ms: int | None = 0

    @property
    def rank(self) -> Rank:
        """The higher of both roles."""
        if self.server_role == "administrator":
            return Rank.ADMINISTRATOR
        return _RANKS[self.room_role]

    def is_muted(self, now_ms: int) -> bool:
        """Whether this person may not post now."""
        return mute_holds(self.muted_until_ms, now_ms)


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody's standing in a room, and what the room is; ``last_seq`` is its newest number."""

    standing: Standing
    kind: RoomKind
    archived: bool
    last_seq: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What a command needs.

    ``rank`` in private rooms and ``public_rank`` (where it differs) in public ones; ``outranks``:
    the actor must stand higher than the person concerned; ``direct``: legal between few people,
    where nobody is above anybody; ``archived``: legal while the room is read-only.
    """

    rank: Rank
    public_rank: Rank | None = None
    outranks: bool = False
    direct: bool = False
    archived: bool = False

    def needed(self, kind: RoomKind) -> Rank:
        """How high one must stand in a room of this kind."""
        return self.public_rank if kind == "public" and self.public_rank else self.rank


RULES: Final[dict[type, Rule]] = {
    c.Post: Rule(Rank.MEMBER, direct=True),
    c.Typing: Rule(Rank.MEMBER, direct=True),
    c.Delete: Rule(Rank.MEMBER, direct=True),
    c.Report: Rule(Rank.MEMBER, direct=True, archived=True),
    c.RenameRoom: Rule(Rank.OWNER),
    c.SetTopic: Rule(Rank.MODERATOR),
    c.ArchiveRoom: Rule(Rank.OWNER, archived=True),
    c.SetRetention: Rule(Rank.OWNER, archived=True),
    c.EraseRoom: Rule(Rank.OWNER, archived=True),
    c.LeaveRoom: Rule(Rank.MEMBER, archived=True),
    c.Invite: Rule(Rank.MODERATOR, public_rank=Rank.MEMBER),
    c.AddMember: Rule(Rank.MODERATOR, public_rank=Rank.MEMBER),
    c.RevokeInvites: Rule(Rank.MODERATOR, archived=True),
    c.Kick: Rule(Rank.MODERATOR, outranks=True, archived=True),
    c.Ban: Rule(Rank.MODERATOR, outranks=True, archived=True),
    c.Unban: Rule(Rank.MODERATOR, archived=True),
    c.Mute: Rule(Rank.MODERATOR, outranks=True),
    c.Unmute: Rule(Rank.MODERATOR, outranks=True),
    c.SetRole: Rule(Rank.OWNER, outranks=True),
}


_NOT_THERE: Final = (c.LeaveRoom, c.ArchiveRoom, c.RenameRoom, c.Invite, c.AddMember)
"""What nobody does to the room of reports."""


def check_room(command: object, room: RoomId) -> None:
    """Refused (``forbidden``) where ``command`` would change what the server itself relies on."""
    if room == REPORTS and isinstance(command, _NOT_THERE):
        raise Refused(Code.FORBIDDEN, FIXED)
    if room in (GENERAL, REPORTS) and isinstance(command, c.EraseRoom):
        raise Refused(Code.FORBIDDEN, LASTING)


def check_kind(command: object, kind: RoomKind) -> None:
    """Refused (``forbidden``) where nobody gives ``command`` in a room of this kind."""
    if kind == "direct" and not RULES[type(command)].direct:
        raise Refused(Code.FORBIDDEN, NOT_DIRECT)


def check(
    command: object,
    actor: Standing | None,
    kind: RoomKind,
    is_archived: bool,
    now_ms: int,
    concerned: Standing | None = None,
) -> Standing:
    """``actor``, who may give ``command``; Refused (``not_a_member``, ``forbidden``) where not.

    ``concerned`` is the person that it is done to, where that person is a member.
    """
    if actor is None:
        raise Refused(Code.NOT_A_MEMBER)
    rule = RULES[type(command)]
    if is_archived and not rule.archived:
        raise Refused(Code.FORBIDDEN, ARCHIVED)
    check_kind(command, kind)
    if actor.rank < rule.needed(kind):
        raise Refused(Code.FORBIDDEN)
    if isinstance(command, c.Post | c.Typing) and actor.is_muted(now_ms):
        raise Refused(Code.FORBIDDEN, MUTED)
    if rule.outranks and concerned is not None and not _may_touch(command, actor, concerned):
        raise Refused(Code.FORBIDDEN)
    return actor


def _may_touch(command: object, actor: Standing, concerned: Standing) -> bool:
    # An owner may step down; nobody mutes, kicks or bans oneself.
    if actor.user == concerned.user:
        return isinstance(command, c.SetRole)
    return actor.rank > concerned.rank


def may_invite(standing: Standing, kind: RoomKind) -> bool:
    """Whether somebody who stands there may make links, and so keeps those that were made."""
    return standing.rank >= RULES[c.Invite].needed(kind)


def check_delete(actor: Standing, author: UserId, kind: RoomKind) -> None:
    """One's own anywhere; others' only as a moderator, and never in direct messages."""
    if actor.user == author:
        return
    if kind == "direct" or actor.rank < Rank.MODERATOR:
        raise Refused(Code.FORBIDDEN)
