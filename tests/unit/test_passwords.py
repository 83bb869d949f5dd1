"""Which passwords are accepted, and that what is stored tells nothing and confuses nothing."""

from __future__ import annotations

import threading
import time
from unicodedata import normalize

from hypothesis import assume, given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.trial.unittest import SynchronousTestCase, TestCase

from securechat import hashing
from securechat.core.blocklist import common_passwords
from securechat.core.errors import Busy, Damaged, Unavailable
from securechat.core.model import PasswordHash
from securechat.core.passwords import (
    complaint,
    hash_password,
    is_hashable,
    password_matches,
    prepare,
)
from securechat.hashing import BcryptPool

from .fakes_texts import in_english

PEPPERS = {1: b"1" * 32, 2: b"2" * 32}


class Rules(SynchronousTestCase):
    def test_any_text_of_eight_characters_is_a_password(self) -> None:
        for password in (
            "48151623",
            "        ",
            "пароль12",
            "😀" * 8,
            "nul\0byte",
            "🙂é\u202e日本語ok",
        ):
            self.assertIsNone(complaint(password, ["ada"], 8), repr(password))

    @given(st.text(min_size=8, max_size=64))
    def test_no_composition_rules(self, password: str) -> None:
        assume(normalize("NFKC", password).casefold() not in common_passwords())
        long_enough = len(normalize("NFC", password)) >= 8
        self.assertEqual(complaint(password, (), 8) is None, long_enough)
        self.assertEqual(len(prepare(password, b"p" * 32)), 44)
        stored = hash_password(password, PEPPERS, 4)
        self.assertTrue(password_matches(password, stored, PEPPERS))
        self.assertFalse(password_matches(password + "x", stored, PEPPERS))

    def test_shorter_ones_and_names_are_refused_with_the_reason(self) -> None:
        self.assertIn("at least 8", in_english(complaint("1234567", ["ada"], 8)))
        self.assertIn("at least 15", in_english(complaint("12345678", ["ada"], 15)))
        self.assertIn("be a name", in_english(complaint("Ada.Lovelace", ["ada.lovelace"], 8)))

    def test_at_most_1024_bytes_of_utf8(self) -> None:
        self.assertIsNone(complaint("x" * 1_024, ["ada"], 8))
        self.assertIsNone(complaint("é" * 512, ["ada"], 8))
        for password in ("x" * 1_025, "é" * 513, "x" * 10_000_000, "lone \ud800 half"):
            self.assertIn("at most 1,024", in_english(complaint(password, ["ada"], 8)))
            self.assertFalse(is_hashable(password))


class Hashes(SynchronousTestCase):
    def test_passwords_that_differ_only_at_the_end_differ(self) -> None:
        for n_bytes in (8, 72, 73, 1_024):
            stored = hash_password("x" * (n_bytes - 1) + "a", PEPPERS, 4)
            self.assertTrue(password_matches("x" * (n_bytes - 1) + "a", stored, PEPPERS))
            self.assertFalse(password_matches("x" * (n_bytes - 1) + "b", stored, PEPPERS))
            self.assertFalse(password_matches("x" * (n_bytes - 1), stored, PEPPERS))

    def test_what_follows_a_nul_counts(self) -> None:
        stored = hash_password("secret\0one", PEPPERS, 4)
        self.assertFalse(password_matches("secret\0two", stored, PEPPERS))

    def test_composed_and_decomposed_spellings_are_one_password(self) -> None:
        stored = hash_password("caf\u00e9 caf\u00e9", PEPPERS, 4)
        self.assertTrue(password_matches("cafe\u0301 cafe\u0301", stored, PEPPERS))

    def test_the_newest_pepper_is_used_and_older_ones_still_open(self) -> None:
        old = hash_password("a long secret", {1: PEPPERS[1]}, 4)
        new = hash_password("a long secret", PEPPERS, 4)
        self.assertEqual((old.root_id, new.root_id), (1, 2))
        self.assertTrue(password_matches("a long secret", old, PEPPERS))
        self.assertFalse(password_matches("a long secret", PasswordHash(new.bcrypt, 1), PEPPERS))

    def test_a_missing_pepper_or_a_damaged_hash_is_told_and_never_a_match(self) -> None:
        stored = hash_password("a long secret", PEPPERS, 4)
        self.assertRaises(Damaged, password_matches, "a long secret", stored, {1: PEPPERS[1]})
        self.assertRaises(Damaged, password_matches, "x", PasswordHash(b"junk", 1), PEPPERS)

    def test_the_cost_is_in_the_hash_and_twelve_unless_told_otherwise(self) -> None:
        self.assertTrue(hash_password("x", PEPPERS, 4).bcrypt.startswith(b"$2b$04$"))
        self.assertTrue(hash_password("x", PEPPERS).bcrypt.startswith(b"$2b$12$"))


class InThreads(TestCase):
    def pool(self, max_waiting: int = 32, cost: int = 4) -> BcryptPool:
        from twisted.internet import reactor

        pool = BcryptPool(reactor, PEPPERS, cost=cost, threads=1, max_waiting=max_waiting)
        pool.start()
        self.addCleanup(lambda: Deferred.fromCoroutine(pool.stop()))
        return pool

    def test_a_hash_matches_its_password_only(self) -> Deferred[None]:
        async def check() -> None:
            pool = self.pool()
            stored = await pool.hash("a long secret")
            self.assertTrue(await pool.matches("a long secret", stored))
            self.assertFalse(await pool.matches("another secret", stored))
            self.assertFalse(await pool.matches("a long secret", None))

        return Deferred.fromCoroutine(check())

    def test_beyond_the_queue_the_answer_is_busy_at_once(self) -> Deferred[list[PasswordHash]]:
        pool = self.pool(max_waiting=3, cost=6)
        accepted = [pool.hash("a long secret") for _ in range(4)]
        self.assertEqual(pool.waiting, 3)
        busy = self.assertRaises(Busy, pool.hash, "one too many")
        self.assertGreaterEqual(busy.retry_s, 1)
        done = gatherResults(accepted)
        done.addCallback(lambda _: self.assertEqual(pool.waiting, 0))
        return done

    def test_a_caller_who_goes_away_does_not_make_room_before_the_thread_is_done(
        self,
    ) -> Deferred[None]:
        async def check() -> None:
            pool = self.pool(max_waiting=1, cost=8)
            first, second = pool.hash("one secret"), pool.hash("two secret")
            first.cancel()
            self.failureResultOf(first, CancelledError)
            self.assertRaises(Busy, pool.hash, "three secret")
            await second
            self.assertEqual(pool.waiting, 0)
            await pool.hash("four secret")

        return Deferred.fromCoroutine(check())

    async def test_a_hash_that_hangs_does_not_hold_the_end(self) -> None:
        pool, began, hang = self.pool(), threading.Event(), threading.Event()

        def hang_on(*_: object) -> None:
            began.set()
            hang.wait(20)

        self.patch(hashing, "STOP_WITHIN_S", 0.1)
        self.patch(hashing, "hash_password", hang_on)
        asked = pool.hash("a long secret")
        began.wait(5)
        began_s = time.monotonic()
        await pool.stop()
        self.assertLess(time.monotonic() - began_s, 5)
        self.assertFalse([one for one in pool._pool.threads if not one.daemon])
        hang.set()
        await asked

    async def test_a_pool_that_does_not_run_is_unavailable(self) -> None:
        pool = self.pool()
        await pool.stop()
        self.assertRaises(Unavailable, pool.hash, "a long secret")
        self.assertRaises(Unavailable, pool.matches, "a long secret", None)
