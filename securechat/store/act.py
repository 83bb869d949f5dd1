"""One person's act on a room, inside one transaction: what it is told with, and told again with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..core import content
from ..core.errors import Code, Refused
from ..core.model import Changed, Draft, MessageId, RoomId, StoredEvent, UserId
from ..core.ports import Sealer
from ..core.trail import Deed, Kind, Value
from . import log, notices
from .places import HeldRoom
from .transaction import Transaction


@dataclass(frozen=True, slots=True)
class Act:
    """Who changes something, when (ms since 1970), and the id of the event that will say so.

    ``deeds`` is what the audit log is to say of it, once all is done.
    """

    tx: Transaction
    actor: UserId
    mid: MessageId
    now_ms: int
    sealer: Sealer
    deeds: list[Deed] = field(default_factory=list)

    def earlier(self, room: RoomId, kind: str, affected: Sequence[UserId] = ()) -> Changed | None:
        """The answer to an earlier sending, whose event is of this ``kind``; None: it is the first.

        Raises Refused (``id_conflict``) where the actor used the id for something else.
        """
        sent = notices.event_sent(self.tx, room, self.actor, self.mid)
        if sent is None:
            return None
        event, key = sent
        if notices.annotation_of(self.tx, room, event.seq) != kind:
            raise Refused(Code.ID_CONFLICT)
        return Changed(room, event, key, tuple(affected), duplicate=True)

    def told(self, event: StoredEvent) -> Changed:
        """``event`` as the answer to an act that found everything done already."""
        [key] = log.keys_between(self.tx, event.room, event.seq, event.seq)
        return Changed(event.room, event, key, duplicate=True)

    def nothing_new(self, room: HeldRoom) -> Changed | None:
        """The answer where all is as it should be: the room's newest event, as of which it is so.

        None in a room without an event: then the act is told all the same.
        """
        event = notices.event_at(self.tx, room.id, room.last_seq)
        return None if event is None else self.told(event)

    def tell(
        self,
        room: RoomId,
        kind: str,
        plaintext: bytes,
        affected: Sequence[UserId] = (),
        *,
        target: int | None = None,
        fresh_epoch: bool = False,
    ) -> Changed:
        """Append the event that says what was done; with ``fresh_epoch`` under a new key."""
        draft = Draft(room, self.mid, self.actor, self.now_ms, plaintext, kind, target)
        appended = notices.append_notice(self.tx, draft, self.sealer, fresh_epoch=fresh_epoch)
        return Changed(room, appended.event, appended.key, tuple(affected))

    def tell_about(
        self, room: RoomId, kind: str, user: UserId, *, fresh_epoch: bool = False, **fields: Value
    ) -> Changed:
        """Append the event that says what happened to ``user``, whom it affects."""
        plaintext = content.about(kind, user, **fields)
        self.note(Kind(kind), room, user, **fields)
        return self.tell(room, kind, plaintext, (user,), fresh_epoch=fresh_epoch)

    def note(self, kind: Kind, room: RoomId, user: UserId | None = None, **detail: Value) -> None:
        """Have the audit log say that the actor did this to ``user``, or to ``room`` itself."""
        where = {} if user is None else {"room": room}
        self.deeds.append(Deed(kind, self.actor, user or room).saying(**where, **detail))

    def named(self, mid: MessageId) -> Act:
        """The same act under another id, for a second event."""
        return replace(self, mid=mid)
