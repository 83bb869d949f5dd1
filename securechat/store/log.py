"""All SQL about events, room heads and room keys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from itertools import pairwise

from ..core import envelope
from ..core.model import (
    Draft,
    Existing,
    MessageId,
    Page,
    RoomId,
    StoredEvent,
    StoredKey,
    UserId,
)
from . import roots
from .admission import Admission, Author, Target, until
from .heads import Head
from .numbering import Annotation, Post, post_of
from .transaction import Row, Transaction, marks

ADVANCE_UNCHANGED = "UPDATE rooms SET last_seq = ? WHERE id = ? AND last_seq = ? AND revision = ?"
ADVANCE = "UPDATE rooms SET last_seq = ?, revision = ? WHERE id = ?"
HEAD = "SELECT last_seq, revision FROM rooms WHERE id = ?"
LOCKED = "SELECT last_seq, revision, archived FROM rooms WHERE id = ? AND kind <> 'erased'"
AUTHORS = """
    SELECT m.user_id, m.since_seq, m.muted_until_ms
    FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.room_id = ? AND m.user_id IN ({users}) AND u.state <> 'erased'"""
TARGETS = """
    SELECT e.seq, e.author_id, a.seq IS NULL AND e.encrypted_key IS NOT NULL
    FROM events e LEFT JOIN annotations a ON a.room_id = e.room_id AND a.seq = e.seq
    WHERE e.room_id = ? AND e.seq IN ({seqs})"""
HOW_MANY = """
    SELECT target, COUNT(*) FROM annotations
    WHERE room_id = ? AND kind = ? AND target IN ({seqs}) GROUP BY target"""
OWN_REACTIONS = """
    SELECT a.target, e.author_id, COUNT(*)
    FROM annotations a JOIN events e ON e.room_id = a.room_id AND e.seq = a.seq
    WHERE a.room_id = ? AND a.kind = 'reaction' AND a.target IN ({seqs})
        AND e.author_id IN ({users})
    GROUP BY a.target, e.author_id"""
NEWEST_KEY = """
    SELECT room_id, epoch, root_id, wrapped, first_seq, created_ms
    FROM room_keys WHERE room_id = ? ORDER BY epoch DESC LIMIT 1"""
KEYS_OF = """
    SELECT room_id, epoch, root_id, wrapped, first_seq, created_ms
    FROM room_keys WHERE room_id = ? AND epoch IN ({epochs})"""
INSERT_KEY = """
    INSERT INTO room_keys (room_id, epoch, root_id, wrapped, first_seq, created_ms)
    VALUES (?, ?, ?, ?, ?, ?)"""
# MAX is NULL where the room has no key yet; then there is no event either.
KEYS_BETWEEN = """
    SELECT room_id, epoch, root_id, wrapped, first_seq, created_ms
    FROM room_keys WHERE room_id = ? AND first_seq <= ? AND first_seq >=
        (SELECT MAX(first_seq) FROM room_keys WHERE room_id = ? AND first_seq <= ?)
    ORDER BY epoch"""
INSERT_EVENT = """
    INSERT INTO events
        (room_id, seq, mid, author_id, protected, encrypted_key, iv, ciphertext, tag)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
INSERT_ANNOTATION = "INSERT INTO annotations (room_id, seq, kind, target) VALUES (?, ?, ?, ?)"
EVENT = """
    SELECT room_id, seq, mid, author_id, protected, encrypted_key, iv, ciphertext, tag
    FROM events """
EXISTING = EVENT + "WHERE room_id = ? AND author_id IN ({authors}) AND mid IN ({mids})"
AFTER = EVENT + "WHERE room_id = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
BEFORE = EVENT + "WHERE room_id = ? AND seq > ? AND seq <= ? ORDER BY seq DESC LIMIT ?"
STANDING = """
    SELECT r.last_seq, r.members, m.since_seq
    FROM memberships m JOIN rooms r ON r.id = m.room_id
    WHERE m.room_id = ? AND m.user_id = ?"""

_EPOCH = re.compile(r"[0-9]{1,9}")


def advance_unchanged(tx: Transaction, room: RoomId, remembered: Head, last_seq: int) -> bool:
    """Move the room on to ``last_seq`` if it stands where we remember it; whether it did.

    From here to COMMIT nobody else can number, remove or admit in this room.
    """
    values = (last_seq, room, remembered.last_seq, remembered.revision)
    return tx.run(ADVANCE_UNCHANGED, *values) == 1


