"""SQLite: one file, one writer, readers that never wait for it."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import sqlite3
from pathlib import Path
from typing import Any

from ..core.errors import Misconfigured
from .faults import Conflict, Contended, Denied, Fault, Lost

BUSY_TIMEOUT_S = 2.0  # two tries stay inside a call's deadline

_CONTENDED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_LOST = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_CONTENT = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH})

# The types of our schema files (see 0001) as SQLite's strict tables know them.
_TEXT = re.compile(r"\b(\w+)\s+CHARS\((\d+)\)")
_BYTES = re.compile(r"\b(\w+)\s+BYTES\((\d+)\)")


def _text(value: bytes) -> str:
    # A damaged row must not hide the sound ones that are read with it.
    return value.decode("utf-8", "replace")


class Sqlite:
    """The dialect of SQLite 3.40 and later."""

    name = "sqlite"
    for_update = ""  # BEGIN IMMEDIATE already holds the whole file

    def __init__(self, path: Path) -> None:
        self.path = path

    def connect(self, *, writes: bool, patient: bool = False) -> sqlite3.Connection:
        """A connection in WAL that waits for the disk at every COMMIT, or one that only reads."""
        connection = sqlite3.connect(
            self.path,
            timeout=60.0 if patient else BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,  # the pool closes it from the reactor's thread
        )
        connection.text_factory = _text
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            if writes:
                connection.execute("PRAGMA journal_mode = WAL")  # stays with the file
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
                # What is deleted is overwritten, not only forgotten.
                connection.execute("PRAGMA secure_delete = ON")
            else:
                connection.execute("PRAGMA query_only = ON")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def begin(self, connection: Any, *, writes: bool) -> None:
        """Writers take the file at once, so that no transaction fails half way for a lock."""
        connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    def commit(self, connection: Any, *, writes: bool) -> None:
        """Returns after fsync of the write-ahead log."""
        connection.execute("COMMIT")

    def statement(self, sql: str) -> str:
        """SQLite's placeholders are ours."""
        return sql

    def schema(self, sql: str) -> str:
        """Our types as strict columns; lengths, which SQLite ignores, become checks."""
        sql = _TEXT.sub(r"\1 TEXT CHECK (length(\1) <= \2)", sql)
        sql = _BYTES.sub(r"\1 BLOB CHECK (length(\1) <= \2)", sql)
        return sql.replace("BIGBYTES", "BLOB").replace("WITH_OPTIONS", "STRICT")

    def fault(self, error: Exception) -> Fault | None:
        """Judged by SQLite's result code, never by the text."""
        if isinstance(error, UnicodeEncodeError | OverflowError):
            return Conflict(str(error))
        code = getattr(error, "sqlite_errorcode", None)
        if not isinstance(error, sqlite3.Error) or code is None:
            return None
        primary = code & 0xFF
        if primary in _CONTENDED:
            return Contended(str(error))
        if primary in _LOST:
            return Lost(str(error))
        if primary in _CONTENT:
            return Conflict(str(error))
        if primary in (sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
            return Denied(str(error))
        return None


class FileLock:
    """Keeps a second daemon off the same SQLite file, through ``<file>.lock``.

    The kernel drops the lock with the process that held it, however that ended.
    """

    def __init__(self, path: Path) -> None:
        self._database = path
        self._path = path.with_name(path.name + ".lock")
        self._held: int | None = None

    def take(self) -> bool:
        """Make folder and file if need be, private to us; whether the lock was not ours before.

        Raises Misconfigured where another daemon has it, or where the file cannot be made.
        """
        if self._held is not None:
            return False
        try:
            self._database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Misconfigured(self._refusal(self._path, error)) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._make_private_file()
        except BlockingIOError:
            os.close(lock)
            raise Misconfigured(
                f"Another daemon is running on {self._database} (it holds {self._path}): "
                "stop it first, or give this one its own --data-dir."
            ) from None
        except OSError as error:
            os.close(lock)
            raise Misconfigured(self._refusal(self._database, error)) from error
        self._held = lock
        return True

    def release(self) -> None:
        """Let others have the file; releasing twice changes nothing."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _make_private_file(self) -> None:
        # Before SQLite does it, so that the file (and the WAL, which inherits its mode) is never
        # readable by others, not even for a moment.
        file = os.open(self._database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(file).st_mode & 0o077:
                os.fchmod(file, 0o600)
        finally:
            # flock, unlike SQLite's own locks, survives closing another descriptor of the file.
            os.close(file)

    def _refusal(self, path: Path, error: OSError) -> str:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"There is no space left for {path}: {error.strerror}."
        return (
            f"The database {path} cannot be made or written ({error.strerror}): give the daemon's "
            f"user the folder {path.parent}, or choose another with --data-dir or --database."
        )
