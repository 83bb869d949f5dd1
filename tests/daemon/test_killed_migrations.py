"""A daemon killed at each stage while it brings a database of the first version up to date."""

from __future__ import annotations

import io
import json
import signal
import sys
from typing import Any

from twisted.internet.threads import deferToThread

from securechat import inspection
from securechat.config import Config
from securechat.core import content
from securechat.core.encoding import b64url
from securechat.core.keys import RoomKeys
from securechat.core.model import GENERAL, Draft, MessageId
from securechat.core.settings import MysqlDatabase, SqliteDatabase
from securechat.store import Store, log, migrations, people
from securechat.store.transaction import Transaction
from tests.store.sealing import NOW_MS, ROOTS, id_of, person
from tests.support.daemon import DaemonProcess
from tests.support.kills import KILLS

from .cases import MariaDBCase, ProcessCase

TEXTS = 200
ANN = person("ann")
ALL = [one.number for one in migrations.known()]


class KilledMigrations(ProcessCase):
    """On SQLite, where all steps are one transaction."""

    timeout = 400

    def on_a_database(self) -> tuple[DaemonProcess, SqliteDatabase | MysqlDatabase]:
        """A daemon that was never started, and where its database is."""
        daemon = self.new_daemon()
        return daemon, SqliteDatabase(daemon.data_dir / "securechat.sqlite3")

    async def first_version(self) -> tuple[DaemonProcess, Config]:
        """A database as the first version left it, with people who talked."""
        daemon, database = self.on_a_database()
        config = Config(daemon.data_dir, database, daemon.data_dir / "keyring.json")
        daemon.data_dir.mkdir(mode=0o700, parents=True)
        keys = {str(number): b64url(key) for number, key in ROOTS.keys.items()}
        config.keyring.touch(mode=0o600)
        config.keyring.write_text(
            json.dumps({"version": 1, "database": ROOTS.database_id, "keys": keys})
        )
        store = Store(database)
        store.ledger.prepare(migrations.known()[:1])
        store.ledger.claim(ROOTS.identity())
        await store.stop()
        written(config, fill)
        return daemon, config

    async def assert_all_opens(self, config: Config) -> None:
        out = io.StringIO()
        status = await deferToThread(inspection.inspect, config, out)
        self.assertEqual(status, 0, out.getvalue())
        self.assertIn(f"general: {TEXTS} events, 1 members, in order", out.getvalue())
        self.assertEqual(written(config, applied), ALL)

    async def test_it_is_taken_up_again_and_everything_opens(self) -> None:
        # Of each step its statements and its record; before them the table of steps.
        statements = 1 + sum(len(step.statements) + 1 for step in migrations.known()[1:])
        for kill in range(KILLS):
            daemon, config = await self.first_version()
            whole = daemon.program
            at = 1 + kill * statements // KILLS
            daemon.program = (sys.executable, "-m", "tests.support.breaking", str(at))
            await deferToThread(daemon.spawn)
            self.assertEqual(await deferToThread(daemon.wait_for_end), -signal.SIGKILL)
            self.assertNotEqual(written(config, applied), ALL)
            daemon.program = whole
            await deferToThread(daemon.start)
            # However short it was ready, the audit log has a beginning.
            await deferToThread(daemon.kill)
            await self.assert_all_opens(config)


class KilledMigrationsOnMariaDB(MariaDBCase, KilledMigrations):
    """On MariaDB, which commits each statement by itself."""

    def on_a_database(self) -> tuple[DaemonProcess, MysqlDatabase]:
        name = self.server.fresh_database()
        self.addCleanup(self.server.drop_database, name)
        return self.on(name), self.server.url(name)


def written(config: Config, work: Any) -> Any:
    """What ``work`` finds or writes in a transaction of its own; blocking."""
    dialect: Any = Store(config.database).database.dialect
    connection = dialect.connect(writes=True)
    try:
        dialect.begin(connection, writes=True)
        found = work(Transaction(connection, dialect))
        dialect.commit(connection, writes=True)
    finally:
        connection.close()
    return found


def applied(tx: Transaction) -> list[int]:
    """The numbers of the steps that are recorded."""
    return [number for number, _ in tx.all(migrations.APPLIED)]


def fill(tx: Transaction) -> None:
    """Ann, and what she said in general, under real seals."""
    keys = RoomKeys(ROOTS)
    tx.run(people.ADD_USER, ANN.id, ANN.username, ANN.full_name, ANN.role, b"x", 1, NOW_MS)
    tx.run(
        "INSERT INTO memberships (room_id, user_id, role, read_seq, since_seq, joined_ms)"
        " VALUES ('general', ?, 'member', 0, 0, ?)",
        ANN.id,
        NOW_MS,
    )
    tx.run("UPDATE rooms SET last_seq = ?, members = 1 WHERE id = 'general'", TEXTS)
    key = keys.new_key(GENERAL, 1, 1, NOW_MS)
    log.insert_keys(tx, [key])
    plaintext = content.posted("text", "words of old", None)
    events = []
    for seq in range(1, TEXTS + 1):
        one = Draft(GENERAL, MessageId(id_of(f"old {seq}")), ANN.id, NOW_MS, plaintext)
        events.append(keys.seal(one, seq, key))
    log.insert_events(tx, events)