def advance(tx: Transaction, room: RoomId, head: Head) -> None:
    """Move a room that we hold locked."""
    tx.run(ADVANCE, head.last_seq, head.revision, room)


def locked_head(
    tx: Transaction, room: RoomId, drafts: Sequence[Draft]
) -> tuple[Head, Admission] | None:
    """The room's head, held until COMMIT, and what decides about ``drafts``; None: no room."""
    row = tx.one(LOCKED + tx.for_update, room)
    if row is None:
        return None
    last_seq, revision, archived = row
    users = sorted({draft.author for draft in drafts})
    rows = tx.all(AUTHORS.format(users=marks(users)), room, *users)
    edited = {draft.target for draft in drafts if draft.kind == "edit"}
    reactions = [draft for draft in drafts if draft.kind == "reaction"]
    admission = Admission(
        archived=bool(archived),
        authors={UserId(user): Author(since_seq, until(ms)) for user, since_seq, ms in rows},
        targets=_targets(tx, room, drafts),
        edits=_how_many(tx, room, "edit", edited),
        reactions=_how_many(tx, room, "reaction", {draft.target for draft in reactions}),
        own_reactions=_own_reactions(tx, room, reactions),
    )
    key = newest_key(tx, room)
    return Head(last_seq, revision, key, admission.free_authors(drafts)), admission


def newest_key(tx: Transaction, room: RoomId) -> StoredKey | None:
    """The key of the room's newest epoch; None before the first event."""
    row = tx.one(NEWEST_KEY, room)
    return None if row is None else key_from(row)


def _targets(tx: Transaction, room: RoomId, drafts: Sequence[Draft]) -> dict[int, Target]:
    seqs = sorted({draft.target for draft in drafts if draft.target is not None})
    if not seqs:
        return {}
    rows = tx.all(TARGETS.format(seqs=marks(seqs)), room, *seqs)
    return {seq: Target(UserId(author), bool(stands)) for seq, author, stands in rows}


def _how_many(
    tx: Transaction, room: RoomId, kind: str, targets: Iterable[int | None]
) -> Counter[int]:
    """How many events of this kind are about each of the targets."""
    seqs = sorted(seq for seq in targets if seq is not None)
    if not seqs:
        return Counter()
    return Counter(dict(tx.all(HOW_MANY.format(seqs=marks(seqs)), room, kind, *seqs)))


def _own_reactions(
    tx: Transaction, room: RoomId, drafts: Sequence[Draft]
) -> Counter[tuple[int, UserId]]:
    """How many reactions to each of the drafts' targets each of their authors has sent."""
    seqs = sorted({draft.target for draft in drafts if draft.target is not None})
    users = sorted({draft.author for draft in drafts})
    if not seqs:
        return Counter()
    sql = OWN_REACTIONS.format(seqs=marks(seqs), users=marks(users))
    rows = tx.all(sql, room, *seqs, *users)
    return Counter({(seq, UserId(user)): count for seq, user, count in rows})


def existing(tx: Transaction, room: RoomId, drafts: Sequence[Draft]) -> dict[Post, Existing]:
    """Those of the room's events that may be earlier sendings of ``drafts``, with their keys."""
    authors = sorted({draft.author for draft in drafts})
    mids = sorted({draft.mid for draft in drafts})
    sql = EXISTING.format(authors=marks(authors), mids=marks(mids))
    events = [event_from(row) for row in tx.all(sql, room, *authors, *mids)]
    kids = {event.seq: envelope.kid_of(event) for event in events if event.encrypted_key}
    keys = keys_named(tx, room, set(kids.values()))
    return {post_of(event): Existing(event, keys.get(kids.get(event.seq))) for event in events}


def keys_named(tx: Transaction, room: RoomId, kids: Set[str | None]) -> dict[str | None, StoredKey]:
    """Those of ``kids`` that are keys of ``room``."""
    names = (kid.partition(".") for kid in kids if kid is not None)
    epochs = sorted({int(epoch) for _, _, epoch in names if _EPOCH.fullmatch(epoch)})
    if not epochs:
        return {}
    rows = tx.all(KEYS_OF.format(epochs=marks(epochs)), room, *epochs)
    return {key.kid: key for key in map(key_from, rows)}


