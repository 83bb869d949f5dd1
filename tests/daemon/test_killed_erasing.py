"""Erasing killed at any moment, on each database."""

from __future__ import annotations

from securechat.core.settings import MysqlDatabase, SqliteDatabase
from tests.support.daemon import NO_PACE, DaemonProcess

from . import erasing_kills_contract
from .cases import MariaDBCase


class KilledOnSqlite(erasing_kills_contract.ErasingKillsContract):
    def on_a_database(self) -> tuple[DaemonProcess, SqliteDatabase]:
        daemon = self.new_daemon(*NO_PACE)
        return daemon, SqliteDatabase(daemon.data_dir / "securechat.sqlite3")


class KilledOnMariaDB(MariaDBCase, erasing_kills_contract.ErasingKillsContract):
    def on_a_database(self) -> tuple[DaemonProcess, MysqlDatabase]:
        name = self.server.fresh_database()
        return self.on(name, *NO_PACE), self.server.url(name)
