"""What is erased as a whole, and the port that does it step by step.

The first step is one small transaction, after which nothing opens any more; the others take away
what is left, a bounded number of rows each. Whoever finds an erasure that has not ended, after a
kill at any point, goes on with it: every step looks for itself at what is still there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from .model import RoomId, UserId

STEP_EVENTS = 500
"""So many events are destroyed in one transaction."""


@dataclass(frozen=True, slots=True)
class Erasing:
    """An erasure under way: of the room, or of the person, with this id."""

    kind: Literal["room", "person"]
    subject: str
    messages: bool = True
    """Of a person: whether what the person wrote goes too."""


class Erasures(Protocol):
    """Erases; all methods raise Unavailable."""

    def erase_room(
        self, actor: UserId | None, room: RoomId, now_ms: int
    ) -> Awaitable[Sequence[UserId]]:
        """Destroy the room's keys, name, topic, links and memberships; who was a member.

        ``actor`` None is whoever holds the machine. Nobody where ``actor`` has erased it before.
        Raises Refused: ``not_a_member`` (``not_found`` for actor None), ``forbidden``.
        """

    def under_way(self) -> Awaitable[Sequence[Erasing]]:
        """The erasures that have not ended."""

    def clear_room(self, room: RoomId, now_ms: int) -> Awaitable[int]:
        """Take away the oldest STEP_EVENTS events of an erased room; how many there were.

        With the last of them goes what else there is of the room but its id, and the erasure ends.
        """

    def take_turn(self) -> Awaitable[bool]:
        """Whether nobody else is at work on erasures now, and whoever asks may begin."""

    def end_turn(self) -> Awaitable[None]:
        """Let others take their turn."""
