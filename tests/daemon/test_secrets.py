"""Nothing that people say, and no secret, is found on disk, in logs, or on the command line."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import urlencode

from tests.support.canary import found_in, named
from tests.support.client import Person
from tests.support.daemon import NO_PACE, DaemonProcess, free_port

from .canaries_case import Canaries, canary, files
from .cases import MariaDBCase, ProcessCase


class InSqlite(Canaries):
    async def test_nothing_secret_is_in_the_file_its_log_or_our_text_log(self) -> None:
        daemon = self.new_daemon(*NO_PACE).start()
        await self.talk(daemon)
        await self.day(daemon)
        secrets = self.secrets(daemon)
        self.assert_nowhere(self.process(daemon), secrets)
        database = daemon.data_dir / "securechat.sqlite3"
        wal = database.with_name(database.name + "-wal")
        self.assert_proven({"wal": wal.read_bytes()})
        self.assert_nowhere(files(daemon.data_dir, "keyring.json"), secrets)
        daemon.kill()
        daemon.start().stop()
        self.assert_proven({"database": database.read_bytes()})
        self.assert_nowhere(files(daemon.data_dir, "keyring.json"), secrets)
        self.assert_nowhere({"log": daemon.log_path.read_bytes()}, secrets)


class InMariaDB(MariaDBCase, Canaries):
    server_options = ("--log-bin=binlog", "--sync-binlog=1", "--binlog-format=ROW")

    def setUp(self) -> None:
        MariaDBCase.setUp(self)
        Canaries.setUp(self)

    async def test_nothing_secret_is_in_tables_dumps_redo_and_binary_logs_or_our_json(self) -> None:
        name = self.server.fresh_database()
        password = canary("database-password")
        file = self.new_folder()
        file.write_text(f"{password}\n")
        file.chmod(0o600)
        self.server.sql(f"CREATE USER chat@localhost IDENTIFIED BY '{password}'")
        self.server.sql(f"GRANT ALL ON {name}.* TO chat@localhost")
        url = self.server.url_string(name).replace("root@", "chat@")
        port = free_port()
        daemon = self.new_daemon(
            *("--database", url, "--database-password-file", str(file)),
            *("--log-format", "json", *NO_PACE),
            *("--metrics-listen", f"tcp:{port}:interface=127.0.0.1"),
        ).start()
        await self.talk(daemon)
        await self.day(daemon)
        await self.talk_without_database(daemon)
        secrets = self.secrets(daemon)
        self.assert_nowhere(self.process(daemon), secrets | named("database's", [password]))
        _, _, metrics = await Person(f"http://127.0.0.1:{port}", "").request("GET", "/metrics")
        self.assertIn("securechat_messages_posted", metrics)
        self.assert_nowhere({"metrics": metrics.encode()}, secrets)

        dumps = {
            "dump": self.server.dump(name),
            "hex dump": self.server.dump(name, "--hex-blob"),
        }
        self.assert_proven(dumps)
        self.assert_nowhere(dumps, secrets)
        self.server.stop()
        stored = files(self.server.datadir)
        self.assert_proven({p: c for p, c in stored.items() if re.search(r"/users\.ibd$", p)})
        binlogs = {path: content for path, content in stored.items() if "/binlog.0" in path}
        self.assert_proven({"binlogs": b"".join(binlogs.values())})
        redo = [content for path, content in stored.items() if "ib_logfile" in path]
        self.assert_proven({"redo log": b"".join(redo)})
        self.assert_nowhere(stored, secrets)

    async def talk_without_database(self, daemon: DaemonProcess) -> None:
        """What cannot be stored is not written down either."""
        person = self.stranger(daemon, "ada")
        self.assertEqual(await person.log_in(self.passwords[0]), 303)
        await self.remember(person)
        socket = await person.chat()
        self.server.kill()
        self.assertEqual((await socket.post(self.body()))["code"], "unavailable")
        self.server.start()


class TheSearch(ProcessCase):
    def test_every_disguise_is_found_wherever_it_lies(self) -> None:
        secret = canary("secret")
        for shift in range(4):
            text = "x" * shift + secret + "y" * shift
            for place in (
                text.encode(),
                text.encode("utf-16-le"),
                text.encode().hex().encode(),
                base64.b64encode(text.encode()),
                base64.urlsafe_b64encode(text.encode()).rstrip(b"="),
                json.dumps({"body": text}).encode(),
                urlencode({"body": text}).encode(),
                repr([text]).encode(),
                repr([text.encode()]).encode(),
            ):
                self.assertTrue(found_in({"place": place}, {"it": secret.encode()}), place)
        self.assertEqual(found_in({"place": text.encode()}, named("other", [canary("secret")])), [])
