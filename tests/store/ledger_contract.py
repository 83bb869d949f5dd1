"""What every database promises about its identity, its tables and its deadlines."""

from __future__ import annotations

import threading
import time
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from securechat.core.errors import Misconfigured, Unavailable
from securechat.core.model import GENERAL, Identity
from securechat.store import log, migrations, people
from securechat.store.migrations import Migration
from securechat.store.transaction import Row, Transaction
from tests.store.cases import StoreCase
from tests.store.sealing import (
    NOW_MS,
    CheapSealer,
    draft,
    numbers,
    password,
    person,
    session,
)

ANN = person("ann")
IDENTITY = Identity("id-of-this-database", {1: bytes(range(32))})


class PowerCut(Exception):
    """Breaks a migration off."""


class LedgerContract(StoreCase):
    """Identity and migrations."""

    timeout = 600  # a database for each statement that a migration may be broken off at

    async def test_a_new_database_is_claimed_once(self) -> None:
        self.assertIsNone(self.store.ledger.identity())
        self.store.ledger.claim(IDENTITY)
        self.assertEqual(self.store.ledger.identity(), IDENTITY)
        self.assertRaises(Misconfigured, self.store.ledger.claim, Identity("other", {1: b"x"}))
        self.assertEqual(self.store.ledger.identity(), IDENTITY)

    async def test_a_database_that_holds_people_is_not_claimed(self) -> None:
        await self.joined(ANN)
        self.assertRaises(Misconfigured, self.store.ledger.claim, IDENTITY)
        self.assertIsNone(self.store.ledger.identity())

    async def test_it_is_unused_until_somebody_is_there(self) -> None:
        self.assertTrue(self.store.ledger.is_unused())
        self.store.ledger.claim(IDENTITY)
        self.assertTrue(self.store.ledger.is_unused())
        await self.joined(ANN)
        self.assertFalse(self.store.ledger.is_unused())

    async def test_preparing_again_changes_nothing(self) -> None:
        await self.joined(ANN)
        await self.store.events.append([draft(ANN, "a")], CheapSealer())
        applied = await self.sql("SELECT * FROM schema_migrations")
        self.store.ledger.prepare()
        self.assertEqual(await self.sql("SELECT * FROM schema_migrations"), applied)
        self.assertEqual([e.seq for e in (await self.page(ANN)).events], [1])

    async def test_a_database_of_a_newer_version_is_refused(self) -> None:
        number = migrations.known()[-1].number + 1
        await self.sql("INSERT INTO schema_migrations VALUES (?, 'later.sql', 0)", number)
        error = self.assertRaises(Misconfigured, self.store.ledger.prepare)
        self.assertIn("newer", str(error))

    async def test_a_database_that_took_another_road_is_refused(self) -> None:
        await self.sql("UPDATE schema_migrations SET name = '0001_other.sql' WHERE number = 1")
        error = self.assertRaises(Misconfigured, self.store.ledger.prepare)
        self.assertIn("0001_other.sql", str(error))

    async def test_a_migration_broken_off_at_each_statement_is_taken_up_again(self) -> None:
        steps = migrations.known()
        # Beside its statements each step is recorded, and first of all the ledger is made.
        statements = 1 + sum(len(step.statements) + 1 for step in steps)
        self.assertGreaterEqual(statements, 20)
        for cut in range(statements):
            settings = self.fresh_settings()
            broken = BrokenOff(self, cut)
            store = self.open_unprepared(settings)
            self.assertTrue(broken.prepare(store), cut)
            broken.prepare(store)
            store.ledger.prepare()
            store.start()
            self.store, before = store, self.store
            await self.joined(ANN)
            outcomes = await store.events.append([draft(ANN, "a")], CheapSealer())
            self.assertEqual(numbers(outcomes), [1])
            await store.stop()
            self.store = before

    async def test_examining_tells_what_preparing_would_refuse_and_changes_nothing(self) -> None:
        self.assertIsNone(self.store.ledger.examine())
        self.store.ledger.claim(IDENTITY)
        self.assertEqual(self.store.ledger.examine(), IDENTITY)
        await self.sql("UPDATE schema_migrations SET name = '0001_other.sql' WHERE number = 1")
        self.assertRaises(Misconfigured, self.store.ledger.examine)

    async def test_a_later_step_is_applied_to_a_database_in_use(self) -> None:
        await self.joined(ANN)
        number = migrations.known()[-1].number + 1
        statements = ("CREATE TABLE IF NOT EXISTS later (id CHARS(3)) WITH_OPTIONS",)
        later = Migration(number, "later.sql", statements)
        self.store.ledger.prepare((*migrations.known(), later))
        await self.sql("INSERT INTO later VALUES ('abc')")
        self.assertRaises(Misconfigured, self.store.ledger.prepare)

    async def test_a_database_of_the_first_version_keeps_all_that_it_holds(self) -> None:
        settings = self.fresh_settings()
        store = self.open_unprepared(settings)
        store.ledger.prepare(migrations.known()[:1])
        store.ledger.claim(IDENTITY)
        store.start()
        await store.database.write("old", fill_first_version)
        before = await store.database.read("all", everything)
        self.assertEqual({table: len(rows) for table, rows in before.items()}, OLD_COUNTS)
        # Looked at only, it is the same database still.
        self.assertEqual(store.ledger.examine(), IDENTITY)
        self.assertEqual(await store.database.read("all", everything), before)
        store.ledger.prepare()
        after = await store.database.read("all", everything)
        reports = [row for row in after["rooms"] if row[0] == "reports"]
        self.assertEqual(after["rooms"], sorted([*before["rooms"], *reports]))
        for table in set(OLD_COUNTS) - {"rooms"}:
            self.assertEqual(after[table], before[table], table)
        self.assertEqual(store.ledger.identity(), IDENTITY)
        self.store, fresh = store, self.store
        await self.use_upgraded()
        self.store = fresh

    async def use_upgraded(self) -> None:
        [general] = await self.store.rooms.rooms_of(ANN.id)
        self.assertEqual((general.history, general.archived, general.last_seq), ("all", False, 2))
        found = await self.store.accounts.session(session(ANN).digest)
        self.assertEqual(found, session(ANN))
        living = await self.store.accounts.living([session(ANN).digest])
        self.assertEqual(living, {session(ANN).digest: 0})
        outcomes = await self.store.events.append([draft(ANN, "new")], CheapSealer())
        self.assertEqual(numbers(outcomes), [3])
        self.assertEqual([e.seq for e in (await self.page(ANN)).events], [1, 2, 3])
        self.assertEqual(await self.store.administration.grant("ann"), ANN.id)

    async def test_a_database_of_another_program_is_refused(self) -> None:
        settings = self.fresh_settings()
        store = self.open_unprepared(settings)
        store.start()
        await store.database.write("foreign", lambda tx: tx.run("CREATE TABLE users (x INTEGER)"))
        error = self.assertRaises(Misconfigured, store.ledger.prepare)
        self.assertIn("users", str(error))

    def open_unprepared(self, settings: Any) -> Any:
        from twisted.internet.defer import Deferred

        from securechat.store import Store

        store = Store(settings)
        self.addCleanup(lambda: Deferred.fromCoroutine(store.stop()))
        return store


