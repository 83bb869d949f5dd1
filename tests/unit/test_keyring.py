"""The keyring file: made with an empty database; refused when missing, foreign or readable."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

from twisted.trial.unittest import TestCase

from securechat import keyfile, keyring
from securechat.core.credentials import read_password
from securechat.core.errors import Misconfigured, Unavailable
from securechat.core.model import Identity


class MemoryLedger:
    """A database that knows only who it is."""

    def __init__(self, claimed: Identity | None = None, failure: Exception | None = None) -> None:
        self.claimed = claimed
        self.failure = failure

    def prepare(self) -> None:
        return None

    def identity(self) -> Identity | None:
        return self.claimed

    examine = identity

    def claim(self, identity: Identity) -> None:
        if self.failure is not None:
            raise self.failure
        self.claimed = identity

    def admit(self, identity: Identity) -> None:
        assert self.claimed is not None
        checks = {**self.claimed.checks, **identity.checks}
        self.claimed = Identity(identity.database_id, checks)


class KeyringTests(TestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        self.path = folder / "keyring.json"
        self.ledger = MemoryLedger()

    def made(self) -> keyring.Keyring:
        keyring.read_or_draft(self.path).settle(self.ledger)
        return keyring.read(self.path)

    def refusal(self, ledger: MemoryLedger | None = None) -> str:
        with self.assertRaises(Misconfigured) as caught:
            keyring.read_or_draft(self.path).settle(ledger or self.ledger)
        return str(caught.exception)

    def test_a_new_database_gets_a_keyring_that_only_its_owner_reads(self) -> None:
        made = self.made()
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertIsNone(made.roots.misfit(self.ledger.claimed or self.fail()))
        self.assertEqual(len(made.roots.keys[1]), 32)

    def test_the_next_start_uses_the_same_keys(self) -> None:
        made = self.made()
        again = keyring.read_or_draft(self.path)
        again.settle(self.ledger)
        self.assertEqual(again.roots, made.roots)

    def test_a_missing_keyring_stops_the_start_and_makes_no_new_one(self) -> None:
        self.made()
        self.path.unlink()
        self.assertIn("missing", self.refusal())
        self.assertFalse(self.path.exists())

    def test_a_keyring_of_another_database_stops_the_start(self) -> None:
        self.made()
        other = MemoryLedger()
        self.path.rename(self.path.with_suffix(".mine"))
        self.made_for(other)
        self.assertIn("another database", self.refusal())

    def made_for(self, ledger: MemoryLedger) -> None:
        keyring.read_or_draft(self.path).settle(ledger)

    def test_a_keyring_that_others_may_read_stops_the_start(self) -> None:
        self.made()
        for mode in (0o640, 0o604, 0o620):
            self.path.chmod(mode)
            self.assertIn("chmod 600", self.refusal())

    def test_what_is_no_keyring_is_named(self) -> None:
        made = json.loads(self.made_text())
        for content in (
            "",
            "[]",
            "{",
            json.dumps(made | {"version": 2}),
            json.dumps(made | {"keys": {}}),
            json.dumps(made | {"keys": {"1": "AAAA"}}),
            json.dumps(made | {"keys": {"one": "AAAA"}}),
            json.dumps(made | {"keys": ["AAAA"]}),
        ):
            self.path.write_text(content)
            self.assertIn("is not a keyring", self.refusal())

    def made_text(self) -> str:
        self.made()
        return self.path.read_text()

    def test_a_keyring_survives_a_start_that_was_broken_off_before_the_claim(self) -> None:
        draft = keyring.read_or_draft(self.path)
        keyfile.make(draft.path, draft.roots)
        keyring.read_or_draft(self.path).settle(self.ledger)
        self.assertEqual(keyring.read(self.path).roots, draft.roots)

    def test_a_keyring_that_another_daemon_made_meanwhile_is_not_ignored(self) -> None:
        draft = keyring.read_or_draft(self.path)
        self.made()
        with self.assertRaisesRegex(Misconfigured, "start it again"):
            draft.settle(self.ledger)

    def test_a_claim_that_is_refused_leaves_no_keyring_behind(self) -> None:
        draft = keyring.read_or_draft(self.path)
        failing = MemoryLedger(failure=Misconfigured("holds people"))
        self.assertRaises(Misconfigured, draft.settle, failing)
        self.assertEqual(list(self.path.parent.iterdir()), [])

    def test_a_claim_of_unknown_outcome_keeps_the_keyring_and_settles_later(self) -> None:
        for committed in (True, False):
            draft = keyring.read_or_draft(self.path)
            failing = MemoryLedger(failure=Unavailable("lost during COMMIT"))
            self.assertRaises(Unavailable, draft.settle, failing)
            self.assertEqual(keyring.read(self.path).roots, draft.roots)
            self.ledger = MemoryLedger(draft.roots.identity() if committed else None)
            draft.settle(self.ledger)
            self.assertIsNone(draft.roots.misfit(self.ledger.claimed or self.fail()))
            keyring.read_or_draft(self.path).settle(self.ledger)
            self.path.unlink()

    def test_a_full_disk_leaves_no_half_written_keyring(self) -> None:
        real, calls = os.fsync, 0
        for failing_call in (1, 2):
            calls = 0

            def fsync(file: int, at: int = failing_call) -> None:
                nonlocal calls
                calls += 1
                if calls == at:
                    raise OSError(errno.ENOSPC, "No space left on device")
                real(file)

            self.patch(os, "fsync", fsync)
            self.assertIn("No space left", self.refusal())
            self.assertEqual(list(self.path.parent.iterdir()), [])

    def test_a_keyring_that_is_there_is_never_overwritten(self) -> None:
        draft = keyring.read_or_draft(self.path)
        self.path.write_text("somebody else's")
        self.assertRaises(Misconfigured, keyfile.make, draft.path, draft.roots)
        self.assertEqual(self.path.read_text(), "somebody else's")
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    def test_a_folder_that_cannot_be_written_is_named(self) -> None:
        self.path = self.path.parent / "no such folder" / "keyring.json"
        self.assertIn("cannot be written", self.refusal())

    def test_a_credential_of_systemd_may_carry_its_mode(self) -> None:
        self.made()
        self.path.chmod(0o440)
        self.patch(os, "environ", {"CREDENTIALS_DIRECTORY": str(self.path.parent)})
        keyring.read_or_draft(self.path).settle(self.ledger)

    def test_a_database_password_may_be_a_credential_of_systemd_too(self) -> None:
        password = self.path.with_name("securechat-database")
        password.write_text("a secret\n")
        password.chmod(0o440)
        self.assertRaises(Misconfigured, read_password, password)
        self.patch(os, "environ", {"CREDENTIALS_DIRECTORY": str(password.parent)})
        self.assertEqual(read_password(password), b"a secret")
        self.patch(os, "environ", {"CREDENTIALS_DIRECTORY": str(password.parent.parent)})
        self.assertRaises(Misconfigured, read_password, password)