def insert_keys(tx: Transaction, keys: Sequence[StoredKey]) -> None:
    """Store new epochs; the rooms' revisions are raised by ``advance``.

    Unavailable where they are wrapped under a root key that was retired.
    """
    roots.require_in_service(tx, {key.root_id for key in keys})
    tx.run_many(
        INSERT_KEY,
        [(k.room, k.epoch, k.root_id, k.wrapped, k.first_seq, k.created_ms) for k in keys],
    )


def insert_events(tx: Transaction, events: Sequence[StoredEvent]) -> None:
    """Store sealed events under numbers that have been taken."""
    tx.run_many(INSERT_EVENT, [_values(event) for event in events])


def insert_annotations(tx: Transaction, annotations: Sequence[Annotation]) -> None:
    """Store what the new events are about."""
    tx.run_many(INSERT_ANNOTATION, annotations)


def page_after(tx: Transaction, user: UserId, room: RoomId, seq: int, limit: int) -> Page | None:
    """The first ``limit`` events above ``seq``."""
    standing = tx.one(STANDING, room, user)
    if standing is None:
        return None
    last_seq, _, since_seq = standing
    # Bounded by the head just read: what is committed meanwhile belongs to the next page.
    rows = tx.all(AFTER, room, max(seq, since_seq), last_seq, limit)
    return _page(tx, room, rows, standing)


def page_before(tx: Transaction, user: UserId, room: RoomId, seq: int, limit: int) -> Page | None:
    """The last ``limit`` events below ``seq``."""
    standing = tx.one(STANDING, room, user)
    if standing is None:
        return None
    last_seq, _, since_seq = standing
    rows = tx.all(BEFORE, room, since_seq, min(seq - 1, last_seq), limit)
    return _page(tx, room, rows[::-1], standing)


def newest_number(tx: Transaction, room: RoomId) -> int:
    """The room's newest number; 0 where there is none."""
    row = tx.one(HEAD, room)
    return 0 if row is None else int(row[0])


def keys_between(tx: Transaction, room: RoomId, first: int, last: int) -> tuple[StoredKey, ...]:
    """The keys that seal events ``first`` to ``last``, by epoch."""
    if first > last:
        return ()
    keys = [key_from(row) for row in tx.all(KEYS_BETWEEN, room, last, room, first)]
    # An epoch that the next one followed before anything was written seals nothing.
    unused = {a.epoch for a, b in pairwise(keys) if a.first_seq == b.first_seq}
    return tuple(key for key in keys if key.epoch not in unused)


def key_sealing(keys: Sequence[StoredKey], seq: int) -> StoredKey | None:
    """Which of ``keys`` (by epoch) seals the event with this number; None: it is before them."""
    return next((key for key in reversed(keys) if key.first_seq <= seq), None)


def _page(tx: Transaction, room: RoomId, rows: Sequence[Row], standing: Row) -> Page:
    last_seq, members, since_seq = standing
    events = tuple(event_from(row) for row in rows)
    keys = keys_between(tx, room, events[0].seq, events[-1].seq) if events else ()
    return Page(events, keys, last_seq, members, since_seq)


def key_from(row: Row) -> StoredKey:
    """A row of room_keys as a value."""
    room, epoch, root_id, wrapped, first_seq, created_ms = row
    return StoredKey(RoomId(room), epoch, root_id, bytes(wrapped), first_seq, created_ms)


def event_from(row: Row) -> StoredEvent:
    """A row of events as a value."""
    room, seq, mid, author, protected, encrypted_key, iv, ciphertext, tag = row
    return StoredEvent(
        room=RoomId(room),
        seq=seq,
        mid=MessageId(mid),
        author=UserId(author),
        protected=bytes(protected),
        # NULL once destroyed: empty parts never open.
        encrypted_key=bytes(encrypted_key or b""),
        iv=bytes(iv),
        ciphertext=bytes(ciphertext or b""),
        tag=bytes(tag),
    )


def _values(event: StoredEvent) -> tuple[object, ...]:
    finds = (event.room, event.seq, event.mid, event.author)
    return *finds, event.protected, event.encrypted_key, event.iv, event.ciphertext, event.tag
