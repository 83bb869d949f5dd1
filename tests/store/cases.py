"""The same tests on each database: a case knows how to make a fresh one and open it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from securechat.core.model import GENERAL, Page, RoomId, User
from securechat.core.settings import MysqlDatabase, SqliteDatabase
from securechat.core.trail import Signer
from securechat.store import Store
from securechat.store.trail import Trail
from securechat.store.transaction import Transaction
from tests.support import mariadb

from .sealing import NOW_MS, ROOTS, password, session


class StoreCase(TestCase):
    """What the contract suites use; mixed with one of the two databases below."""

    timeout = 60
    settings: SqliteDatabase | MysqlDatabase

    def fresh_settings(self) -> SqliteDatabase | MysqlDatabase:
        raise NotImplementedError

    def setUp(self) -> None:
        self.settings = self.fresh_settings()
        self.store = self.open()

    def open(self, settings: SqliteDatabase | MysqlDatabase | None = None, **options: Any) -> Store:
        """A running store, closed when the test ends."""
        store = Store(settings or self.settings, trail=Trail(Signer(ROOTS)), **options)
        self.addCleanup(lambda: Deferred.fromCoroutine(store.stop()))
        store.ledger.prepare()
        store.start()
        return store

    async def reopened(self) -> Store:
        """The same database after a restart."""
        await self.store.stop()
        self.store = self.open()
        return self.store

    async def joined(self, *people: User) -> None:
        """Let people register."""
        for user in people:
            await self.store.accounts.add_user(user, password(), session(user))

    async def sql(self, statement: str, *values: object) -> list[Any]:
        """One statement on the writer's connection; its rows."""

        def work(tx: Transaction) -> list[Any]:
            if statement.lstrip().upper().startswith(("SELECT", "EXPLAIN", "PRAGMA")):
                return tx.all(statement, *values)
            tx.run(statement, *values)
            return []

        return await self.store.database.write("test", work)

    async def room(self, room: str, *members: User) -> RoomId:
        """Make a private room with these members."""
        await self.sql(
            "INSERT INTO rooms (id, name, kind, topic, last_seq, revision, members, created_ms)"
            " VALUES (?, ?, 'private', '', 0, 1, 0, ?)",
            room,
            room,
            NOW_MS,
        )
        for user in members:
            await self.enter(RoomId(room), user)
        return RoomId(room)

    async def enter(self, room: RoomId, user: User, since_seq: int = 0) -> None:
        def work(tx: Transaction) -> None:
            tx.run(
                "UPDATE rooms SET revision = revision + 1, members = members + 1 WHERE id = ?", room
            )
            tx.run(
                "INSERT INTO memberships (room_id, user_id, role, read_seq, since_seq, joined_ms)"
                " VALUES (?, ?, 'member', 0, ?, ?)",
                room,
                user.id,
                since_seq,
                NOW_MS,
            )

        await self.store.database.write("enter", work)

    async def leave(self, room: RoomId, user: User) -> None:
        def work(tx: Transaction) -> None:
            tx.run(
                "UPDATE rooms SET revision = revision + 1, members = members - 1 WHERE id = ?", room
            )
            tx.run("DELETE FROM memberships WHERE room_id = ? AND user_id = ?", room, user.id)

        await self.store.database.write("leave", work)

    async def page(self, user: User, room: RoomId = GENERAL, after: int = 0) -> Page:
        """Everything above ``after``, which must be visible to ``user``."""
        page = await self.store.events.after(user.id, room, after, 10_000)
        assert page is not None
        return page

    async def refused(self, kind: type[Exception], question: Callable[[], Any]) -> str:
        """The text of the ``kind`` of error that ``question`` must end with."""
        try:
            await question()
        except kind as error:
            return str(error)
        raise self.failureException(f"no {kind.__name__}")


class SqliteCase(StoreCase):
    """A fresh SQLite file."""

    settings: SqliteDatabase

    def fresh_settings(self) -> SqliteDatabase:
        return SqliteDatabase(Path(self.mktemp()).absolute() / "securechat.db")


class MariaDBCase(StoreCase):
    """A fresh database on the test run's server."""

    skip = mariadb.missing()
    settings: MysqlDatabase
    server: mariadb.MariaDB

    def fresh_settings(self) -> MysqlDatabase:
        self.server = mariadb.shared()
        name = self.server.fresh_database()
        self.addCleanup(self.server.drop_database, name)
        return self.server.url(name)
