"""Which act carries out which command, who may give it, and whom it concerns."""

from __future__ import annotations

from typing import assert_never

from ..core import commands as c
from ..core import rights
from ..core.errors import Code, Refused
from ..core.model import Changed, UserId
from . import deletion, membership, places, roles, upkeep
from .act import Act
from .places import HeldRoom, Seat
from .transaction import Transaction


def affected_by(actor: UserId, command: c.Change) -> tuple[UserId, ...]:
    """Whose rooms, or whose roles in them, may have become others by ``command``."""
    if isinstance(command, c.OnPerson):
        return (command.user,)
    return (actor,) if isinstance(command, c.LeaveRoom) else ()


def require_right(
    tx: Transaction,
    actor: UserId,
    command: object,
    room: HeldRoom,
    now_ms: int,
    concerned: Seat | None = None,
) -> Seat:
    """The seat of ``actor``, who may give ``command`` there; Refused where not."""
    seat = places.seat_of(tx, room.id, actor)
    if seat is None:
        raise Refused(Code.NOT_A_MEMBER)
    rights.check_room(command, room.id)
    rights.check(
        command,
        seat.standing,
        room.kind,
        room.archived,
        now_ms,
        None if concerned is None else concerned.standing,
    )
    return seat


def permitted(act: Act, command: object, room: HeldRoom, concerned: Seat | None = None) -> Seat:
    """The seat of the actor, who may give ``command``; Refused where not."""
    return require_right(act.tx, act.actor, command, room, act.now_ms, concerned)


def carry_out(act: Act, command: c.Change, room: HeldRoom) -> Changed:
    """Do to the held ``room`` what ``command`` says, if the actor may."""
    if isinstance(command, c.OnPerson):
        return _carry_out_on_person(act, command, room)
    seat = permitted(act, command, room)
    match command:
        case c.Delete():
            return deletion.delete(act, room, seat, command)
        case c.RenameRoom():
            return upkeep.rename(act, room, command)
        case c.SetTopic():
            return upkeep.set_topic(act, room, command)
        case c.ArchiveRoom():
            return upkeep.archive(act, room, command)
        case c.SetRetention():
            return upkeep.set_retention(act, room, command)
        case c.LeaveRoom():
            return membership.leave(act, room, seat)
        case _:
            assert_never(command)


def _carry_out_on_person(act: Act, command: c.OnPerson, room: HeldRoom) -> Changed:
    concerned = places.seat_of(act.tx, room.id, command.user)
    permitted(act, command, room, concerned)
    match command:
        case c.AddMember():
            return membership.add(act, room, command)
        case c.Kick():
            return membership.kick(act, room, concerned)
        case c.Ban():
            return membership.ban(act, room, command, concerned)
        case c.Unban():
            return membership.unban(act, room, command)
        case c.Mute():
            return roles.mute(act, room, command, concerned)
        case c.Unmute():
            return roles.unmute(act, room, command, concerned)
        case c.SetRole():
            return roles.set_role(act, room, command, concerned)
        case _:
            assert_never(command)
