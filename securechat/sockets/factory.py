"""All connections of this daemon: made for people whom the door admits, ended when it must be."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from typing import Any, Protocol, TypeVar

from autobahn.twisted.websocket import WebSocketServerFactory
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ..chat.changes import RoomChanges
from ..chat.erasure import Erasure
from ..chat.journal import Journal
from ..chat.rooms import RoomReader
from ..chat.signals import Signals
from ..core import wire
from ..core.conversation import Pace
from ..core.errors import Close
from ..core.keys import RoomKeys
from ..core.model import Belonging, RoomId, SessionDigest, UserId, Visitor
from ..core.ports import News, Online, ReadTo, Renamed, RoomsChanged, SessionEnded
from ..gathering import Gathering
from .belongings import Belongings
from .connection import Refusals
from .fanout import Fanout
from .names import Names
from .outbox import Turn
from .presence import Presence
from .protocol import CLOSE_WITHIN_S, ChatProtocol
from .pulse import Pulse
from .reader import Reader
from .ties import FanoutMetrics

log = Logger()

MOST_WELCOMES = 25
"""So many people's rooms are read at once: each may be in hundreds, all unread."""

SWEEP_S = 10.0
ENDED_KEPT_S = 30.0
"""So long an ended session is remembered: longer than anybody stands in the door."""

RETRY_MS = (500, 4000)
"""Between these (milliseconds) a client is told to come back after a goodbye."""


class SocketMetrics(FanoutMetrics, Refusals, Protocol):
    """What the connections count."""

    def connected(self) -> None:
        """A connection was opened."""

    def disconnected(self) -> None:
        """A connection has ended."""


