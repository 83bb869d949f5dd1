"""A daemon on MariaDB: the same talk, only envelopes in its tables, and clear refusals."""

from __future__ import annotations

import json
from typing import Any

from securechat.core.keys import RoomKeys
from securechat.core.model import MessageId, RoomId, StoredEvent, StoredKey, UserId
from securechat.keyring import read
from tests.support.client import new_id
from tests.support.daemon import DaemonProcess
from tests.support.senders import history

from .cases import MariaDBCase


class Talking(MariaDBCase):
    async def test_two_people_talk_and_select_shows_only_envelopes(self) -> None:
        name = self.server.fresh_database()
        daemon = self.on(name).start()
        ada, eve = await self.person(daemon, "ada"), await self.person(daemon, "eve")
        mine, theirs = await ada.chat(), await eve.chat()
        await mine.subscribe()
        await theirs.subscribe()
        texts = ["Hello, Eve. 👋🏽", "Grüße, Ada \u202e\x00\n"]
        self.assertEqual((await mine.post(texts[0]))["seq"], 1)
        self.assertEqual(await theirs.read(1), texts[0])
        self.assertEqual((await theirs.post(texts[1]))["seq"], 2)
        self.assertEqual(await mine.read(2), texts[1])
        mid = new_id()
        first = await mine.post("once", mid=mid)
        again = await (await ada.chat()).post("once", mid=mid)
        self.assertEqual((first["seq"], first["duplicate"]), (3, False))
        self.assertEqual((again["seq"], again["duplicate"]), (3, True))

        tables = [row[0] for row in self.server.sql("SHOW TABLES", name)]
        self.assertIn("events", tables)
        for table in tables:
            for row in self.server.sql(f"SELECT * FROM {table}", name):
                shown = repr([bytes(v) if isinstance(v, bytearray) else v for v in row])
                for text in (*texts, "Grüße", "Hello", "once"):
                    self.assertNotIn(text, shown)
                    self.assertNotIn(repr(text.encode())[2:-1], shown)
        self.assertEqual(self.server.sql("SELECT COUNT(*) FROM events", name), [(3,)])

        daemon.stop()
        daemon.start()
        newly = self.stranger(daemon, "eve")
        self.assertEqual(await newly.log_in(), 303)
        entries = await history(await newly.chat())
        self.assertEqual([entry.body for entry in entries], [*texts, "once"])
        self.assertEqual(self.opened_with(daemon, name), [*texts, "once"])

    def opened_with(self, daemon: DaemonProcess, name: str) -> list[str]:
        """What the rows of ``events`` say to whoever has the keyring, and only to them."""
        room_keys = RoomKeys(read(daemon.data_dir / "keyring.json").roots)
        columns = "room_id, epoch, root_id, wrapped, first_seq, created_ms"
        keys: Any = self.server.sql(f"SELECT {columns} FROM room_keys", name)
        [key] = [StoredKey(*row) for row in keys]
        columns = "room_id, seq, mid, author_id, protected, encrypted_key, iv, ciphertext, tag"
        rows: Any = self.server.sql(f"SELECT {columns} FROM events ORDER BY seq", name)
        bodies = []
        for room, seq, mid, author, *parts in rows:
            event = StoredEvent(RoomId(room), seq, MessageId(mid), UserId(author), *parts)
            bodies.append(json.loads(room_keys.open(event, key))["body"])
        return bodies


class Refusing(MariaDBCase):
    async def test_a_server_that_could_lose_messages_is_refused_with_the_line_to_set(self) -> None:
        name = self.server.fresh_database()
        daemon = self.on(name)
        right = "SET GLOBAL innodb_flush_log_at_trx_commit = 1"
        self.addCleanup(self.server.sql, right)
        self.server.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
        for check in ([], ["--check"]):
            answer = daemon.run_to_end(*check)
            self.assert_refused(answer, "  innodb_flush_log_at_trx_commit = 1  ")
        self.assertFalse((daemon.data_dir / "keyring.json").exists())
        self.assertEqual(self.server.sql("SHOW TABLES", name), [])
        self.server.sql(right)
        self.assertEqual(daemon.run_to_end("--check"), (0, "everything is in order\n"))
        self.assertEqual(self.server.sql("SHOW TABLES", name), [])
        self.assertEqual(list(daemon.data_dir.iterdir()), [])

    async def test_a_wrong_password_or_a_missing_database_ends_with_the_grants_to_run(self) -> None:
        password = self.new_folder()
        password.write_text("unguessed\n")
        password.chmod(0o600)
        self.addCleanup(self.server.sql, "DROP USER chat@localhost")
        self.server.sql("CREATE USER chat@localhost IDENTIFIED BY 'right'")
        url = self.server.url_string("absent").replace("root@", "chat@")
        daemon = self.new_daemon("--database", url, "--database-password-file", str(password))
        for check in ([], ["--check"]):
            answer = daemon.run_to_end(*check)
            self.assert_refused(answer, "Access denied", "GRANT SELECT, INSERT", "`absent`.*")
            self.assertNotIn("unguessed", answer[1])
        self.assert_refused(self.on("absent").run_to_end(), "CREATE DATABASE", "`absent`")
        # And the lines that are told are the ones that help.
        password.write_text("right\n")
        self.addCleanup(self.server.drop_database, "absent")
        self.server.sql("CREATE DATABASE absent CHARACTER SET utf8mb4")
        told = daemon.run_to_end()[1]
        grant = "GRANT " + told.split("GRANT ", 1)[1].split(";", 1)[0]
        self.server.sql(grant)
        daemon.start()
        self.assertEqual(await self.stranger(daemon, "ada").register(), 303)
