"""People who post without waiting and note what became of every post; and the check of it all."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from securechat.core.encoding import from_b64url

from .client import Frame, Person, Socket, new_id

ROOM = "general"


@dataclass(frozen=True)
class Entry:
    """One event of history, opened."""

    seq: int
    mid: str
    author: str
    body: str


class Sender:
    """A person's log in the manner of Jepsen: invoked, acknowledged, refused for good, unknown."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.invoked: dict[str, str] = {}
        self.acknowledged: dict[str, int] = {}
        self.refused: dict[str, Frame] = {}
        self.socket: Socket | None = None
        self.user = ""
        self._orders: list[list[str]] = []
        self._resent: set[str] = set()
        self._tallied = 0

    async def connect(self) -> Socket:
        """A new socket, once it has said hello."""
        self.socket = await self.person.chat()
        self.user = self.socket.welcome["user"]["id"]
        self._orders.append([])
        self._tallied = 0
        return self.socket

    def post(self, count: int) -> None:
        """Send so many new posts at once."""
        for _ in range(count):
            mid = new_id()
            self.invoked[mid] = f"post {len(self.invoked)} of {self.person.username}"
            self._orders[-1].append(mid)
            self._send(mid)

    def newest(self, count: int) -> list[str]:
        """The ids of the posts that were made last."""
        return list(self.invoked)[-count:]

    def resend(self, mids: Iterable[str]) -> None:
        """Send posts again under their old ids."""
        for mid in mids:
            self._resent.add(mid)
            self._send(mid)

    def _send(self, mid: str) -> None:
        assert self.socket is not None
        body = self.invoked[mid]
        self.socket.tell({"type": "post", "id": mid, "room": ROOM, "body": body})

    def tally(self) -> int:
        """Take note of the answers that have come; how many posts are acknowledged by now."""
        assert self.socket is not None
        frames = self.socket.frames
        while self._tallied < len(frames):
            frame = frames[self._tallied]
            self._tallied += 1
            if frame["type"] == "posted":
                known = self.acknowledged.setdefault(frame["id"], frame["seq"])
                assert known == frame["seq"], f"two numbers for one post: {known}, {frame}"
            elif frame["type"] == "error" and not frame["retry"]:
                self.refused[frame["id"]] = frame
        return len(self.acknowledged)

    def unknown(self) -> list[str]:
        """The posts whose fate nobody told, in the order sent."""
        return [mid for mid in self.invoked if mid not in self.acknowledged]

    def faults(self, history: list[Entry]) -> list[str]:
        """What ``history`` does not keep of what this sender was promised."""
        own = {entry.mid: entry for entry in history if entry.author == self.user}
        found = [f"refused: {frame}" for frame in self.refused.values()]
        for mid, seq in self.acknowledged.items():
            if mid not in own or own[mid].seq != seq:
                found.append(f"acknowledged as {seq} and kept as {own.get(mid)}")
        for mid, entry in own.items():
            if self.invoked.get(mid) != entry.body:
                found.append(f"nobody sent {entry}")
        for order in self._orders:
            # A resend may have been stored anew: only what was answered at once has an order.
            sent = [mid for mid in order if mid not in self._resent]
            numbers = [self.acknowledged[mid] for mid in sent if mid in self.acknowledged]
            found += [f"{a} was sent before {b}" for a, b in pairwise(numbers) if a > b]
        return found


async def history(socket: Socket, room: str = ROOM) -> list[Entry]:
    """Every event of the room, asked for page by page from the newest on, opened."""
    entries: list[Entry] = []
    before, more = 2**53 - 1, True
    while more:
        page = await socket.ask(
            {"type": "history", "id": new_id(), "room": room, "before": before, "limit": 200}
        )
        entries += [_opened(socket, event, room) for event in reversed(page["events"])]
        more = page["more"]
        before = entries[-1].seq if entries else 1
    return entries[::-1]


def _opened(socket: Socket, event: Frame, room: str) -> Entry:
    header = json.loads(from_b64url(event["envelope"]["protected"]))
    body = socket.open(event, room)["body"]
    return Entry(event["seq"], header["mid"], header["from"], body)


def faults(entries: list[Entry], senders: Iterable[Sender]) -> list[str]:
    """Why ``entries`` is not the history of these senders; empty when it is.

    Acknowledged posts are there once under the number that was told, others at most once, nothing
    else is, numbers are 1, 2, 3 …, and each connection's posts are in the order sent.
    """
    found = []
    if [entry.seq for entry in entries] != list(range(1, len(entries) + 1)):
        found.append(f"numbers are not 1 to {len(entries)}: {[entry.seq for entry in entries]}")
    times = Counter((entry.author, entry.mid) for entry in entries)
    found += [f"{mid} is there {count} times" for (_, mid), count in times.items() if count > 1]
    known = {sender.user for sender in senders}
    found += [f"{entry} is a stranger's" for entry in entries if entry.author not in known]
    return found + [fault for sender in senders for fault in sender.faults(entries)]
