"""The append-only log of every room; implements the port Events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twisted.internet.defer import Deferred

from ..core.model import (
    Asking,
    Draft,
    Existing,
    Feed,
    Glance,
    Outcome,
    Page,
    Rejected,
    RoomId,
    UserId,
)
from ..core.ports import Sealer
from . import calls, feeds, glances, log
from .admission import Admission
from .database import Database, Run
from .faults import Conflict
from .heads import Head, Heads
from .numbering import Numbering, Post, is_plain
from .transaction import Transaction


class _Stale(Exception):
    """Somebody else changed a room since we last looked."""


class Events:
    """Numbers, seals, inserts, commits; and reads pages."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._heads = Heads()

    def append(self, drafts: Sequence[Draft], sealer: Sealer) -> Deferred[list[Outcome]]:
        """Number, seal, insert and COMMIT all drafts in one transaction; one outcome a draft.

        What is remembered of a room decides the speed: then it is one UPDATE that holds only if
        nothing has changed, one INSERT and COMMIT. Else rooms are locked and read first.
        Raises Unavailable, after which any of the drafts may be stored or not.
        """
        batch = tuple(drafts)
        return self._database.write_in_steps("append", lambda run: self._append(run, batch, sealer))

    def after(self, user: UserId, room: RoomId, seq: int, limit: int) -> Deferred[Page | None]:
        """The first ``limit`` events numbered above ``seq``; None where ``user`` is no member."""
        return self._database.read("after", lambda tx: log.page_after(tx, user, room, seq, limit))

    def before(self, user: UserId, room: RoomId, seq: int, limit: int) -> Deferred[Page | None]:
        """The last ``limit`` events numbered below ``seq``; None where ``user`` is no member."""
        return self._database.read("before", lambda tx: log.page_before(tx, user, room, seq, limit))

    def glance(
        self, askings: Mapping[RoomId, Asking], limit: int, most_behind: int
    ) -> Deferred[Mapping[RoomId, Glance]]:
        """Rooms as all who want to read on in them see them; those of no member are left out."""
        asked = dict(askings)
        return self._database.read(
            "glance", lambda tx: glances.glance(tx, asked, limit, most_behind)
        )

    def feed(
        self,
        room: RoomId,
        seq: int,
        limit: int,
        people: Sequence[UserId],
        kid: str | None = None,
    ) -> Deferred[Feed]:
        """The first ``limit`` events numbered above ``seq``, for the fan-out; no more than is.

        Of ``people`` (any number) it says who are members, at that moment or later; not where
        ``kid`` seals all of the events.
        """
        audience = tuple(people)
        return self._database.read(
            "feed", lambda tx: feeds.feed(tx, room, seq, limit, audience, kid)
        )

    def head(self, room: RoomId) -> Deferred[int]:
        """The room's newest number; 0 where there is no event or no such room."""
        return self._database.read("head", lambda tx: log.newest_number(tx, room))

    def forget(self) -> Deferred[None]:
        """Forget what is remembered of rooms: their keys may be wrapped under another root key."""
        return self._database.write_in_steps("forget", lambda run: self._heads.clear())

    def _append(self, run: Run, drafts: tuple[Draft, ...], sealer: Sealer) -> list[Outcome]:
        if not drafts:
            return []
        heads = self._heads.take({draft.room for draft in drafts})
        try:
            numbering = _numbered_from_memory(heads, drafts, sealer)
            if numbering is not None:
                run(lambda tx: _advance(tx, heads, numbering))
                return self._committed(numbering)
        except (_Stale, Conflict):
            pass  # another daemon was here, a resend, or a row that is refused: look closely
        try:
            return self._committed(run(lambda tx: _numbered_under_lock(tx, heads, drafts, sealer)))
        except Conflict:
            return [self._append_alone(run, draft, sealer) for draft in drafts]

    def _append_alone(self, run: Run, draft: Draft, sealer: Sealer) -> Outcome:
        try:
            [outcome] = self._committed(
                run(lambda tx: _numbered_under_lock(tx, {}, (draft,), sealer))
            )
        except Conflict as conflict:
            self._database.log.warn(
                "an event in room {room} is refused: {conflict}", room=draft.room, conflict=conflict
            )
            return Rejected("invalid")
        return outcome

    def _committed(self, numbering: Numbering) -> list[Outcome]:
        self._heads.remember(numbering.heads)
        return numbering.outcomes


def _numbered_from_memory(
    heads: dict[RoomId, Head], drafts: Sequence[Draft], sealer: Sealer
) -> Numbering | None:
    """The batch numbered on what we remember; None where that does not suffice."""
    for draft in drafts:
        head = heads.get(draft.room)
        if head is None or head.key is None or draft.author not in head.authors:
            return None
        if not is_plain(draft):
            return None
    numbering = Numbering(heads, sealer)
    for draft in drafts:
        numbering.add(draft)
        if numbering.keys:
            return None
    return numbering


def _advance(tx: Transaction, remembered: dict[RoomId, Head], numbering: Numbering) -> None:
    """Write a batch numbered from memory, if all that was remembered is still so."""
    # Rooms always in the same order: two daemons then wait for each other, but never in a circle.
    for room in sorted(remembered):
        if not log.advance_unchanged(tx, room, remembered[room], numbering.heads[room].last_seq):
            raise _Stale(room)
    _insert(tx, numbering)


def _numbered_under_lock(
    tx: Transaction, remembered: Mapping[RoomId, Head], drafts: Sequence[Draft], sealer: Sealer
) -> Numbering:
    """The batch numbered on what the database says while nobody else can change it."""
    heads: dict[RoomId, Head] = {}
    admissions: dict[RoomId, Admission] = {}
    existing: dict[Post, Existing] = {}
    for room in sorted({draft.room for draft in drafts}):
        own = [draft for draft in drafts if draft.room == room]
        locked = log.locked_head(tx, room, own)
        if locked is not None:
            head, admissions[room] = locked
            heads[room] = head.knowing(remembered.get(room))
            existing.update(log.existing(tx, room, own))
    numbering = Numbering(heads, sealer, existing, admissions)
    for draft in drafts:
        numbering.add(draft)
    for room, head in heads.items():
        if numbering.heads[room] != head:
            log.advance(tx, room, numbering.heads[room])
    _insert(tx, numbering)
    return numbering


def _insert(tx: Transaction, numbering: Numbering) -> None:
    log.insert_keys(tx, numbering.keys)
    log.insert_events(tx, numbering.events)
    log.insert_annotations(tx, numbering.annotations)
    calls.insert(tx, numbering.calls)
