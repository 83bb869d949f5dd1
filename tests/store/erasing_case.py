"""A store case in which people erase: what is left is tried with every key that there is."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap
from twisted.internet.threads import deferToThread

from securechat import inspection
from securechat.chat.erasure import Erasure
from securechat.config import Config
from securechat.core import content, envelope
from securechat.core.encoding import b64url
from securechat.core.erasing import STEP_EVENTS
from securechat.core.errors import Damaged
from securechat.core.keys import RoomKeys
from securechat.core.model import Draft, MessageId, RoomId, StoredEvent, User
from securechat.metrics import Metrics
from securechat.store import Store, log
from tests.store.changing import ChangingCase
from tests.store.sealing import NOW_MS, ROOTS, id_of, numbers
from tests.unit.fakes_ports import HeardBus

CANARY = "a canary that sang"
KEYS = """
    SELECT room_id, epoch, root_id, wrapped, first_seq, created_ms FROM room_keys"""


class ErasingCase(ChangingCase):
    """Really sealed events in a database that has an identity."""

    timeout = 120

    def setUp(self) -> None:
        super().setUp()
        self.keys = RoomKeys(ROOTS)
        self.sealer = self.keys
        self.bus = HeardBus()
        self.metrics = Metrics()
        self.now_ms = NOW_MS
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        self.config = Config(folder, self.settings, folder / "keyring.json")
        keys = {str(number): b64url(key) for number, key in ROOTS.keys.items()}
        keyring = {"version": 1, "database": ROOTS.database_id, "keys": keys}
        self.config.keyring.touch(mode=0o600)
        self.config.keyring.write_text(json.dumps(keyring))
        self.store.ledger.claim(ROOTS.identity())

    def erasure(self, store: Store | None = None) -> Erasure:
        return Erasure(
            (store or self.store).erasures, self.keys, self.bus, lambda: self.now_ms, self.metrics
        )

    async def talk(self, author: User, room: RoomId, count: int, what: str = CANARY) -> None:
        """So many texts, all of which say the same."""
        drafts = [
            Draft(
                room,
                MessageId(id_of(f"{author.id} {room} {what} {number} {self.now_ms}")),
                author.id,
                self.now_ms,
                content.posted("text", what, None),
            )
            for number in range(count)
        ]
        for start in range(0, count, STEP_EVENTS):
            some = drafts[start : start + STEP_EVENTS]
            numbers(await self.store.events.append(some, self.keys))

    async def left(self) -> tuple[list[StoredEvent], list[str]]:
        """Every event that is left, and what any of them says under any key that is left."""
        room_keys = [self.keys.unwrap(log.key_from(row)) for row in await self.sql(KEYS)]
        events = [log.event_from(row) for row in await self.sql(log.EVENT)]
        return events, [
            said for event in events for key in room_keys if (said := opened(event, key))
        ]

    async def canaries(self, what: str = CANARY) -> int:
        """How many of the events that are left still say so."""
        _, said = await self.left()
        return sum(what in one for one in said)

    async def assert_in_order(self) -> list[str]:
        """The integrity check has nothing to say; its summaries."""
        out = io.StringIO()
        status = await deferToThread(inspection.inspect, self.config, out)
        self.assertEqual(status, 0, out.getvalue())
        return out.getvalue().splitlines()

    async def complaints(self) -> list[str]:
        """What the integrity check complains of."""
        out = io.StringIO()
        await deferToThread(inspection.inspect, self.config, out)
        lines: Sequence[str] = out.getvalue().splitlines()[:-1]
        return [line for line in lines if not line.endswith(("in order", "erased", " damaged"))]


def opened(event: StoredEvent, room_key: bytes) -> str:
    """What ``event`` says under ``room_key``, whatever its header claims; empty: it does not."""
    try:
        key = aes_key_unwrap(room_key, event.encrypted_key)
        aad = b64url(event.protected).encode("ascii")
        return envelope.decrypt(key, event.iv, event.ciphertext, event.tag, aad).decode()
    except (InvalidUnwrap, Damaged):
        return ""