OLD_COUNTS = {
    "meta": 2,
    "users": 1,
    "sessions": 1,
    "rooms": 1,
    "memberships": 1,
    "room_keys": 1,
    "events": 2,
}
OLD_COLUMNS = {
    "users": "id, username, full_name, role, password_bcrypt, password_root_id, created_ms",
    "sessions": "digest, user_id, created_ms, seen_ms",
    "rooms": "id, name, kind, topic, last_seq, revision, members, created_ms",
    "memberships": "room_id, user_id, role, read_seq, since_seq, joined_ms",
}


def fill_first_version(tx: Transaction) -> None:
    """A person who wrote twice, as the first version stored it."""
    people.add(tx, ANN, password(), NOW_MS)
    mine = session(ANN)
    tx.run(
        f"INSERT INTO sessions ({OLD_COLUMNS['sessions']}) VALUES (?, ?, ?, ?)",
        *(mine.digest, ANN.id, mine.created_ms, mine.seen_ms),
    )
    tx.run(
        f"INSERT INTO memberships ({OLD_COLUMNS['memberships']}) VALUES (?, ?, ?, ?, ?, ?)",
        *("general", ANN.id, "member", 1, 0, NOW_MS),
    )
    tx.run("UPDATE rooms SET last_seq = 2, members = 1, revision = 3 WHERE id = 'general'")
    sealer = CheapSealer()
    key = sealer.new_key(GENERAL, 1, 1, NOW_MS)
    log.insert_keys(tx, [key])
    log.insert_events(tx, [sealer.seal(draft(ANN, f"{seq}"), seq, key) for seq in (1, 2)])


