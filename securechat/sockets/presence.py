"""Who is online: here, and as the other daemons tell; shown to the small rooms. All of it lossy.

Who was removed from a room must not be shown it any more, and this daemon may not have heard of
that yet. So before anything is shown the newest numbers of those rooms are asked for: an audience
that was told less is told the rest first.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..chat.rooms import RoomReader
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


@dataclass(slots=True)
class _Company:
    """The members of a room, when it was ``version``, and who of them was last shown as online."""

    version: object
    members: frozenset[UserId]
    shown: list[UserId] | None = None


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """Who is connected to another daemon, as it said at ``heard_s`` with its news ``number``."""

    users: frozenset[UserId]
    number: int
    heard_s: float

    def after(self, news: Online, now_s: float) -> _Elsewhere | None:
        """What follows from a difference; None where something was lost between."""
        if news.gone is None or news.number != self.number + 1:
            return None
        return _Elsewhere((self.users - news.gone) | news.users, news.number, now_s)


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
        self._due: set[RoomId] = set()
        self._announced: frozenset[UserId] | None = None
        self._number = 0
        self._telling = Seldom(clock, ONCE_WITHIN_S, self._announce)
        self._looking = Seldom(clock, ONCE_WITHIN_S, self._look)
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
        now_s = self._clock.seconds()
        before = self._elsewhere.get(news.node, _Elsewhere(frozenset(), -1, now_s))
        if news.gone is None:
            after: _Elsewhere | None = _Elsewhere(news.users, news.number, now_s)
        else:
            after = before.after(news, now_s)
        if after is not None:  # else the next whole set will tell
            self._elsewhere[news.node] = after
            self._differs(after.users ^ before.users)

    def repeat(self) -> None:
        """Tell the other daemons all, and forget those that are silent; call every REPEAT_S."""
        old_s = self._clock.seconds() - PRESENCE_S
        for node, other in list(self._elsewhere.items()):
            if other.heard_s <= old_s:
                del self._elsewhere[node]
                self._differs(other.users)
        for room in [room for room in self._companies if self._audience_of(room) is None]:
            del self._companies[room]
        self._announced = None
        self._telling.want()
        if self._unknown:
            self._looking.want()
        if self._due:
            self._showing.want()

    def stop(self) -> None:
        """Nobody is connected here any more; nothing is told or shown after that."""
        self._here.clear()
        for seldom in (self._telling, self._looking, self._showing):
            seldom.stop()
        self._announced = None
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
        self._looking.want()

    def answered(self, room: RoomId) -> None:
        """Somebody was told by an answer who is online of ``room`` just now.

        Where that is more or less than was shown, all are shown it, even if it is over by then.
        """
        company = self._companies.get(room)
        if company is not None and self._differing(room) is not None:
            company.shown = None
            self._is_due(room)

    def _announce(self) -> None:
        """Tell the others who is here: all, or who has come and gone since they were told."""
        here, before = frozenset(self._here), self._announced
        if here == before:
            return
        self._announced = here
        self._number += 1
        if before is None:
            self._publish(Online(self._node, here, self._number))
        else:
            self._publish(Online(self._node, here - before, self._number, before - here))

    def _differs(self, users: set[UserId] | frozenset[UserId]) -> None:
        if users:
            self._changed |= users
            self._looking.want()

    def _look(self) -> None:
        """Find every room that is concerned by what has changed."""
        changed, self._changed = self._changed, set()
        unknown, self._unknown = self._unknown, set()
        for room, company in self._companies.items():
            if room not in unknown and not company.members.isdisjoint(changed):
                self._is_due(room)
        for room in unknown:
            self._find_out(room)

    def _is_due(self, room: RoomId) -> None:
        self._due.add(room)
        self._showing.want()

    def _show(self) -> None:
        """Show every room that is due what it has not been shown."""
        due, self._due = self._due, set()
        differing = [room for room in due if self._differing(room) is not None]
        if differing:
            Deferred.fromCoroutine(self._show_rooms(differing)).addErrback(
                lambda failure: log.failure("who is online could not be shown", failure)
            )

    def _differing(self, room: RoomId) -> list[UserId] | None:
        """Who is online of the room, where somebody listens who was shown something else."""
        company = self._companies.get(room)
        if company is None or self._audience_of(room) is None:
            return None
        online = sorted(user for user in company.members if self.is_online(user))
        return None if online == company.shown else online

    async def _show_rooms(self, rooms: list[RoomId]) -> None:
        try:
            heads = await self._room_reader.heads(rooms)
        except Exception as error:
            self._due.update(rooms)  # shown with the next repetition
            if isinstance(error, Unavailable):
                return
            raise
        for room in rooms:
            online, audience = self._differing(room), self._audience_of(room)
            if online is None or audience is None:
                continue
            if audience.has_told(heads.get(room, 0)):
                self._companies[room].shown = online
                audience.whisper(push("presence", room=room, online=online))
            else:
                audience.reach(heads.get(room, 0))
                self._is_due(room)

    def _find_out(self, room: RoomId) -> None:
        audience = self._audience_of(room)
        if audience is None or not audience.is_small:
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
        self._companies[room] = _Company(version, members, before.shown if before else None)
        self._is_due(room)
        if audience.version != version:
            self.look_again(room)
