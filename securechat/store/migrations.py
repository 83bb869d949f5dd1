"""The numbered steps that make the tables, each safe to repeat."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ..core.errors import Misconfigured, Unavailable
from .faults import Conflict
from .transaction import Dialect, Transaction

LOCK_WAIT_S = 30

LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    -- 1, 2, 3 …: the number in the schema file's name
    number INTEGER NOT NULL PRIMARY KEY,
    -- the schema file's name
    name CHARS(100) NOT NULL,
    -- when its last statement had run; milliseconds since 1970
    applied_ms INTEGER NOT NULL
) WITH_OPTIONS"""
APPLIED = "SELECT number, name FROM schema_migrations ORDER BY number"
RECORD = "INSERT INTO schema_migrations (number, name, applied_ms) VALUES (?, ?, ?)"
TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "mysql": "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
}
# The name of a lock holds for the whole server and at most 64 characters.
LOCK = "SELECT GET_LOCK(LEFT(CONCAT('securechat:', DATABASE()), 64), ?)"
UNLOCK = "SELECT RELEASE_LOCK(LEFT(CONCAT('securechat:', DATABASE()), 64))"

COLUMN = {
    "sqlite": "SELECT 1 FROM pragma_table_info(?) WHERE name = ?",
    "mysql": (
        "SELECT 1 FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ?"
    ),
}

_COMMENT = re.compile(r"--[^\n]*")
_ADDS_COLUMN = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (\w+) ")


@dataclass(frozen=True, slots=True)
class Migration:
    """One schema file: its number, its name, and its statements in our own types."""

    number: int
    name: str
    statements: tuple[str, ...]


def known() -> tuple[Migration, ...]:
    """Every migration that this version brings, in order."""
    folder = resources.files(__package__) / "schema"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=_name)
    return tuple(
        Migration(int(file.name[:4]), file.name, statements_of(file.read_text(encoding="utf-8")))
        for file in files
    )


def statements_of(text: str) -> tuple[str, ...]:
    """The statements of a schema file, without its comments."""
    parts = re.split(r";[ \t]*(?:\n|$)", _COMMENT.sub("", text))
    return tuple(part.strip() for part in parts if part.strip())


def pending(tx: Transaction, migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    """Those of ``migrations`` that the database has not seen.

    Raises Misconfigured for a database of a newer version or of another program.
    """
    tables = {str(table).lower() for (table,) in tx.all(TABLES[tx.dialect_name])}
    if "schema_migrations" not in tables:
        strangers = sorted(table for table in tables if not table.startswith("sqlite_"))
        if strangers:
            raise Misconfigured(
                f"The database holds tables of another program ({', '.join(strangers[:3])} …): "
                "give SecureChat a database of its own."
            )
        return tuple(migrations)
    return _unseen(tx.all(APPLIED), migrations)


def _unseen(applied: Sequence[Any], migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    if len(applied) > len(migrations):
        raise Misconfigured(
            f"The database was prepared by a newer SecureChat (schema {applied[-1][0]}, this "
            f"version knows {len(migrations)}): install that version again, or restore a backup."
        )
    for (number, name), migration in zip(applied, migrations, strict=False):
        if (number, name) != (migration.number, migration.name):
            raise Misconfigured(
                f"The database was prepared in another way: step {number} is {name}, "
                f"this version's step {migration.number} is {migration.name}."
            )
    return tuple(migrations[len(applied) :])


def apply(connection: Any, dialect: Dialect, migrations: Sequence[Migration]) -> None:
    """Bring the database up to date; nobody else can do so at the same time.

    SQLite takes all steps in one transaction. MariaDB commits every CREATE at once, so a step that
    was broken off is run again from its beginning.
    """
    tx = Transaction(connection, dialect)
    if dialect.name == "sqlite":
        tx.run("BEGIN EXCLUSIVE")
    else:
        taken = tx.one(LOCK, LOCK_WAIT_S)
        if taken is None or taken[0] != 1:
            raise Unavailable("another daemon is preparing the database")
    try:
        _apply_locked(tx, dialect, migrations)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        if dialect.name != "sqlite":
            tx.one(UNLOCK)


def _apply_locked(tx: Transaction, dialect: Dialect, migrations: Sequence[Migration]) -> None:
    # Asked again under the lock: whoever held it before us may have done everything.
    steps = pending(tx, migrations)
    tx.run(dialect.schema(_COMMENT.sub("", LEDGER)))
    for step in steps:
        for number, statement in enumerate(step.statements, start=1):
            if _is_there(tx, statement):
                continue
            try:
                tx.run(dialect.schema(statement))
            except Conflict as conflict:
                raise Misconfigured(
                    f"Step {step.name}, statement {number}, does not fit what is in the database: "
                    f"{conflict}"
                ) from conflict
        tx.run(RECORD, step.number, step.name, int(time.time() * 1000))


def _is_there(tx: Transaction, statement: str) -> bool:
    """Whether this adds a column that an attempt which was broken off has added already."""
    adds = _ADDS_COLUMN.match(statement)
    return adds is not None and tx.one(COLUMN[tx.dialect_name], adds[1], adds[2]) is not None


def _name(file: Any) -> str:
    return str(file.name)
