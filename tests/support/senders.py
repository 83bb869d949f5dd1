"""People who post without waiting and note what became of every post; and the check of it all.

The checker is in the manner of Jepsen: every post is invoked, then acknowledged with a number,
refused for good, or of unknown fate; every event that is heard is noted. Afterwards ``faults``
holds all of it against the history. Each fault begins with its kind: lost, doubled, gap, reordered,
refused, stranger.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from twisted.internet import reactor
from twisted.internet.task import deferLater

from securechat.core.encoding import from_b64url

from .client import Frame, Person, Socket, new_id
from .streams import Stream

ROOM = "general"
NOT_A_ROOM = "nobodys-room"


@dataclass(frozen=True)
class Entry:
    """One event of history, opened; ``body`` is empty where the server wrote it."""

    seq: int
    mid: str
    author: str
    body: str
    kind: str = "text"


class Sender:
    """A person's log: invoked, acknowledged, refused for good, unknown; and what was heard."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.invoked: dict[str, str] = {}
        self.acknowledged: dict[str, int] = {}
        self.duplicates: dict[str, int] = {}
        """What was acknowledged as stored by an earlier sending."""
        self.refused: dict[str, Frame] = {}
        self.doomed: set[str] = set()
        """Posts that must be refused, and never stored."""
        self.under_way: dict[str, float] = {}
        """When each was sent that this connection has not answered."""
        self.told_to_wait = False
        """An ``unavailable`` or ``rate_limited`` has come since this was last set to False."""
        self.slowest_answer_s = 0.0
        self.answers_s: list[float] = []
        """How long every answer took since somebody last cleared this."""
        self.stream = Stream(person.username)
        self.socket: Socket | None = None
        self.user = ""
        self.forgets = False
        """Frames are dropped once they are noted: for long campaigns."""
        self.padding = ""
        """What every new body ends with."""
        self._orders: list[list[str]] = []
        self._resent: set[str] = set()
        self._subscribing = ""
        self._tallied = 0

    async def connect(self) -> Socket:
        """A new socket, once it has said hello."""
        self.disconnected()
        self.socket = await self.person.chat()
        self.user = self.socket.welcome["user"]["id"]
        self._orders.append([])
        self._tallied = 0
        return self.socket

    def disconnected(self) -> None:
        """Note what the last connection brought; nothing of it is under way any more."""
        if self.socket is not None:
            self.tally()
        self.socket = None
        self.under_way.clear()

    def subscribe(self) -> None:
        """Ask for all that this person has not heard yet, and whatever comes."""
        assert self.socket is not None
        self._subscribing = new_id()
        request: Frame = {"type": "subscribe", "id": self._subscribing, "room": ROOM}
        self.socket.tell(request | {"since": self.stream.newest})

    def post(self, count: int) -> None:
        """Send so many new posts at once."""
        for _ in range(count):
            mid = new_id()
            body = f"post {len(self.invoked)} of {self.person.username}"
            self.invoked[mid] = body + self.padding
            self._orders[-1].append(mid)
            self._send(mid)

    def post_in_vain(self) -> None:
        """Send a post that must be refused: to a room that this person is not in."""
        mid = new_id()
        self.doomed.add(mid)
        assert self.socket is not None
        self.socket.tell({"type": "post", "id": mid, "room": NOT_A_ROOM, "body": "in vain"})

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
        self.under_way[mid] = time.monotonic()
        body = self.invoked[mid]
        self.socket.tell({"type": "post", "id": mid, "room": ROOM, "body": body})

    def tally(self) -> int:
        """Take note of the frames that have come; how many posts are acknowledged by now."""
        assert self.socket is not None
        frames = self.socket.frames
        while self._tallied < len(frames):
            frame = frames[self._tallied]
            self._tallied += 1
            self._note(frame)
        if self.forgets:
            frames.clear()
            self._tallied = 0
        return len(self.acknowledged)

    def _note(self, frame: Frame) -> None:
        kind = frame["type"]
        if kind == "posted":
            self._answered(frame["id"])
            known = self.acknowledged.setdefault(frame["id"], frame["seq"])
            assert known == frame["seq"], f"two numbers for one post: {known}, {frame}"
            if frame["duplicate"]:
                self.duplicates[frame["id"]] = frame["seq"]
        elif kind == "error":
            self._answered(frame["id"])
            if frame["retry"]:
                self.told_to_wait = True
            elif frame["id"] is not None:
                self.refused[frame["id"]] = frame
        elif kind == "subscribed" and frame["id"] == self._subscribing:
            self.stream.resume()
        elif kind in ("event", "gap") and self._subscribing and frame["room"] == ROOM:
            self.stream.hear(frame)

    def _answered(self, mid: str | None) -> None:
        sent_s = self.under_way.pop(mid or "", None)
        if sent_s is not None:
            self.answers_s.append(time.monotonic() - sent_s)
            self.slowest_answer_s = max(self.slowest_answer_s, self.answers_s[-1])

    def unknown(self) -> list[str]:
        """The posts whose fate nobody told, in the order sent."""
        return [mid for mid in self.invoked if mid not in self.acknowledged]

    @property
    def were_unknown(self) -> int:
        """How many posts were of unknown fate at some time."""
        return len(self._resent | set(self.unknown()))

    def faults(self, history: list[Entry]) -> list[str]:
        """What ``history`` does not keep of what this sender was promised."""
        own = {entry.mid: entry for entry in history if entry.author == self.user}
        found = [f"refused: {frame}" for mid, frame in self.refused.items() if mid in self.invoked]
        for mid, seq in self.acknowledged.items():
            if mid not in own or own[mid].seq != seq:
                found.append(f"lost: acknowledged as {seq} and kept as {own.get(mid)}")
        for mid, entry in own.items():
            if entry.kind == "text" and self.invoked.get(mid) != entry.body:
                found.append(f"stranger: nobody sent {entry}")
        for order in self._orders:
            # A resend may have been stored anew: only what was sent once has an order.
            numbers = [own[mid].seq for mid in order if mid in own and mid not in self._resent]
            found += [f"reordered: {a} was sent before {b}" for a, b in pairwise(numbers) if a > b]
        if self._subscribing:
            found += self.stream.against({entry.seq: entry.mid for entry in history})
        return found


