"""Who is online: here, and as the other daemons tell; shown to the small rooms. All of it lossy."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..chat.rooms import MEMBERS_A_PAGE, RoomReader
from ..core.errors import Refused, Unavailable
from ..core.model import RoomId, UserId
from ..core.ports import News, Online
from .audience import Audience
from .reader import Reader, push
from .seldom import Seldom

log = Logger()

PRESENCE_S = 15.0
"""So long another daemon's word on who is connected to it is good."""

REPEAT_S = 5.0
ONCE_WITHIN_S = 1.0
MOST_MEMBERS = MEMBERS_A_PAGE
"""In rooms of more members nobody is told who is online."""


@dataclass(slots=True)
class _Company:
    """The members of a room, when it was ``version``, and who of them was last shown as online."""

    version: object
    members: frozenset[UserId]
    shown: list[UserId] | None = None


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """Who is connected to another daemon, as it said at ``heard_s``."""

    users: frozenset[UserId]
    heard_s: float


class Presence:
    """Who is online, and which rooms are shown that."""

    def __init__(
        self,
        room_reader: RoomReader,
        clock: IReactorTime,
        publish: Callable[[News], None],
        audience_of: Callable[[RoomId], Audience | None],
    ) -> None:
        """``audience_of`` gives the people here who are subscribed to a room, if there are any."""
        self._room_reader = room_reader
        self._clock = clock
        self._publish = publish
        self._audience_of = audience_of
        self._node = os.urandom(8).hex()
        self._here: set[UserId] = set()
        self._elsewhere: dict[str, _Elsewhere] = {}
        self._companies: dict[RoomId, _Company] = {}
        self._changed: set[UserId] = set()
        self._unknown: set[RoomId] = set()
        self._reading: set[RoomId] = set()
        self._telling = Seldom(clock, ONCE_WITHIN_S, self._announce)
        self._showing = Seldom(clock, ONCE_WITHIN_S, self._show)

    def is_online(self, user: UserId) -> bool:
        """Whether ``user`` is connected to this daemon, or was lately to another."""
        if user in self._here:
            return True
        old_s = self._clock.seconds() - PRESENCE_S
        return any(
            user in other.users and other.heard_s > old_s for other in self._elsewhere.values()
        )

    def arrived(self, user: UserId) -> None:
        """The first connection of ``user`` to this daemon was opened."""
        self._here.add(user)
        self._differs({user})
        self._telling.want()

    def departed(self, user: UserId) -> None:
        """The last connection of ``user`` to this daemon has ended."""
        self._here.discard(user)
        self._differs({user})
        self._telling.want()

    def hear(self, news: News) -> None:
        """Take news from the bus."""
        if not isinstance(news, Online) or news.node == self._node:
            return
        before = self._elsewhere.get(news.node)
        self._elsewhere[news.node] = _Elsewhere(news.users, self._clock.seconds())
        self._differs(news.users ^ (before.users if before else frozenset()))

    def repeat(self) -> None:
        """Tell the other daemons again, and forget those that are silent; call every REPEAT_S."""
        old_s = self._clock.seconds() - PRESENCE_S
        for node, other in list(self._elsewhere.items()):
            if other.heard_s <= old_s:
                del self._elsewhere[node]
                self._differs(other.users)
        for room in [room for room in self._companies if self._audience_of(room) is None]:
            del self._companies[room]
        self._telling.want()
        if self._unknown:
            self._showing.want()

    def stop(self) -> None:
        """Nobody is connected here any more."""
        self._here.clear()
        self._telling.stop()
        self._showing.stop()
        self._announce()

    def greet(self, reader: Reader, room: RoomId) -> None:
        """Show a new subscriber who is online."""
        company = self._companies.get(room)
        if company is not None and company.shown is not None:
            if not reader.outbox.is_paused:
                reader.outbox.send_live(push("presence", room=room, online=company.shown))
        else:
            self.look_again(room)

    def look_again(self, room: RoomId) -> None:
        """Other people may be members of the room now."""
        self._unknown.add(room)
        self._showing.want()

    def _announce(self) -> None:
        self._publish(Online(self._node, frozenset(self._here)))

    def _differs(self, users: set[UserId] | frozenset[UserId]) -> None:
        if users:
            self._changed |= users
            self._showing.want()

    def _show(self) -> None:
        """Show what has changed to every room that it concerns."""
        changed, self._changed = self._changed, set()
        unknown, self._unknown = self._unknown, set()
        for room, company in list(self._companies.items()):
            if room not in unknown and not company.members.isdisjoint(changed):
                self._show_room(room, company)
        for room in unknown:
            self._find_out(room)

    def _show_room(self, room: RoomId, company: _Company) -> None:
        audience = self._audience_of(room)
        if audience is None:
            del self._companies[room]
            return
        online = sorted(user for user in company.members if self.is_online(user))
        if online != company.shown:
            company.shown = online
            audience.whisper(push("presence", room=room, online=online))

    def _find_out(self, room: RoomId) -> None:
        audience = self._audience_of(room)
        if audience is None or (audience.members or 0) > MOST_MEMBERS:
            self._companies.pop(room, None)
        elif room in self._reading:
            self._unknown.add(room)
        else:
            self._reading.add(room)
            Deferred.fromCoroutine(self._read(room, audience)).addErrback(
                lambda failure: log.failure("the members of {room} broke", failure, room=room)
            )

    async def _read(self, room: RoomId, audience: Audience) -> None:
        version = audience.version
        try:
            viewer = next(iter(audience.subscriptions)).user_id
            people, more = await self._room_reader.members(viewer, room, "")
        except Exception as error:  # noqa: BLE001 - shown later; only what is odd is worth a word
            self._unknown.add(room)
            if not isinstance(error, Refused | Unavailable):
                log.failure("the members of {room} could not be read", room=room)
            return
        finally:
            self._reading.discard(room)
        if more:
            self._companies.pop(room, None)
            return
        before = self._companies.get(room)
        members = frozenset(one.person.id for one in people)
        company = _Company(version, members, before.shown if before else None)
        self._companies[room] = company
        self._show_room(room, company)
        if audience.version != version:
            self.look_again(room)
