"""What was acknowledged is kept: through kill -9, SIGTERM, lost databases, backups."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from tests.support.daemon import NO_PACE, DaemonProcess
from tests.support.senders import Sender, faults, history

from .cases import MariaDBCase, ProcessCase, contents

ROUNDS = 4
AT_ONCE = 250


class KeepingCase(ProcessCase):
    """Three people who post as fast as they can, on SQLite."""

    daemon: DaemonProcess
    senders: list[Sender]

    def database(self) -> tuple[str, ...]:
        """The options that name the database."""
        return ()

    async def start(self) -> None:
        """Start the daemon and let three people register."""
        self.daemon = self.new_daemon(*NO_PACE, *self.database()).start()
        names = ("ada", "eve", "kim")
        self.senders = [Sender(await self.person(self.daemon, name)) for name in names]

    async def connect(self) -> None:
        """A new socket for everybody."""
        for sender in self.senders:
            await sender.connect()

    def acknowledged(self) -> int:
        """How many posts are acknowledged."""
        return sum(sender.tally() for sender in self.senders)

    def is_quiet(self) -> bool:
        """Whether every post is acknowledged."""
        return self.acknowledged() == sum(len(sender.invoked) for sender in self.senders)

    async def post_until(self, condition: Callable[[], object]) -> None:
        """Post in small bursts, a commit for each or so, until ``condition`` holds."""
        while not condition():
            for sender in self.senders:
                sender.post(random.randrange(8))
            await deferLater(reactor, 0.001)

    async def all_closed(self) -> list[int | None]:
        """Wait until every socket is closed; the codes."""
        codes = []
        for sender in self.senders:
            assert sender.socket is not None
            codes.append(await sender.socket.closed)
            sender.tally()
        return codes

    async def settle(self) -> None:
        """Send again what has no answer until everything has one."""
        await self.connect()
        for sender in self.senders:
            sender.resend(sender.unknown())
        await self.until(self.is_quiet)

    async def assert_kept(self, at_least: int) -> None:
        """History, as somebody finds it who logs in again, is what the senders were promised."""
        person = self.stranger(self.daemon, "ada")
        self.assertEqual(await person.log_in(), 303)
        entries = await history(await person.chat())
        self.assertEqual(faults(entries, self.senders), [])
        self.assertGreaterEqual(len(entries), at_least)


class Killed(KeepingCase):
    async def test_what_was_acknowledged_before_kill_9_is_there_once(self) -> None:
        await self.start()
        chance = random.Random(7)
        for _ in range(ROUNDS):
            await self.connect()
            before = self.acknowledged()
            for sender in self.senders:
                unknown = sender.unknown()
                sender.resend(chance.sample(unknown, len(unknown) // 2))
            goal = before + chance.randrange(1, AT_ONCE)
            await self.post_until(lambda: self.acknowledged() >= goal)  # noqa: B023 - used up here
            for sender in self.senders:
                sender.post(5)
            self.daemon.kill()
            await self.all_closed()
            self.daemon.start()
        await self.assert_kept(self.acknowledged())
        self.assertTrue(any(sender.unknown() for sender in self.senders))
        await self.settle()
        await self.assert_kept(sum(len(sender.invoked) for sender in self.senders))


class Stopped(KeepingCase):
    async def test_sigterm_while_posting_says_goodbye_and_loses_nothing(self) -> None:
        await self.start()
        await self.connect()
        for sender in self.senders:
            sender.post(3 * AT_ONCE)
        await self.until(lambda: self.acknowledged() >= AT_ONCE)
        stopping = deferToThread(self.daemon.stop)
        self.assertEqual(await self.all_closed(), [1012, 1012, 1012])
        self.assertLess(await stopping, 10)
        self.assertLess(self.acknowledged(), 9 * AT_ONCE, "nobody was posting any more")
        self.assertIn(self.daemon.exit_status, (0, -15))
        for sender in self.senders:
            assert sender.socket is not None
            goodbye = [frame for frame in sender.socket.frames if frame["type"] == "goodbye"]
            self.assertEqual(len(goodbye), 1)
            self.assertGreater(goodbye[0]["retry_ms"], 0)
        self.assertNotIn("Traceback", self.daemon.log())
        self.daemon.start()
        await self.assert_kept(self.acknowledged())
        await self.settle()
        await self.assert_kept(9 * AT_ONCE)


class Idle(KeepingCase):
    async def test_nobody_is_left_behind_by_an_idle_daemon_that_stops(self) -> None:
        await self.start()
        await self.connect()
        took_s = deferToThread(self.daemon.stop)
        await self.all_closed()
        self.assertLess(await took_s, 3)


class BackedUp(KeepingCase):
    def back_up(self) -> Any:
        """Take a backup from outside while the daemon runs."""
        target = self.new_folder()
        target.mkdir(parents=True)
        source = self.daemon.data_dir / "securechat.sqlite3"
        copy = f"sqlite3.connect({str(source)!r}).execute('VACUUM INTO ?', (sys.argv[1],))"
        subprocess.run(
            [sys.executable, "-c", f"import sqlite3, sys; {copy}", str(target / "backup")],
            check=True,
        )
        return target / "backup"

    def restore(self, backup: Any, data_dir: Path) -> tuple[str, ...]:
        """Put ``backup`` where a new daemon finds it; the options that name it."""
        shutil.copy(backup, data_dir / "securechat.sqlite3")
        return ()

    async def test_a_backup_taken_while_people_talk_is_whole_with_its_keyring(self) -> None:
        await self.start()
        await self.connect()
        await self.post_until(lambda: self.acknowledged() >= AT_ONCE)
        promised = self.acknowledged()
        backing_up = deferToThread(self.back_up)
        await self.post_until(lambda: backing_up.called and self.acknowledged() > promised)
        backup = await backing_up
        await self.until(self.is_quiet)

        folder = self.new_folder()
        data_dir = folder / "data"
        data_dir.mkdir(parents=True, mode=0o700)
        elsewhere = self.new_daemon(*self.restore(backup, data_dir), folder=folder)
        self.assert_refused(elsewhere.run_to_end(), "keyring", "missing", "backup")
        self.assertFalse((data_dir / "keyring.json").exists())
        shutil.copy(self.daemon.data_dir / "keyring.json", data_dir / "keyring.json")
        before = contents(data_dir)
        self.assertEqual(elsewhere.run_to_end("--check"), (0, "everything is in order\n"))
        self.assertEqual(contents(data_dir), before)
        elsewhere.start()
        person = self.stranger(elsewhere, "eve")
        self.assertEqual(await person.log_in(), 303)
        entries = await history(await person.chat())
        kept = {entry.mid: entry.seq for entry in entries}
        for sender in self.senders:
            # What was acknowledged after the backup began may be missing: a backup is a moment.
            late = [mid for mid, seq in sender.acknowledged.items() if seq > len(entries)]
            for mid in late:
                self.assertNotIn(mid, kept)
                del sender.acknowledged[mid]
        self.assertEqual(faults(entries, self.senders), [])
        self.assertGreaterEqual(len(entries), promised)
        self.assertEqual((await (await person.chat()).post("after"))["seq"], len(entries) + 1)


class OnMariaDB(MariaDBCase):
    """The same on MariaDB."""

    def setUp(self) -> None:
        super().setUp()
        self.name = self.server.fresh_database()

    def database(self) -> tuple[str, ...]:
        """The options that name the database."""
        return ("--database", self.server.url_string(self.name))


class KilledOnMariaDB(OnMariaDB, Killed):
    pass


class StoppedOnMariaDB(OnMariaDB, Stopped):
    pass


class BackedUpOnMariaDB(OnMariaDB, BackedUp):
    def back_up(self) -> bytes:
        return self.server.dump(self.name)

    def restore(self, backup: bytes, data_dir: Path) -> tuple[str, ...]:
        name = self.server.fresh_database()
        self.server.load(name, backup)
        return ("--database", self.server.url_string(name))
