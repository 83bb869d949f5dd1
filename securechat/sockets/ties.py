"""What all audiences of a daemon share, and whom they tell what happens to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..chat.rooms import RoomReader
from ..core.keys import RoomKeys
from ..core.model import RoomId
from .arrivals import Arrivals
from .outbox import Turn
from .reader import Reader


class FanoutMetrics(Protocol):
    """What the fan-out counts."""

    def fanned_out(self, deliveries: int, seconds: float) -> None:
        """One batch of events went to ``deliveries`` places in ``seconds``."""


@dataclass(frozen=True, slots=True)
class Ties:
    """What all audiences share.

    ``removed`` is told whose subscription was ended because they may not read on, ``arrived`` who
    has caught up, ``changed`` in which room there may be other members now.
    """

    room_reader: RoomReader
    arrivals: Arrivals
    room_keys: RoomKeys
    turn: Turn
    metrics: FanoutMetrics
    leave: Callable[[Reader, RoomId], None]
    removed: Callable[[Reader, RoomId], None]
    arrived: Callable[[Reader, RoomId], None]
    changed: Callable[[RoomId], None]
