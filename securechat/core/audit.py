"""Whether a room's log is as it was written: pure judging of what the store shows, row by row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from . import content, envelope
from .errors import Damaged
from .keys import RoomKeys
from .model import RoomId, StoredEvent, StoredKey

POINTING: Final = frozenset({"edit", "reaction", "deleted"})
"""Kinds whose note names the event that they are about."""

_PAGE_BITS = 1 << 13


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the log as it is found, and its note: the kind and target that stand beside it."""

    event: StoredEvent
    key_gone: bool
    text_gone: bool
    note: tuple[str, int | None] | None


@dataclass(frozen=True, slots=True)
class Deletion:
    """What event ``seq`` says is destroyed; ``living`` are those of them that are not."""

    seq: int
    target: int | None
    edits: tuple[int, ...]
    living: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is damaged: numbers ``first`` to ``last`` of a room (None: the room itself), and why."""

    room: RoomId
    why: str
    first: int | None = None
    last: int | None = None

    def __str__(self) -> str:
        """One line; ids that were damaged may hold anything, and are shown escaped."""
        room = str(self.room).encode("unicode_escape").decode("ascii")
        if self.first is None:
            return f"{room}: {self.why}"
        numbers = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        return f"{room} {numbers}: {self.why}"


class RoomAudit:
    """One room: is shown its rows by ascending number, and complains.

    Remembers two bits for each deleted message; everything else is forgotten with the row.
    """

    def __init__(self, room: RoomId, room_keys: RoomKeys) -> None:
        self.id = room
        self._room_keys = room_keys
        self._keys: list[StoredKey] = []
        self._starts: list[int] = []
        self._destroyed = _Numbers()
        self._expired_seq = 0
        self._named = _Numbers()
        self.reached = 0
        self.events = 0

    def know_keys(self, keys: Sequence[StoredKey]) -> None:
        """Take the room's keys, which may have become more."""
        self._keys = sorted(keys, key=lambda key: (key.first_seq, key.epoch))
        self._starts = [key.first_seq for key in self._keys]

    def judge_keys(self, last_seq: int) -> Iterator[Complaint]:
        """Every key opens, epochs count from one, and together they cover ``last_seq`` events."""
        keys = sorted(self._keys, key=lambda key: key.epoch)
        if [key.epoch for key in keys] != list(range(1, len(keys) + 1)):
            yield Complaint(self.id, "its key epochs are not 1, 2, 3 ...")
        if any(one.first_seq > other.first_seq for one, other in pairwise(keys)):
            yield Complaint(self.id, "its key epochs do not follow the numbers")
        if last_seq > 0 and (not keys or keys[0].first_seq > 1):
            yield Complaint(self.id, "its first events have no key")
        if keys and keys[-1].first_seq > last_seq + 1:
            yield Complaint(self.id, f"key epoch {keys[-1].epoch} begins after the last event")
        for key in keys:
            try:
                self._room_keys.unwrap(key)
            except Damaged as damage:
                yield Complaint(self.id, str(damage))

    def judge(self, row: Row) -> Iterator[Complaint]:
        """The next row; what is between it and the one before is missing."""
        seq = row.event.seq
        if seq > self.reached + 1:
            yield self._missing(self.reached + 1, seq - 1)
        self.reached = seq
        self.events += 1
        why = self._fault(row)
        if why is not None:
            yield Complaint(self.id, why, seq, seq)

    def deletion(self, row: Row) -> Deletion | None:
        """What ``row`` says is destroyed; None unless it is a sound event that says so."""
        if row.note is None or row.note[0] not in ("deleted", "erased") or row.key_gone:
            return None
        try:
            fields = self._opened(row)
        except Damaged:
            return None
        targets, edits = _numbers_in([fields.get("target")]), _numbers_in(fields.get("edits"))
        written = _numbers_in(fields.get("targets")) + _numbers_in(fields.get("others"))
        numbers = targets + edits + written
        for seq in numbers:
            self._named.add(seq)
        living = tuple(seq for seq in numbers if seq not in self._destroyed)
        return Deletion(row.event.seq, targets[0] if targets else None, edits, living)

    def expiry(self, row: Row) -> tuple[int, int] | None:
        """Between which numbers, both included, ``row`` says that all texts are destroyed.

        Up to where an earlier one said so they are looked at already. None: it does not say so.
        """
        if row.note is None or row.note[0] != "expired" or row.key_gone:
            return None
        try:
            up_to = self._opened(row).get("up_to")
        except Damaged:
            return None
        if type(up_to) is not int or not self._expired_seq < up_to < row.event.seq:
            return None
        first, self._expired_seq = self._expired_seq + 1, up_to
        return first, up_to

    def misnamed(self, deletion: Deletion, target: Row | None, edit: Row) -> Complaint | None:
        """What to say of ``edit`` where it was none of the ``target`` that it went with.

        Its text is gone: what is left are the note that says of what it was an edit, and the
        authors that the headers of both name.
        """
        is_noted = edit.note == ("edit", deletion.target)
        if is_noted and (target is None or edit.event.author == target.event.author):
            return None
        why = f"is destroyed by {deletion.seq} as an edit of {deletion.target}, and was none"
        return Complaint(self.id, why, edit.event.seq, edit.event.seq)

    def not_destroyed(self, seq: int, by: int) -> Complaint:
        """What to say of a row that a deletion, or what is told of its age, left readable."""
        return Complaint(self.id, f"is not destroyed, although {by} deletes it", seq, seq)

    @property
    def is_unexplained(self) -> bool:
        """Whether some row is destroyed that no deletion has named yet."""
        return any(True for _ in self._unexplained())

    def finish(self, last_seq: int) -> Iterator[Complaint]:
        """What can be said only when the whole room, which ends at ``last_seq``, was shown."""
        if self.reached < last_seq:
            yield self._missing(self.reached + 1, last_seq)
        for seq in self._unexplained():
            yield Complaint(self.id, "is destroyed, and nothing says so", seq, seq)

    def _unexplained(self) -> Iterator[int]:
        return (
            seq for seq in self._destroyed if seq > self._expired_seq and seq not in self._named
        )

    def _missing(self, first: int, last: int) -> Complaint:
        return Complaint(self.id, "is missing", first, last)

    def _fault(self, row: Row) -> str | None:
        try:
            if row.key_gone or row.text_gone:
                self._judge_destroyed(row)
            else:
                _judge_note(row, self._opened(row))
        except Damaged as damage:
            return str(damage)
        return None

    def _judge_destroyed(self, row: Row) -> None:
        envelope.check_header(row.event, self._key(row.event.seq).kid)
        if not (row.key_gone and row.text_gone):
            raise Damaged("only one of its key and its ciphertext is destroyed")
        if row.note is not None and row.note[0] not in ("edit", "reaction"):
            raise Damaged(f"is destroyed, which a {row.note[0]!a} never is")
        self._destroyed.add(row.event.seq)

    def _opened(self, row: Row) -> dict[str, Any]:
        key = self._key(row.event.seq)
        return content.read(self._room_keys.open(row.event, key))

    def _key(self, seq: int) -> StoredKey:
        place = bisect_right(self._starts, seq) - 1
        if place < 0:
            raise Damaged("no key covers it")
        return self._keys[place]


