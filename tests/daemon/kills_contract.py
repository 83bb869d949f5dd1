"""``keys`` is killed at any moment while people chat: what is promised on each database."""

from __future__ import annotations

import io
import random
import signal
import subprocess
import time
from collections.abc import Sequence

from twisted.internet.threads import deferToThread

from securechat import inspection, keyfile, rotation
from securechat.config import Config
from securechat.core import content
from securechat.core.encoding import b64url
from securechat.core.keys import EPOCH_MS, RoomKeys, RootKeys
from securechat.core.model import GENERAL, Draft, MessageId, UserId
from securechat.core.settings import MysqlDatabase, SqliteDatabase
from securechat.store import Store
from tests.faults.client import Client, Visitor
from tests.support.daemon import DaemonProcess
from tests.support.kills import KILLS
from tests.support.later import begin

from .keys_case import KeysCase

EPOCHS = 2_000


class KillsContract(KeysCase):
    """kill -9 at any moment: what should open opens, what should be gone is gone."""

    timeout = 400
    daemon: DaemonProcess
    config: Config

    def on_a_database(self) -> tuple[DaemonProcess, SqliteDatabase | MysqlDatabase]:
        """A daemon that is not started yet, and where its database is."""
        raise NotImplementedError

    async def old_chat(self, epochs: int) -> list[Client]:
        """A room with an epoch for every message, as after years, and somebody who chats in it."""
        self.daemon, database = self.on_a_database()
        folder = self.daemon.start().data_dir
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
        return begin(self.daemon, "keys", *words)

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
