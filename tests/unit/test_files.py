"""The data folder is the daemon's alone, and what the open files allow."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from securechat import files
from securechat.config import Config
from securechat.core.errors import Misconfigured
from securechat.core.settings import SqliteDatabase
from securechat.store import Store


class DataFolder(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).resolve()
        self.config: Config = Config(
            data_dir=self.folder,
            database=SqliteDatabase(self.folder / "securechat.sqlite3"),
            keyring=self.folder / "keyring.json",
        )

    def mode(self) -> int:
        return self.folder.stat().st_mode & 0o777

    def test_a_new_one_is_for_its_owner_only(self) -> None:
        files.make_data_dir(self.config)
        self.assertEqual(self.mode(), 0o700)

    def test_one_that_others_may_look_into_is_closed_to_them(self) -> None:
        for name in (None, "keyring.json", "securechat.sqlite3"):
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o755)
            if name is not None:
                (self.folder / name).touch()
            files.check_data_dir(self.config)
            files.make_data_dir(self.config)
            self.assertEqual(self.mode(), 0o700)

    def test_one_that_may_be_there_for_something_else_is_refused_and_left_alone(self) -> None:
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        (self.folder / "index.html").touch()
        for act in (files.make_data_dir, files.check_data_dir):
            error = self.assertRaises(Misconfigured, act, self.config)
            self.assertIn(f"chmod 700 {self.folder}", str(error))
        self.assertEqual(self.mode(), 0o755)
        self.folder.chmod(0o700)
        files.make_data_dir(self.config)

    def test_one_that_belongs_to_another_account_is_refused(self) -> None:
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        stranger = os.geteuid() + 1
        self.patch(os, "geteuid", lambda: stranger)
        error = self.assertRaises(Misconfigured, files.make_data_dir, self.config)
        self.assertIn("another account", str(error))
        self.assertEqual(self.mode(), 0o755)

    def test_the_database_and_its_write_ahead_log_are_for_their_owner_only(self) -> None:
        self.folder.mkdir(parents=True)
        umask = os.umask(0o022)
        self.addCleanup(os.umask, umask)
        store = Store(SqliteDatabase(self.folder / "securechat.sqlite3"))
        store.ledger.prepare()
        for path in self.folder.iterdir():
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)


class OpenFiles(SynchronousTestCase):
    def test_sockets_and_pages_together_leave_files_for_ourselves(self) -> None:
        limit = (1_024, 1_024)
        self.patch(resource, "getrlimit", lambda _: limit)
        sockets, peers = files.allowed_connections(20_000), files.allowed_peers()
        self.assertLess(sockets, peers)
        self.assertLessEqual(peers, 1_024 - files.OWN_FILES)

    def test_without_a_limit_of_open_files_there_is_none_of_ours(self) -> None:
        limit: Any = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        self.patch(resource, "getrlimit", lambda _: limit)
        self.assertEqual(files.allowed_peers(), 0)
