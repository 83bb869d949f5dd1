"""People in bulk, straight into the database: nobody waits for a thousand password hashes.

``python -m bench.people DATABASE COUNT ROOMS`` (``sqlite:PATH`` or ``mysql://…``, while no daemon
runs) prints a line a person: the token of a session, and the room of that person. With one room it
is ``general``, else they are made and each person is in the room of their number modulo ROOMS.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from securechat.clock import wall_clock
from securechat.config.sources import Given
from securechat.config.values import database as parse_database
from securechat.core.encoding import b64url
from securechat.core.model import GENERAL, PasswordHash, RoomId, Session, User, UserId, digest_of
from securechat.store import Store
from securechat.store.places import add_room, all_held, enter
from securechat.store.transaction import Transaction

NOBODY_LOGS_IN = PasswordHash(b"$2b$04$" + b"." * 53, 1)
"""The cheapest hash of all."""


async def fill(store: Store, count: int, rooms: int) -> None:
    """Add the people and the rooms, and print who is where."""
    now_ms = wall_clock()()
    names = [RoomId(f"bench-{number:016d}") for number in range(rooms)] if rooms > 1 else [GENERAL]
    people = []
    for number in range(count):
        user = User(
            UserId(b64url(os.urandom(16))), f"bench-{number:06d}", f"Person {number}", "member"
        )
        token = b64url(os.urandom(32))
        session = Session(digest_of(token), user, now_ms, now_ms)
        await store.accounts.add_user(user, NOBODY_LOGS_IN, session)
        people.append((user.id, token, names[number % rooms]))

    def work(tx: Transaction) -> None:
        for name in names:
            add_room(tx, name, "private", name, "", "all", now_ms)
        held = all_held(tx, names)
        for user, _, room in people:
            enter(tx, held[room], user, "member", 0, now_ms)

    if rooms > 1:
        await store.database.write("bench_rooms", work)
    for _, token, room in people:
        print(token, room)


def main(reactor: Any, database: str, count: str, rooms: str) -> Deferred[None]:
    """Open the database, fill it, close it."""

    async def work() -> None:
        store = Store(parse_database(Given((database,), "DATABASE", Path.cwd())))
        store.start()
        try:
            await fill(store, int(count), int(rooms))
        finally:
            await store.stop()

    return Deferred.fromCoroutine(work())


if __name__ == "__main__":
    react(main, sys.argv[1:])