def _judge_note(row: Row, fields: dict[str, Any]) -> None:
    """What the event says of its kind and target is what stands beside it, and is possible."""
    kind, target = fields["kind"], fields.get("target")
    points = kind in POINTING or kind == "reply"
    if points and (type(target) is not int or not 0 < target < row.event.seq):
        raise Damaged(f"its target {target!a} is no earlier event")
    expected = (kind, target if kind in POINTING else None)
    if kind in content.SPOKEN:
        if row.note is not None:
            raise Damaged(f"is a message, but noted as {row.note[0]!a}")
    elif row.note is None:
        raise Damaged(f"is a {kind!a}, and no note says so")
    elif row.note != expected:
        raise Damaged(f"is a {kind!a} about {target!a}, but noted as {row.note!a}")


def _numbers_in(found: object) -> tuple[int, ...]:
    numbers = found if isinstance(found, list) else ()
    return tuple(seq for seq in numbers if type(seq) is int and seq > 0)


class _Numbers:
    """A set of numbers, a bit each."""

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def add(self, seq: int) -> None:
        page, bit = divmod(seq, _PAGE_BITS)
        self._pages.setdefault(page, bytearray(_PAGE_BITS // 8))[bit >> 3] |= 1 << (bit & 7)

    def __contains__(self, seq: int) -> bool:
        page, bit = divmod(seq, _PAGE_BITS)
        bits = self._pages.get(page)
        return bits is not None and bool(bits[bit >> 3] & 1 << (bit & 7))

    def __iter__(self) -> Iterator[int]:
        for page in sorted(self._pages):
            bits = self._pages[page]
            for place, byte in enumerate(bits):
                for bit in range(8) if byte else ():
                    if byte & 1 << bit:
                        yield page * _PAGE_BITS + place * 8 + bit


def joined(complaints: Iterable[Complaint]) -> Iterator[Complaint]:
    """The complaints, those of neighbours for the same reason as one."""
    held: Complaint | None = None
    for one in complaints:
        if held is not None and _follows(held, one):
            held = replace(held, last=one.last)
            continue
        if held is not None:
            yield held
        held = one
    if held is not None:
        yield held


def _follows(one: Complaint, other: Complaint) -> bool:
    same = (one.room, one.why) == (other.room, other.why)
    return same and one.last is not None and other.first == one.last + 1
