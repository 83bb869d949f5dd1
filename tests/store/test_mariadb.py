"""The store on MariaDB: the contract, and what only a server can get wrong."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pymysql
from twisted.internet.defer import Deferred, DeferredList, ensureDeferred, gatherResults
from twisted.internet.threads import deferToThread

from securechat.core.errors import Misconfigured, Unavailable
from securechat.core.model import GENERAL, Appended, Existing, Outcome
from securechat.store import Store, log, migrations, notices, unread
from securechat.store.transaction import Transaction
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
from tests.store.cases import MariaDBCase
from tests.store.sealing import CheapSealer, draft, numbers, person, session

ANN, BOB = person("ann"), person("bob")
ENTER = """
    INSERT INTO memberships (room_id, user_id, role, read_seq, since_seq, joined_ms)
    VALUES (?, ?, 'member', ?, ?, ?)"""


class Append(events_contract.AppendContract, MariaDBCase):
    pass


class Epochs(events_contract.EpochContract, MariaDBCase):
    pass


class Pages(events_contract.PageContract, MariaDBCase):
    READ_LONG = "SELECT seq, SLEEP(0.1) FROM events WHERE room_id = 'general' AND seq <= 10"

    async def test_pages_are_found_through_the_primary_key(self) -> None:
        await self.joined(ANN)
        for batch in range(4):
            drafts = [draft(ANN, f"{batch} {n}") for n in range(250)]
            await self.store.events.append(drafts, CheapSealer())
        await self.sql("SELECT COUNT(*) FROM events")
        for sql in (log.AFTER, log.BEFORE):
            [plan] = await self.sql("EXPLAIN " + sql, "general", 500, 1000, 5)
            self.assertEqual(plan[3:6:2], ("range", "PRIMARY"))
            self.assertNotIn("filesort", plan[-1] or "")
        posts = [draft(ANN, f"1 {n}") for n in range(3)]
        sql = log.EXISTING.format(authors="?", mids="?, ?, ?")
        plan = (await self.sql("EXPLAIN " + sql, "general", ANN.id, *(p.mid for p in posts)))[0]
        self.assertEqual(plan[5], "events_post")


class ErasedRooms(erasing_contract.RoomsContract, MariaDBCase):
    pass


class Retained(erasing_contract.RetentionContract, MariaDBCase):
    pass


class ErasedPeople(erasing_contract.PeopleContract, MariaDBCase):
    pass


class Plans(plans_contract.PlanContract, MariaDBCase):
    async def analyzed(self) -> None:
        await self.sql("ANALYZE TABLE annotations, bans, events, memberships, mentions, rooms")
        await self.sql("ANALYZE TABLE room_keys, sessions, users")

    async def explained(self, statement: str, *values: object) -> list[str]:
        plan = await self.sql("EXPLAIN " + statement, *values)
        return [
            f"{table}: {how} {extra}"
            for _, _, table, how, _, _, _, _, _, extra in plan
            if (how in ("ALL", "index") and not table.startswith("<"))
            or re.search("filesort|temporary|join buffer", extra or "")
        ]

    async def test_what_is_unread_is_counted_through_indexes(self) -> None:
        await self.joined(ANN, BOB)
        for batch in range(4):
            drafts = [draft(ANN, f"{batch} {n}", names=("bob",)) for n in range(250)]
            await self.store.events.append(drafts, CheapSealer())
            some = [draft(BOB, f"+ {batch} {n}", kind="reaction", target=n + 1) for n in range(250)]
            await self.store.events.append(some, CheapSealer())
        await self.sql("ANALYZE TABLE annotations, events, mentions")
        values = ("general", "general", 900, 1_000, "u", 100, BOB.id, "general", 900, 1_000, 100)
        plans = await self.sql("EXPLAIN " + unread.COUNTS, *values)
        keys = {plan[2]: (plan[3], plan[5]) for plan in plans}
        self.assertEqual(keys["e"], ("range", "PRIMARY"))
        self.assertEqual(keys["a"], ("eq_ref", "PRIMARY"))
        self.assertEqual(keys["n"][0], "range")


class Targets(posting_contract.TargetContract, MariaDBCase):
    pass


class Silenced(posting_contract.SilencedContract, MariaDBCase):
    pass


class Calls(posting_contract.CallContract, MariaDBCase):
    pass


class Notices(notices_contract.NoticeContract, MariaDBCase):
    pass


class Feeds(notices_contract.FeedContract, MariaDBCase):
    pass


class Rooms(rooms_contract.RoomsContract, MariaDBCase):
    pass


class Unread(rooms_contract.UnreadContract, MariaDBCase):
    pass


class Newcomers(rooms_contract.NewcomerContract, MariaDBCase):
    pass


class Accounts(accounts_contract.AccountsContract, MariaDBCase):
    pass


class Beginnings(changes_contract.BeginningContract, MariaDBCase):
    pass


class Comings(changes_contract.ComingContract, MariaDBCase):
    pass


class Goings(changes_contract.GoingContract, MariaDBCase):
    pass


class Upkeep(deeds_contract.UpkeepContract, MariaDBCase):
    pass


class Roles(deeds_contract.RolesContract, MariaDBCase):
    pass


class Deletions(deeds_contract.DeletionContract, MariaDBCase):
    pass


class EverybodysRights(rights_contract.RightsContract, MariaDBCase):
    pass


class Living(accounts_contract.LivingContract, MariaDBCase):
    pass


class Invited(accounts_contract.InvitedContract, MariaDBCase):
    pass


class Administrators(administration_contract.AdministrationContract, MariaDBCase):
    pass


class Disabling(administration_contract.DisablingContract, MariaDBCase):
    pass


class Resets(administration_contract.ResetsContract, MariaDBCase):
    pass


class Factors(factors_contract.FactorsContract, MariaDBCase):
    pass


class Passkeys(factors_contract.PasskeysContract, MariaDBCase):
    pass


class OwnAccounts(own_account_contract.OwnAccountContract, MariaDBCase):
    pass


class WornOut(abuse_contract.WornOutContract, MariaDBCase):
    pass


class ForgedNotes(abuse_contract.ForgedNotesContract, MariaDBCase):
    pass


class Crowds(abuse_contract.CrowdContract, MariaDBCase):
    pass


class Powers(abuse_contract.PowerContract, MariaDBCase):
    pass


class Removals(removal_contract.RemovalContract, MariaDBCase):
    pass


class Sessions(accounts_contract.SessionsContract, MariaDBCase):
    pass


class Ledger(ledger_contract.LedgerContract, MariaDBCase):
    pass


class Deadlines(ledger_contract.DeadlineContract, MariaDBCase):
    pass


class TwoDaemons(MariaDBCase):
    """Two stores on one database agree on every number."""

    async def test_two_racing_daemons_number_without_gaps_or_twins(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.room("second", ANN, BOB)
        other = self.open()

        async def talk(store: Store, name: str) -> list[Outcome]:
            outcomes = []
            for turn in range(40):
                drafts = [
                    draft(who, f"{name} {turn} {where}", where)
                    for who in (ANN, BOB)
                    for where in (GENERAL, room)
                ]
                outcomes += await store.events.append(drafts, CheapSealer(events_per_epoch=25))
            return outcomes

        results = await both(talk(self.store, "here"), talk(other, "there"))
        for where in (GENERAL, room):
            told = sorted(
                outcome.event.seq
                for outcome in results
                if isinstance(outcome, Appended) and outcome.event.room == where
            )
            self.assertEqual(told, list(range(1, 161)))
            page = await self.page(ANN, where)
            self.assertEqual([event.seq for event in page.events], told)
            for event in page.events:
                key = [key for key in page.keys if key.first_seq <= event.seq][-1]
                self.assertIn(f'"kid":"{key.kid}"'.encode(), event.protected)

    async def test_the_same_post_through_two_daemons_is_stored_once(self) -> None:
        await self.joined(ANN)
        other = self.open()
        for turn in range(20):
            posts = [draft(ANN, f"{turn} {n}") for n in range(3)]
            outcomes = await both(
                self.store.events.append(posts, CheapSealer()),
                other.events.append(posts, CheapSealer()),
            )
            self.assertEqual(sum(isinstance(outcome, Appended) for outcome in outcomes), 3)
            self.assertEqual(sum(isinstance(outcome, Existing) for outcome in outcomes), 3)
        self.assertEqual([e.seq for e in (await self.page(ANN)).events], list(range(1, 61)))

    async def test_a_member_removed_through_the_other_daemon_stores_nothing_more(self) -> None:
        await self.joined(ANN, BOB)
        other = self.open()
        await other.events.append([draft(ANN, "a"), draft(BOB, "b")], CheapSealer())
        await self.leave(GENERAL, BOB)
        outcomes = await other.events.append([draft(ANN, "c"), draft(BOB, "d")], CheapSealer())
        self.assertEqual(numbers(outcomes[:1]), [3])
        self.assertNotIsInstance(outcomes[1], Appended)

    async def test_a_feed_shows_nothing_of_an_epoch_to_who_comes_and_goes(self) -> None:
        """Bob enters with every odd event and is gone with every even one."""
        await self.joined(ANN, BOB)
        room = await self.room("door", ANN)
        other, over = self.open(), []

        def step(tx: Transaction, number: int) -> None:
            [head] = tx.all(log.HEAD + tx.for_update, room)
            enters = head[0] % 2 == 0
            if enters:
                tx.run(ENTER, room, BOB.id, head[0], head[0], head[0])
            else:
                tx.run("DELETE FROM memberships WHERE room_id = ? AND user_id = ?", room, BOB.id)
            one = draft(ANN, f"{number}", room, kind="joined" if enters else "removed")
            notices.append_notice(tx, one, CheapSealer(), fresh_epoch=True)

        async def come_and_go() -> list[Outcome]:
            for number in range(150):
                await self.store.database.write("step", partial(step, number=number))
            over.append(True)
            return []

        async def listen() -> list[Outcome]:
            heard = 0
            while not over:
                feed = await other.events.feed(room, heard, 500, [ANN.id, BOB.id])
                heard = feed.last_seq
                assert feed.since is not None
                self.assertEqual(feed.since[ANN.id], 0)
                if BOB.id in feed.since:
                    shown = [e.seq for e in feed.events if e.seq > feed.since[BOB.id]]
                    self.assertIn(shown, ([], [feed.since[BOB.id] + 1]))
            return []

        await both(come_and_go(), listen(), listen())
        self.assertEqual((await self.page(ANN, room)).last_seq, 150)

    async def test_two_daemons_may_prepare_a_new_database_together(self) -> None:
        settings = self.fresh_settings()
        stores = [Store(settings) for _ in range(4)]
        await gatherResults(
            [deferToThread(store.ledger.prepare) for store in stores], consumeErrors=True
        )
        rows = self.server.sql("SELECT number FROM schema_migrations", settings.name)
        self.assertEqual(rows, [(step.number,) for step in migrations.known()])


class Outage(MariaDBCase):
    """The server goes away, hangs and comes back."""

    async def test_a_restarted_server_is_not_even_noticed(self) -> None:
        await self.joined(ANN)
        await self.store.events.append([draft(ANN, "a")], CheapSealer())
        await self.page(ANN)
        self.server.stop()
        self.server.start()
        outcomes = await self.store.events.append([draft(ANN, "b")], CheapSealer())
        self.assertEqual(numbers(outcomes), [2])
        self.assertEqual([e.seq for e in (await self.page(ANN)).events], [1, 2])

    async def test_a_killed_server_is_unavailable_and_loses_nothing_that_was_told(self) -> None:
        await self.joined(ANN)
        await self.store.events.append([draft(ANN, "a")], CheapSealer())
        self.server.kill()
        try:
            append = self.store.events.append
            for _ in range(2):
                await self.refused(Unavailable, lambda: append([draft(ANN, "b")], CheapSealer()))
                await self.refused(Unavailable, lambda: self.page(ANN))
                await self.refused(Unavailable, self.store.ping)
            self.assertRaises(Unavailable, Store(self.settings).ledger.prepare)
        finally:
            self.server.start()
        outcomes = await self.store.events.append([draft(ANN, "b")], CheapSealer())
        self.assertEqual(numbers(outcomes), [2])
        await self.store.ping()

    async def test_a_hanging_server_is_unavailable_within_five_seconds(self) -> None:
        await self.joined(ANN)
        await self.store.events.append([draft(ANN, "a")], CheapSealer())
        began_s = time.monotonic()
        self.server.pause()
        try:
            asked: list[Deferred[Any]] = [
                self.store.events.append([draft(ANN, "b")], CheapSealer()),
                self.store.events.append([draft(ANN, "c")], CheapSealer()),
                self.store.events.after(ANN.id, GENERAL, 0, 10),
                self.store.database.read("ping", lambda tx: tx.one("SELECT 1")),
            ]
            for answer in await DeferredList(asked, consumeErrors=True):
                self.assertEqual((answer[0], answer[1].type), (False, Unavailable))
            took_s = time.monotonic() - began_s
        finally:
            self.server.resume()
        self.assertLess(took_s, 5.5)
        # Neither of the two that were given up may come true later: a resend gets the next number.
        outcomes = await self.store.events.append([draft(ANN, "b")], CheapSealer())
        self.assertEqual(numbers(outcomes), [2])
        self.assertEqual([e.seq for e in (await self.page(ANN)).events], [1, 2])

    async def test_a_connection_cut_before_commit_is_tried_again(self) -> None:
        await self.joined(ANN)
        await self.store.events.append([draft(ANN, "a")], CheapSealer())
        cuts = self.cut_connections_after("INSERT INTO EVENTS", 1)
        outcomes = await self.store.events.append([draft(ANN, "b")], CheapSealer())
        self.assertEqual((numbers(outcomes), cuts), ([2], ["cut"]))
        self.assertEqual([e.seq for e in (await self.page(ANN)).events], [1, 2])

    async def test_a_connection_cut_twice_is_unavailable(self) -> None:
        await self.joined(ANN)
        cuts = self.cut_connections_after("INSERT INTO EVENTS", 2)
        await self.refused(
            Unavailable, lambda: self.store.events.append([draft(ANN, "a")], CheapSealer())
        )
        self.assertEqual(cuts, ["cut"] * 2)
        outcomes = await self.store.events.append([draft(ANN, "a")], CheapSealer())
        self.assertEqual(numbers(outcomes), [1])

    async def test_a_lost_answer_to_commit_is_unavailable_and_never_tried_again(self) -> None:
        await self.joined(ANN)
        await self.store.events.append([draft(ANN, "a")], CheapSealer())
        dialect = self.store.database.dialect
        commit = dialect.commit
        commits: list[object] = []

        def commit_and_lose(connection: object, *, writes: bool) -> None:
            commit(connection, writes=writes)
            if writes:
                commits.append(connection)
                raise ConnectionResetError("cut")

        patch = self.patch(dialect, "commit", commit_and_lose)
        await self.refused(
            Unavailable, lambda: self.store.events.append([draft(ANN, "b")], CheapSealer())
        )
        self.assertEqual(len(commits), 1)
        patch.restore()
        [outcome] = await self.store.events.append([draft(ANN, "b")], CheapSealer())
        assert isinstance(outcome, Existing)
        self.assertEqual(outcome.event.seq, 2)

    async def test_a_row_that_somebody_else_holds_is_waited_for_and_then_unavailable(self) -> None:
        await self.joined(ANN)
        with self.held("SELECT * FROM rooms WHERE id = 'general' FOR UPDATE"):
            began_s = time.monotonic()
            await self.refused(
                Unavailable, lambda: self.store.events.append([draft(ANN, "a")], CheapSealer())
            )
            self.assertLess(time.monotonic() - began_s, 5)
            self.assertEqual((await self.page(ANN)).events, ())
        outcomes = await self.store.events.append([draft(ANN, "a")], CheapSealer())
        self.assertEqual(numbers(outcomes), [1])

    async def test_a_read_only_server_is_unavailable_and_read(self) -> None:
        await self.joined(ANN)
        await self.as_ordinary_user()
        self.server.sql("SET GLOBAL read_only = 1")
        try:
            await self.refused(
                Unavailable, lambda: self.store.events.append([draft(ANN, "a")], CheapSealer())
            )
            self.assertEqual((await self.page(ANN)).events, ())
        finally:
            self.server.sql("SET GLOBAL read_only = 0")
        outcomes = await self.store.events.append([draft(ANN, "a")], CheapSealer())
        self.assertEqual(numbers(outcomes), [1])

    async def as_ordinary_user(self) -> None:
        """Root may write to a read-only server: open the store as somebody who may not."""
        for statement in (
            "CREATE USER IF NOT EXISTS 'chat'@'localhost'",
            f"GRANT ALL ON {self.settings.name}.* TO 'chat'@'localhost'",
        ):
            self.server.sql(statement)
        self.store = self.open(replace(self.settings, user="chat"))

    def cut_connections_after(self, start: str, times: int) -> list[str]:
        """The server kills our connection just before such a statement, so many times."""
        run = Transaction.run_many
        cuts: list[str] = []

        def cut(tx: Transaction, sql: str, rows: Sequence[Sequence[object]]) -> None:
            if " ".join(sql.split()).upper().startswith(start) and len(cuts) < times:
                cuts.append("cut")
                [[own]] = tx.all("SELECT CONNECTION_ID()")
                self.server.sql(f"KILL CONNECTION {own}")
            run(tx, sql, rows)

        self.patch(Transaction, "run_many", cut)
        return cuts

    @contextlib.contextmanager
    def held(self, sql: str) -> Iterator[None]:
        """Another program's transaction that holds rows."""
        connection = pymysql.connect(
            user="root", unix_socket=str(self.server.socket), database=self.settings.name
        )
        try:
            connection.cursor().execute(sql)
            yield
        finally:
            connection.close()


