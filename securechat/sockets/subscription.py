"""One connection's place in one room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from twisted.logger import Logger

from ..core import envelope, wire
from ..core.encoding import b64url
from ..core.errors import Damaged, RootUnknown
from ..core.keys import Channel, RoomKeys
from ..core.model import RoomId, StoredEvent, StoredKey
from .outbox import Outbox
from .reader import Reader, push

log = Logger()


def wrap_keys(
    channel: Channel, room_keys: RoomKeys, keys: Iterable[StoredKey]
) -> list[dict[str, str]]:
    """``[{"kid","wrapped"}]`` for one connection; a key that does not open is logged, left out."""
    wrapped = []
    for key in keys:
        try:
            wrapped.append({"kid": key.kid, "wrapped": b64url(channel.wrap(room_keys.unwrap(key)))})
        except (Damaged, RootUnknown) as error:
            log.error(
                "the key {kid} cannot be given: {reason}",
                event="key_damaged",
                kid=key.kid,
                reason=str(error),
            )
    return wrapped


@dataclass(frozen=True, slots=True)
class Framed:
    """An event as one WebSocket frame, built once for everybody; ``kid`` None: damaged."""

    seq: int
    kid: str | None
    frame: bytes

    @classmethod
    def of(cls, event: StoredEvent) -> Framed:
        """``event``, framed."""
        frame = wire.text_frame(wire.encode_event(event))
        return cls(event.seq, envelope.kid_of(event), frame)


@dataclass(slots=True, eq=False)
class Subscription:
    """A cursor: the last number that the connection was given. ``live``: it waits for the next.

    ``kids`` are keys that it has: those of its beginning, then the newest alone. Events come in
    ascending order, so no older key is needed again. ``kid`` is the last one that was asked for.
    """

    reader: Reader
    room: RoomId
    cursor: int
    live: bool = False
    closed: bool = False
    kids: set[str] = field(default_factory=set)
    kid: str | None = None
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.outbox = self.reader.outbox

    def is_closed(self) -> bool:
        """Whether nothing more may be sent; asked anew after every await."""
        return self.closed

    def send_key(self, key: StoredKey | None, room_keys: RoomKeys) -> None:
        """Send the key, unless the connection has it (or there is none)."""
        if key is None or key.kid in self.kids:
            return
        self.kids = {key.kid}
        for wrapped in wrap_keys(self.reader.channel, room_keys, [key]):
            self.outbox.send(push("key", room=self.room, **wrapped))

    def give(
        self, events: Iterable[Framed], keys: Mapping[str, StoredKey], room_keys: RoomKeys
    ) -> int:
        """Send those of ``events`` that follow the cursor, as live ones; how many."""
        given = 0
        for event in events:
            if event.seq == self.cursor + 1:
                if event.kid not in self.kids:
                    self.send_key(keys.get(event.kid or ""), room_keys)
                self.cursor = event.seq
                self.outbox.send_live(event.frame)
                given += 1
        return given
