"""Telling who is connected here that somebody is called otherwise now. Lossy, as all signals are.

Who sees a name is found as for everything else: through the rooms that its owner is in or has
written in (whoever was erased is soon in none), and not in one whose audience has not heard all of
it, since somebody may have been removed from there.
"""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..chat.rooms import RoomReader
from ..core.errors import Unavailable
from ..core.model import RoomId, UserId
from ..core.ports import News, Renamed
from .audience import Audience
from .reader import Reader, push
from .seldom import Seldom

log = Logger()

ONCE_WITHIN_S = 1.0
MOST_TRIES = 3
"""So often where an audience is behind, as it is for a moment whenever somebody writes there."""


class Names:
    """Names are read from the store, once for everybody here; the news says whose alone."""

    def __init__(
        self,
        room_reader: RoomReader,
        clock: IReactorTime,
        audiences: Mapping[RoomId, Audience],
    ) -> None:
        self._room_reader = room_reader
        self._audiences = audiences
        self._tries: dict[UserId, int] = {}
        self._under_way: set[UserId] = set()
        self._telling = Seldom(clock, ONCE_WITHIN_S, self._tell)

    def hear(self, news: News) -> None:
        """Take news from the bus."""
        if isinstance(news, Renamed):
            self._want(news.user, MOST_TRIES)

    def stop(self) -> None:
        """Tell nothing more."""
        self._telling.stop()

    def _want(self, user: UserId, tries: int) -> None:
        if tries > 0:
            self._tries[user] = max(tries, self._tries.get(user, 0))
            self._telling.want()

    def _tell(self) -> None:
        """One telling a person at a time: an older name never comes after a newer one."""
        for user in [one for one in self._tries if one not in self._under_way]:
            self._under_way.add(user)
            telling = Deferred.fromCoroutine(self._tell_of(user, self._tries.pop(user)))
            telling.addErrback(lambda failure: log.failure("a new name could not be told", failure))
            telling.addCallback(self._told, user)

    def _told(self, _: None, user: UserId) -> None:
        self._under_way.discard(user)
        if user in self._tries:
            self._telling.want()

    async def _tell_of(self, user: UserId, tries: int) -> None:
        try:
            found = await self._room_reader.seen_in(user, list(self._audiences))
        except Unavailable as error:
            log.info("a new name is told later: {reason}", reason=error)
            self._want(user, tries - 1)
            return
        if found is None:
            return
        person, heads = found
        readers, is_whole = self._who_see(heads)
        told = {"id": person.id, "username": person.username, "full_name": person.full_name}
        for reader in readers:
            if not reader.outbox.is_paused:
                reader.outbox.send_live(push("person", person=told))
        if not is_whole:
            self._want(user, tries - 1)

    def _who_see(self, heads: Mapping[RoomId, int]) -> tuple[set[Reader], bool]:
        """Who here is in one of these rooms, and whether all of these could be asked for that."""
        readers: set[Reader] = set()
        is_whole = True
        for room, last_seq in heads.items():
            audience = self._audiences.get(room)
            if audience is None:
                continue
            if audience.has_told(last_seq):
                readers |= {one for one, its in audience.subscriptions.items() if its.live}
            else:
                is_whole = False
        return readers, is_whole
