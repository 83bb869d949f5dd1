"""What a member is in a room: roles and mutes."""

from __future__ import annotations

from dataclasses import replace

from ..core import commands as c
from ..core import rights
from ..core.errors import Code, Refused
from ..core.model import GENERAL, Changed, UserId
from . import invites, people, places
from .act import Act
from .places import HeldRoom, Seat

LAST_OWNER = "A room needs an owner: make somebody else one first."


def mute(act: Act, room: HeldRoom, command: c.Mute, concerned: Seat | None) -> Changed:
    """A member may not post for a while; a mute takes the place of an earlier one."""
    _require(concerned)
    until_ms = None if command.seconds is None else act.now_ms + command.seconds * 1000
    people.touch(act.tx, [command.user])
    places.set_mute(act.tx, room.id, command.user, until_ms)
    return act.tell_about(room.id, "muted", command.user, until=until_ms)


def unmute(act: Act, room: HeldRoom, command: c.Unmute, concerned: Seat | None) -> Changed:
    """A member may post again."""
    if not _require(concerned).standing.is_muted(act.now_ms):
        return act.nothing_new(room) or act.tell_about(room.id, "unmuted", command.user)
    people.touch(act.tx, [command.user])
    places.set_mute(act.tx, room.id, command.user, 0)
    return act.tell_about(room.id, "unmuted", command.user)


def set_role(act: Act, room: HeldRoom, command: c.SetRole, concerned: Seat | None) -> Changed:
    """A member becomes owner, moderator or plain member. Only ``general`` needs no owner.

    Who may make no links any more has made none that work.
    """
    seat = _require(concerned)
    role = seat.standing.room_role
    if role == command.role:
        return act.nothing_new(room) or act.tell_about(
            room.id, "role", command.user, role=command.role
        )
    if role == "owner" and _is_needed(act, room, command.user):
        raise Refused(Code.FORBIDDEN, LAST_OWNER)
    people.touch(act.tx, [command.user])
    places.set_role(act.tx, room.id, command.user, command.role)
    if not rights.may_invite(replace(seat.standing, room_role=command.role), room.kind):
        invites.forget_of(act.tx, room.id, command.user)
    return act.tell_about(room.id, "role", command.user, role=command.role)


def _is_needed(act: Act, room: HeldRoom, owner: UserId) -> bool:
    if room.id == GENERAL or room.members == 1:
        return False
    return not places.has_other_owner(act.tx, room.id, owner)


def _require(concerned: Seat | None) -> Seat:
    if concerned is None:
        raise Refused(Code.NOT_FOUND)
    return concerned
