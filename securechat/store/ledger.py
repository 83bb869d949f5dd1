"""Which database this is, and whether it may be used; implements the port Ledger."""

from __future__ import annotations

import sqlite3
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from ..core.errors import Misconfigured, Unavailable
from ..core.model import Identity, RootUse, SealedSecret, StoredKey
from ..core.trail import Deed
from . import durability, migrations, roots, rotation
from .evidence import Evidence
from .faults import Conflict, Contended, Denied, Lost
from .migrations import Migration
from .mysql import Mysql
from .sqlite import FileLock, Sqlite
from .trail import Trail
from .transaction import Transaction

T = TypeVar("T")

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
            is_new = len(migrations.pending(tx, steps)) == len(steps)
            return None if is_new else roots.identity(tx)

    def identity(self) -> Identity | None:
        """The identity the database was claimed with; None for a new one."""
        return self._look(roots.identity)

    def is_unused(self) -> bool:
        """Whether it holds nobody and nothing that was said."""
        return self._look(lambda tx: tx.one(USED) is None)

    def claim(self, identity: Identity) -> None:
        """Give a new database its identity; Misconfigured where it has one or holds people."""

        def work(tx: Transaction) -> None:
            if roots.identity(tx) is not None:
                raise Misconfigured("The database has an identity already: another keyring's.")
            if tx.one(USED) is not None:
                raise Misconfigured(
                    "The database holds people or messages but no identity: it cannot be given "
                    "to a new keyring. Restore its backup together with its keyring."
                )
            roots.claim(tx, identity)

        try:
            self._run(work)
        except Conflict as conflict:
            raise Misconfigured("Another daemon has just claimed the database.") from conflict

    def admit(self, identity: Identity) -> None:
        """Take those root keys into service that are not; Misconfigured where others are."""

        def work(tx: Transaction) -> None:
            known = roots.identity(tx) or Identity(identity.database_id, {})
            for root_id, check in identity.checks.items():
                if known.checks.get(root_id, check) != check:
                    raise Misconfigured(
                        f"Another root key {root_id} was made elsewhere: use the keyring with that."
                    )
            roots.admit(tx, known, identity)

        try:
            self._run(work)
        except Conflict:
            self._run(work)  # somebody did the same at this moment, or took the number

    def root_uses(self) -> dict[int, RootUse]:
        """What needs each root key, by its number; what nothing needs is left out."""
        return self._look(rotation.uses)

    def usernames_under(self, root_id: int, limit: int) -> list[str]:
        """Whose passwords need this root key: the first ``limit`` user names."""
        return self._look(lambda tx: rotation.usernames_under(tx, root_id, limit))

    def retire(self, root_id: int, trail: Trail) -> RootUse:
        """Let nothing new be stored under this root key, unless something needs it: then what.

        The audit log says so under the newest root key, whose MACs then vouch for the older ones.
        """

        return self._run(lambda tx: rotation.retire(tx, root_id, trail), patient=True)

    def record(self, trail: Trail, deed: Deed) -> None:
        """Have the audit log say what was done beside it."""
        self._run(lambda tx: trail.record(tx, deed), patient=True)

    def room_keys(self) -> Iterator[list[StoredKey]]:
        """All room keys, a page at a time; one that comes meanwhile may be missed."""
        room, epoch = "", 0
        while page := self._look(partial(rotation.room_keys_after, room=room, epoch=epoch)):
            yield page
            room, epoch = page[-1].room, page[-1].epoch

    def rewrap(self, pairs: Sequence[tuple[StoredKey, StoredKey]]) -> int:
        """Put the second of each pair in the first one's place, where that still stands: in one.

        How many. Waits as long as it takes for a daemon that is writing.
        """
        return self._run(lambda tx: rotation.rewrap(tx, pairs), patient=True)

    def apps(self) -> Iterator[list[SealedSecret]]:
        """All secrets of apps, a page at a time; one that comes meanwhile may be missed."""
        user = ""
        while page := self._look(partial(rotation.apps_after, user=user)):
            yield page
            user = page[-1].user

    def reseal(self, pairs: Sequence[tuple[SealedSecret, SealedSecret]]) -> int:
        """Like ``rewrap``, of the secrets of apps."""
        return self._run(lambda tx: rotation.reseal(tx, pairs), patient=True)

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

    def _look(self, work: Callable[[Transaction], T]) -> T:
        with self._connected(writes=False) as connection:
            return work(Transaction(connection, self._dialect))

    def _run(self, work: Callable[[Transaction], T], *, patient: bool = False) -> T:
        with self._connected(patient=patient) as connection:
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
