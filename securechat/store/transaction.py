"""The cursor that named transactions speak SQL through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from .faults import Fault

Row = tuple[Any, ...]
Item = TypeVar("Item")

MOST_MARKS = 500
"""Values in one ``IN (…)``; SQLite of old takes 999."""


class Dialect(Protocol):
    """All that differs between the databases."""

    name: str
    for_update: str
    """What a SELECT ends with to hold its rows until COMMIT; starts with a space or is empty."""

    def connect(self, *, writes: bool, patient: bool = False) -> Any:
        """A new DB-API connection with its session set up; ``patient`` waits as long as it takes.

        Raises the driver's errors, which ``fault`` understands.
        """

    def begin(self, connection: Any, *, writes: bool) -> None:
        """Start a transaction."""

    def commit(self, connection: Any, *, writes: bool) -> None:
        """End the transaction; with ``writes`` it is durable afterwards."""

    def statement(self, sql: str) -> str:
        """The statement with this driver's placeholders; we write ``?``."""

    def schema(self, sql: str) -> str:
        """The statement of a schema file with this database's types and table options."""

    def fault(self, error: Exception) -> Fault | None:
        """What the driver's ``error`` means to us; None for a mistake in our own program."""


class Transaction:
    """One running transaction: statements with ``?`` placeholders, values beside them.

    Raises Conflict, Contended, Lost or Denied; what is our own mistake comes through unchanged.
    """

    def __init__(self, connection: Any, dialect: Dialect) -> None:
        self._cursor = connection.cursor()
        self._dialect = dialect
        self.for_update = dialect.for_update
        self.dialect_name = dialect.name

    def run(self, sql: str, *values: object) -> int:
        """Execute a statement; how many rows it changed."""
        self._ask(self._cursor.execute, self._dialect.statement(sql), values)
        return int(self._cursor.rowcount)

    def run_each(self, statements: Sequence[str], *values: object) -> None:
        """Execute one statement after the other with the same values."""
        for sql in statements:
            self.run(sql, *values)

    def run_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Insert ``rows``: one statement of many VALUES where the driver can, split by bytes."""
        if rows:
            self._ask(self._cursor.executemany, self._dialect.statement(sql), rows)

    def all(self, sql: str, *values: object) -> list[Row]:
        """Every row of a SELECT."""
        self.run(sql, *values)
        return list(self._ask(self._cursor.fetchall))

    def one(self, sql: str, *values: object) -> Row | None:
        """The first row of a SELECT, or None."""
        rows = self.all(sql, *values)
        return rows[0] if rows else None

    def _ask(self, question: Callable[..., Any], *values: object) -> Any:
        try:
            return question(*values)
        except Exception as error:
            fault = self._dialect.fault(error)
            if fault is None:
                raise
            raise fault from error


def marks(values: Sequence[object]) -> str:
    """As many placeholders as there are values, for ``IN (…)``."""
    return ", ".join("?" * len(values))


def chunks(values: Sequence[Item], size: int = MOST_MARKS) -> Iterator[Sequence[Item]]:
    """``values`` in pieces that one statement can hold."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
