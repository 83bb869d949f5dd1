"""The audit log on each database."""

from __future__ import annotations

from tests.store import trail_contract
from tests.store.cases import MariaDBCase, SqliteCase


class TamperedOnSqlite(trail_contract.TamperedContract, SqliteCase):
    pass


class TamperedOnMariaDB(trail_contract.TamperedContract, MariaDBCase):
    pass


class RecordedOnSqlite(trail_contract.RecordedContract, SqliteCase):
    pass


class RecordedOnMariaDB(trail_contract.RecordedContract, MariaDBCase):
    pass


class TogetherOnSqlite(trail_contract.TogetherContract, SqliteCase):
    pass


class TogetherOnMariaDB(trail_contract.TogetherContract, MariaDBCase):
    pass