class ChatFactory(WebSocketServerFactory):
    """Makes, finds and ends connections."""

    def __init__(
        self,
        *,
        journal: Journal,
        room_changes: RoomChanges,
        erasure: Erasure,
        signals: Signals,
        room_reader: RoomReader,
        room_keys: RoomKeys,
        pace: Pace,
        reactor: Any,
        wall_clock: Callable[[], int],
        metrics: SocketMetrics,
        publish: Callable[[News], None],
        gone: Callable[[Visitor], None],
        assets: str,
    ) -> None:
        """``publish`` hands news to the bus; ``gone`` is told of every admitted visitor once.

        ``assets`` names the version of the pages' files.
        """
        WebSocketServerFactory.__init__(self, reactor=reactor)
        self.journal = journal
        self.room_changes = room_changes
        self.erasure = erasure
        self.signals = signals
        self.room_reader = room_reader
        self.room_keys = room_keys
        self.pace = pace
        self.clock: IReactorTime = reactor
        self.metrics = metrics
        self.gone = gone
        self.assets = assets
        self.turn = Turn(reactor)
        self.pulse = Pulse()
        self.fanout = Fanout(
            room_reader,
            room_keys,
            self.turn,
            metrics,
            removed=self._removed,
            arrived=self._arrived,
            changed=self._changed,
        )
        self.belongings = Belongings(room_reader, reactor, self.fanout, self.connections_of)
        self.welcomes: Gathering[UserId, Belonging] = Gathering(
            reactor, room_reader.belongings, MOST_WELCOMES
        )
        self.presence = Presence(room_reader, reactor, publish, self.fanout.audience)
        self.names = Names(room_reader, reactor, self.fanout.audiences)
        self._wall_clock = wall_clock
        self._connections: dict[SessionDigest, tuple[ChatProtocol, ...]] = {}
        self._people: dict[UserId, tuple[ChatProtocol, ...]] = {}
        self._ended: dict[SessionDigest, float] = {}
        self._empty: Deferred[None] | None = None
        self.setProtocolOptions(  # type: ignore[no-untyped-call]  # autobahn's lacks types
            utf8validateIncoming=False,  # judged with the frame, so that it is told as bad_frame
            requireMaskedClientFrames=True,
            maxFramePayloadSize=2 * pace.limits.frame_bytes,
            maxMessagePayloadSize=2 * pace.limits.frame_bytes,
            failByDrop=False,
            closeHandshakeTimeout=0,  # connections have deadlines of their own
        )

    def admit(self, visitor: Visitor) -> ChatProtocol:
        """What speaks for ``visitor`` once the handshake is over."""
        connection = ChatProtocol(visitor)
        connection.factory = self
        return connection

    def entered(self, connection: ChatProtocol) -> None:
        """A connection was opened."""
        user = connection.visitor.user.id
        _add(self._connections, connection.visitor.session, connection)
        if user not in self._people:
            self.presence.arrived(user)
        _add(self._people, user, connection)
        self.pulse.add(connection)
        self.metrics.connected()
        log.info(
            "connection {id} of {username} from {address} is open",
            event="connected",
            id=connection.id,
            username=connection.visitor.user.username,
            address=connection.visitor.address,
        )
        if connection.visitor.session in self._ended:
            # The session ended while its visitor stood in the door.
            connection.end(Close.SESSION_ENDED)

    def left(self, connection: ChatProtocol, code: int | None) -> None:
        """An opened connection has ended."""
        self.leave_rooms(connection)
        self.pulse.discard(connection)
        user = connection.visitor.user.id
        _discard(self._connections, connection.visitor.session, connection)
        if _discard(self._people, user, connection):
            self.presence.departed(user)
        self.metrics.disconnected()
        log.info(
            "connection {id} of {username} has ended: {code}",
            event="disconnected",
            id=connection.id,
            username=connection.visitor.user.username,
            code=code,
        )
        if not self._connections and self._empty is not None:
            empty, self._empty = self._empty, None
            empty.callback(None)

    def leave_rooms(self, connection: ChatProtocol) -> None:
        """Send ``connection`` no more events, and nothing more about its person's rooms."""
        self.fanout.leave(connection)
        self.belongings.forget(connection)

    def connections_of(self, user: UserId) -> Collection[ChatProtocol]:
        """The connections of ``user`` that are open now."""
        return self._people.get(user, ())

    def hear(self, news: News) -> None:
        """Take news from the bus."""
        if isinstance(news, SessionEnded):
            self._ended[news.session] = self.clock.seconds()
            for connection in self._connections.get(news.session, ()):
                connection.end(Close.SESSION_ENDED)
        elif isinstance(news, RoomsChanged | ReadTo):
            self.belongings.hear(news)
        elif isinstance(news, Renamed):
            self.names.hear(news)
        elif isinstance(news, Online):
            self.presence.hear(news)
        else:
            self.fanout.hear(news)

    def _removed(self, reader: Reader, room: RoomId) -> None:
        self.belongings.lose(reader, room)

    def _arrived(self, reader: Reader, room: RoomId) -> None:
        self.presence.greet(reader, room)

    def _changed(self, room: RoomId) -> None:
        self.presence.look_again(room)

    def sweep(self) -> None:
        """End the connections whose session has reached its absolute end; call every SWEEP_S."""
        self.fanout.forget()
        old_s = self.clock.seconds() - ENDED_KEPT_S
        self._ended = {one: since_s for one, since_s in self._ended.items() if since_s > old_s}
        now_ms = self._wall_clock()
        for connection in self._all():
            if connection.visitor.expires_ms <= now_ms:
                connection.end(Close.SESSION_ENDED)

    def sessions(self) -> dict[SessionDigest, UserId]:
        """The sessions that have a connection open now, and whose they are."""
        return {
            session: connections[0].visitor.user.id
            for session, connections in self._connections.items()
        }

    def greeted(self) -> dict[UserId, int]:
        """Who was shown their rooms on coming, as of which of their revisions (or later)."""
        return self.belongings.greeted

    def told(self) -> dict[RoomId, int]:
        """The rooms that somebody here listens to, and how far they were told."""
        return self.fanout.told()

    async def drain(self) -> None:
        """Say goodbye to everybody, close with 1012, and drop who does not answer."""
        self.presence.stop()
        self.names.stop()
        for connection in self._all():
            goodbye = wire.encode("goodbye", retry_ms=random.randint(*RETRY_MS))  # noqa: S311 - jitter
            connection.send(goodbye)
            connection.end(Close.RESTARTING)
        if not self._connections:
            return
        self._empty = Deferred()
        deadline = deferLater(self.clock, CLOSE_WITHIN_S, self._drop_all)
        await self._empty
        if not deadline.called:
            deadline.addErrback(lambda failure: None)
            deadline.cancel()

    def _drop_all(self) -> None:
        for connection in self._all():
            connection.transport.abortConnection()

    def _all(self) -> list[ChatProtocol]:
        return [one for connections in self._connections.values() for one in connections]


_Key = TypeVar("_Key")


# Tuples, since nearly everybody has one connection, and a set of one takes four times the memory.
_Registry = dict[_Key, tuple[ChatProtocol, ...]]


def _add(registry: _Registry[_Key], key: _Key, connection: ChatProtocol) -> None:
    registry[key] = (*registry.get(key, ()), connection)


def _discard(registry: _Registry[_Key], key: _Key, connection: ChatProtocol) -> bool:
    """Take ``connection`` out; whether it was the last one under ``key``."""
    left = tuple(one for one in registry.get(key, ()) if one is not connection)
    if left:
        registry[key] = left
        return False
    return registry.pop(key, None) is not None
