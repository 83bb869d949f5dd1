"""The keyring's file: refused where others had a hand in it, exchanged whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import TestCase

from securechat import keyfile
from securechat.core import credentials
from securechat.core.errors import Misconfigured
from securechat.core.keys import RootKeys
from tests.support.daemon import ROOT

ROOTS = RootKeys("of-this-database", {1: bytes(range(32))}, {1: 1_700_000_000_000})
NEWER = ROOTS.adding(2, b"2" * 32, 1_800_000_000_000)
STRANGER = 4_242

HOLD = """
import sys
from pathlib import Path
from securechat import keyfile
with keyfile.held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


class KeyFileCase(TestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        self.path = folder / "keyring.json"
        keyfile.make(self.path, ROOTS)

    def refusal(self) -> str:
        with self.assertRaises(Misconfigured) as caught:
            keyfile.read(self.path)
        return str(caught.exception)


class Reading(KeyFileCase):
    def as_somebody(self, uid: int = 1_000) -> None:
        """The tests may run as root, who reads for every account."""
        self.patch(credentials.os, "geteuid", lambda: uid)  # type: ignore[attr-defined]

    def owned_by(self, uid: int) -> None:
        """The file as if another account had made it."""
        real = os.fstat

        def fstat(file: int) -> os.stat_result:
            fields = list(real(file))
            fields[4] = uid
            return os.stat_result(fields)

        self.patch(os, "fstat", fstat)

    def test_what_is_written_is_read(self) -> None:
        found = keyfile.read(self.path)
        self.assertEqual(found, ROOTS)
        self.assertEqual(dict(found.made_ms), {1: 1_700_000_000_000})

    def test_a_file_of_the_first_version_says_nothing_of_when(self) -> None:
        text = self.path.read_text()
        self.path.write_text(text[: text.index(',\n  "made"')] + "}")
        self.assertEqual(keyfile.read(self.path), RootKeys(ROOTS.database_id, ROOTS.keys))

    def test_the_mode_is_0600_at_most(self) -> None:
        for mode in (0o400, 0o600):
            self.path.chmod(mode)
            self.assertEqual(keyfile.read(self.path), ROOTS)
        for mode in (0o700, 0o610, 0o640, 0o604, 0o601, 0o602):
            self.path.chmod(mode)
            self.assertIn(f"chmod 600 {self.path}", self.refusal())

    def test_it_belongs_to_the_daemons_account_or_to_root(self) -> None:
        self.as_somebody()
        for uid in (1_000, 0):
            self.owned_by(uid)
            self.assertEqual(keyfile.read(self.path), ROOTS)
        self.owned_by(STRANGER)
        self.assertIn("belongs to another account: run chown 1000", self.refusal())
        self.as_somebody(0)
        self.assertEqual(keyfile.read(self.path), ROOTS)

    def test_a_link_to_it_belongs_to_them_too(self) -> None:
        real = self.path.with_name("real.json")
        self.path.rename(real)
        self.path.symlink_to(real.name)
        self.assertEqual(keyfile.read(self.path), ROOTS)
        if os.geteuid() == 0:
            os.lchown(self.path, STRANGER, -1)
            self.as_somebody()
            self.assertIn("another account", self.refusal())

    def test_a_link_that_leads_nowhere_is_told(self) -> None:
        self.path.unlink()
        self.path.symlink_to("nowhere")
        self.assertIn("cannot be read", self.refusal())

    def test_a_pipe_a_folder_and_a_flood_are_refused_at_once(self) -> None:
        self.path.unlink()
        os.mkfifo(self.path, 0o600)
        self.assertIn("it is no file", self.refusal())
        self.path.unlink()
        self.path.mkdir(0o700)
        self.assertIn("cannot be read", self.refusal())
        self.path.rmdir()
        self.path.touch(0o600)
        self.path.write_bytes(b"[" * 5_000_000)
        self.assertIn("is not a keyring", self.refusal())

    def test_numbers_of_root_keys_begin_at_one(self) -> None:
        self.path.write_text(self.path.read_text().replace('"1": "', '"0": "'))
        self.assertIn("is not a keyring", self.refusal())


class Replacing(KeyFileCase):
    def test_the_new_one_is_private_and_nothing_else_is_left(self) -> None:
        stale = self.path.with_name(f".{self.path.name}.abandoned")
        stale.write_text("of a rotation that was killed")
        with keyfile.held(self.path):
            keyfile.replace(self.path, NEWER)
        self.assertEqual(keyfile.read(self.path), NEWER)
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    def test_its_owner_stays(self) -> None:
        given: list[tuple[int, int]] = []
        before = self.path.stat()
        self.patch(os, "chown", lambda path, uid, gid: given.append((uid, gid)))
        self.patch(os, "geteuid", lambda: before.st_uid + 1)
        keyfile.replace(self.path, NEWER)
        self.assertEqual(given, [(before.st_uid, before.st_gid)])

    def test_a_link_stays_and_what_it_leads_to_is_replaced(self) -> None:
        real = self.path.with_name("real.json")
        self.path.rename(real)
        self.path.symlink_to(real.name)
        keyfile.replace(self.path, NEWER)
        self.assertTrue(self.path.is_symlink())
        self.assertEqual(keyfile.read(real), NEWER)

    def test_a_full_disk_leaves_the_old_one(self) -> None:
        def full(file: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        self.patch(os, "fsync", full)
        with self.assertRaisesRegex(Misconfigured, "No space left"):
            keyfile.replace(self.path, NEWER)
        self.assertEqual(keyfile.read(self.path), ROOTS)
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    def test_it_is_on_the_disk_before_it_takes_the_place(self) -> None:
        order: list[str] = []
        real_sync, real_rename = os.fsync, Path.rename

        def sync(file: int) -> None:
            order.append("sync")
            real_sync(file)

        def rename(path: Path, to: Path) -> Path:
            order.append("rename")
            return real_rename(path, to)

        self.patch(os, "fsync", sync)
        self.patch(Path, "rename", rename)
        keyfile.replace(self.path, NEWER)
        self.assertEqual(order, ["sync", "rename", "sync"])

    def test_of_a_credential_the_origin_is_to_be_changed(self) -> None:
        def read_only(*args: object, **options: object) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        self.patch(keyfile.tempfile, "mkstemp", read_only)  # type: ignore[attr-defined]
        with self.assertRaisesRegex(Misconfigured, "systemd credential"):
            keyfile.replace(self.path, NEWER)

    def test_who_changes_it_keeps_others_waiting_until_the_end(self) -> None:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(self.path.absolute())],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert holder.stdout is not None
        self.assertEqual(holder.stdout.readline(), b"held\n")
        folder = os.open(self.path.parent, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        with self.assertRaises(BlockingIOError):
            keyfile.fcntl.flock(folder, keyfile.fcntl.LOCK_EX | keyfile.fcntl.LOCK_NB)  # type: ignore[attr-defined]
        holder.kill()
        holder.communicate()
        with keyfile.held(self.path):
            keyfile.replace(self.path, NEWER)

    def test_without_a_file_there_is_nothing_to_change(self) -> None:
        self.path.unlink()
        with self.assertRaises(Misconfigured), keyfile.held(self.path):
            self.fail("held")
