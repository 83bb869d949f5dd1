"""Registering, logging in and out, and how long a session lives."""

from __future__ import annotations

import hashlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from securechat.chat.accounts import Accounts, InvalidFields, WrongPair
from securechat.chat.sessions import DAY_MS
from securechat.core.errors import Busy, NameTaken, Unavailable
from securechat.core.model import PasswordHash, Session, digest_of
from securechat.core.ports import SessionEnded
from securechat.core.settings import Limits

from .fakes_accounts import START_MS, MemoryAccounts
from .fakes_browser import PASSWORD
from .fakes_ports import CountingRandom, HeardBus, InlineHashing, memory_sealer

T = TypeVar("T")


class AccountsCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.store, self.hashing, self.bus = MemoryAccounts(), InlineHashing(), HeardBus()
        self.random = CountingRandom()
        self.accounts = Accounts(
            self.store, self.hashing, self.bus, Limits(), self.random, memory_sealer()
        )

    def run_now(self, work: Coroutine[Deferred[Any], Any, T]) -> T:
        return self.successResultOf(Deferred.fromCoroutine(work))

    def fails(self, work: Coroutine[Deferred[Any], Any, Any], error: type[Exception]) -> Any:
        return self.failureResultOf(Deferred.fromCoroutine(work), error).value

    def register(self, username: str = "ada", now_ms: int = START_MS) -> tuple[Session, str]:
        work = self.accounts.register("Ada Lovelace", username, PASSWORD, PASSWORD, now_ms)
        return self.run_now(work)

    def find(self, token: str, now_ms: int) -> Session | None:
        return self.run_now(self.accounts.session_of(token, now_ms))


class AfterARotation(AccountsCase):
    """A new root key brings a new pepper."""

    def setUp(self) -> None:
        super().setUp()
        self.register()
        self.hashing.peppers[2] = b"q" * 32

    def log_in(self, password: str = PASSWORD) -> tuple[Session, str]:
        return self.run_now(self.accounts.log_in("ada", password, START_MS))

    def pepper(self) -> int:
        return self.store.users["ada"][1].root_id

    def test_a_password_takes_the_newest_pepper_at_the_next_log_in(self) -> None:
        self.assertEqual(self.pepper(), 1)
        self.log_in()
        self.assertEqual(self.pepper(), 2)
        self.log_in()
        work = self.hashing.work
        self.log_in()
        self.assertEqual(self.hashing.work, work + 1)

    def test_a_wrong_password_changes_nothing_and_costs_as_much_as_ever(self) -> None:
        work = self.hashing.work
        self.fails(self.accounts.log_in("ada", "a wrong secret", START_MS), WrongPair)
        self.assertEqual((self.pepper(), self.hashing.work), (1, work + 1))

    def test_where_there_is_no_time_for_it_the_log_in_succeeds_all_the_same(self) -> None:
        for error in (Busy(3), Unavailable("away")):
            self.patch(self.store, "renew_hash", lambda *_, error=error: fail(error))
            self.log_in()
            self.assertEqual(self.pepper(), 1)

    def test_whoever_logs_in_twice_at_once_gets_in_twice(self) -> None:
        add_session = self.store.add_session

        async def late(session: Session, proof: PasswordHash | None = None) -> bool:
            self.patch(self.store, "add_session", add_session)
            await self.accounts.log_in("ada", PASSWORD, START_MS)
            return await add_session(session, proof)

        self.patch(self.store, "add_session", late)
        self.log_in()
        self.assertEqual(self.pepper(), 2)
        self.assertEqual(len(self.store.sessions), 3)


