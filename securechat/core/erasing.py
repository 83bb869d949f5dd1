"""What is erased as a whole, and the port that does it step by step.

The first step is one small transaction, after which nothing opens any more; the others take away
what is left, a bounded number of rows each. Whoever finds an erasure that has not ended, after a
kill at any point, goes on with it: every step looks for itself at what is still there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from .model import Changed, PasswordHash, RoomId, SessionDigest, UserId
from .ports import Sealer

WRITTEN: Final = frozenset({None, "edit", "reaction"})
"""What people write, by the kind that is noted beside it: texts and replies have no note."""

STEP_EVENTS: Final = 500
"""So many events are destroyed in one transaction."""


@dataclass(frozen=True, slots=True)
class Erasing:
    """An erasure under way: of the room, or of the person, with this id."""

    kind: Literal["room", "person"]
    subject: str
    messages: bool = True
    """Of a person: whether what the person wrote goes too."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step has destroyed: so many texts, as ``changed`` says; None: there were none.

    ``is_last``: nothing was left for another step.
    """

    changed: Changed | None = None
    count: int = 0
    is_last: bool = True


class Erasures(Protocol):
    """Erases; all methods raise Unavailable."""

    def erase_room(
        self, actor: UserId | None, room: RoomId, now_ms: int
    ) -> Awaitable[Sequence[UserId]]:
        """Destroy the room's keys, name, topic, links and memberships; who was a member.

        ``actor`` None is whoever holds the machine. Nobody where ``actor`` has erased it before.
        Raises Refused: ``not_a_member`` (``not_found`` for actor None), ``forbidden``.
        """

    def erase_person(
        self, user: UserId, messages: bool, now_ms: int, proof: PasswordHash | None = None
    ) -> Awaitable[tuple[SessionDigest, ...] | None]:
        """Take a person's account away: names, password, sessions, links; which sessions ended.

        The id stays, and that the user name is taken. ``messages``: what the person wrote goes too.
        ``proof`` is the password that was checked: None, and nothing has changed, where it is
        another one by now, or where nobody has this id. Raises Refused (``forbidden``) for the
        last administrator.
        """

    def leave_next(self, user: UserId, now_ms: int, sealer: Sealer) -> Awaitable[Changed | None]:
        """An erased person goes out of one more room, as whoever leaves; None: out of all.

        Of direct rooms the person stays a member, as nobody: they are called by their people.
        """

    def rooms_written_in(self, user: UserId) -> Awaitable[Sequence[RoomId]]:
        """Every room in which the person has written, whether or not still in it."""

    def erase_texts(
        self, user: UserId, room: RoomId, now_ms: int, sealer: Sealer
    ) -> Awaitable[Step]:
        """Destroy what the person wrote in ``room``, one step of it.

        An event ``erased`` names each number.
        """

    def end_person(self, user: UserId, now_ms: int) -> Awaitable[None]:
        """Nothing is left to be done about the person."""

    def under_way(self) -> Awaitable[Sequence[Erasing]]:
        """The erasures that have not ended."""

    def clear_room(self, room: RoomId, now_ms: int) -> Awaitable[int]:
        """Take away the oldest STEP_EVENTS events of an erased room; how many there were.

        With the last of them goes what else there is of the room but its id, and the erasure ends.
        """

    def forgetful(self) -> Awaitable[Sequence[RoomId]]:
        """The rooms that keep texts for a time only."""

    def expire(self, room: RoomId, now_ms: int, sealer: Sealer) -> Awaitable[Step]:
        """Destroy the oldest texts of ``room`` that are older than it keeps; one step of them.

        An event ``expired`` says up to which number. No other event is destroyed.
        """

    def take_turn(self) -> Awaitable[bool]:
        """Whether nobody else is at work on erasures now, and whoever asks may begin."""

    def end_turn(self) -> Awaitable[None]:
        """Let others take their turn."""