def everything(tx: Transaction) -> dict[str, list[Row]]:
    """All rows of the first version's tables, as it knew them."""
    return {
        table: sorted(tx.all(f"SELECT {OLD_COLUMNS.get(table, '*')} FROM {table}"))
        for table in OLD_COUNTS
    }


class BrokenOff:
    """Ends ``prepare`` after ``cut`` statements of the migrations, on the real database."""

    def __init__(self, case: SynchronousTestCase, cut: int) -> None:
        self._case = case
        self._cut = cut

    def prepare(self, store: Any) -> bool:
        """Whether there were so many statements."""
        run, left = Transaction.run, self._cut

        def cut_short(tx: Transaction, sql: str, *values: object) -> int:
            nonlocal left
            if sql.lstrip().startswith(("CREATE", "INSERT", "ALTER")):
                if left == 0:
                    raise PowerCut
                left -= 1
            return run(tx, sql, *values)

        patch = self._case.patch(Transaction, "run", cut_short)
        try:
            store.ledger.prepare()
        except PowerCut:
            return True
        finally:
            patch.restore()
        return False


class DeadlineContract(StoreCase):
    """Nobody waits for ever."""

    async def test_a_hanging_writer_is_given_up_and_later_calls_are_never_begun(self) -> None:
        await self.store.stop()
        self.store = self.open(deadline_s=0.5)
        await self.joined(ANN)
        going_on = threading.Event()
        self.addCleanup(going_on.set)
        hanging = self.store.database.write("hang", lambda tx: going_on.wait(10))
        later = self.store.events.append([draft(ANN, "never")], CheapSealer())
        began_s = time.monotonic()
        await self.refused(Unavailable, lambda: hanging)
        await self.refused(Unavailable, lambda: later)
        self.assertLess(time.monotonic() - began_s, 3)
        self.assertEqual((await self.page(ANN)).last_seq, 0)
        going_on.set()
        outcomes = await self.store.events.append([draft(ANN, "again")], CheapSealer())
        self.assertEqual(numbers(outcomes), [1])
        self.assertEqual([e.room for e in (await self.page(ANN)).events], [GENERAL])

    async def test_a_thread_that_hangs_does_not_hold_the_end(self) -> None:
        await self.store.stop()
        self.store = self.open(deadline_s=0.2)
        going_on = threading.Event()
        self.addCleanup(going_on.set)
        hanging = self.store.database.write("hang", lambda tx: going_on.wait(20))
        threads = [one for one in threading.enumerate() if "PoolThread" in one.name]
        began_s = time.monotonic()
        await self.store.stop()
        self.assertLess(time.monotonic() - began_s, 5)
        await self.refused(Unavailable, lambda: hanging)
        self.assertEqual({one.daemon for one in threads if one.is_alive()}, {True})

    async def test_a_mistake_of_our_own_is_not_called_unavailable(self) -> None:
        for ask in (self.store.database.read, self.store.database.write):
            try:
                await ask("mistake", lambda tx: tx.run("SELEC 1"))
            except Unavailable:
                self.fail("hidden")
            except Exception as error:  # noqa: BLE001 - each driver has its own
                self.assertIn("SELEC", str(error))
            else:
                self.fail("no error")
        await self.store.ping()

    async def test_a_stopped_store_is_unavailable(self) -> None:
        await self.store.stop()
        await self.refused(Unavailable, self.store.ping)
        await self.store.stop()
