"""The heartbeat: what holds whatever the bus does, by asking the database every few seconds.

News may be lost. So every BEAT_S this node asks for the newest numbers of the rooms that somebody
here listens to, and whether the sessions behind the open sockets still exist: one query for every
500 rooms, one for every 500 sessions, and one for every person whose rooms have changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from twisted.logger import Logger

from .core.errors import Unavailable
from .core.model import RoomId, SessionDigest, UserId
from .core.ports import Accounts, News, Reached, Rooms, RoomsChanged, SessionEnded

log = Logger()

BEAT_S = 2.0


class Listeners(Protocol):
    """Everybody who is connected here."""

    def told(self) -> Mapping[RoomId, int]:
        """The rooms that somebody here listens to, and how far they were told."""

    def sessions(self) -> Mapping[SessionDigest, UserId]:
        """The sessions that have a connection open now, and whose they are."""

    def greeted(self) -> Mapping[UserId, int]:
        """Who was shown their rooms on coming, as of which of their revisions (or later)."""

    def hear(self, news: News) -> None:
        """Take news."""


class Heartbeat:
    """Compares what is open here with the database."""

    def __init__(self, rooms: Rooms, accounts: Accounts, listeners: Listeners) -> None:
        self._rooms = rooms
        self._accounts = accounts
        self._listeners = listeners
        self._revisions: dict[UserId, int] = {}

    async def beat(self) -> None:
        """Look once; call every BEAT_S, never twice at a time. Never fails."""
        await _guarded(self._look_at_rooms)
        await _guarded(self._look_at_sessions)

    async def _look_at_rooms(self) -> None:
        told = self._listeners.told()
        if told:
            for room, seq in (await self._rooms.heads(list(told))).items():
                if seq > told.get(room, seq):
                    self._listeners.hear(Reached(room, seq))

    async def _look_at_sessions(self) -> None:
        sessions = self._listeners.sessions()
        shown = dict(self._listeners.greeted()) | self._revisions
        living = await self._accounts.living(list(sessions)) if sessions else {}
        revisions: dict[UserId, int] = {}
        for session, user in sessions.items():
            if session not in living:
                self._listeners.hear(SessionEnded(session))
            elif user in shown:  # who was shown nothing yet is looked at with the next beat
                revisions[user] = max(living[session], revisions.get(user, 0))
        self._revisions = revisions
        for user, revision in revisions.items():
            if revision != shown[user]:
                self._listeners.hear(RoomsChanged(user))


async def _guarded(look: Callable[[], Awaitable[None]]) -> None:
    try:
        await look()
    except Unavailable as error:
        log.debug("the heartbeat is skipped: {reason}", reason=error)
    except Exception:  # noqa: BLE001 - one bad beat must not be the last
        log.failure("the heartbeat failed")
