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
from .model import Role, RoomKind, RoomRole, UserId

MUTED: Final = "You are muted in this room."
ARCHIVED: Final = "This room is archived."


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
        return self.muted_until_ms is None or self.muted_until_ms > now_ms


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


RULES: Final[dict[type, Rule]] = {
    c.Post: Rule(Rank.MEMBER, direct=True),
    c.Typing: Rule(Rank.MEMBER, direct=True),
    c.Delete: Rule(Rank.MEMBER, direct=True),
    c.Report: Rule(Rank.MEMBER, direct=True, archived=True),
    c.RenameRoom: Rule(Rank.OWNER),
    c.SetTopic: Rule(Rank.MODERATOR),
    c.ArchiveRoom: Rule(Rank.OWNER, archived=True),
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
    if kind == "direct" and not rule.direct:
        raise Refused(Code.FORBIDDEN, "This cannot be done in direct messages.")
    needed = rule.public_rank if kind == "public" and rule.public_rank else rule.rank
    if actor.rank < needed:
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


def check_delete(actor: Standing, author: UserId, kind: RoomKind) -> None:
    """One's own anywhere; others' only as a moderator, and never in direct messages."""
    if actor.user == author:
        return
    if kind == "direct" or actor.rank < Rank.MODERATOR:
        raise Refused(Code.FORBIDDEN)
