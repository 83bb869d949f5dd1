"""What somebody says about what was said: it goes, or the administrators must see it.

The tables note in the clear which event is about which; what is destroyed is decided by what is
sealed, so that whoever can write to the database cannot make us destroy, and testify to, more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from twisted.logger import Logger

from ..core import commands as c
from ..core import content, envelope, rights
from ..core.encoding import b64url
from ..core.errors import Code, Damaged, Refused
from ..core.model import REPORTS, Changed, MessageId, RoomId, StoredEvent, StoredKey, UserId
from . import log, notices
from .act import Act
from .places import HeldRoom, Seat

logger = Logger()


def delete(act: Act, room: HeldRoom, seat: Seat, command: c.Delete) -> Changed:
    """A message with all its edits, or a reaction, can never be read again."""
    target, kind = _seen(act, room.id, seat, command.seq)
    if kind not in (None, "reaction"):
        raise Refused(Code.NOT_FOUND)
    rights.check_delete(seat.standing, target.author, room.kind)
    if not target.encrypted_key and not target.ciphertext:
        return _deleted_before(act, target)
    if not is_as_sealed(
        act, target, kind, log.keys_between(act.tx, room.id, target.seq, target.seq)
    ):
        raise Refused(Code.NOT_FOUND)
    edits = [one.seq for one in _about(act, target, "edit") if one.author == target.author]
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


def report_mid(actor: UserId, command: c.Report) -> MessageId:
    """The id of the only report of this message that this person can make."""
    name = f"report\n{actor}\n{command.room}\n{command.seq}"
    return MessageId(b64url(hashlib.sha256(name.encode()).digest()[:16]))


def _seen(act: Act, room: RoomId, seat: Seat, seq: int) -> tuple[StoredEvent, str | None]:
    """The event and, unless it is a message, its kind; ``not_found`` unless the actor sees it."""
    event = notices.event_at(act.tx, room, seq) if seq > seat.since_seq else None
    if event is None:
        raise Refused(Code.NOT_FOUND)
    return event, notices.annotation_of(act.tx, room, seq)


def _deleted_before(act: Act, target: StoredEvent) -> Changed:
    for event in _about(act, target, "deleted"):
        return act.told(event)
    raise Refused(Code.NOT_FOUND)


def is_as_sealed(
    act: Act, target: StoredEvent, kind: str | None, keys: Sequence[StoredKey]
) -> bool:
    """Whether the row is whose it says, and of the kind that is noted beside it.

    ``keys`` are, by epoch, those that seal it and its neighbours. What does not open any more can
    be read by nobody, and may go if its header agrees.
    """
    key = log.key_sealing(keys, target.seq)
    assert key is not None
    try:
        envelope.check_header(target, key.kid)
    except Damaged as damage:
        _complain(target, damage)
        return False
    try:
        said = content.read(act.sealer.open(target, key))["kind"]
    except Damaged as damage:
        _complain(target, damage)
        return True
    return said in content.SPOKEN if kind is None else said == kind


def _about(act: Act, target: StoredEvent, kind: str) -> list[StoredEvent]:
    """The events whose sealed text says that they are of this kind about ``target``."""
    noted = notices.noted_about(act.tx, target.room, target.seq, kind)
    if not noted:
        return []
    keys = log.keys_between(act.tx, target.room, noted[0].seq, noted[-1].seq)
    return [event for event in noted if _says(act, event, keys, kind, target.seq)]


def _says(act: Act, event: StoredEvent, keys: Sequence[StoredKey], kind: str, target: int) -> bool:
    key = log.key_sealing(keys, event.seq)
    assert key is not None
    try:
        said = content.read(act.sealer.open(event, key))
    except Damaged as damage:
        _complain(event, damage)
        return False
    if (said["kind"], said.get("target")) == (kind, target):
        return True
    _complain(event, f"it is noted as {kind} of {target}, and says something else")
    return False


def _complain(event: StoredEvent, reason: object) -> None:
    logger.error(
        "event {seq} of {room} is damaged: {reason}",
        seq=event.seq,
        room=event.room,
        reason=str(reason),
    )
