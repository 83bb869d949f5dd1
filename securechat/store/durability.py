"""The settings without which an acknowledged message could be lost."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..core.errors import Misconfigured
from .transaction import Transaction

MIN_SQLITE = (3, 40)
MIN_MARIADB = (10, 6)
MIN_MYSQL = (8, 0)
MIN_PACKET_BYTES = 4 * 1024 * 1024  # the longest statement is 1 MB and one sealed message

SERVER = """
    SELECT VERSION(), @@default_storage_engine, @@GLOBAL.innodb_flush_log_at_trx_commit,
        @@GLOBAL.log_bin, @@GLOBAL.sync_binlog, @@SESSION.binlog_format,
        @@GLOBAL.max_allowed_packet, @@SESSION.sql_mode,
        @@character_set_client, @@character_set_connection, @@character_set_results"""
ISOLATION = {
    "mariadb": "SELECT @@SESSION.tx_isolation",
    "mysql": "SELECT @@SESSION.transaction_isolation",
}
STRANGE_ENGINES = """
    SELECT table_name, engine FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND engine <> 'InnoDB'"""


def check_sqlite(tx: Transaction) -> None:
    """Misconfigured where SQLite did not take what we asked of it."""
    [(version,)] = tx.all("SELECT sqlite_version()")
    if _version(version) < MIN_SQLITE:
        raise Misconfigured(f"SQLite is {version}, but 3.40 or later is needed.")
    [(mode,)] = tx.all("PRAGMA journal_mode")
    if mode != "wal":
        raise Misconfigured(
            f"SQLite's journal_mode is {mode}, not wal: the file must lie on a local disk "
            "(network and shared folders cannot do this)."
        )
    [(synchronous,)] = tx.all("PRAGMA synchronous")
    if synchronous != 2:
        raise Misconfigured(f"SQLite's synchronous is {synchronous}, not 2 (FULL).")


def check_server(tx: Transaction) -> None:
    """Misconfigured, with the line to set, for the first setting of the server that is wrong."""
    [row] = tx.all(SERVER)
    version, engine, flush, log_bin, sync_binlog, binlog_format, packet, mode, *charsets = row
    _check_version(str(version))
    _expect("default_storage_engine", str(engine), ["InnoDB"], "default_storage_engine = InnoDB")
    _expect("innodb_flush_log_at_trx_commit", flush, [1], "innodb_flush_log_at_trx_commit = 1")
    if log_bin:
        _expect("sync_binlog", sync_binlog, [1], "sync_binlog = 1")
        # InnoDB cannot write at READ COMMITTED into a log of statements.
        _expect("binlog_format", binlog_format, ["ROW", "MIXED"], "binlog_format = ROW")
    if packet < MIN_PACKET_BYTES:
        raise Misconfigured(_sentence("max_allowed_packet", packet, "max_allowed_packet = 16M"))
    if "STRICT_ALL_TABLES" not in str(mode).split(","):
        raise Misconfigured(_sentence("sql_mode", mode, "sql_mode = STRICT_ALL_TABLES"))
    for name, charset in zip(("client", "connection", "results"), charsets, strict=True):
        _expect(f"character_set_{name}", charset, ["utf8mb4"], "character_set_server = utf8mb4")
    flavour = "mariadb" if "mariadb" in str(version).lower() else "mysql"
    [(isolation,)] = tx.all(ISOLATION[flavour])
    _expect("tx_isolation", isolation, ["READ-COMMITTED"], "transaction_isolation = READ-COMMITTED")
    for table, kind in tx.all(STRANGE_ENGINES):
        raise Misconfigured(
            f"The table {table} is kept by {kind}, which is not crash-safe: run  "
            f"ALTER TABLE {table} ENGINE = InnoDB"
        )


def _check_version(version: str) -> None:
    is_mariadb = "mariadb" in version.lower()
    least = MIN_MARIADB if is_mariadb else MIN_MYSQL
    if _version(version) < least:
        name = "MariaDB" if is_mariadb else "MySQL"
        raise Misconfigured(
            f"The database server is {name} {version}, but "
            f"{'.'.join(map(str, least))} or later is needed."
        )


def _expect(name: str, value: object, right: Sequence[object], line: str) -> None:
    if value not in right:
        raise Misconfigured(_sentence(name, value, line))


def _sentence(name: str, value: object, line: str) -> str:
    return (
        f"The database server's {name} is {value}: acknowledged messages would not be safe. "
        f"Put the line  {line}  under [mysqld] in its configuration and restart it."
    )


def _version(text: str) -> tuple[int, ...]:
    numbers = re.match(r"(\d+)\.(\d+)", text)
    return (0, 0) if numbers is None else (int(numbers[1]), int(numbers[2]))
