"""A thousand random bits, flipped in every column of event rows: each one is noticed."""

from __future__ import annotations

import contextlib
import io
import json
import random
import shutil
import sqlite3
import time
from pathlib import Path

from twisted.internet.threads import deferToThread

from securechat import inspection
from securechat.chat.rooms import RoomReader
from securechat.config import Config
from securechat.core.encoding import b64url
from securechat.core.errors import Damaged
from securechat.core.keys import RoomKeys
from securechat.core.model import GENERAL, Page, StoredEvent
from securechat.core.settings import SqliteDatabase
from securechat.store import Store
from tests.store.cases import SqliteCase
from tests.store.sealing import ROOTS, person
from tests.store.wellfed import Talk

ANN = person("ann")
EVENTS = 2_000
FLIPS = 1_000
WHOLE = set(range(1, EVENTS + 1))
TEXTS = ("room_id", "mid", "author_id")
COLUMNS = (*TEXTS, "seq", "protected", "encrypted_key", "iv", "ciphertext", "tag")


class Flips(SqliteCase):
    """Each column in a copy of its own, one bit in every second row or so."""

    timeout = 300

    async def test_every_flipped_bit_is_noticed_by_who_reads_and_by_the_check(self) -> None:
        seed = time.time_ns() % 2**32
        print(f"bits flipped with seed {seed}")
        chance = random.Random(seed)
        await self.filled()
        for column in COLUMNS:
            damaged = self.copied(column)
            flipped = flip_some(damaged, column, chance)
            self.assertEqual(len(flipped), FLIPS)
            said = f"{column}, seed {seed}"
            self.assertEqual(await self.read(damaged), WHOLE - flipped, said)
            self.assertEqual(await self.inspected(damaged), flipped, said)

    async def test_what_nobody_touched_is_read_and_in_order(self) -> None:
        await self.filled()
        whole = self.copied("whole")
        self.assertEqual(await self.read(whole), WHOLE)
        self.assertEqual(await self.inspected(whole), set())

    async def filled(self) -> None:
        self.store.ledger.claim(ROOTS.identity())
        await self.joined(ANN)
        await Talk(self.store).texts(ANN, EVENTS)
        await self.store.stop()

    def copied(self, name: str) -> Path:
        path = self.settings.path.with_name(f"{name}.db")
        shutil.copyfile(self.settings.path, path)
        path.chmod(0o600)
        return path

    async def read(self, path: Path) -> set[int]:
        """The numbers that a member who reads everything can open; every place must be shown."""
        store = Store(SqliteDatabase(path))
        store.start()
        try:
            reader = RoomReader(store.accounts, store.rooms, store.events)
            keys, opened, seq = RoomKeys(ROOTS), set(), 0
            while seq < EVENTS:
                page = await reader.after(ANN.id, GENERAL, seq)
                self.assertEqual(page.events[0].seq, seq + 1)
                opened |= {event.seq for event in page.events if opens(keys, event, page)}
                seq = page.events[-1].seq
            return opened
        finally:
            await store.stop()

    async def inspected(self, path: Path) -> set[int]:
        """The numbers of ``general`` that the check names."""
        keyring = path.with_name("keyring.json")
        keyring.touch(mode=0o600)
        keys = {str(number): b64url(key) for number, key in ROOTS.keys.items()}
        content = {"version": 1, "database": ROOTS.database_id, "keys": keys}
        keyring.write_text(json.dumps(content))
        out = io.StringIO()
        config = Config(path.parent, SqliteDatabase(path), keyring)
        status = await deferToThread(inspection.inspect, config, out)
        named: set[int] = set()
        for line in out.getvalue().splitlines():
            room, _, numbers = line.partition(":")[0].partition(" ")
            if room == GENERAL and numbers:
                first, _, last = numbers.lstrip("-").partition("-")
                named |= set(range(int(first), min(int(last or first), EVENTS) + 1))
        self.assertEqual(status, 1 if named else 0)
        # A row may have moved to number 0: the check names that place too, which is no event's.
        return named & WHOLE


def opens(keys: RoomKeys, event: StoredEvent, page: Page) -> bool:
    """Whether a reader of ``page`` gets a text out of ``event``."""
    try:
        return any(keys.open(event, key) for key in page.keys)
    except Damaged:
        return False


def flip_some(path: Path, column: str, chance: random.Random) -> set[int]:
    """Flip one random bit of ``column`` in FLIPS rows; the numbers that the rows had."""
    flipped = set()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.text_factory = bytes
        database.execute("BEGIN")
        for seq in chance.sample(sorted(WHOLE), FLIPS):
            [[rowid, value]] = database.execute(
                f"SELECT rowid, {column} FROM events WHERE rowid = ?", (seq,)
            )
            while not flip(database, column, rowid, value, chance):
                pass  # two rows in one place: the database itself refuses
            flipped.add(seq)
        database.execute("COMMIT")
    return flipped


def flip(
    database: sqlite3.Connection, column: str, rowid: int, value: object, chance: random.Random
) -> bool:
    """Whether the table holds the row with one bit of ``value`` flipped."""
    if isinstance(value, int):
        bit = chance.randrange(64)
        flipped: object = int.from_bytes(
            ((value & 2**64 - 1) ^ 1 << bit).to_bytes(8, "big"), "big", signed=True
        )
    else:
        assert isinstance(value, bytes)
        changed = bytearray(value)
        bit = chance.randrange(len(changed) * 8)
        changed[bit // 8] ^= 1 << bit % 8
        flipped = bytes(changed)
    as_text = "CAST(? AS TEXT)" if column in TEXTS else "?"
    try:
        database.execute(
            f"UPDATE events SET {column} = {as_text} WHERE rowid = ?", (flipped, rowid)
        )
    except sqlite3.IntegrityError:
        return False
    return True
