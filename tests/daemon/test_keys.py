"""Root keys are made, exchanged and removed while people chat, and whatever is killed meanwhile."""

from __future__ import annotations

import io
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from securechat import inspection, keyfile, rotation
from securechat.config import Config
from securechat.core import content
from securechat.core.encoding import b64url
from securechat.core.keys import EPOCH_MS, RoomKeys, RootKeys
from securechat.core.model import GENERAL, Draft, MessageId, UserId
from securechat.core.settings import SqliteDatabase
from securechat.roots import LOOK_AGAIN_S
from securechat.store import Store
from tests.faults.client import Client, Visitor
from tests.support.daemon import NO_PACE, ROOT, DaemonProcess
from tests.support.senders import faults, history

from .several import SeveralCase, SteadyClient
from .test_administration import CommandLineCase

KILLS = 20
EPOCHS = 2_000
READ = "the keyring was read again"
REFUSED = "the keyring is not taken"

LATER = """
import sys
from twisted.internet import reactor
from securechat import inspection, rotation
from securechat.__main__ import main
print("ready", flush=True)
sys.exit(main(sys.argv[1:]))
"""
"""The command line as it is, which says when it begins: what is imported is not to be killed."""


def keyring_of(daemon: DaemonProcess) -> Path:
    """The daemon's own keyring file."""
    return daemon.data_dir / "keyring.json"


class KeysCase(CommandLineCase):
    async def keys(self, daemon: DaemonProcess, *words: str) -> str:
        return await self.done(daemon, "keys", *words)

    async def hang_up(self, *daemons: DaemonProcess, told: str = READ) -> None:
        """SIGHUP, and until the log says what came of it."""
        goals = [(daemon, daemon.log().count(told) + 1) for daemon in daemons]
        for daemon in daemons:
            os.kill(daemon.pid, signal.SIGHUP)
        await self.until(lambda: all(one.log().count(told) >= goal for one, goal in goals))

    async def newcomer(self, daemon: DaemonProcess, name: str) -> Visitor:
        visitor = Visitor(daemon.url, name)
        self.addCleanup(lambda: Deferred.fromCoroutine(visitor.leave()))
        self.assertEqual(await visitor.register(), 303)
        return visitor

    async def chatting(self, visitors: Sequence[Visitor]) -> list[Client]:
        """They post and listen from now on."""
        clients = [SteadyClient(one, random.Random(n)) for n, one in enumerate(visitors)]
        for client in clients:
            self.addCleanup(self.end, client)
            client.start()
        await self.more(clients)
        return list(clients)

    def end(self, client: Client) -> Deferred[None]:
        return Deferred.fromCoroutine(client.stop())

    async def more(self, clients: Sequence[Client], posts: int = 15) -> None:
        """Until each has so many posts more acknowledged."""
        goals = [(client, client.acknowledged + posts) for client in clients]
        await self.until(lambda: all(one.acknowledged >= goal for one, goal in goals), 60)

    async def hold_against_history(self, clients: Sequence[Client]) -> None:
        """Nobody was disconnected, told to wait, or lost anything; everything opens."""
        for client in clients:
            client.posting = False
        await self.until(lambda: all(client.is_settled for client in clients), 60)
        entries = await history(await clients[0].person.chat())
        newest = entries[-1].seq
        await self.until(lambda: all(one.sender.stream.newest == newest for one in clients))
        for client in clients:
            self.assertEqual((client.reconnects, client.refusals), (0, 0))
            await client.stop()
        own = {client.sender.user for client in clients}
        self.assertEqual(
            faults(entries, [client.sender for client in clients]),
            [f"stranger: {one} is nobody's" for one in entries if one.author not in own],
        )

    async def log_in_again(self, visitors: Sequence[Visitor]) -> None:
        """Everybody's password takes the newest pepper."""
        for visitor in visitors:
            again = self.stranger_like(visitor)
            self.assertEqual(await again.log_in(), 303)

    def stranger_like(self, visitor: Visitor) -> Visitor:
        again = Visitor(visitor.url, visitor.username)
        self.addCleanup(lambda: Deferred.fromCoroutine(again.leave()))
        return again


