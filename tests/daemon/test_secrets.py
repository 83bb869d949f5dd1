"""Nothing that people say, and no secret, is found on disk, in logs, or on the command line."""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path
from urllib.parse import urlencode

from securechat.core.encoding import from_b64url
from securechat.keyring import read
from tests.support.canary import found_in, named
from tests.support.client import Person, Socket, new_id
from tests.support.daemon import NO_PACE, DaemonProcess, free_port

from .cases import MariaDBCase, ProcessCase

FULL_NAME = "Ada Canary-Lovelace"
"""May be stored, and must be found: it proves the search."""


def canary(kind: str) -> str:
    """A marked text that nothing else contains, and that escapes and encodings change."""
    return f"{kind}-{os.urandom(9).hex()}-Grüße 👋"


class Canaries(ProcessCase):
    """Two people who say and do a good deal, and everything that they keep secret."""

    is_cold = True

    def setUp(self) -> None:
        self.bodies: list[str] = []
        self.passwords = [canary("password") for _ in range(3)]
        self.tokens: set[str] = set()
        self.keys: set[bytes] = set()

    def body(self) -> str:
        """A new marked message."""
        self.bodies.append(canary("message"))
        return self.bodies[-1]

    async def talk(self, daemon: DaemonProcess) -> None:
        """Register, log in, be refused, talk, misbehave, log out."""
        ada, eve = self.stranger(daemon, "ada"), self.stranger(daemon, "eve")
        self.tokens.add(await ada.csrf("/register"))
        self.tokens |= {*ada.cookies.values()}
        self.assertEqual(await ada.register(self.passwords[0], FULL_NAME), 303)
        self.assertEqual(await eve.register(self.passwords[1]), 303)
        await self.remember(ada)
        await self.remember(eve)
        mine, theirs = await ada.chat(), await eve.chat()
        await mine.subscribe()
        await theirs.subscribe()
        for _ in range(30):
            await mine.post(self.body())
        await theirs.post(self.body() * 500)
        await theirs.event(31)
        await self.misbehave(theirs)
        self.keys |= {*mine.room_keys.values(), *theirs.room_keys.values()}
        self.assertTrue(self.keys)

        again = self.stranger(daemon, "ada")
        self.assertEqual(await again.log_in(self.passwords[2]), 401)
        self.assertEqual(await again.log_in(self.passwords[0]), 303)
        await self.remember(again)
        status, _, _ = await again.request(
            "POST", "/logout", {"Origin": daemon.url}, data={"csrf": await self.page_csrf(again)}
        )
        self.assertEqual(status, 303)

    async def misbehave(self, socket: Socket) -> None:
        """Be refused in every way that leaves the connection open, and in one that ends it."""
        mid = new_id()
        self.assertEqual((await socket.post(self.body(), mid=mid))["type"], "posted")
        socket.tell({"type": "post", "id": mid, "room": "general", "body": self.body()})
        await socket.wait_for(lambda frame: frame.get("code") == "id_conflict")
        self.assertEqual((await socket.post(self.body() * 2_000))["code"], "too_large")
        self.assertEqual((await socket.post(self.body(), room="nowhere"))["type"], "error")
        socket.tell({"type": "post", "id": self.body(), "room": self.body(), "body": self.body()})
        await socket.wait_for(lambda frame: frame.get("code") == "bad_command")
        socket.tell(b'{"type": "post", "body": "' + self.body().encode() + b'", "x": NaN}')
        self.assertEqual(await socket.closed, 4400)

    async def remember(self, person: Person) -> None:
        """The secrets of a session."""
        self.tokens |= {*person.cookies.values(), await self.page_csrf(person)}

    async def page_csrf(self, person: Person) -> str:
        """The token in the chat page, wherever it stands there."""
        _, _, page = await person.request("GET", "/")
        found = re.search(r'csrf"[^>]*?(?:value|content)="([^"]{43})"', page)
        assert found, page
        return found[1]

    def secrets(self, daemon: DaemonProcess) -> dict[str, bytes]:
        """Everything that must be nowhere."""
        roots = read(daemon.data_dir / "keyring.json").roots.keys.values()
        tokens = [token for token in self.tokens if len(token) == 43]
        self.assertGreaterEqual(len(tokens), 6)
        return {
            **named("message", self.bodies),
            **named("password", self.passwords),
            **named("cookie or token", self.tokens),
            **named("token's bytes", [from_b64url(token) for token in tokens]),
            **named("root key", roots),
            **named("room key", self.keys),
        }

    def process(self, daemon: DaemonProcess) -> dict[str, bytes]:
        """What the machine and the log show of the daemon."""
        proc = Path("/proc", str(daemon.pid))
        return {
            "command line": (proc / "cmdline").read_bytes(),
            "environment": (proc / "environ").read_bytes(),
            "log": daemon.log_path.read_bytes(),
        }

    def assert_nowhere(self, places: dict[str, bytes], secrets: dict[str, bytes]) -> None:
        self.assertEqual(found_in(places, secrets), [])

    def assert_proven(self, places: dict[str, bytes]) -> None:
        """The search would have found them: each of these places shows the full name."""
        for place, content in places.items():
            self.assertIn(FULL_NAME.encode(), content, place)


def files(folder: Path, *but: str) -> dict[str, bytes]:
    """The files below ``folder`` with their bytes."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name not in but]
    return {str(path): path.read_bytes() for path in paths}


class InSqlite(Canaries):
    async def test_nothing_secret_is_in_the_file_its_log_or_our_text_log(self) -> None:
        daemon = self.new_daemon(*NO_PACE).start()
        await self.talk(daemon)
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
        person = self.stranger(daemon, "eve")
        self.assertEqual(await person.log_in(self.passwords[1]), 303)
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
