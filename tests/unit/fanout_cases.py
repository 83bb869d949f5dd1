"""What the tests of the fan-out have in common: a store that can be made to wait, and readers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from securechat.chat.rooms import Entry, RoomReader
from securechat.core.keys import EPOCH_MS, Channel, RoomKeys, RootKeys
from securechat.core.model import (
    GENERAL,
    Appended,
    Asking,
    Draft,
    Feed,
    Glance,
    MessageId,
    Page,
    RoomId,
    User,
    UserId,
)
from securechat.core.ports import Posted, Reached
from securechat.metrics import Metrics
from securechat.sockets.fanout import Fanout
from securechat.sockets.outbox import Outbox, Turn
from securechat.sockets.reader import Reader
from securechat.sockets.subscription import Subscription
from securechat.sockets.underway import UnderWay
from tests.unit.memory import MemoryStore, person

ADA, BOB, EVE = person("ada"), person("bob"), person("eve")
NOW_MS = 1_700_000_000_000


class HeldStore(MemoryStore):
    """A store whose readings can be made to reach their reader late, and are counted."""

    def __init__(self) -> None:
        super().__init__(members={(GENERAL, one.id) for one in (ADA, BOB, EVE)})
        self.gates: dict[str, list[Deferred[None]]] = {}
        self.readings: list[str] = []
        self.fail_at: dict[int, Exception] = {}
        """Which reading from now on (0 is the next) fails how."""

    def hold(self, reading: str) -> Deferred[None]:
        """The next of such a reading reads at once, and its answer waits until this fires."""
        gate: Deferred[None] = Deferred()
        self.gates.setdefault(reading, []).append(gate)
        return gate

    def hold_back(self, reading: str) -> Deferred[None]:
        """The next of such a reading reads only when this fires."""
        return self.hold(f"question {reading}")

    def _read(self, reading: str) -> None:
        self.readings.append(reading)
        failure = self.fail_at.pop(0, None)
        self.fail_at = {number - 1: error for number, error in self.fail_at.items()}
        if failure is not None:
            raise failure

    async def _held(self, reading: str) -> None:
        gates = self.gates.get(reading)
        if gates:
            await gates.pop(0)

    async def after(self, user: UserId, room: RoomId, seq: int, limit: int) -> Page | None:
        self._read("after")
        await self._held("question after")
        page = await super().after(user, room, seq, limit)
        await self._held("after")
        return page

    async def glance(
        self, askings: Mapping[RoomId, Asking], limit: int, most_behind: int
    ) -> Mapping[RoomId, Glance]:
        self._read("glance")
        await self._held("question glance")
        glances = await super().glance(askings, limit, most_behind)
        await self._held("glance")
        return glances

    async def feed(
        self, room: RoomId, seq: int, limit: int, people: Sequence[UserId], kid: str | None = None
    ) -> Feed:
        self._read("feed")
        await self._held("question feed")
        feed = await super().feed(room, seq, limit, people, kid)
        await self._held("feed")
        return feed


class Listener:
    """A connection that remembers which frames it was sent."""

    def __init__(self, turn: Turn, user: User = ADA) -> None:
        self.user_id = user.id
        self.channel = Channel(os.urandom(32), b"", b"")
        self.cut = 0
        self.outbox = Outbox(turn, self, 0, self._cut)  # type: ignore[arg-type]
        self.frames: list[dict[str, Any]] = []
        self.writes: list[bytes] = []
        self.posts = UnderWay()

    async def posts_answered(self) -> None:
        await self.posts.answered()

    def _cut(self) -> None:
        self.cut += 1

    def write(self, data: bytes) -> None:
        self.writes.append(data)
        while data:
            size, start = data[1], 2
            if size == 126:
                size, start = int.from_bytes(data[2:4], "big"), 4
            self.frames.append(json.loads(data[start : start + size]))
            data = data[start + size :]

    @property
    def seen(self) -> list[int | str]:
        """The numbers of events, and the types of all other frames."""
        return [frame.get("seq", frame["type"]) for frame in self.frames]

    @property
    def events(self) -> list[int]:
        """The numbers of events alone."""
        return [frame["seq"] for frame in self.frames if frame["type"] == "event"]


class FanoutCase(TestCase):
    """A fan-out over a store in memory; Ada, Bob and Eve are members of ``general``."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.turn = Turn(self.clock)
        self.store = HeldStore()
        self.room_keys = RoomKeys(RootKeys("db", {1: os.urandom(32)}))
        store: Any = self.store
        self.removed: list[Reader] = []
        self.arrived: list[Reader] = []
        self.changed: list[RoomId] = []
        self.fanout = Fanout(
            RoomReader(store, store, store),
            self.room_keys,
            self.turn,
            Metrics(),
            removed=lambda reader, room: self.removed.append(reader),
            arrived=lambda reader, room: self.arrived.append(reader),
            changed=self.changed.append,
        )
        self.now_ms = NOW_MS

    def store_events(self, count: int = 1, author: User = ADA) -> Posted:
        """So many events by somebody, of which nobody was told."""
        events, keys = [], {}
        self.store.members.add((GENERAL, author.id))
        for _ in range(count):
            mid = MessageId(f"{len(self.store.events[GENERAL]):022}")
            draft = Draft(GENERAL, mid, author.id, self.now_ms, b"{}".ljust(128))
            outcome = self.store._append(draft, self.room_keys)
            assert isinstance(outcome, Appended)
            events.append(outcome.event)
            keys[outcome.key.kid] = outcome.key
        return Posted(tuple(events), keys)

    def post(self, count: int = 1, author: User = ADA) -> None:
        """So many events, told at once."""
        self.fanout.hear(self.store_events(count, author))

    def reached(self, seq: int) -> None:
        """Another daemon's news."""
        self.fanout.hear(Reached(GENERAL, seq))

    def remove(self, user: User, author: User = BOB) -> Posted:
        """Take ``user`` out; the event that says so begins a new epoch."""
        self.store.members.discard((GENERAL, user.id))
        self.now_ms += EPOCH_MS
        return self.store_events(1, author)

    def let_in(self, user: User, author: User = BOB) -> Posted:
        """Let ``user`` (back) in, to read only what follows; the event begins a new epoch."""
        self.store.members.add((GENERAL, user.id))
        self.store.since[GENERAL, user.id] = len(self.store.events[GENERAL])
        self.now_ms += EPOCH_MS
        return self.store_events(1, author)

    def subscribe(self, listener: Listener, cursor: int) -> tuple[Subscription, Deferred[None]]:
        keys = self.store._keys(GENERAL, cursor + 1, len(self.store.events[GENERAL]))
        subscription = self.fanout.subscribe(listener, GENERAL, cursor, keys)
        return subscription, self.caught_up(subscription)

    def come_back(self, listener: Listener, since: int | None) -> Deferred[Entry]:
        """Do what the command ``subscribe`` does; fires when it is entered, with where it is."""
        entered: Deferred[Entry] = Deferred()

        async def coming() -> None:
            entry, view = await self.fanout.enter(listener.user_id, GENERAL, since)
            entered.callback(entry)
            subscription = self.fanout.subscribe(listener, GENERAL, entry.start, entry.keys)
            await self.fanout.catch_up(subscription, view)

        def failed(failure: Failure) -> None:
            self.fanout.unsubscribe(listener, GENERAL)
            if not entered.called:
                entered.errback(failure)

        Deferred.fromCoroutine(coming()).addErrback(failed)
        return entered

    def destroy(self, seq: int, author: User = BOB) -> Posted:
        """Destroy event ``seq``; the event that says so."""
        log = self.store.events[GENERAL]
        log[seq - 1] = replace(log[seq - 1], encrypted_key=b"", ciphertext=b"")
        return self.store_events(1, author)

    def caught_up(self, subscription: Subscription) -> Deferred[None]:
        """Whether the subscription is live now."""
        return Deferred.fromCoroutine(self.fanout.catch_up(subscription))

    def joined(self, user: User = ADA, cursor: int = 0) -> Listener:
        """A reader who has caught up."""
        listener = Listener(self.turn, user)
        self.successResultOf(self.subscribe(listener, cursor)[1])
        return listener

    def settle(self, seconds: float = 0) -> None:
        """Let the turn end."""
        self.clock.advance(seconds)
        self.clock.advance(0)