class WhilePeopleChat(KeysCase):
    async def test_a_root_key_is_replaced_and_nobody_notices(self) -> None:
        daemon = self.new_daemon(*NO_PACE).start()
        visitors = [await self.newcomer(daemon, name) for name in ("ada", "eve", "lin")]
        clients = await self.chatting(visitors)
        old = keyfile.read(keyring_of(daemon)).keys[1]
        for step in (("rotate",), (), ("rewrap",), ("verify",)):
            if step:
                await self.keys(daemon, *step)
            else:
                await self.hang_up(daemon)
            await self.more(clients)
        status, _, errors = await self.command(daemon, "keys", "retire", "1")
        self.assertEqual(status, 1)
        self.assertIn("3 passwords to move when their owners log in (ada, eve, lin)", errors)
        await self.log_in_again(visitors)
        self.assertIn("nothing needs it", await self.keys(daemon, "status"))
        await self.keys(daemon, "retire", "1")
        await self.more(clients)
        await self.hang_up(daemon)
        await self.more(clients)
        await self.hold_against_history(clients)

        self.assertEqual(list(keyfile.read(keyring_of(daemon)).keys), [2])
        self.assertNotIn(b64url(old), keyring_of(daemon).read_text())
        await self.keys(daemon, "verify")
        await self.done(daemon, "fsck")
        # What begins from now on needs nothing of the old one.
        newcomer = await (await self.person(daemon, "kim")).chat()
        room = await newcomer.create_room()
        await newcomer.post("under the new key", room)
        await deferToThread(daemon.stop)
        daemon.start()
        self.assertEqual(await self.stranger_like(visitors[0]).log_in(), 303)
        await history(await visitors[0].chat())
        self.assertNotIn("Traceback", daemon.log())
        for key in (old, keyfile.read(keyring_of(daemon)).keys[2]):
            self.assertNotIn(b64url(key), daemon.log())

    async def test_a_form_that_was_open_meanwhile_is_taken(self) -> None:
        daemon = self.new_daemon().start()
        ada = self.stranger(daemon, "ada")
        csrf = await ada.csrf("/register")
        await self.keys(daemon, "rotate")
        await self.hang_up(daemon)
        fields = {"fullname": "Ada", "username": "ada", "password": "a long secret of hers"}
        fields |= {"confirm": fields["password"], "csrf": csrf}
        status = (await ada.request("POST", "/register", {"Origin": daemon.url}, data=fields))[0]
        self.assertEqual(status, 303)
        self.assertIn("root key 2: made", await self.keys(daemon, "status"))

    async def test_a_bad_keyring_is_refused_and_the_one_before_stays(self) -> None:
        daemon = self.new_daemon().start()
        socket = await (await self.person(daemon, "ada")).chat()
        await socket.post("before")
        path, good = keyring_of(daemon), keyring_of(daemon).read_text()
        for bad in ("{", good.replace('"1": "', '"7": "')):
            path.write_text(bad)
            await self.hang_up(daemon, told=REFUSED)
        path.unlink()
        await self.hang_up(daemon, told=REFUSED)
        path.touch(0o600)
        path.write_text(good)
        path.chmod(0o640)
        await self.hang_up(daemon, told=REFUSED)
        await socket.subscribe()
        await socket.post("after")
        self.assertEqual(await socket.read(2), "after")
        path.chmod(0o600)
        await self.hang_up(daemon)

    async def test_a_daemon_that_was_not_told_finds_the_new_key_by_itself(self) -> None:
        daemon = self.new_daemon().start()
        await (await (await self.person(daemon, "ada")).chat()).post("before")
        await deferToThread(daemon.stop)
        # It has opened nothing yet when everything moves on.
        daemon.start()
        for step in ("rotate", "rewrap"):
            await self.keys(daemon, step)
        eve = await (await self.person(daemon, "eve")).chat()
        await eve.subscribe()
        self.assertEqual(await eve.read(1), "before")
        await self.until(lambda: READ in daemon.log())


class OnACredential(KeysCase):
    async def test_the_keyring_may_be_a_credential_of_systemd(self) -> None:
        daemon = self.new_daemon().start()
        await deferToThread(daemon.stop)
        folder = daemon.folder / "credentials"
        folder.mkdir(0o700)
        origin, credential = keyring_of(daemon), folder / "securechat-keyring"
        shutil.copy(origin, credential)
        origin.rename(daemon.folder / "keyring.json")
        credential.chmod(0o440)
        daemon.environ["CREDENTIALS_DIRECTORY"] = str(folder)
        daemon.start()
        await self.person(daemon, "ada")
        self.assertFalse(origin.exists())
        # The command has its file by name, as an operator has it.
        named = ("--keyring", str(daemon.folder / "keyring.json"), "keys")
        for step in ("rotate", "rewrap", "verify"):
            self.assertEqual((await self.command(daemon, *named, step))[0], 0)


