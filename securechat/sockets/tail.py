"""The newest events of the rooms that people come back to, framed and kept in memory.

What is remembered is trusted for no longer than one reading: whoever comes (back) is looked up in
the store, and the same reading tells which of the remembered events were destroyed and which
follow them. So nothing here has to be told what happened elsewhere. Nor can one who may not read
be shown anything: only numbers are given that the reading has found, to members that it has found.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from ..core.model import Glance, RoomId
from .subscription import Framed

MOST_EVENTS = 500
MOST_BYTES = 512 * 1024
"""A room's tail is no longer than this, whichever comes first …"""

MOST_BYTES_OF_ALL = 32 * 1024 * 1024
"""… and all together are no larger: the rooms go first to which nobody has come for longest."""


class Tail:
    """Events without a hole, the oldest numbered ``first`` and the newest ``last``."""

    def __init__(self, floor: int) -> None:
        self.looked_at_s = 0.0
        self.first = floor + 1
        self.last = floor
        self.size = 0
        """Bytes of all frames."""
        self._events: dict[int, Framed] = {}

    def append(self, event: Framed) -> None:
        """Add ``event`` where it is the next one."""
        if event.seq != self.last + 1:
            return
        self._events[event.seq] = event
        self.last = event.seq
        self.size += len(event.frame)
        while self.size > MOST_BYTES or len(self._events) > MOST_EVENTS:
            self.size -= len(self._events.pop(self.first).frame)
            self.first += 1

    def replace(self, event: Framed) -> None:
        """Put what is left of a destroyed event in its place."""
        before = self._events.get(event.seq)
        if before is not None:
            self._events[event.seq] = event
            self.size += len(event.frame) - len(before.frame)

    def between(self, seq: int, last: int) -> list[Framed]:
        """The events above ``seq`` up to ``last``, which it ``reaches``."""
        return [self._events[number] for number in range(seq + 1, last + 1)]

    def reaches(self, seq: int, last: int) -> bool:
        """Whether all events above ``seq`` up to ``last`` are remembered."""
        return seq >= last or (self.first <= seq + 1 and last <= self.last)

    def kid(self, seq: int) -> str | None:
        """The key that seals event ``seq``; None where that is not known."""
        event = self._events.get(seq)
        return None if event is None else event.kid


class Tails:
    """The tails of all rooms; one begins when somebody comes, and goes on with what is told."""

    def __init__(self, most_bytes: int = MOST_BYTES_OF_ALL) -> None:
        self._tails: OrderedDict[RoomId, Tail] = OrderedDict()
        self._most_bytes = most_bytes
        self._size = 0

    def known(self, room: RoomId) -> tuple[int, int] | None:
        """The first and the last number that are remembered; None: nothing is."""
        tail = self._tails.get(room)
        return None if tail is None else (tail.first, tail.last)

    def append(self, room: RoomId, event: Framed) -> None:
        """An event is told here: remember it, if it is the next one of a room that has a tail."""
        tail = self._tails.get(room)
        if tail is not None:
            before = tail.size
            tail.append(event)
            self._grew(tail.size - before)

    def kid(self, room: RoomId, seq: int) -> str | None:
        """The key that seals event ``seq``; None where that is not known."""
        tail = self._tails.get(room)
        return None if tail is None else tail.kid(seq)

    def refresh(self, room: RoomId, glance: Glance, now_s: float) -> Tail:
        """What the store has just said: destroyed events are replaced, new ones added.

        Of what is above ``glance.floor`` the tail then holds nothing that was destroyed before the
        reading, whichever readings overtook each other: one that was added is never added again.
        """
        tail = self._tails.pop(room, None)
        before = 0 if tail is None else tail.size
        if tail is None or tail.last < glance.floor:
            tail = Tail(glance.fresh)
        tail.looked_at_s = now_s
        self._tails[room] = tail
        for event in glance.events:
            if event.seq == tail.last + 1:
                tail.append(Framed.of(event))
            elif not event.ciphertext:
                tail.replace(Framed.of(event))
        self._grew(tail.size - before)
        return tail

    def forget(self, old_s: float) -> None:
        """Forget the tails that were last looked at before ``old_s``, destroyed events and all."""
        while self._tails and next(iter(self._tails.values())).looked_at_s < old_s:
            self._drop_oldest()

    def drop(self, room: RoomId) -> None:
        """Forget the tail of this room."""
        tail = self._tails.pop(room, None)
        if tail is not None:
            self._size -= tail.size

    def following(self, room: RoomId, seq: int) -> Iterator[Framed]:
        """The events after ``seq`` under the same key, which a member at ``seq`` may read.

        A removal begins a new epoch, so there was none in between.
        """
        tail = self._tails.get(room)
        kid = None if tail is None else tail.kid(seq)
        while tail is not None and kid is not None and tail.kid(seq + 1) == kid:
            yield from tail.between(seq, seq + 1)
            seq += 1

    def _grew(self, size: int) -> None:
        self._size += size
        while self._size > self._most_bytes and len(self._tails) > 1:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, tail = self._tails.popitem(last=False)
        self._size -= tail.size
