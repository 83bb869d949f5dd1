"""Rooms with long histories, straight into a fresh SQLite store, and how fast their pages are.

``python -m bench.history FILE REPEATS COUNT…`` fills a room of COUNT events each and prints one
object (JSON): by COUNT the microseconds of each of REPEATS readings of the ``newest`` and of the
``oldest`` page.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from securechat.chat.rooms import PAGE_EVENTS
from securechat.clock import wall_clock
from securechat.core import envelope
from securechat.core.content import posted
from securechat.core.encoding import b64url
from securechat.core.model import (
    Draft,
    MessageId,
    PasswordHash,
    RoomId,
    Session,
    StoredEvent,
    StoredKey,
    User,
    UserId,
    digest_of,
)
from securechat.core.settings import SqliteDatabase
from securechat.store import Store, log
from securechat.store.places import add_room, all_held, enter
from securechat.store.transaction import Transaction

from .load import BODY_BYTES

CHUNK = 5_000
NOBODY_LOGS_IN = PasswordHash(b"$2b$04$" + b"." * 53, 1)


class Filling:
    """A room that fills up with events by its only member, all sealed under one key."""

    def __init__(self, store: Store, room: RoomId, user: UserId) -> None:
        self._store = store
        self.room, self.user = room, user
        self._now_ms = wall_clock()()
        self._key = StoredKey(room, 1, 1, os.urandom(40), 1, self._now_ms)
        text = posted("text", "x" * BODY_BYTES, None)
        self._draft = Draft(room, _mid(), user, self._now_ms, envelope.padded(text))
        # One is sealed, and is the pattern of all: nobody opens them.
        self._sealed = envelope.seal(self._draft, 1, self._key.kid, os.urandom(32))

    async def fill(self, count: int) -> None:
        """Make the room, and ``count`` events in it."""
        await self._store.database.write("bench_room", self._begin)
        for first in range(1, count + 1, CHUNK):
            some = list(self._events(first, min(first + CHUNK - 1, count)))
            await self._store.database.write("bench_events", partial(_insert, some))
        await self._store.database.write(
            "bench_head",
            lambda tx: tx.run("UPDATE rooms SET last_seq = ? WHERE id = ?", count, self.room),
        )

    def _begin(self, tx: Transaction) -> None:
        add_room(tx, self.room, "private", self.room, "", "all", self._now_ms)
        enter(tx, all_held(tx, [self.room])[self.room], self.user, "member", 0, self._now_ms)
        log.insert_keys(tx, [self._key])

    def _events(self, first: int, last: int) -> Iterator[StoredEvent]:
        one = self._sealed
        for seq in range(first, last + 1):
            draft = Draft(self.room, _mid(), self.user, self._now_ms, b"")
            yield StoredEvent(
                room=self.room,
                seq=seq,
                mid=draft.mid,
                author=self.user,
                protected=envelope.header(draft, seq, self._key.kid),
                encrypted_key=one.encrypted_key,
                iv=one.iv,
                ciphertext=one.ciphertext,
                tag=one.tag,
            )


def _insert(events: list[StoredEvent], tx: Transaction) -> None:
    log.insert_events(tx, events)


def _mid() -> MessageId:
    return MessageId(b64url(os.urandom(16)))


async def read_us(store: Store, filling: Filling, before: int, repeats: int) -> list[float]:
    """The microseconds of each reading of a page, to the reader's thread and back."""
    took = []
    for _ in range(repeats):
        began_s = time.perf_counter()
        page = await store.events.before(filling.user, filling.room, before, PAGE_EVENTS)
        took.append((time.perf_counter() - began_s) * 1e6)
        assert page is not None and len(page.events) == PAGE_EVENTS
    return took


async def measure(file: Path, repeats: int, counts: list[int]) -> None:
    """Fill, read, print."""
    store = Store(SqliteDatabase(file))
    store.ledger.prepare()
    store.start()
    try:
        user = User(UserId(b64url(os.urandom(16))), "bench", "Bench", "member")
        now_ms = wall_clock()()
        session = Session(digest_of(b64url(os.urandom(32))), user, now_ms, now_ms)
        await store.accounts.add_user(user, NOBODY_LOGS_IN, session)
        rooms = {count: Filling(store, RoomId(f"bench-{count}"), user.id) for count in counts}
        for count, filling in rooms.items():
            await filling.fill(count)
        said = {}
        for count, filling in rooms.items():
            newest = await read_us(store, filling, count + 1, repeats)
            oldest = await read_us(store, filling, PAGE_EVENTS + 1, repeats)
            said[count] = {"newest": newest, "oldest": oldest}
        print(json.dumps(said))
    finally:
        await store.stop()


def main(reactor: Any, file: str, repeats: str, *counts: str) -> Deferred[None]:
    """Run it under a reactor."""
    work = measure(Path(file), int(repeats), [int(count) for count in counts])
    return Deferred.fromCoroutine(work)


if __name__ == "__main__":
    react(main, sys.argv[1:])
