"""What people have reported, for whoever holds the machine to read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ..core import content, envelope, ports
from ..core.errors import Damaged
from ..core.model import REPORTS, Feed, RoomId, StoredEvent
from ..core.names import is_reserved

PAGE_EVENTS = 200


class Reports:
    """Opens the room of reports, and the messages that these are about.

    ``say`` is handed one line at a time, which may hold anything that people wrote.
    """

    def __init__(
        self,
        events: ports.Events,
        reported: ports.Reported,
        sealer: ports.Sealer,
        say: Callable[[str], None],
    ) -> None:
        self._events = events
        self._reported = reported
        self._sealer = sealer
        self._say = say

    async def tell(self) -> None:
        """Say every report, oldest first, an empty line after each, and how many there were."""
        seq = count = 0
        while True:
            feed = await self._events.feed(REPORTS, seq, PAGE_EVENTS, ())
            for event in feed.events:
                seq = event.seq
                count += await self._tell_one(event, feed)
            if not feed.events or seq >= feed.last_seq:
                break
        self._say("nothing was reported" if not count else f"{count} reports")

    async def _tell_one(self, event: StoredEvent, feed: Feed) -> int:
        said = self._opened(event, feed)
        if said is None:
            self._say(f"report {event.seq}: damaged")
            self._say("")
            return 1
        if said["kind"] != "report":
            return 0
        room, target = RoomId(str(said.get("room"))), int(said.get("target", 0))
        about = await self._event(room, target)
        who = await self._person(about[0]) if about else "?"
        name = await self._reported.room_name(room) or "-"
        for line in (
            f"{_when(event)}, reported by {await self._person(event)}",
            f"  room: {name} ({room}), number {target}",
            f"  author: {who}",
            f"  reason: {said.get('body', '')}",
            f"  message: {await self._text(room, target, about)}",
            "",
        ):
            self._say(line)
        return 1

    async def _event(self, room: RoomId, seq: int) -> tuple[StoredEvent, Feed] | None:
        feed = await self._events.feed(room, seq - 1, 1, ())
        found = feed.events[0] if feed.events else None
        return None if found is None or found.seq != seq else (found, feed)

    async def _text(self, room: RoomId, seq: int, about: tuple[StoredEvent, Feed] | None) -> str:
        """The message as it reads now, or in brackets why it cannot be read."""
        if about is not None and not about[0].ciphertext:
            return "(deleted)"
        latest = await self._reported.latest_edit(room, seq)
        shown = about if latest is None else await self._event(room, latest)
        said = None if shown is None else self._opened(*shown)
        # Which event is an edit of which is noted in the clear: only what is sealed is believed.
        if said is None or (latest is not None and said.get("target") != seq):
            return "(damaged)"
        return str(said.get("body", ""))

    def _opened(self, event: StoredEvent, feed: Feed) -> dict[str, Any] | None:
        under = [key for key in feed.keys if key.first_seq <= event.seq]
        try:
            return content.read(self._sealer.open(event, under[-1])) if under else None
        except Damaged:
            return None

    async def _person(self, event: StoredEvent) -> str:
        username = await self._reported.username(event.author)
        if username and is_reserved(username):
            return f"(deleted account) {event.author}"
        return f"@{username}" if username else f"(unknown) {event.author}"


def _when(event: StoredEvent) -> str:
    time_ms = envelope.parse_header(event)["time"]
    return datetime.fromtimestamp(time_ms / 1_000, UTC).isoformat(timespec="seconds")
