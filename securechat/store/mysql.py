"""MariaDB and MySQL through PyMySQL."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any

import pymysql
from pymysql.err import DataError, IntegrityError, InterfaceError, MySQLError, OperationalError

from ..core.credentials import read_password
from ..core.errors import Misconfigured
from ..core.settings import MysqlDatabase
from .faults import Conflict, Contended, Denied, Fault, Lost

CONNECT_TIMEOUT_S = 2
ANSWER_TIMEOUT_S = 4
MIGRATION_TIMEOUT_S = 24 * 3600  # a migration may rewrite a large table; only a dead link ends it
LOCK_TIMEOUT_S = 1  # two tries and what is around them stay inside a call's deadline
SQL_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"

_CONTENDED = frozenset({1205, 1213, 1020})  # lock wait, deadlock, record changed
_DENIED = frozenset({1044, 1045, 1049, 1142, 1143, 1227, 1370, 1698})
_CONTENT = frozenset({1048, 1062, 1153, 1216, 1264, 1265, 1366, 1406, 1452, 3819, 4025})
_LOST = frozenset(
    {
        *(1021, 1114, 1026, 1030, 1034, 1041, 1037),  # full disk or memory, errors of the engine
        *(1290, 1792, 1836, 3100, 4188),  # read-only
        *(1040, 1203, 1226),  # too many connections
        *(
            1053,
            1077,
            1080,
            1152,
            1158,
            1159,
            1160,
            1161,
            1317,
            1927,
            4031,
        ),  # ended or shutting down
        *(1969, 3024),  # the server's own time limits for a statement
    }
)
_CLIENT_ERRORS = range(2000, 2100)  # no connection, or one that broke

_CHARS = re.compile(r"\bCHARS\((\d+)\)")
_BYTES = re.compile(r"\bBYTES\((\d+)\)")


class Mysql:
    """The dialect of MariaDB 10.6 and later, and of MySQL 8."""

    name = "mysql"
    for_update = " FOR UPDATE"

    def __init__(self, settings: MysqlDatabase) -> None:
        self.settings = settings

    def connect(self, *, writes: bool, patient: bool = False) -> Any:
        """A connection whose session is strict, utf8mb4 and READ COMMITTED.

        Readers commit each statement by itself: a SELECT then needs no second round trip. What a
        reader asks in several statements is bounded by numbers it read first, not by a snapshot.
        """
        timeout_s = MIGRATION_TIMEOUT_S if patient else ANSWER_TIMEOUT_S
        connection = pymysql.connect(
            **self._address(),
            user=self.settings.user,
            password=self._password(),
            database=self.settings.name,
            charset="utf8mb4",
            collation="utf8mb4_bin",
            autocommit=not writes,
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=timeout_s,
            write_timeout=timeout_s,
        )
        try:
            cursor = connection.cursor()
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cursor.execute(
                "SET SESSION sql_mode = %s, SESSION innodb_lock_wait_timeout = %s,"
                " SESSION lock_wait_timeout = %s",
                (SQL_MODE, LOCK_TIMEOUT_S, 60 if patient else LOCK_TIMEOUT_S),
            )
        except MySQLError:
            connection.close()
            raise
        return connection

    def begin(self, connection: Any, *, writes: bool) -> None:
        """The first statement begins: no round trip is spent on it."""

    def commit(self, connection: Any, *, writes: bool) -> None:
        """Returns after the redo log (and the binary log, where it is on) is on the disk."""
        if writes:
            connection.commit()

    def statement(self, sql: str) -> str:
        """PyMySQL's placeholder is ``%s``; no statement of ours holds a literal ``?`` or ``%``."""
        return sql.replace("?", "%s")

    def schema(self, sql: str) -> str:
        """Our types with exact comparison, in crash-safe tables."""
        # Not "ascii" for the ids: comparing such a column with other characters is an error (1267).
        sql = _CHARS.sub(r"VARCHAR(\1) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", sql)
        sql = sql.replace("BIGBYTES", "MEDIUMBLOB").replace("INTEGER", "BIGINT")
        sql = _BYTES.sub(r"VARBINARY(\1)", sql)
        return sql.replace(
            "WITH_OPTIONS", "ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )

    def fault(self, error: Exception) -> Fault | None:
        """Judged by the server's error number, never by the text."""
        if isinstance(error, UnicodeEncodeError | IntegrityError | DataError):
            return Conflict(str(error))
        if isinstance(error, InterfaceError | OSError):
            return Lost(str(error) or "the connection is closed")
        if not isinstance(error, MySQLError):
            return None
        number = error.args[0] if error.args else 0
        text = str(error.args[1]) if len(error.args) > 1 else str(error)
        for kind, numbers in _KINDS:
            if number in numbers:
                return kind(f"{text} ({number})")
        if isinstance(error, OperationalError) and number == 0:
            return Lost(text)
        return None

    def _address(self) -> dict[str, Any]:
        settings = self.settings
        if settings.unix_socket is not None:
            return {"unix_socket": str(settings.unix_socket), "ssl_disabled": True}
        address: dict[str, Any] = {"host": settings.host, "port": settings.port}
        if settings.ca is not None or not is_local(settings.host):
            address["ssl"] = _verifying(settings.ca)
        return address

    def _password(self) -> bytes:
        file = self.settings.password_file
        return b"" if file is None else read_password(file)


_KINDS: tuple[tuple[type[Lost | Contended | Conflict | Denied], Any], ...] = (
    (Contended, _CONTENDED),
    (Denied, _DENIED),
    (Conflict, _CONTENT),
    (Lost, _LOST),
    (Lost, _CLIENT_ERRORS),
)


def is_local(host: str) -> bool:
    """Whether bytes to ``host`` never leave this machine."""
    return (
        host in ("localhost", "::1", "[::1]")
        or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
    )


def _verifying(ca: Path | None) -> ssl.SSLContext:
    # Handed over whole: PyMySQL's own defaults encrypt without looking at the certificate.
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"The file of certificates {ca} cannot be used: {error}.") from error
