"""Which database this is, and whether it may be used; implements the port Ledger."""

from __future__ import annotations

import sqlite3
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from ..core.errors import Misconfigured, Unavailable
from ..core.model import Identity
from . import durability, migrations
from .evidence import Evidence
from .faults import Conflict, Contended, Denied, Lost
from .migrations import Migration
from .mysql import Mysql
from .sqlite import FileLock, Sqlite
from .transaction import Transaction

T = TypeVar("T")

META = "SELECT name, value FROM meta WHERE name IN ('database_id', 'key_check')"
SET_META = "INSERT INTO meta (name, value) VALUES (?, ?)"
USED = (
    "SELECT 1 FROM users UNION ALL SELECT 1 FROM events UNION ALL SELECT 1 FROM room_keys LIMIT 1"
)


class Ledger:
    """Blocking, each call on a connection of its own."""

    def __init__(self, dialect: Sqlite | Mysql, lock: FileLock | None) -> None:
        self._dialect = dialect
        self._lock = lock

    def prepare(self, steps: Sequence[Migration] | None = None) -> None:
        """Check the settings that durability needs and run the migrations.

        Keeps every other daemon off an SQLite file from here on. Raises Unavailable where the
        database is away, Misconfigured where it must not be used.
        """
        steps = migrations.known() if steps is None else steps
        newly_locked = self._lock is not None and self._lock.take()
        try:
            # Looked at before anything is changed: another program's file stays as it was.
            with self._connected(writes=False) as connection:
                pending = migrations.pending(Transaction(connection, self._dialect), steps)
            with self._connected() as connection:
                self._check(Transaction(connection, self._dialect))
            if pending:
                with self._connected(patient=True) as connection:
                    migrations.apply(connection, self._dialect, steps)
        except BaseException:
            if self._lock is not None and newly_locked:
                self._lock.release()
            raise

    def examine(self) -> Identity | None:
        """What ``prepare`` would refuse, without changing anything; the identity, if it has one.

        Raises like ``prepare``. A database that no migration has reached yet has no identity.
        """
        with self._connected(writes=False) as connection:
            tx = Transaction(connection, self._dialect)
            if not isinstance(self._dialect, Sqlite):  # whose settings ``prepare`` makes itself
                self._check(tx)
            steps = migrations.known()
            return None if len(migrations.pending(tx, steps)) == len(steps) else _identity(tx)

    def identity(self) -> Identity | None:
        """The identity the database was claimed with; None for a new one."""
        return self._run(_identity)

    def is_unused(self) -> bool:
        """Whether it holds nobody and nothing that was said."""
        return self._run(lambda tx: tx.one(USED) is None)

    def claim(self, identity: Identity) -> None:
        """Give a new database its identity; Misconfigured where it has one or holds people."""

        def work(tx: Transaction) -> None:
            if _identity(tx) is not None:
                raise Misconfigured("The database has an identity already: another keyring's.")
            if tx.one(USED) is not None:
                raise Misconfigured(
                    "The database holds people or messages but no identity: it cannot be given "
                    "to a new keyring. Restore its backup together with its keyring."
                )
            tx.run(SET_META, "database_id", identity.database_id.encode())
            tx.run(SET_META, "key_check", identity.key_check)

        try:
            self._run(work)
        except Conflict as conflict:
            raise Misconfigured("Another daemon has just claimed the database.") from conflict

    @contextmanager
    def evidence(self) -> Iterator[Evidence]:
        """Everything that an audit is shown, for as long as it takes; raises like ``prepare``."""
        with self._connected(writes=False, patient=True) as connection:
            yield Evidence(connection, self._dialect)

    def _check(self, tx: Transaction) -> None:
        if isinstance(self._dialect, Sqlite):
            durability.check_sqlite(tx)
        else:
            durability.check_server(tx)

    def _run(self, work: Callable[[Transaction], T]) -> T:
        with self._connected() as connection:
            self._dialect.begin(connection, writes=True)
            result = work(Transaction(connection, self._dialect))
            self._dialect.commit(connection, writes=True)
            return result

    @contextmanager
    def _connected(self, *, writes: bool = True, patient: bool = False) -> Iterator[Any]:
        connection = None
        try:
            connection = self._dialect.connect(writes=writes, patient=patient)
            yield connection
        except (Misconfigured, Unavailable):
            raise
        except Exception as error:
            raise self._told(error) from error
        finally:
            if connection is not None:
                with suppress(Exception):  # a connection that broke cannot say goodbye
                    connection.close()

    def _told(self, error: Exception) -> Exception:
        """What an operator is told of ``error``; itself where it is our own mistake."""
        fault = error if isinstance(error, _FAULTS) else self._dialect.fault(error)
        if isinstance(fault, Denied):
            return Misconfigured(_denied(self._dialect, fault))
        cause = error.__cause__ if isinstance(error, _FAULTS) else error
        if isinstance(self._dialect, Sqlite):
            sentence = _sqlite_refusal(self._dialect, cause)
        else:
            sentence = _certificate_refusal(self._dialect, cause)
        if sentence is not None:
            return Misconfigured(sentence)
        if isinstance(fault, Lost | Contended):
            return Unavailable(str(fault))
        return fault or error


_FAULTS = (Lost, Contended, Conflict, Denied)


def _identity(tx: Transaction) -> Identity | None:
    facts = {name: bytes(value) for name, value in tx.all(META)}
    if not facts:
        return None
    if len(facts) != 2:
        raise Misconfigured("The database's identity is incomplete: restore it from a backup.")
    return Identity(facts["database_id"].decode("ascii"), facts["key_check"])


def _denied(dialect: Sqlite | Mysql, fault: Denied) -> str:
    if isinstance(dialect, Sqlite):
        return f"The database {dialect.path} may not be used: {fault}."
    settings = dialect.settings
    account = f"'{settings.user}'@'{'localhost' if settings.unix_socket else '<client host>'}'"
    return (
        f"The database server refuses: {fault}. As its administrator run  CREATE DATABASE "
        f"IF NOT EXISTS `{settings.name}` CHARACTER SET utf8mb4;  CREATE USER IF NOT EXISTS "
        f"{account} IDENTIFIED BY '<password>';  GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, "
        f"ALTER, INDEX, REFERENCES ON `{settings.name}`.* TO {account};  and give the password "
        "with --database-password-file."
    )


def _sqlite_refusal(dialect: Sqlite, error: BaseException | None) -> str | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return f"The file {dialect.path} is not an SQLite database: name another with --database."
    if code == sqlite3.SQLITE_CORRUPT:
        return f"The database {dialect.path} is damaged: restore it from a backup."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        return (
            f"The database {dialect.path} cannot be written: give the daemon's user the file and "
            f"the folder {dialect.path.parent}."
        )
    return None


def _certificate_refusal(dialect: Mysql, error: BaseException | None) -> str | None:
    # PyMySQL keeps what the TLS library said beside its own error.
    reason = getattr(error, "original_exception", None)
    if not isinstance(reason, ssl.SSLCertVerificationError):
        return None
    return (
        f"The certificate of the database server {dialect.settings.host} is not to be trusted: "
        f"{reason.verify_message}. Name the file of certificates that it leads to with "
        "--database-ca, and the host by the name in the certificate."
    )
