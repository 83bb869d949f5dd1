"""A connection, as those see it who have something to tell it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

from ..core import wire
from ..core.keys import Channel
from ..core.model import UserId
from .outbox import Outbox


class Reader(Protocol):
    """A signed-in person's connection that has said hello."""

    user_id: UserId
    outbox: Outbox
    channel: Channel

    def posts_answered(self) -> Awaitable[None]:
        """When the posts that are under way now have been answered."""


def push(frame_type: str, **fields: Any) -> bytes:
    """A whole WebSocket frame that nobody asked for."""
    return wire.text_frame(wire.encode(frame_type, **fields))
