"""Those who come into a room or come back: who may, and what they have missed, for all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from ..chat.rooms import Entry, RoomReader, entry
from ..core.errors import Code, Refused
from ..core.model import Asking, Glance, RoomId, Sight, StoredKey, UserId
from ..gathering import Gathering
from .subscription import Framed
from .tail import Tail, Tails

MOST_AT_ONCE = 200
"""So many are looked up by one reading: each may want another room, which is three statements."""

REMEMBERED_S = 60.0
"""So long after somebody came a room's events are kept in memory, and destroyed ones no longer."""

_Question = tuple[RoomId, UserId, int | None]
_Seen = tuple[Glance, Tail]


@dataclass(frozen=True, slots=True)
class View:
    """What a member of a room may be sent next: events after a number, without a hole.

    ``keys`` are those that seal them, and the one that seals the room's newest event.
    """

    sight: Sight
    keys: Sequence[StoredKey]
    events: Sequence[Framed]


class Arrivals:
    """Looks up many at once, and has what all of them need in memory."""

    def __init__(self, room_reader: RoomReader, clock: IReactorTime) -> None:
        self.tails = Tails()
        self._room_reader = room_reader
        self._clock = clock
        self._gathering: Gathering[_Question, _Seen | None] = Gathering(
            clock, self._glance, MOST_AT_ONCE
        )

    async def enter(
        self, user: UserId, room: RoomId, since: int | None
    ) -> tuple[Entry, View | None]:
        """Where ``user``, who has everything up to ``since`` (None: nothing), goes on reading.

        With what follows there, where that is remembered. Refused (``not_a_member``), Unavailable.
        """
        glance, tail = await self._look(user, room, since)
        entered = entry(glance.sights[user], glance.keys, since)
        return entered, _view(glance, tail, user, entered.start)

    async def read_on(self, user: UserId, room: RoomId, cursor: int) -> View:
        """What follows ``cursor``; who is further behind than is remembered reads a page alone.

        Refused (``not_a_member``), Unavailable.
        """
        glance, tail = await self._look(user, room, cursor)
        view = _view(glance, tail, user, cursor)
        if view is not None:
            return view
        page = await self._room_reader.after(user, room, cursor)
        sight = Sight(page.last_seq, page.members, page.since_seq)
        return View(sight, page.keys, [Framed.of(event) for event in page.events])

    def forget(self) -> None:
        """Forget what nobody has come for lately; call every few seconds."""
        self.tails.forget(self._clock.seconds() - REMEMBERED_S)

    async def _look(self, user: UserId, room: RoomId, seq: int | None) -> _Seen:
        seen = await self._gathering.ask((room, user, seq))
        if seen is None:
            raise Refused(Code.NOT_A_MEMBER)
        return seen

    async def _glance(self, questions: Sequence[_Question]) -> Sequence[_Seen | None]:
        by_room: dict[RoomId, list[_Question]] = {}
        for question in questions:
            by_room.setdefault(question[0], []).append(question)
        askings = {room: self._asking(room, asked) for room, asked in by_room.items()}
        glances = await self._room_reader.glance(askings)
        now_s = self._clock.seconds()
        seen = {room: (one, self.tails.refresh(room, one, now_s)) for room, one in glances.items()}
        return [
            seen[room] if room in seen and user in seen[room][0].sights else None
            for room, user, _ in questions
        ]

    def _asking(self, room: RoomId, asked: Sequence[_Question]) -> Asking:
        people = tuple({user: None for _, user, _ in asked})
        named = [seq for _, _, seq in asked if seq is not None]
        return Asking(people, min(named, default=None), self.tails.known(room))


def _view(glance: Glance, tail: Tail, user: UserId, seq: int) -> View | None:
    """What follows ``seq``; None where it is not remembered, or was not looked after just now."""
    sight = glance.sights[user]
    last_seq = sight.last_seq
    if not tail.reaches(seq, last_seq) or seq < min(glance.floor, last_seq):
        return None
    return View(sight, glance.keys, tail.between(seq, last_seq))