class OnSeveralDaemons(SeveralCase, KeysCase):
    """Each has a keyring file of its own, as on machines of their own."""

    async def test_distributed_told_rewrapped_and_retired_nobody_notices(self) -> None:
        name = self.server.fresh_database()
        for number in range(2):
            daemon = self.on(name, *NO_PACE, "--bus", self.redis.url)
            if number:
                daemon.data_dir.mkdir(0o700)
                shutil.copy2(keyring_of(self.daemons[0]), keyring_of(daemon))
            self.daemons.append(daemon)
            first = self.daemons[0]
            daemon.options += ("--public-url", f"http://localhost:{first.port}")
            daemon.start()
        first, second = self.daemons
        visitors = [
            await self.visitor(name, n % 2) for n, name in enumerate(("ada", "eve", "lin", "kim"))
        ]
        clients = self.clients(visitors, SteadyClient)
        await self.more(clients)

        await self.keys(first, "rotate")
        self.distribute()
        await self.hang_up(first, second)
        await self.more(clients)
        await self.keys(second, "rewrap")
        await self.more(clients)
        await self.log_in_again(visitors)
        await self.keys(first, "retire", "1")
        # Known as retired before every daemon has heard of it.
        await self.more(clients)
        self.distribute()
        await self.hang_up(first, second)
        await self.more(clients)
        await self.hold_against_history(clients)
        for daemon in self.daemons:
            self.assertEqual(list(keyfile.read(keyring_of(daemon)).keys), [2])
            await self.keys(daemon, "verify")
            self.assertNotIn("Traceback", daemon.log())
        await self.done(first, "fsck")

    async def test_a_daemon_that_hears_of_a_rotation_last_reads_its_file_by_itself(self) -> None:
        name = self.server.fresh_database()
        first = self.on(name, *NO_PACE).start()
        second = self.on(name, *NO_PACE, "--public-url", f"http://localhost:{first.port}")
        second.data_dir.mkdir(0o700)
        shutil.copy2(keyring_of(first), keyring_of(second))
        second.start()
        self.daemons += [first, second]
        ada = await self.visitor("ada", 0)
        here = await ada.chat()
        self.move(ada, 1)
        there = await ada.chat()
        await self.keys(first, "rotate")
        await self.hang_up(first)
        room = await here.create_room("new")
        await here.post("sealed under the second", room)
        # Its file is not there yet: for later, not damaged for good.
        answer = await there.post("too early", room)
        self.assertEqual((answer["type"], answer.get("code")), ("error", "unavailable"))
        self.distribute()
        await deferLater(reactor, LOOK_AGAIN_S)
        posted = await there.post("in time", room)
        self.assertEqual(posted["type"], "posted")
        await there.subscribe(room)
        self.assertEqual(await there.read(posted["seq"], room), "in time")
        await self.until(lambda: READ in second.log())

    def distribute(self) -> None:
        """The first machine's keyring becomes the others'."""
        newest = keyfile.read(keyring_of(self.daemons[0]))
        for daemon in self.daemons[1:]:
            keyfile.replace(keyring_of(daemon), newest)


