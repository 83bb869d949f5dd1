"""Erasing is killed at any moment: what is promised of a room, a person and what is old."""

from __future__ import annotations

import io
import random
import signal
import subprocess
import time
from collections.abc import Iterable

from twisted.internet.threads import deferToThread

from securechat import inspection, keyfile
from securechat.chat.erasure import ERASE_EVERY_S
from securechat.config import Config
from securechat.core import commands as c
from securechat.core import content
from securechat.core.encoding import b64url
from securechat.core.erasing import STEP_EVENTS
from securechat.core.keys import RoomKeys
from securechat.core.model import Draft, MessageId, RoomId, User, UserId
from securechat.core.settings import MysqlDatabase, SqliteDatabase
from securechat.store import Store, log
from tests.store.erasing_case import KEYS, opened
from tests.store.sealing import password, person, session
from tests.support.daemon import DaemonProcess
from tests.support.kills import KILLS
from tests.support.later import begin

from .cases import ProcessCase

ROOMS = KILLS
TEXTS = 2 * STEP_EVENTS + 100
LONG_AGO_MS = 1_500_000_000_000
GONE, STAYS = "a canary that sang", "a robin that stays"

RESTS, ERASED = "erasing rests", "texts are erased"


def now_ms() -> int:
    """By this machine's clock, as the daemon's."""
    return int(time.time() * 1_000)


