"""A connection and what it leans on, as the answers to its commands see them."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from ..chat.changes import RoomChanges
from ..chat.erasure import Erasure
from ..chat.journal import Journal
from ..chat.rooms import RoomReader
from ..chat.signals import Signals
from ..core.conversation import Conversation, Pace
from ..core.errors import Code
from ..core.keys import RoomKeys
from ..core.model import Belonging, UserId, Visitor
from ..gathering import Gathering
from .belongings import Belongings
from .fanout import Fanout
from .outbox import Turn
from .presence import Presence
from .reader import Reader


class Refusals(Protocol):
    """What one connection counts."""

    def refused(self, code: Code) -> None:
        """A command was refused."""

    def slow_reader_cut(self) -> None:
        """A connection was aborted because it read too slowly."""


class Services(Protocol):
    """What all connections of a daemon share; the factory is it."""

    journal: Journal
    room_changes: RoomChanges
    erasure: Erasure
    signals: Signals
    room_reader: RoomReader
    room_keys: RoomKeys
    pace: Pace
    assets: str
    clock: IReactorTime
    turn: Turn
    fanout: Fanout
    belongings: Belongings
    welcomes: Gathering[UserId, Belonging]
    """What those are shown who say hello."""
    presence: Presence

    @property
    def metrics(self) -> Refusals:
        """Where refusals are counted."""


class Connection(Reader, Protocol):
    """A signed-in person's connection, which answers what it is asked."""

    id: str
    visitor: Visitor
    conversation: Conversation

    @property
    def factory(self) -> Services:
        """What this connection leans on."""

    @property
    def is_ending(self) -> bool:
        """Whether the connection is closed or closing."""

    def send(self, payload: bytes) -> None:
        """Send one JSON text frame after everything sent before."""
