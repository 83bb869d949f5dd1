"""Who comes into a room and who goes: what an act does to a room that it holds."""

from __future__ import annotations

import hashlib

from ..core import commands as c
from ..core.encoding import b64url
from ..core.errors import Code, Refused
from ..core.model import GENERAL, REPORTS, Changed, MessageId, RoomRole, UserId
from ..core.trail import Kind
from . import invites, people, places
from .act import Act
from .places import HeldRoom, Seat

BANNED = "This person is banned from this room."
NOT_GOOD = "This invite does not work any more."
MOST_ROOMS_A_PERSON = 500
"""Rooms that one person is in, whoever has put them there: all are told at every connecting."""
TOO_MANY_ROOMS = f"You are in {MOST_ROOMS_A_PERSON} rooms: leave one of them first."
TOO_MANY_OF_THEIRS = f"This person is in {MOST_ROOMS_A_PERSON} rooms, and comes into no more."


def enter(act: Act, room: HeldRoom, user: UserId) -> Changed:
    """``user`` becomes a member; where history starts at joining, so does a new key."""
    from_now_on = room.history == "joined"
    people.touch(act.tx, [user])
    since_seq = room.last_seq if from_now_on else 0
    # Whom everybody has left would else have no owner ever again.
    is_deserted = room.members == 0 and room.id not in (GENERAL, REPORTS)
    take_seat(act, room, user, "owner" if is_deserted else "member", since_seq)
    return act.tell_about(room.id, "joined", user, fresh_epoch=from_now_on)


def take_seat(act: Act, room: HeldRoom, user: UserId, role: RoomRole, since_seq: int) -> None:
    """``user``, who was touched, sits in the room from now on.

    Everybody who comes into a room by an act, their own or another's, comes through here. Refused
    in too many rooms, and where the account was erased meanwhile.
    """
    if people.is_erased(act.tx, user):
        raise Refused(Code.NOT_FOUND)
    if places.how_many_of(act.tx, user) >= MOST_ROOMS_A_PERSON:
        text = TOO_MANY_ROOMS if user == act.actor else TOO_MANY_OF_THEIRS
        raise Refused(Code.FORBIDDEN, text)
    places.enter(act.tx, room, user, role, since_seq, act.now_ms)


def may_enter(act: Act, room: HeldRoom, user: UserId) -> bool:
    """Whether the room takes anybody, and takes ``user``."""
    return not room.archived and not places.is_banned(act.tx, room.id, user)


def already_in(act: Act, room: HeldRoom, user: UserId) -> Changed | None:
    """The answer where ``user`` is a member; None where not."""
    if places.seat_of(act.tx, room.id, user) is None:
        return None
    return act.nothing_new(room) or act.tell_about(room.id, "joined", user)


def enter_invited(act: Act, room: HeldRoom, user: UserId, invite: bytes) -> Changed:
    """``user`` comes in by a link to this room, which is good for one time less then."""
    link = invites.find(act.tx, invite)
    if link is None or not link.is_good(act.now_ms) or not may_enter(act, room, user):
        raise Refused(Code.NOT_FOUND, NOT_GOOD)
    invites.use(act.tx, invite)
    act.note(Kind.INVITE_USED, room.id, invite=invites.reference(invite))
    return enter(act, room, user)


def add(act: Act, room: HeldRoom, command: c.AddMember) -> Changed:
    """Somebody whom the actor can see comes in."""
    if there := already_in(act, room, command.user):
        return there
    require_visible(act, [command.user])
    if places.is_banned(act.tx, room.id, command.user):
        raise Refused(Code.FORBIDDEN, BANNED)
    return enter(act, room, command.user)


def leave(act: Act, room: HeldRoom, seat: Seat) -> Changed:
    """The actor goes."""
    return _go(act, room, seat, "left")


def kick(act: Act, room: HeldRoom, concerned: Seat | None) -> Changed:
    """A member is removed."""
    if concerned is None:
        raise Refused(Code.NOT_FOUND)
    return _go(act, room, concerned, "removed")


def ban(act: Act, room: HeldRoom, command: c.Ban, concerned: Seat | None) -> Changed:
    """Somebody is removed if need be, cannot come back, and lets nobody in by their links."""
    if places.is_banned(act.tx, room.id, command.user):
        return act.nothing_new(room) or act.tell_about(room.id, "banned", command.user)
    if concerned is None:
        require_visible(act, [command.user])
        if people.is_administrator(act.tx, command.user):
            raise Refused(Code.FORBIDDEN)
    heir = [] if concerned is None else _heir(act, room, concerned)
    people.touch(act.tx, [command.user, *heir])
    places.ban(act.tx, room.id, command.user, act.actor, act.now_ms)
    if concerned is None:
        invites.forget_of(act.tx, room.id, command.user)
        return act.tell_about(room.id, "banned", command.user)
    return _end(act, room, concerned, "banned", heir)


def unban(act: Act, room: HeldRoom, command: c.Unban) -> Changed:
    """Somebody may come again."""
    if not places.unban(act.tx, room.id, command.user):
        raise Refused(Code.NOT_FOUND)
    return act.tell_about(room.id, "unbanned", command.user)


def require_visible(act: Act, users: list[UserId]) -> None:
    """Refused (``not_found``) unless the actor shares a room with, or reads, all of ``users``."""
    seen = {person.id for person in people.seen_by(act.tx, act.actor, users)}
    if not seen.issuperset(users):
        raise Refused(Code.NOT_FOUND)


def _go(act: Act, room: HeldRoom, seat: Seat, kind: str) -> Changed:
    heir = _heir(act, room, seat)
    people.touch(act.tx, [seat.standing.user, *heir])
    return _end(act, room, seat, kind, heir)


def _end(act: Act, room: HeldRoom, seat: Seat, kind: str, heir: list[UserId]) -> Changed:
    """The membership ends, and what says so is the first event that its keys do not open.

    Nobody comes (back) by the links of who is gone. All concerned were touched.
    """
    user = seat.standing.user
    invites.forget_of(act.tx, room.id, user)
    for one in heir:
        places.set_role(act.tx, room.id, one, "owner")
        act.named(_second_mid(act.mid)).tell_about(room.id, "role", one, role="owner")
    places.leave(act.tx, room.id, user)
    gone = act.tell_about(room.id, kind, user, fresh_epoch=True)
    return Changed(room.id, gone.event, gone.key, (user, *heir))


def _heir(act: Act, room: HeldRoom, seat: Seat) -> list[UserId]:
    """Who must become owner, so that a room that had one has one as long as anybody is in it."""
    user = seat.standing.user
    if seat.standing.room_role != "owner" or room.id == GENERAL:
        return []
    if places.has_other_owner(act.tx, room.id, user):
        return []
    heir = places.heir_of(act.tx, room.id, user)
    return [] if heir is None else [heir]


def _second_mid(mid: MessageId) -> MessageId:
    """The id of the other event of the same act; always the same, as the act may be repeated."""
    return MessageId(b64url(hashlib.sha256(b"role\n" + mid.encode()).digest()[:16]))