class ErasingKillsContract(ProcessCase):
    """kill -9 at any moment: it goes on, what should be gone is gone, what should open opens."""

    timeout = 500
    daemon: DaemonProcess
    config: Config

    def on_a_database(self) -> tuple[DaemonProcess, SqliteDatabase | MysqlDatabase]:
        """A daemon that is not started yet, and where its database is."""
        raise NotImplementedError

    async def prepared(self) -> None:
        """A database with its identity, and nobody in it."""
        self.daemon, database = self.on_a_database()
        folder = self.daemon.start().data_dir
        self.config = Config(folder, database, folder / "keyring.json")
        await deferToThread(self.daemon.stop)
        self.keys = RoomKeys(keyfile.read(self.config.keyring))
        self._mids = 0

    def mid(self) -> MessageId:
        self._mids += 1
        return MessageId(b64url(self._mids.to_bytes(16, "big")))

    async def with_store(self, store: Store, people: Iterable[User], rooms: int) -> list[RoomId]:
        """The people, who all are in so many rooms of the first one."""
        first, *others = people
        for one in (first, *others):
            await store.accounts.add_user(one, password(), session(one))
        made = []
        for _ in range(rooms):
            mid = self.mid()
            room = RoomId(mid)
            make = c.CreateRoom("c", "private", "Club", "", "all", ())
            await store.changes.create(first.id, make, room, mid, LONG_AGO_MS, self.keys)
            for one in others:
                add = c.AddMember("c", room, one.id)
                await store.changes.change(first.id, add, self.mid(), LONG_AGO_MS, self.keys)
            made.append(room)
        return made

    async def talk(
        self, store: Store, author: UserId, room: RoomId, what: str, count: int, time_ms: int
    ) -> None:
        plaintext = content.posted("text", what, None)
        drafts = [Draft(room, self.mid(), author, time_ms, plaintext) for _ in range(count)]
        for start in range(0, count, 250):
            await store.events.append(drafts[start : start + 250], self.keys)

    def store(self) -> Store:
        store = Store(self.config.database)
        store.database.start()
        return store

    async def left(self) -> tuple[int, int, int]:
        """How many of what is left say what is gone, and what stays; how many erasures go on."""
        store = self.store()
        try:
            keys = await store.database.read("keys", lambda tx: tx.all(KEYS))
            events = await store.database.read("events", lambda tx: tx.all(log.EVENT))
            under_way = len(await store.erasures.under_way())
        finally:
            await store.database.stop()
        unwrapped = [self.keys.unwrap(log.key_from(row)) for row in keys]
        by_room: dict[str, list[bytes]] = {}
        for row, key in zip(keys, unwrapped, strict=True):
            by_room.setdefault(row[0], []).append(key)
        gone = stays = 0
        for event in map(log.event_from, events):
            # Of an erased room no key is left: there every key that is left is tried.
            for key in by_room.get(event.room, unwrapped):
                said = opened(event, key)
                gone, stays = gone + (GONE in said), stays + (STAYS in said)
        return gone, stays, under_way

    async def assert_in_order(self) -> None:
        out = io.StringIO()
        status = await deferToThread(inspection.inspect, self.config, out)
        self.assertEqual(status, 0, out.getvalue())

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        return begin(self.daemon, "admin", *words)

    async def killed(self, after_s: float, *words: str) -> bool:
        """Kill the command after so long; whether that came before its end."""
        begun = await deferToThread(self.begin, *words)
        await deferToThread(time.sleep, after_s)
        begun.kill()
        await deferToThread(begun.communicate)
        return begun.returncode == -signal.SIGKILL

    async def lived(self, steps: int | None, after_s: float = 0.0) -> None:
        """A daemon's life that is killed so long after so many steps; None: when all was done."""
        log = self.daemon.log()
        rests, erased = log.count(RESTS) + 1, log.count(ERASED)
        goal = None if steps is None else erased + steps
        await deferToThread(self.daemon.spawn)
        await deferToThread(self._watch, rests, goal)
        await deferToThread(time.sleep, after_s)
        await deferToThread(self.daemon.kill)

    def _watch(self, rests: int, erased: int | None) -> None:
        """Return when the log has so many lines that say so."""
        deadline = time.monotonic() + 60
        while (log := self.daemon.log()).count(RESTS) < rests:
            if erased is not None and log.count(ERASED) >= erased:
                return
            self.assertLess(time.monotonic(), deadline, log[-2_000:])

    async def test_erasing_a_room_is_done_or_not_begun_and_goes_on(self) -> None:
        await self.prepared()
        store = self.store()
        rooms = await self.with_store(store, [person("ada")], ROOMS + 2)
        for room in rooms:
            await self.talk(store, person("ada").id, room, GONE, TEXTS, LONG_AGO_MS)
        await store.database.stop()
        begun = await deferToThread(self.begin, "erase-room", rooms[0])
        whole_s = -time.monotonic()
        await deferToThread(begun.communicate)
        whole_s += time.monotonic()
        chance, hits, erased = random.Random(11), 0, 1
        for room in rooms[1 : KILLS + 1]:
            hits += await self.killed(chance.uniform(0, whole_s), "erase-room", room)
            gone, _, _ = await self.left()
            erased = len(rooms) - gone // TEXTS
            # Whole rooms only: one that is begun opens nowhere any more.
            self.assertEqual(gone % TEXTS, 0)
            await self.assert_in_order()
        self.assertGreaterEqual(hits, KILLS // 4)
        self.assertGreater(erased, KILLS // 20)
        await self.lived(None)
        gone, _, under_way = await self.left()
        self.assertEqual((gone, under_way), ((len(rooms) - erased) * TEXTS, 0))
        await self.assert_in_order()

    async def test_erasing_a_person_goes_on_until_nothing_of_theirs_is_left(self) -> None:
        await self.prepared()
        store = self.store()
        people = [person("ada"), person("eve")]
        rooms = await self.with_store(store, people, ROOMS)
        for room in rooms:
            await self.talk(store, people[1].id, room, GONE, TEXTS, LONG_AGO_MS)
            await self.talk(store, people[0].id, room, STAYS, 20, LONG_AGO_MS)
        await store.erasures.erase_person(people[1].id, True, now_ms())
        await store.database.stop()
        await self.gone_on(stay=20 * len(rooms))

    async def test_what_is_old_goes_step_by_step_and_what_is_young_stays(self) -> None:
        await self.prepared()
        store = self.store()
        rooms = await self.with_store(store, [person("ada")], ROOMS)
        for room in rooms:
            await self.talk(store, person("ada").id, room, GONE, TEXTS, LONG_AGO_MS)
            await self.talk(store, person("ada").id, room, STAYS, 20, now_ms())
            keep = c.SetRetention("c", room, 30)
            await store.changes.change(person("ada").id, keep, self.mid(), now_ms(), self.keys)
        await store.database.stop()
        await self.gone_on(stay=20 * len(rooms))

    async def gone_on(self, stay: int) -> None:
        """Whatever is under way is killed KILLS times; then it comes to its end."""
        self.assertGreater(ERASE_EVERY_S, 600, "the daemon would begin again by itself")
        chance, before = random.Random(12), ROOMS * TEXTS
        halves = 0
        for _ in range(KILLS):
            await self.lived(1 + chance.randrange(2), chance.uniform(0, 0.01))
            gone, stays, _ = await self.left()
            self.assertLessEqual(gone, before)
            self.assertEqual(stays, stay)
            halves += 0 < gone < before
            before = gone
            await self.assert_in_order()
        self.assertGreaterEqual(halves, KILLS // 4)
        await self.lived(None)
        self.assertEqual(await self.left(), (0, stay, 0))
        await self.assert_in_order()