async def history(socket: Socket, room: str = ROOM) -> list[Entry]:
    """Every event of the room, asked for page by page from the newest on, opened."""
    entries: list[Entry] = []
    before, more = 2**53 - 1, True
    while more:
        page = await socket.ask(
            {"type": "history", "id": new_id(), "room": room, "before": before, "limit": 200}
        )
        if page["type"] == "error" and page["retry"]:
            # Longer than asked: whoever is refused too often is taken for a flood.
            await deferLater(reactor, 1 + page.get("retry_ms", 0) / 1000)
            continue
        events, page["events"] = page["events"], []
        entries += [_opened(socket, event, room) for event in reversed(events)]
        more = page["more"]
        before = entries[-1].seq if entries else 1
    return entries[::-1]


def _opened(socket: Socket, event: Frame, room: str) -> Entry:
    header = json.loads(from_b64url(event["envelope"]["protected"]))
    content = socket.open(event, room)
    body = content.get("body", "")
    return Entry(event["seq"], header["mid"], header["from"], body, content["kind"])


def faults(entries: list[Entry], senders: Iterable[Sender]) -> list[str]:
    """Why ``entries`` is not the history of these senders; empty when it is.

    Acknowledged posts are there once under the number that was told, others at most once, those
    refused for good never, nothing else is, numbers are 1, 2, 3 …, each connection's posts are in
    the order sent, and every stream that was listened to is the history without hole or double.
    """
    found = []
    if [entry.seq for entry in entries] != list(range(1, len(entries) + 1)):
        found.append(f"gap: not 1 to {len(entries)}: {[entry.seq for entry in entries]}")
    times = Counter((entry.author, entry.mid) for entry in entries)
    found += [f"doubled: {mid} is there {n} times" for (_, mid), n in times.items() if n > 1]
    known = {sender.user for sender in senders}
    posts = [entry for entry in entries if entry.kind == "text"]
    found += [f"stranger: {one} is nobody's" for one in posts if one.author not in known]
    return found + [fault for sender in senders for fault in sender.faults(entries)]
