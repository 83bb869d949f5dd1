"""Threads with one database connection each, and transactions that run there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.enterprise import adbapi

from ..threads import FleetingThread
from .faults import Contended, Lost
from .transaction import Dialect, Transaction

T = TypeVar("T")

RETRY_WITHIN_S = 1.0
"""A connection that broke later than this after the call began has used up the caller's time."""


class Link(adbapi.Connection):
    """A thread's connection: opened at first use, thrown away when it is lost.

    adbapi's own opens before it knows whether anybody still wants the answer, and it logs a
    traceback for each connection that a restarted server leaves behind.
    """

    def __init__(self, pool: Pool) -> None:
        # Any: adbapi's own annotations are incomplete
        self._pool: Any = pool
        self._connection = None

    def open(self) -> Any:
        """The thread's connection, a new one where there is none."""
        self._connection = self._pool.connect()
        return self._connection

    def drop(self) -> None:
        """Forget the thread's connection; the next transaction makes another."""
        if self._connection is not None:
            self._pool.disconnect(self._connection)
            self._connection = None

    def commit(self) -> None:
        """Nothing: ``Pool.transact`` has ended every transaction by then."""

    rollback = commit


class Pool(adbapi.ConnectionPool):
    """An adbapi pool of ``threads`` connections that all write or all only read."""

    connectionFactory = Link

    def __init__(self, dialect: Dialect, *, writes: bool, threads: int, reactor: Any) -> None:
        module = "sqlite3" if dialect.name == "sqlite" else "pymysql"
        adbapi_pool: Any = super()
        adbapi_pool.__init__(
            module,
            cp_min=threads,
            cp_max=threads,
            cp_reconnect=True,
            cp_noisy=False,
            cp_reactor=reactor,
        )
        self._dialect = dialect
        self._writes = writes

    def start(self) -> None:
        """Start the threads.

        adbapi's own asks the reactor to wait for them when it stops, however long they hang.
        """
        if not self.running:
            self.threadpool.threadFactory = FleetingThread
            self.threadpool.start()
            self.running = True

    def connect(self) -> Any:
        """This thread's connection, made by the dialect (which reads the password each time)."""
        thread: int = threading.get_ident()
        if thread not in self.connections:
            self.connections[thread] = self._dialect.connect(writes=self._writes)
        return self.connections[thread]

    def transact(
        self, link: Link, work: Callable[[Transaction], T], still_wanted: Callable[[], bool]
    ) -> T:
        """Run ``work`` in one transaction and COMMIT; blocking, on one of the pool's threads.

        Nothing is begun, and nothing committed, that is no longer wanted: Lost then.

        Tried a second time after a deadlock or lock wait, and after a connection that turned out
        to be dead (the usual end of a pooled connection when the server restarts) before COMMIT
        was sent: what was not committed is rolled back by the server when the connection is gone,
        so nothing can be stored twice. Once COMMIT is on its way the outcome is unknown: Lost,
        with ``committing``, and never a second try. ``work`` must thus change nothing but the
        database.
        """
        began_s = time.monotonic()
        try:
            return self._once(link, work, still_wanted)
        except Contended:
            pass
        except Lost as lost:
            if lost.committing or time.monotonic() - began_s > RETRY_WITHIN_S:
                raise
        return self._once(link, work, still_wanted)

    def _once(
        self, link: Link, work: Callable[[Transaction], T], still_wanted: Callable[[], bool]
    ) -> T:
        _require(still_wanted)
        connection = self._translated(link.open)
        try:
            self._translated(self._dialect.begin, connection, writes=self._writes)
            result = work(Transaction(connection, self._dialect))
            _require(still_wanted)
            self._commit(connection)
        except BaseException:
            self._undo(link, connection)
            raise
        return result

    def _commit(self, connection: Any) -> None:
        try:
            self._translated(self._dialect.commit, connection, writes=self._writes)
        except Lost as lost:
            lost.committing = True
            raise

    def _undo(self, link: Link, connection: Any) -> None:
        # A connection that cannot even roll back is of no use; closing it rolls back as well.
        try:
            connection.rollback()
        except Exception:  # noqa: BLE001 - the error that brought us here is the one to tell
            link.drop()

    def _translated(self, question: Callable[..., Any], *values: Any, **options: Any) -> Any:
        try:
            return question(*values, **options)
        except Exception as error:
            fault = self._dialect.fault(error)
            if fault is None:
                raise
            raise fault from error


def _require(still_wanted: Callable[[], bool]) -> None:
    if not still_wanted():
        raise Lost("the caller has given up")
