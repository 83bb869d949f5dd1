"""Where each room's log stands, as this daemon remembers it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..core.model import RoomId, StoredKey, UserId

MAX_ROOMS = 2_000
MAX_AUTHORS = 2_000
"""Remembered authors a room; past it the memory of the room's authors starts again."""


@dataclass(frozen=True, slots=True)
class Head:
    """A room's newest number, its revision, its newest key, and authors known to be members.

    True as long as the row in ``rooms`` has this ``last_seq`` and ``revision``; whoever changes
    memberships or epoch raises the revision.
    """

    last_seq: int
    revision: int
    key: StoredKey | None
    authors: frozenset[UserId]

    def knowing(self, remembered: Head | None) -> Head:
        """This head, with the authors of one that we remember from the same revision."""
        if remembered is None or remembered.revision != self.revision:
            return self
        authors = self.authors | remembered.authors
        return replace(self, authors=authors) if len(authors) <= MAX_AUTHORS else self


class Heads:
    """The heads of the rooms written to last. Used by the writer's thread alone."""

    def __init__(self, max_rooms: int = MAX_ROOMS) -> None:
        self._heads: OrderedDict[RoomId, Head] = OrderedDict()
        self._max_rooms = max_rooms

    def take(self, rooms: Iterable[RoomId]) -> dict[RoomId, Head]:
        """Remove and return what is remembered of ``rooms``: until COMMIT it is a guess."""
        return {room: self._heads.pop(room) for room in rooms if room in self._heads}

    def clear(self) -> None:
        """Forget every room."""
        self._heads.clear()

    def remember(self, heads: Mapping[RoomId, Head]) -> None:
        """Keep what a COMMIT has made true."""
        for room, head in heads.items():
            self._heads[room] = head
            self._heads.move_to_end(room)
        while len(self._heads) > self._max_rooms:
            self._heads.popitem(last=False)