class Rights(MariaDBCase):
    """Accounts that may not, passwords that are wrong."""

    async def test_the_rights_that_we_ask_for_are_enough(self) -> None:
        settings = self.fresh_settings()
        self.server.sql("CREATE USER IF NOT EXISTS 'least'@'localhost'")
        self.server.sql(
            "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES"
            f" ON `{settings.name}`.* TO 'least'@'localhost'"
        )
        self.store = self.open(replace(settings, user="least"))
        await self.joined(ANN)
        outcomes = await self.store.events.append([draft(ANN, "a")], CheapSealer())
        self.assertEqual(numbers(outcomes), [1])
        await self.store.accounts.end_session(session(ANN).digest)

    def test_missing_rights_and_databases_are_told_with_the_line_to_run(self) -> None:
        self.server.sql("CREATE USER IF NOT EXISTS 'poor'@'localhost'")
        for wrong in (
            replace(self.settings, user="poor"),
            replace(self.settings, user="unknown"),
            replace(self.settings, name="no_such_database"),
        ):
            error = self.assertRaises(Misconfigured, Store(wrong).ledger.prepare)
            self.assertIn("GRANT", str(error))
            self.assertIn(f"`{wrong.name}`", str(error))

    def test_a_right_that_is_missing_for_a_table_is_told(self) -> None:
        settings = self.fresh_settings()
        self.server.sql("CREATE USER IF NOT EXISTS 'reader'@'localhost'")
        self.server.sql(f"GRANT SELECT ON {settings.name}.* TO 'reader'@'localhost'")
        error = self.assertRaises(
            Misconfigured, Store(replace(settings, user="reader")).ledger.prepare
        )
        self.assertIn("GRANT", str(error))

    def test_the_password_file_is_read_and_must_be_ours_alone(self) -> None:
        self.server.sql(
            "CREATE USER IF NOT EXISTS 'locked'@'localhost' IDENTIFIED BY 'pässword\\'1'"
        )
        self.server.sql(f"GRANT ALL ON {self.settings.name}.* TO 'locked'@'localhost'")
        file = Path(self.mktemp())
        file.write_text("pässword'1\nsecond line\n")
        settings = replace(self.settings, user="locked", password_file=file)
        file.chmod(0o640)
        error = self.assertRaises(Misconfigured, Store(settings).ledger.prepare)
        self.assertIn(f"chmod 600 {file}", str(error))
        file.chmod(0o600)
        Store(settings).ledger.prepare()
        file.write_text("wrong")
        error = self.assertRaises(Misconfigured, Store(settings).ledger.prepare)
        self.assertNotIn("wrong", str(error))
        file.unlink()
        self.assertRaises(Misconfigured, Store(settings).ledger.prepare)


async def both(
    *questions: Coroutine[Deferred[Any], Any, list[Outcome]] | Deferred[list[Outcome]],
) -> list[Outcome]:
    """All outcomes of questions that run at the same time."""
    results = await gatherResults(
        [ensureDeferred(question) for question in questions], consumeErrors=True
    )
    return [outcome for outcomes in results for outcome in outcomes]