class Registering(AccountsCase):
    def test_somebody_new_is_a_signed_in_member(self) -> None:
        session, token = self.register("ADA")
        self.assertEqual(session.user.username, "ada")
        self.assertEqual(session.user.full_name, "Ada Lovelace")
        self.assertEqual(session.user.role, "member")
        self.assertRegex(session.user.id, r"\A[A-Za-z0-9_-]{22}\Z")
        self.assertRegex(token, r"\A[A-Za-z0-9_-]{43}\Z")
        self.assertEqual(self.find(token, START_MS), session)

    def test_only_the_digest_of_a_token_is_stored_and_no_password(self) -> None:
        session, token = self.register()
        stored = repr((self.store.users, self.store.sessions))
        self.assertEqual(session.digest, hashlib.sha256(token.encode()).digest())
        self.assertEqual(session.digest, digest_of(token))
        self.assertNotIn(token, stored)
        self.assertNotIn(PASSWORD, stored)

    def test_each_field_is_told_what_is_wrong_with_it(self) -> None:
        work = self.accounts.register("", "a b", "short", "other", START_MS)
        error = self.fails(work, InvalidFields)
        self.assertEqual(set(error.errors), {"fullname", "username", "password", "confirm"})
        self.assertEqual(self.hashing.work, 0)

    def test_a_taken_name_in_another_case_is_taken_and_costs_no_hash(self) -> None:
        self.register("ada")
        work = self.hashing.work
        self.fails(self.accounts.register("B", "ADA", PASSWORD, PASSWORD, START_MS), NameTaken)
        self.assertEqual(self.hashing.work, work)

    def test_the_session_that_the_browser_had_before_ends(self) -> None:
        _, old = self.register("ada")
        work = self.accounts.register("Bob", "bob", PASSWORD, PASSWORD, START_MS, replacing=old)
        self.run_now(work)
        self.assertIsNone(self.find(old, START_MS))
        self.assertEqual(self.bus.news, [SessionEnded(digest_of(old))])

    def test_an_old_session_that_cannot_be_ended_does_not_undo_the_account(self) -> None:
        _, old = self.register("ada")
        self.store.unwritable = True
        work = self.accounts.register("Bob", "bob", PASSWORD, PASSWORD, START_MS, replacing=old)
        session, token = self.run_now(work)
        self.assertEqual(self.find(token, START_MS), session)
        self.assertEqual(self.bus.news, [])


class LoggingIn(AccountsCase):
    def test_the_right_pair_gets_a_new_session_each_time(self) -> None:
        _, first = self.register()
        session, second = self.run_now(self.accounts.log_in(" Ada", PASSWORD, START_MS))
        self.assertNotEqual(first, second)
        self.assertEqual(self.find(second, START_MS), session)
        self.assertIsNotNone(self.find(first, START_MS))

    def test_the_old_session_of_the_browser_ends(self) -> None:
        _, old = self.register()
        self.run_now(self.accounts.log_in("ada", PASSWORD, START_MS, replacing=old))
        self.assertIsNone(self.find(old, START_MS))
        self.assertEqual(self.bus.news, [SessionEnded(digest_of(old))])

    def test_an_old_session_that_cannot_be_ended_does_not_undo_the_log_in(self) -> None:
        _, old = self.register()
        self.store.unwritable = True
        work = self.accounts.log_in("ada", PASSWORD, START_MS, replacing=old)
        session, token = self.run_now(work)
        self.assertEqual(self.find(token, START_MS), session)

    def test_unknown_user_and_wrong_password_are_one_answer_and_the_same_work(self) -> None:
        self.register()
        for username in ("ada", "nobody", "no such name!", ""):
            before = self.hashing.work
            error = self.fails(self.accounts.log_in(username, "wrong one", START_MS), WrongPair)
            self.assertEqual(str(error), "")
            self.assertEqual(self.hashing.work - before, 1)

    def test_a_disabled_person_and_a_wrong_password_are_one_answer_and_the_same_work(self) -> None:
        session, _ = self.register()
        self.store.disabled.add(session.user.id)
        for password in (PASSWORD, "wrong password"):
            before = self.hashing.work
            error = self.fails(self.accounts.log_in("ada", password, START_MS), WrongPair)
            self.assertEqual(str(error), "")
            self.assertEqual(self.hashing.work - before, 1)
        self.store.disabled.clear()
        self.run_now(self.accounts.log_in("ada", PASSWORD, START_MS))

    def test_an_over_long_password_is_a_wrong_pair_and_is_never_hashed(self) -> None:
        self.register()
        before = self.hashing.work
        for username in ("ada", "nobody"):
            self.fails(self.accounts.log_in(username, "x" * 1_025, START_MS), WrongPair)
        self.assertEqual(self.hashing.work, before)

    def test_busy_and_unavailable_are_told_apart_from_wrong(self) -> None:
        self.register()
        self.hashing.busy = True
        self.fails(self.accounts.log_in("ada", PASSWORD, START_MS), Busy)
        self.store.away = True
        self.fails(self.accounts.log_in("ada", PASSWORD, START_MS), Unavailable)


