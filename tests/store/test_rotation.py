"""Root keys on each database."""

from __future__ import annotations

from tests.store import rotation_contract
from tests.store.cases import MariaDBCase, SqliteCase


class InServiceOnSqlite(rotation_contract.InServiceContract, SqliteCase):
    pass


class InServiceOnMariaDB(rotation_contract.InServiceContract, MariaDBCase):
    pass


class CommandsOnSqlite(rotation_contract.CommandsContract, SqliteCase):
    pass


class CommandsOnMariaDB(rotation_contract.CommandsContract, MariaDBCase):
    pass
