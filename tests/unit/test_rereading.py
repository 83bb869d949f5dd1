"""The keyring is read again: taken where it fits the database, else the one before stays."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import deferLater
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import TestCase

from securechat import keyfile, keyring
from securechat.core.errors import Unavailable
from securechat.core.keys import RootKeys
from securechat.core.model import Identity
from securechat.hangup import on_hangup
from securechat.rereading import Rereading
from securechat.roots import LiveRoots

from .fakes_ports import HeardAudit
from .test_keyring import MemoryLedger

OLD = RootKeys("of-this-database", {1: b"1" * 32})
BOTH = OLD.adding(2, b"2" * 32, 0)


class RereadingCase(TestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        keyfile.make(self.path, OLD)
        self.ledger = MemoryLedger(OLD.identity())
        self.roots = LiveRoots(keyring.read(self.path))
        self.forgotten: list[RootKeys] = []
        self.audit = HeardAudit()
        self.rereading = Rereading(
            self.path, self.roots, self.ledger, self.forget, reactor, self.audit
        )
        self.rereading.be_ready()
        self.logged: list[LogEvent] = []
        observer: Any = self.logged.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def forget(self) -> Deferred[None]:
        self.forgotten.append(self.roots.now)
        return succeed(None)

    async def read_again(self) -> str:
        """Read the file, and what the log calls it."""
        self.logged.clear()
        self.rereading.reread()
        while not (told := [e["event"] for e in self.logged if "event" in e]):
            await deferLater(reactor, 0.01)
        return str(told[-1])


class Taken(RereadingCase):
    async def test_a_new_root_key_is_put_in_service_and_used(self) -> None:
        keyfile.replace(self.path, BOTH)
        self.assertEqual(await self.read_again(), "keyring_read")
        self.assertEqual(self.roots.newest, (2, b"2" * 32))
        self.assertEqual(self.ledger.claimed, BOTH.identity())

    async def test_what_is_remembered_goes_before_the_older_keys(self) -> None:
        keyfile.replace(self.path, BOTH.without(1))
        self.ledger.claimed = Identity(OLD.database_id, {**BOTH.identity().checks, 1: b""})
        self.assertEqual(await self.read_again(), "keyring_read")
        self.assertEqual(self.forgotten, [OLD])
        self.assertEqual(list(self.roots.now.keys), [2])

    async def test_whoever_asks_while_it_is_read_is_served_too(self) -> None:
        keyfile.replace(self.path, BOTH)
        for _ in range(5):
            self.rereading.reread()
        self.assertEqual(await self.read_again(), "keyring_read")
        while self.rereading._running:
            await deferLater(reactor, 0.01)
        self.assertEqual(len(self.forgotten), 2)

    async def test_a_hangup_is_a_wish_to_read_and_no_end(self) -> None:
        before = signal.getsignal(signal.SIGHUP)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        on_hangup(reactor, self.rereading.reread)
        keyfile.replace(self.path, BOTH)
        signal.raise_signal(signal.SIGHUP)
        while self.roots.newest[0] != 2:
            await deferLater(reactor, 0.01)

    async def test_what_is_wanted_before_the_database_is_known_is_done_then(self) -> None:
        early = Rereading(self.path, self.roots, self.ledger, self.forget, reactor, self.audit)
        keyfile.replace(self.path, BOTH)
        early.reread()
        await deferLater(reactor, 0.05)
        self.assertEqual(self.roots.newest[0], 1)
        early.be_ready()
        while self.roots.newest[0] != 2:
            await deferLater(reactor, 0.01)

    async def test_no_key_is_logged_or_recorded(self) -> None:
        keyfile.replace(self.path, BOTH)
        await self.read_again()
        self.assertNotIn("2222", repr((self.logged, self.audit.deeds)))
        [read] = self.audit.deeds
        self.assertEqual((read.kind, read.detail), ("keyring_read", (("root_ids", (1, 2)),)))


class Refused(RereadingCase):
    async def refused(self, *words: str) -> None:
        self.assertEqual(await self.read_again(), "keyring_refused")
        self.assertEqual(self.audit.deeds[-1].kind, "keyring_refused")
        for word in words:
            self.assertIn(word, self.logged[-1]["reason"])
        self.assertEqual(self.roots.now, OLD)

    async def test_every_bad_file_leaves_the_keyring_before(self) -> None:
        good = self.path.read_text()
        self.path.write_text("{")
        await self.refused("is not a keyring")
        self.path.write_text(good.replace("of-this-database", "of-another"))
        await self.refused("another database")
        self.path.write_text(good.replace('"1": "', '"2": "'))
        await self.refused("lacks root key 1")
        content = json.loads(good)
        content["keys"]["1"] = "A" * 43
        self.path.write_text(json.dumps(content))
        await self.refused("root key 1 is not the one in use")
        self.path.write_text(good)
        self.path.chmod(0o644)
        await self.refused("chmod 600")
        self.path.unlink()
        await self.refused("cannot be read")

    async def test_one_whose_newest_key_was_retired_is_refused(self) -> None:
        keyfile.replace(self.path, BOTH)
        self.ledger.claimed = Identity(OLD.database_id, {**OLD.identity().checks, 2: b""})
        await self.refused("root key 2", "retired")

    async def test_without_a_database_it_is_refused(self) -> None:
        keyfile.replace(self.path, BOTH)

        def away() -> Identity | None:
            raise Unavailable("the server is away")

        self.patch(self.ledger, "identity", away)
        await self.refused("the server is away")
        self.patch(self.ledger, "identity", OLD.identity)
        self.patch(self.rereading, "_forget", lambda: fail(Unavailable("it went away")))
        await self.refused("it went away")