class Sessions(AccountsCase):
    def test_seven_days_without_use_end_it(self) -> None:
        _, token = self.register()
        self.assertIsNotNone(self.find(token, START_MS + 7 * DAY_MS - 1))
        self.assertIsNotNone(self.find(token, START_MS + 14 * DAY_MS - 2))
        self.assertIsNone(self.find(token, START_MS + 21 * DAY_MS))
        self.assertEqual(self.store.sessions, {})
        self.assertEqual(self.bus.news, [SessionEnded(digest_of(token))])

    def test_thirty_days_end_it_however_much_it_is_used(self) -> None:
        session, token = self.register()
        for day in range(30):
            self.assertIsNotNone(self.find(token, START_MS + day * DAY_MS))
        self.assertEqual(self.accounts.expires_ms(session), START_MS + 30 * DAY_MS)
        self.assertIsNone(self.find(token, START_MS + 30 * DAY_MS))

    def test_its_use_is_written_at_most_once_a_minute(self) -> None:
        _, token = self.register()
        for second in range(150):
            self.find(token, START_MS + second * 1_000)
        self.assertEqual(self.store.touches, 2)

    def test_a_session_is_found_while_nothing_can_be_written(self) -> None:
        session, token = self.register()
        self.store.unwritable = True
        later_ms = START_MS + 2 * 60_000
        self.assertEqual(self.find(token, later_ms), session)
        self.store.unwritable = False
        self.find(token, later_ms)
        self.assertEqual(self.store.sessions[session.digest].seen_ms, later_ms)

    def test_nobody_waits_for_a_session_to_be_noted_and_it_is_noted_once(self) -> None:
        session, token = self.register()
        self.store.slow_writes = Deferred()
        for _ in range(3):
            self.assertEqual(self.find(token, START_MS + 2 * 60_000), session)
        self.assertEqual(self.store.touches, 1)
        self.store.slow_writes.callback(None)

    def test_an_expired_session_is_none_also_while_nothing_can_be_written(self) -> None:
        _, token = self.register()
        self.store.unwritable = True
        self.assertIsNone(self.find(token, START_MS + 30 * DAY_MS))

    def test_a_mistake_while_noting_a_session_is_logged(self) -> None:
        _, token = self.register()
        self.store.slow_writes = fail(ZeroDivisionError())
        self.assertIsNotNone(self.find(token, START_MS + 2 * 60_000))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_the_session_of_an_open_socket_stays_in_use_until_it_ends(self) -> None:
        session, _ = self.register()
        for day in range(30):
            open_still = self.accounts.still_open(session.digest, START_MS + day * DAY_MS)
            self.assertTrue(self.run_now(open_still))
        self.assertEqual(self.store.sessions[session.digest].seen_ms, START_MS + 29 * DAY_MS)
        ended = self.accounts.still_open(session.digest, START_MS + 30 * DAY_MS)
        self.assertFalse(self.run_now(ended))

    def test_the_session_of_an_open_socket_that_is_gone_is_not_open(self) -> None:
        session, _ = self.register()
        del self.store.sessions[session.digest]
        self.assertFalse(self.run_now(self.accounts.still_open(session.digest, START_MS)))

    def test_what_is_no_token_never_reaches_the_store(self) -> None:
        self.store.away = True
        for token in ("", "x", "A" * 42, "A" * 44, "A" * 42 + "=", "é" * 43, "A" * 43 + "\n"):
            self.assertIsNone(self.find(token, START_MS), token)
        self.fails(self.accounts.session_of("A" * 43, START_MS), Unavailable)

    def test_logging_out_ends_it_and_its_sockets(self) -> None:
        _, token = self.register()
        self.run_now(self.accounts.log_out(token))
        self.assertIsNone(self.find(token, START_MS))
        self.assertEqual(self.bus.news, [SessionEnded(digest_of(token))])

    def test_logging_out_without_a_session_changes_nothing(self) -> None:
        self.run_now(self.accounts.log_out(None))
        self.run_now(self.accounts.log_out("junk"))
        self.assertEqual(self.bus.news, [])

    def test_a_log_out_that_was_not_stored_is_not_told_as_one(self) -> None:
        _, token = self.register()
        self.store.away = True
        self.fails(self.accounts.log_out(token), Unavailable)
        self.assertEqual(self.bus.news, [])

    def test_the_expired_are_swept_and_the_living_stay(self) -> None:
        self.register("ada", START_MS)
        _, token = self.register("bob", START_MS + 5 * DAY_MS)
        now_ms = START_MS + 8 * DAY_MS
        self.assertEqual(self.run_now(self.accounts.end_expired(now_ms)), 1)
        self.assertIsNotNone(self.find(token, now_ms))
