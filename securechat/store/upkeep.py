"""What a room is called and whether it is written to any more, and how rooms begin."""

from __future__ import annotations

from ..core import commands as c
from ..core import content
from ..core.errors import Code, Refused
from ..core.model import MOST_DIRECT_PEOPLE, Changed, RoomId, RoomRole, UserId
from ..core.trail import Kind
from . import membership, notices, people, places
from .act import Act
from .faults import Conflict
from .places import HeldRoom


def create(act: Act, command: c.CreateRoom, room: RoomId) -> Changed:
    """The room as ``command`` asks for it, or the answer to who has made it before."""
    there = places.held(act.tx, room)
    if there is None:
        if command.kind == "direct":
            _require_company(act, command)
        try:
            return _begin(act, command, room)
        except Conflict:
            # Another daemon was faster: now it can be seen.
            there = places.held(act.tx, room)
            if there is None:  # it was erased
                raise Refused(Code.BAD_COMMAND) from None
    return _begun(act, command, there)


def rename(act: Act, room: HeldRoom, command: c.RenameRoom) -> Changed:
    """The room has another name."""
    if command.name == room.name and (there := act.nothing_new(room)):
        return there
    act.tx.run(places.NAME, command.name, room.id)
    return act.tell(room.id, "renamed", content.said("renamed", name=command.name))


def set_topic(act: Act, room: HeldRoom, command: c.SetTopic) -> Changed:
    """The room has another topic."""
    if command.topic == room.topic and (there := act.nothing_new(room)):
        return there
    act.tx.run(places.TOPIC, command.topic, room.id)
    return act.tell(room.id, "topic", content.said("topic", topic=command.topic))


def archive(act: Act, room: HeldRoom, command: c.ArchiveRoom) -> Changed:
    """The room is read-only, or is so no more."""
    if command.archived == room.archived and (there := act.nothing_new(room)):
        return there
    act.tx.run(places.ARCHIVED, int(command.archived), room.id)
    act.note(Kind.ROOM_ARCHIVED, room.id, archived=command.archived)
    return act.tell(room.id, "archived", content.said("archived", archived=command.archived))


def set_retention(act: Act, room: HeldRoom, command: c.SetRetention) -> Changed:
    """The room keeps what is written for another time from now on; the timed task sees to it."""
    days = command.days or 0
    if days == room.retention_days and (there := act.nothing_new(room)):
        return there
    act.tx.run(places.RETENTION, days, room.id)
    return act.tell(room.id, "retention", content.said("retention", days=command.days))


def _begin(act: Act, command: c.CreateRoom, id_: RoomId) -> Changed:
    room = places.add_room(
        act.tx, id_, command.kind, command.name, command.topic, command.history, act.now_ms
    )
    members = sorted({act.actor, *command.people}) if command.kind == "direct" else [act.actor]
    role: RoomRole = "member" if command.kind == "direct" else "owner"
    people.touch(act.tx, members)
    for member in members:
        membership.take_seat(act, room, member, role, 0)
    act.note(Kind.ROOM_CREATED, id_, room_kind=command.kind, members=tuple(members))
    plaintext = content.said("created", name=command.name, room_kind=command.kind)
    return act.tell(id_, "created", plaintext, members)


def _begun(act: Act, command: c.CreateRoom, room: HeldRoom) -> Changed:
    """The first event of a room that exists, for those who made it; of a direct one, for all."""
    first = notices.event_at(act.tx, room.id, 1)
    if first is None or room.kind != command.kind:
        raise Refused(Code.BAD_COMMAND)
    if room.kind == "direct":
        is_own = places.seat_of(act.tx, room.id, act.actor) is not None
    else:
        is_own = (first.author, first.mid) == (act.actor, act.mid)
    if not is_own:
        raise Refused(Code.BAD_COMMAND)
    return act.told(first)


def _require_company(act: Act, command: c.CreateRoom) -> None:
    others: list[UserId] = sorted({*command.people} - {act.actor})
    if not 1 <= len(others) < MOST_DIRECT_PEOPLE:
        raise Refused(Code.BAD_COMMAND)
    membership.require_visible(act, others)
