"""The store on SQLite: the contract, and what only a file can get wrong."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import stat
from pathlib import Path
from typing import cast

from twisted.logger import ILogObserver, LogEvent, Logger, formatEvent

from securechat.core.errors import Misconfigured, Unavailable
from securechat.core.model import GENERAL
from securechat.core.settings import SqliteDatabase
from securechat.store import Store, log, notices, rooms, unread
from tests.store import (
    abuse_contract,
    accounts_contract,
    administration_contract,
    changes_contract,
    deeds_contract,
    erasing_contract,
    events_contract,
    factors_contract,
    ledger_contract,
    notices_contract,
    own_account_contract,
    plans_contract,
    posting_contract,
    removal_contract,
    rights_contract,
    rooms_contract,
)
from tests.store.cases import SqliteCase
from tests.store.erasing_case import ErasingCase
from tests.store.sealing import CheapSealer, draft, numbers, password, person

ANN = person("ann")


class Append(events_contract.AppendContract, SqliteCase):
    pass


class Epochs(events_contract.EpochContract, SqliteCase):
    pass


class Pages(events_contract.PageContract, SqliteCase):
    async def test_pages_are_found_through_the_primary_key(self) -> None:
        for sql, values in ((log.AFTER, ("general", 0, 9, 5)), (log.BEFORE, ("general", 0, 9, 5))):
            [(*_, plan)] = await self.sql("EXPLAIN QUERY PLAN " + sql, *values)
            self.assertIn("sqlite_autoindex_events_1 (room_id=? AND seq>? AND seq<?)", plan)
        plans = await self.sql("EXPLAIN QUERY PLAN " + log.KEYS_BETWEEN, "general", 9, "general", 1)
        self.assertNotIn("SCAN", " ".join(plan for (*_, plan) in plans))


class ErasedRooms(erasing_contract.RoomsContract, SqliteCase):
    pass


class Retained(erasing_contract.RetentionContract, SqliteCase):
    pass


class ErasedBytes(ErasingCase, SqliteCase):
    async def test_nothing_of_what_is_erased_lies_in_the_file_once_the_log_is_taken_over(
        self,
    ) -> None:
        ann, bob = person("ann", "Ann Of The Canaries"), person("bob")
        await self.joined(ann, bob)
        room, other = await self.club(ann, bob), await self.club(bob, ann)
        for place in (room, other):
            await self.talk(ann, place, 30)
        parts = "SELECT encrypted_key, ciphertext FROM events WHERE room_id IN (?, ?)"
        mine = f"{parts} AND author_id = ? AND seq > 2"
        secrets = [bytes(part) for row in await self.sql(mine, room, other, ann.id) for part in row]
        wrapped = await self.sql("SELECT wrapped FROM room_keys WHERE room_id = ?", room)
        secrets += [bytes(key) for (key,) in wrapped]
        secrets += [password().bcrypt, b"Ann Of The Canaries"]
        self.assertEqual(self.found(secrets), secrets)
        erasure = self.erasure()
        await erasure.erase_room(ann.id, room)
        await erasure.erase_person(ann.id, True)
        await erasure.done()
        await self.store.stop()
        # Of that password Bob has the same hash here.
        self.assertEqual(self.found(secrets), [password().bcrypt])

    def found(self, secrets: list[bytes]) -> list[bytes]:
        """Those of the secrets that lie in the file or its write-ahead log."""
        log_ = self.settings.path.with_name(self.settings.path.name + "-wal")
        held = self.settings.path.read_bytes() + (log_.read_bytes() if log_.exists() else b"")
        return [secret for secret in secrets if secret in held]


class ErasedPeople(erasing_contract.PeopleContract, SqliteCase):
    pass


class Plans(plans_contract.PlanContract, SqliteCase):
    async def analyzed(self) -> None:
        await self.sql("ANALYZE")

    async def explained(self, statement: str, *values: object) -> list[str]:
        plan = [row[-1] for row in await self.sql("EXPLAIN QUERY PLAN " + statement, *values)]
        inner = {word for step in plan if step.startswith("CO-ROUTINE") for word in step.split()}
        return [
            step
            for step in plan
            if (re.match(r"SCAN (?!CONSTANT ROW)", step) and step.split()[1] not in inner)
            or re.search("TEMP B-TREE|AUTOMATIC", step)
        ]

    async def test_what_is_unread_is_counted_through_indexes(self) -> None:
        values = ("g", "g", 0, 9, "u", 100, "u", "g", 0, 9, 100)
        rows = await self.sql("EXPLAIN QUERY PLAN " + unread.COUNTS, *values)
        plan = " ".join(row[-1] for row in rows)
        self.assertIn("sqlite_autoindex_events_1 (room_id=? AND seq>? AND seq<?)", plan)
        self.assertIn("sqlite_autoindex_mentions_1 (user_id=? AND room_id=? AND seq>?", plan)
        self.assertNotRegex(plan, "SCAN [ean]( |$)")

    async def test_edits_are_found_without_the_reactions_and_public_rooms_without_the_others(
        self,
    ) -> None:
        by_target = "(room_id=? AND target=? AND kind=?)"
        [(*_, plan)] = await self.sql("EXPLAIN QUERY PLAN " + notices.ABOUT, "g", 1, "edit")
        self.assertTrue(plan.endswith(by_target), plan)
        sql = log.HOW_MANY.format(seqs="?")
        [(*_, plan), *_] = await self.sql("EXPLAIN QUERY PLAN " + sql, "g", "edit", 1)
        self.assertTrue(plan.endswith(by_target), plan)
        values = ("u", "", "%", "u", 50)
        rows = await self.sql("EXPLAIN QUERY PLAN " + rooms.FIND, *values)
        plan = " ".join(row[-1] for row in rows)
        self.assertIn("rooms_by_kind (kind=? AND archived=? AND id>?)", plan)
        self.assertNotIn("TEMP B-TREE", plan)


class Targets(posting_contract.TargetContract, SqliteCase):
    pass


class Silenced(posting_contract.SilencedContract, SqliteCase):
    pass


class Calls(posting_contract.CallContract, SqliteCase):
    pass


class Notices(notices_contract.NoticeContract, SqliteCase):
    pass


class Feeds(notices_contract.FeedContract, SqliteCase):
    pass


class Rooms(rooms_contract.RoomsContract, SqliteCase):
    pass


class Unread(rooms_contract.UnreadContract, SqliteCase):
    pass


class Newcomers(rooms_contract.NewcomerContract, SqliteCase):
    pass


class Accounts(accounts_contract.AccountsContract, SqliteCase):
    pass


class Beginnings(changes_contract.BeginningContract, SqliteCase):
    pass


class Comings(changes_contract.ComingContract, SqliteCase):
    pass


class Goings(changes_contract.GoingContract, SqliteCase):
    pass


class Upkeep(deeds_contract.UpkeepContract, SqliteCase):
    pass


class Roles(deeds_contract.RolesContract, SqliteCase):
    pass


class Deletions(deeds_contract.DeletionContract, SqliteCase):
    pass


class EverybodysRights(rights_contract.RightsContract, SqliteCase):
    pass


class Living(accounts_contract.LivingContract, SqliteCase):
    pass


class Invited(accounts_contract.InvitedContract, SqliteCase):
    pass


class Administrators(administration_contract.AdministrationContract, SqliteCase):
    pass


class Disabling(administration_contract.DisablingContract, SqliteCase):
    pass


class Resets(administration_contract.ResetsContract, SqliteCase):
    pass


class Factors(factors_contract.FactorsContract, SqliteCase):
    pass


class Passkeys(factors_contract.PasskeysContract, SqliteCase):
    pass


class OwnAccounts(own_account_contract.OwnAccountContract, SqliteCase):
    pass


class WornOut(abuse_contract.WornOutContract, SqliteCase):
    pass


class ForgedNotes(abuse_contract.ForgedNotesContract, SqliteCase):
    pass


class Crowds(abuse_contract.CrowdContract, SqliteCase):
    pass


class Powers(abuse_contract.PowerContract, SqliteCase):
    pass


class Removals(removal_contract.RemovalContract, SqliteCase):
    pass


class Sessions(accounts_contract.SessionsContract, SqliteCase):
    pass


class Ledger(ledger_contract.LedgerContract, SqliteCase):
    pass


class Deadlines(ledger_contract.DeadlineContract, SqliteCase):
    pass


class File(SqliteCase):
    """Locks, modes, full disks and foreign files."""

    async def test_a_second_daemon_on_the_same_file_is_refused_until_the_first_ends(self) -> None:
        second = Store(self.settings)
        for question in (second.ledger.prepare, second.start):
            error = self.assertRaises(Misconfigured, question)
            self.assertIn("Another daemon", str(error))
        await self.store.stop()
        second.ledger.prepare()
        await second.stop()

    async def test_the_file_and_its_folder_are_ours_alone(self) -> None:
        await self.joined(ANN)
        folder = self.settings.path.parent
        self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700)
        for file in folder.iterdir():
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600, file)

    async def test_a_file_that_others_could_read_is_closed_to_them(self) -> None:
        await self.store.stop()
        self.settings.path.chmod(0o644)
        self.store.ledger.prepare()
        self.assertEqual(stat.S_IMODE(self.settings.path.stat().st_mode), 0o600)

    async def test_what_counts_for_durability_is_set(self) -> None:
        self.assertEqual(await self.sql("PRAGMA journal_mode"), [("wal",)])
        self.assertEqual(await self.sql("PRAGMA synchronous"), [(2,)])
        self.assertEqual(await self.sql("PRAGMA foreign_keys"), [(1,)])

    async def test_what_is_destroyed_is_overwritten_in_the_file(self) -> None:
        await self.joined(ANN)
        secrets = [b"short secret ", b"long secret " * 2_000]
        posts = [draft(ANN, secret.decode()) for secret in secrets]
        await self.store.events.append(posts, CheapSealer())
        store = await self.reopened()  # closed, so all is in the file itself
        before = self.settings.path.read_bytes()
        await store.database.write("d", lambda tx: notices.destroy(tx, GENERAL, [1, 2]))
        await self.reopened()
        after = self.settings.path.read_bytes()
        for secret in (b"short secret ", b"long secret "):
            self.assertEqual((secret in before, secret in after), (True, False))

    def test_a_folder_that_cannot_be_made_is_told(self) -> None:
        blocker = Path(self.mktemp()).absolute()
        blocker.write_text("a file")
        store = Store(SqliteDatabase(blocker / "below" / "db"))
        error = self.assertRaises(Misconfigured, store.ledger.prepare)
        self.assertIn(str(blocker), str(error))

    def test_a_folder_that_cannot_be_written_is_told(self) -> None:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(0o500)
        if os.access(folder, os.W_OK):
            folder = Path("/proc/sys")  # root may write anywhere else
        store = Store(SqliteDatabase(folder / "securechat.db"))
        error = self.assertRaises(Misconfigured, store.ledger.prepare)
        self.assertIn(str(folder), str(error))

    def test_a_folder_in_the_place_of_the_file_is_told(self) -> None:
        path = Path(self.mktemp()).absolute()
        path.mkdir()
        error = self.assertRaises(Misconfigured, Store(SqliteDatabase(path)).ledger.prepare)
        self.assertIn(str(path), str(error))

    def test_a_file_that_is_no_database_is_told_and_left_alone(self) -> None:
        path = Path(self.mktemp()).absolute()
        path.write_bytes(b"Dear diary, " * 1000)
        error = self.assertRaises(Misconfigured, Store(SqliteDatabase(path)).ledger.prepare)
        self.assertIn("not an SQLite database", str(error))
        self.assertEqual(path.read_bytes(), b"Dear diary, " * 1000)

    def test_another_programs_database_is_told_and_left_alone(self) -> None:
        path = Path(self.mktemp()).absolute()
        with contextlib.closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE diary (day TEXT)")
            other.commit()
        before = path.read_bytes()
        for question in ("examine", "prepare"):
            ledger = Store(SqliteDatabase(path)).ledger
            error = self.assertRaises(Misconfigured, getattr(ledger, question))
            self.assertIn("diary", str(error))
            self.assertEqual(path.read_bytes(), before)

    def test_a_damaged_database_is_told(self) -> None:
        path = Path(self.mktemp()).absolute()
        with contextlib.closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE diary (day TEXT)")
            other.commit()
        content = bytearray(path.read_bytes())
        content[100:300] = b"\xff" * 200
        path.write_bytes(content)
        error = self.assertRaises(Misconfigured, Store(SqliteDatabase(path)).ledger.prepare)
        self.assertIn("damaged", str(error))

    async def test_a_full_disk_refuses_writes_and_not_reads_and_recovers(self) -> None:
        await self.joined(ANN)
        await self.store.events.append([draft(ANN, "a")], CheapSealer())
        [(pages,)] = await self.sql("PRAGMA page_count")
        await self.sql(f"PRAGMA max_page_count = {pages + 1}")
        large = [draft(ANN, f"{n}" * 20_000) for n in range(10)]
        for _ in range(2):
            await self.refused(Unavailable, lambda: self.store.events.append(large, CheapSealer()))
            self.assertEqual([e.seq for e in (await self.page(ANN)).events], [1])
        await self.sql(f"PRAGMA max_page_count = {2**30}")
        outcomes = await self.store.events.append(large, CheapSealer())
        self.assertEqual(numbers(outcomes), list(range(2, 12)))

    async def test_a_read_only_file_refuses_writes_and_is_told_once(self) -> None:
        await self.joined(ANN)
        told: list[str] = []

        def hear(event: LogEvent) -> None:
            told.append(formatEvent(event))

        self.patch(self.store.database, "log", Logger(observer=cast("ILogObserver", hear)))
        await self.sql("PRAGMA query_only = ON")
        for _ in range(3):
            await self.refused(
                Unavailable, lambda: self.store.events.append([draft(ANN, "a")], CheapSealer())
            )
        self.assertEqual(len(told), 1, told)
        for connection in self.store.database._writer.connections.values():
            connection.execute("PRAGMA query_only = OFF")
        outcomes = await self.store.events.append([draft(ANN, "a")], CheapSealer())
        self.assertEqual(numbers(outcomes), [1])
        self.assertEqual(told[1:], ["the database is back"])

    async def test_a_refused_preparation_keeps_the_lock_of_a_running_store(self) -> None:
        await self.sql("UPDATE schema_migrations SET name = 'other'")
        self.assertRaises(Misconfigured, self.store.ledger.prepare)
        error = self.assertRaises(Misconfigured, Store(self.settings).start)
        self.assertIn("Another daemon", str(error))

    async def test_a_backup_in_the_middle_of_writing_does_not_disturb(self) -> None:
        await self.joined(ANN)
        other = sqlite3.connect(self.settings.path)
        self.addCleanup(other.close)
        other.execute("BEGIN")
        other.execute("SELECT * FROM events").fetchall()
        outcomes = await self.store.events.append([draft(ANN, "a")], CheapSealer())
        self.assertEqual(numbers(outcomes), [1])
