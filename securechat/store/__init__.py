"""The store: SQLite or MariaDB behind all ports of the core that reach a database."""

from __future__ import annotations

from typing import Any

from ..core.settings import MysqlDatabase, SqliteDatabase
from .accounts import Accounts
from .administration import Administration
from .changes import Changes
from .database import DEADLINE_S, Database
from .erasing import Erasures
from .events import Events
from .factors import Factors
from .ledger import Ledger
from .mysql import Mysql
from .own_account import OwnAccount
from .rooms import Rooms
from .sqlite import FileLock, Sqlite
from .trail import AuditLog, Trail
from .transaction import Transaction

__all__ = ["Store"]


class Store:
    """One database: blocking ``ledger`` first, then ``start``, then everything else, then ``stop``.

    Nothing is touched before ``ledger.prepare()`` or ``start()``. ``deadline_s`` is the longest
    that any call takes before it raises Unavailable.
    """

    def __init__(
        self,
        settings: SqliteDatabase | MysqlDatabase,
        reactor: Any = None,
        *,
        deadline_s: float = DEADLINE_S,
        trail: Trail | None = None,
    ) -> None:
        """Without a ``trail`` nothing is recorded in the audit log: for those who only look."""
        if reactor is None:
            from twisted.internet import reactor
        self._lock: FileLock | None = None
        dialect: Sqlite | Mysql
        if isinstance(settings, SqliteDatabase):
            self._lock = FileLock(settings.path)
            dialect = Sqlite(settings.path)
        else:
            dialect = Mysql(settings)
        trail = trail or Trail(None)
        self.database = Database(dialect, reactor, deadline_s)
        self.ledger = Ledger(dialect, self._lock)
        self.accounts = Accounts(self.database, trail)
        self.administration = Administration(self.database, trail)
        self.own_account = OwnAccount(self.database, trail)
        self.factors = Factors(self.database, trail)
        self.rooms = Rooms(self.database)
        self.changes = Changes(self.database, trail)
        self.erasures = Erasures(self.database, trail)
        self.events = Events(self.database)
        self.audit = AuditLog(self.database, trail)

    def start(self) -> None:
        """Start the threads; Misconfigured where another daemon holds the SQLite file."""
        if self._lock is not None:
            self._lock.take()
        self.database.start()

    async def stop(self) -> None:
        """Let what is running end, close every connection, let others have the SQLite file."""
        await self.database.stop()
        if self._lock is not None:
            self._lock.release()

    async def ping(self) -> None:
        """Ask the database for a sign of life; raises Unavailable."""
        await self.database.read("ping", _sign_of_life)


def _sign_of_life(tx: Transaction) -> None:
    tx.one("SELECT 1")
