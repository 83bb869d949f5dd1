"""Events that the server writes inside its own changes of a room, and what deletion destroys.

Every function here wants the room's row held by the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..core.content import SPOKEN
from ..core.model import Appended, Draft, MessageId, RoomId, StoredEvent, StoredKey, UserId
from ..core.ports import Sealer
from . import log
from .transaction import Transaction, chunks, marks

STANDS = "SELECT last_seq, revision FROM rooms WHERE id = ?"
MOVE_ON = "UPDATE rooms SET last_seq = ?, revision = ? WHERE id = ?"
AT = log.EVENT + "WHERE room_id = ? AND seq = ?"
SOME = log.EVENT + "WHERE room_id = ? AND seq IN ({seqs}) ORDER BY seq"
SENT = log.EVENT + "WHERE room_id = ? AND author_id = ? AND mid = ?"
ANNOTATION = "SELECT kind FROM annotations WHERE room_id = ? AND seq = ?"
ABOUT = """
    SELECT seq FROM annotations
    WHERE room_id = ? AND target = ? AND kind = ? ORDER BY seq"""
DESTROY = """
    UPDATE events SET encrypted_key = NULL, ciphertext = NULL
    WHERE room_id = ? AND seq IN ({seqs})"""
FORGET_CALLS = "DELETE FROM mentions WHERE room_id = ? AND seq IN ({seqs})"


def append_notice(tx: Transaction, draft: Draft, sealer: Sealer, *, fresh_epoch: bool) -> Appended:
    """Give ``draft`` the room's next number, seal and insert it; the revision grows by one.

    A new epoch begins with it where ``fresh_epoch`` or the key's age asks for one. Raises Conflict
    where (room, author, mid) exists.
    """
    row = tx.one(STANDS, draft.room)
    if row is None:
        raise LookupError(f"there is no room {draft.room}")
    seq, revision = row[0] + 1, row[1] + 1
    key = log.newest_key(tx, draft.room)
    if key is None or fresh_epoch or sealer.outdated(key, seq, draft.time_ms):
        epoch = 1 if key is None else key.epoch + 1
        key = sealer.new_key(draft.room, epoch, seq, draft.time_ms)
        log.insert_keys(tx, [key])
    event = sealer.seal(draft, seq, key)
    log.insert_events(tx, [event])
    if draft.kind not in SPOKEN:
        log.insert_annotations(tx, [(draft.room, seq, draft.kind, draft.target)])
    tx.run(MOVE_ON, seq, revision, draft.room)
    return Appended(event, key)


def event_at(tx: Transaction, room: RoomId, seq: int) -> StoredEvent | None:
    """The event with this number; parts that were destroyed are empty."""
    row = tx.one(AT, room, seq)
    return None if row is None else log.event_from(row)


def event_sent(
    tx: Transaction, room: RoomId, author: UserId, mid: MessageId
) -> tuple[StoredEvent, StoredKey] | None:
    """What an earlier sending of the same command has stored, and the key that seals it."""
    row = tx.one(SENT, room, author, mid)
    if row is None:
        return None
    event = log.event_from(row)
    [key] = log.keys_between(tx, room, event.seq, event.seq)
    return event, key


def annotation_of(tx: Transaction, room: RoomId, seq: int) -> str | None:
    """The kind of an event that is about another or about the room; None for a message."""
    row = tx.one(ANNOTATION, room, seq)
    return None if row is None else str(row[0])


def noted_about(tx: Transaction, room: RoomId, target: int, kind: str) -> list[StoredEvent]:
    """The events that are noted, in the clear, to be of this kind about ``target``; ascending."""
    seqs = [seq for (seq,) in tx.all(ABOUT, room, target, kind)]
    return [
        log.event_from(row)
        for some in chunks(seqs)
        for row in tx.all(SOME.format(seqs=marks(some)), room, *some)
    ]


def destroy(tx: Transaction, room: RoomId, seqs: Sequence[int]) -> None:
    """Make these events unreadable for ever: keys and ciphertexts go, and whom they called."""
    for some in chunks(seqs):
        tx.run(DESTROY.format(seqs=marks(some)), room, *some)
        tx.run(FORGET_CALLS.format(seqs=marks(some)), room, *some)
