"""The integrity check: looks at everything that is stored, and names what is damaged.

Blocking. Reads and changes nothing, also beside a running daemon.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TextIO

from .auditing import opened, verified
from .config import Config
from .core import audit
from .core.audit import Complaint, Deletion, RoomAudit
from .core.errors import Damaged, Misconfigured, Unavailable
from .core.keys import RoomKeys, RootKeys
from .core.model import ROOM_ID, RoomId
from .core.trail import Signer
from .store.evidence import Evidence, RoomRow
from .store.places import ERASED

IN_ORDER, DAMAGED, NOT_LOOKED = 0, 1, 2


def inspect(config: Config, out: TextIO) -> int:
    """Tell on ``out`` what is damaged, a line each, and a summary of every room and of all.

    0 where all is in order, 1 where something is damaged, 2 where it could not be looked at.
    """
    try:
        store, ring = opened(config)
        with store.ledger.evidence() as evidence:
            return Inspection(evidence, ring.roots, out).run()
    except Damaged as damage:
        print(f"the database's file: {damage}", file=out)
        return DAMAGED
    except (Misconfigured, Unavailable) as error:
        print(f"securechat: the check could not be finished: {error}", file=out)
        return NOT_LOOKED


class Inspection:
    """One run over all rooms, and the audit log."""

    def __init__(self, evidence: Evidence, roots: RootKeys, out: TextIO) -> None:
        self._evidence = evidence
        self._room_keys = RoomKeys(roots)
        self._signer = Signer(roots)
        self._out = out
        self._damages = 0

    def run(self) -> int:
        """Look at everything; 0 or 1, as ``inspect`` promises."""
        began_s = time.monotonic()
        rooms = events = 0
        for fault in self._evidence.file_faults():
            self._tell(f"the database's file: {fault}")
        for name in self._evidence.room_ids():
            rooms += 1
            events += self._look_into(name)
        for stray in audit.joined(self._evidence.strays()):
            self._tell(str(stray))
        broken, _ = verified(self._evidence, self._signer)
        if broken is not None:
            self._tell(f"the audit log, {broken}")
        took_s = max(time.monotonic() - began_s, 0.001)
        verdict = f"{self._damages} damaged" if self._damages else "all in order"
        self._print(
            f"{rooms} rooms, {events} events in {took_s:.1f} s"
            f" ({events / took_s:.0f} a second): {verdict}"
        )
        return DAMAGED if self._damages else IN_ORDER

    def _look_into(self, name: str) -> int:
        row = self._evidence.room(RoomId(name)) if ROOM_ID.fullmatch(name) else None
        if row is None:
            self._tell(str(Complaint(RoomId(name), "is no id of a room")))
            return 0
        if row.kind == ERASED:
            return self._look_after(row)
        before = self._damages
        room = RoomAudit(row.id, self._room_keys)
        for complaint in audit.joined(self._complaints(row, room)):
            self._tell(str(complaint))
        found = self._damages - before
        verdict = f"{found} damaged" if found else "in order"
        self._print(f"{row.id}: {room.events} events, {row.memberships} members, {verdict}")
        return room.events

    def _look_after(self, row: RoomRow) -> int:
        """Of an erased room nothing opens any more, also where rows of it are still there."""
        if self._evidence.keys(row.id):
            self._tell(str(Complaint(row.id, "is erased, and has keys")))
        if row.members or row.memberships:
            self._tell(str(Complaint(row.id, "is erased, and has members")))
        self._print(f"{row.id}: erased")
        return 0

    def _complaints(self, row: RoomRow, room: RoomAudit) -> Iterator[Complaint]:
        if row.members != row.memberships:
            why = f"it says {row.members} members, and has {row.memberships}"
            yield Complaint(row.id, why)
        # After the room's row: whatever is sealed up to its newest number has its key by now.
        room.know_keys(self._evidence.keys(row.id))
        yield from room.judge_keys(self._evidence.last_seq(row.id))
        last_seq = row.last_seq
        yield from self._read_on(room, last_seq)
        # What was deleted while we looked is explained by an event behind the end that we knew.
        while room.is_unexplained and (newest := self._evidence.last_seq(row.id)) > last_seq:
            last_seq = newest
            room.know_keys(self._evidence.keys(row.id))
            yield from self._read_on(room, last_seq)
        yield from room.finish(last_seq)
        for seq in self._evidence.outside(row.id):
            yield Complaint(row.id, "is numbered outside of its room", seq, seq)

    def _read_on(self, room: RoomAudit, last_seq: int) -> Iterator[Complaint]:
        for one in self._evidence.rows(room.id, room.reached, last_seq):
            yield from room.judge(one)
            deletion = room.deletion(one)
            if deletion is not None:
                yield from self._look_at(room, deletion)
            expiry = room.expiry(one)
            if expiry is not None:
                for seq in self._evidence.texts(room.id, *expiry):
                    yield room.not_destroyed(seq, one.event.seq)

    def _look_at(self, room: RoomAudit, deletion: Deletion) -> Iterator[Complaint]:
        for seq in deletion.living:
            now = self._evidence.row(room.id, seq)
            if now is not None and not (now.key_gone and now.text_gone):
                yield room.not_destroyed(seq, deletion.seq)
        if not deletion.edits or deletion.target is None:
            return
        target = self._evidence.row(room.id, deletion.target)
        for seq in deletion.edits:
            edit = self._evidence.row(room.id, seq)
            complaint = None if edit is None else room.misnamed(deletion, target, edit)
            if complaint is not None:
                yield complaint

    def _tell(self, line: str) -> None:
        self._damages += 1
        self._print(line)

    def _print(self, line: str) -> None:
        print(line, file=self._out)
