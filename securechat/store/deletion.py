"""What somebody says about what was said: it goes, or the administrators must see it."""

from __future__ import annotations

from ..core import commands as c
from ..core import content, rights
from ..core.errors import Code, Refused
from ..core.model import REPORTS, Changed, RoomId, StoredEvent
from . import notices
from .act import Act
from .places import HeldRoom, Seat

TOMBSTONE = """
    SELECT seq FROM annotations
    WHERE room_id = ? AND target = ? AND kind = 'deleted' ORDER BY seq LIMIT 1"""


def delete(act: Act, room: HeldRoom, seat: Seat, command: c.Delete) -> Changed:
    """A message with all its edits, or a reaction, can never be read again."""
    target, kind = _seen(act, room.id, seat, command.seq)
    if kind not in (None, "reaction"):
        raise Refused(Code.NOT_FOUND)
    rights.check_delete(seat.standing, target.author, room.kind)
    tombstone = act.tx.one(TOMBSTONE, room.id, command.seq)
    if tombstone is not None:
        event = notices.event_at(act.tx, room.id, tombstone[0])
        assert event is not None  # its annotation was stored with it
        return act.told(event)
    edits = notices.edits_of(act.tx, room.id, command.seq)
    notices.destroy(act.tx, room.id, [command.seq, *edits])
    plaintext = content.deleted(command.seq, edits, was=kind)
    return act.tell(room.id, "deleted", plaintext, target=command.seq)


def report(act: Act, room: HeldRoom, seat: Seat, command: c.Report) -> Changed:
    """A message that the actor can see is told to the administrators, whose room is held too."""
    _, kind = _seen(act, room.id, seat, command.seq)
    if kind is not None:
        raise Refused(Code.NOT_FOUND)
    plaintext = content.said("report", room=room.id, target=command.seq, body=command.reason)
    return act.tell(REPORTS, "report", plaintext)


def _seen(act: Act, room: RoomId, seat: Seat, seq: int) -> tuple[StoredEvent, str | None]:
    """The event and, unless it is a message, its kind; ``not_found`` unless the actor sees it."""
    event = notices.event_at(act.tx, room, seq) if seq > seat.since_seq else None
    if event is None:
        raise Refused(Code.NOT_FOUND)
    return event, notices.annotation_of(act.tx, room, seq)