class Killed(KeysCase):
    """kill -9 at any moment: what should open opens, what should be gone is gone."""

    timeout = 400
    daemon: DaemonProcess
    config: Config

    async def old_chat(self, epochs: int) -> list[Client]:
        """A room with an epoch for every message, as after years, and somebody who chats in it."""
        self.daemon = self.new_daemon(*NO_PACE).start()
        folder = self.daemon.data_dir
        database = SqliteDatabase(folder / "securechat.sqlite3")
        self.config = Config(folder, database, folder / "keyring.json")
        visitors = [await self.newcomer(self.daemon, name) for name in ("ada", "old")]
        user = (await visitors[1].chat()).user_id
        await deferToThread(self.daemon.stop)
        store = Store(database)
        store.start()
        room_keys = RoomKeys(self.roots)
        for start in range(0, epochs, 250):
            drafts = [draft(UserId(user), number) for number in range(start, start + 250)]
            await store.events.append(drafts, room_keys)
        await store.stop()
        self.daemon.start()
        return await self.chatting(visitors[:1])

    @property
    def roots(self) -> RootKeys:
        return keyfile.read(self.config.keyring)

    async def here(self, command: str, root_id: int | None = None) -> None:
        """The command to its end, in this process."""
        out = io.StringIO()
        status = await deferToThread(rotation.run, self.config, command, root_id, out)
        self.assertEqual(status, 0, out.getvalue())

    async def killed(self, chance: random.Random, within_s: float, *words: str) -> bool:
        """Kill the command at a random moment; whether that came before its end."""
        begun = await deferToThread(self.begin, *words)
        await deferToThread(time.sleep, chance.uniform(0, within_s))
        begun.kill()
        await deferToThread(begun.communicate)
        return begun.returncode == -signal.SIGKILL

    async def seconds_of(self, *words: str) -> float:
        """How long the command takes, without its imports."""
        begun = await deferToThread(self.begin, *words)
        began_s = time.monotonic()
        await deferToThread(begun.communicate)
        self.assertEqual(begun.returncode, 0)
        return time.monotonic() - began_s

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        folder = self.daemon.data_dir
        begun = subprocess.Popen(
            [sys.executable, "-c", LATER, "--data-dir", str(folder), "keys", *words],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            cwd=self.daemon.folder,
            stdout=subprocess.PIPE,
        )
        assert begun.stdout is not None
        self.assertEqual(begun.stdout.readline(), b"ready\n")
        return begun

    async def assert_all_opens(self) -> None:
        await self.here("verify")
        out = io.StringIO()
        status = await deferToThread(inspection.inspect, self.config, out)
        self.assertEqual(status, 0, out.getvalue())

    async def assert_only_the_newest_is_left(self, clients: Sequence[Client]) -> None:
        """Whatever was killed ends when it is run again, and then nothing old opens anything."""
        await self.here("rewrap")
        await self.log_in_again([self.stranger_named(name) for name in ("ada", "old")])
        for root_id in sorted(self.roots.keys)[:-1]:
            await self.here("retire", root_id)
        await self.hang_up(self.daemon)
        await self.more(clients)
        await self.assert_all_opens()
        await self.hold_against_history(clients)
        newest = self.roots.newest_id
        self.assertEqual(list(self.roots.keys), [newest])
        self.assertEqual(list(Store(self.config.database).ledger.root_uses()), [newest])
        self.assertEqual(list(self.config.data_dir.glob(".keyring*")), [])

    def stranger_named(self, name: str) -> Visitor:
        return Visitor(self.daemon.url, name)

    async def test_a_rewrapping_killed_anywhere_loses_nothing_and_goes_on(self) -> None:
        clients = await self.old_chat(EPOCHS)
        await self.here("rotate")
        await self.hang_up(self.daemon)
        whole_s = await self.seconds_of("rewrap")
        halves, chance = 0, random.Random(7)
        for _ in range(KILLS):
            await self.here("rotate")
            await self.hang_up(self.daemon)
            await self.killed(chance, whole_s, "rewrap")
            uses = await deferToThread(Store(self.config.database).ledger.root_uses)
            halves += sum(use.room_keys > 1 for use in uses.values()) > 1
            await self.assert_all_opens()
        self.assertGreaterEqual(halves, KILLS // 4)
        await self.assert_only_the_newest_is_left(clients)

    async def test_a_rotation_or_a_retirement_killed_anywhere_is_finished_by_the_next(self) -> None:
        clients = await self.old_chat(250)
        rotate_s = await self.seconds_of("rotate")
        await self.here("rotate")
        retire_s = await self.seconds_of("retire", "2")
        hits, chance = 0, random.Random(8)
        for _ in range(KILLS):
            unused = self.roots.newest_id
            hits += await self.killed(chance, rotate_s, "rotate")
            await self.hang_up(self.daemon)
            await self.assert_all_opens()
            await self.here("rotate")
            hits += await self.killed(chance, retire_s, "retire", str(unused))
            await self.hang_up(self.daemon)
            await self.assert_all_opens()
            await self.here("retire", unused)
            self.assertNotIn(unused, self.roots.keys)
            await self.hang_up(self.daemon)
        self.assertGreaterEqual(hits, KILLS // 2)
        await self.assert_only_the_newest_is_left(clients)


def draft(author: UserId, number: int) -> Draft:
    """What somebody said on one of the days of long ago."""
    mid = MessageId(b64url(number.to_bytes(16, "big")))
    plaintext = content.posted("text", f"on day {number}", None)
    return Draft(GENERAL, mid, author, 10**12 + number * EPOCH_MS, plaintext)
