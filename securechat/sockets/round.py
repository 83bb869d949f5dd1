"""What one turn tells the audience of a room: kept once, joined once, given by one short loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..core.keys import RoomKeys
from ..core.model import StoredKey
from .subscription import Subscription


@dataclass(slots=True)
class Round:
    """Live events without a hole that follow number ``before``, all sealed under ``kid``."""

    before: int
    kid: str
    frames: list[bytes] = field(default_factory=list)
    key: StoredKey | None = None

    @property
    def last(self) -> int:
        """The number of the newest of them."""
        return self.before + len(self.frames)

    def add(self, frame: bytes, key: StoredKey | None) -> None:
        """The next one, and the key that seals it, where that is at hand."""
        self.frames.append(frame)
        self.key = key or self.key

    def give(
        self,
        subscriptions: Iterable[Subscription],
        room_keys: RoomKeys,
        broke: Callable[[Subscription], None],
        *,
        alone: bool,
    ) -> int:
        """Give it to those of ``subscriptions`` that are live and lack nothing before; how many.

        ``alone``: nothing else was told in this turn, so that it can leave at once. ``broke`` is
        called, with the exception at hand, for each that raises one.
        """
        before, last, kid, key = self.before, self.last, self.kid, self.key
        joined = b"".join(self.frames)
        readers = 0
        for subscription in subscriptions:
            if subscription.live and subscription.cursor == before:
                try:
                    # The same object for all: cheaper to ask for than what it says.
                    if subscription.kid is not kid and key is not None:
                        subscription.send_key(key, room_keys)
                        subscription.kid = kid
                    if alone:
                        subscription.outbox.send_live_now(joined)
                    else:
                        subscription.outbox.send_live(joined)
                except Exception:  # noqa: BLE001 - one broken connection must not silence the room
                    broke(subscription)
                subscription.cursor = last
                readers += 1
        return readers
