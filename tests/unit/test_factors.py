"""Second factors: their codes, how secrets are kept, logging in with them, and proofs."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import fail
from twisted.trial.unittest import SynchronousTestCase

from securechat.chat.accounts import FactorAsked, WrongPair
from securechat.chat.factors import HALFWAY_MS, MOST_TRIES, PROVEN_MS, BadOffer, Over, WrongCode
from securechat.chat.own_account import WrongPassword
from securechat.core import factors
from securechat.core.attempts import FREE, TooSoon
from securechat.core.errors import Busy, Damaged, FactorNeeded, RootUnknown, Unavailable
from securechat.core.factors import STEP_MS, FactorKeys
from securechat.core.keys import RootKeys
from securechat.core.model import AppUse, Device, RecoveryUse, SealedSecret, UserId, digest_of
from securechat.core.ports import SessionEnded
from tests.support.factors import App

from .factors_cases import FactorsCase
from .fakes_accounts import START_MS
from .fakes_browser import PASSWORD
from .fakes_web import ROOTS

PHONE = Device("Firefox", "Android")
ADA, EVE = UserId("a" * 22), UserId("e" * 22)
RFC_SECRET = b"12345678901234567890"
RFC_CODES = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}
"""RFC 6238 appendix B for SHA-1, of whose eight digits ours are the last six."""


class Codes(SynchronousTestCase):
    def test_they_are_those_of_the_standard(self) -> None:
        for at_s, code in RFC_CODES.items():
            self.assertEqual(factors.step_of(RFC_SECRET, code, at_s * 1_000), at_s // 30, at_s)

    def test_one_step_before_and_after_counts_and_none_beyond(self) -> None:
        app = App(factors.spelled(RFC_SECRET))
        now = START_MS // STEP_MS
        for off in range(-3, 4):
            found = factors.step_of(RFC_SECRET, app.code(START_MS + off * STEP_MS), START_MS)
            self.assertEqual(found, now + off if abs(off) <= 1 else None)

    def test_only_six_digits_are_a_code(self) -> None:
        for text in ("", "28708", "2870821", "28708a", "２８７０８２", "-87082", "287082\n"):
            self.assertIsNone(factors.step_of(RFC_SECRET, text, 59_000), text)

    def test_what_people_type_between_and_beside_does_not_matter(self) -> None:
        self.assertEqual(factors.tidy(" 287 082 "), "287082")
        self.assertEqual(factors.tidy("ABCD-efgh 1jkl–MNOP"), "abcdefgh1jk1mn0p")

    def test_the_address_for_apps_names_server_and_person(self) -> None:
        address = factors.address(RFC_SECRET, "ada", "chat.example.org")
        self.assertRegex(address, r"^otpauth://totp/SecureChat:ada(@|%40)chat\.example\.org\?")
        self.assertIn("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", address)
        self.assertIn("issuer=SecureChat", address)


class RecoveryCodes(SynchronousTestCase):
    @given(st.binary(min_size=factors.RECOVERY_BYTES, max_size=factors.RECOVERY_BYTES))
    def test_each_is_easy_to_type_and_found_again_however_it_is_typed(self, random: bytes) -> None:
        code = factors.recovery_code(random)
        self.assertTrue(re.fullmatch(r"([0-9a-hjkmnp-tv-z]{4}-){5}[0-9a-hjkmnp-tv-z]{4}", code))
        digest = factors.recovery_digest(ADA, factors.tidy(code))
        self.assertIsNotNone(digest)
        spoken = code.upper().replace("0", "O").replace("1", "l").replace("-", " ")
        self.assertEqual(factors.recovery_digest(ADA, factors.tidy(spoken)), digest)
        self.assertNotEqual(factors.recovery_digest(EVE, factors.tidy(code)), digest)

    def test_different_randomness_makes_different_codes(self) -> None:
        made = {factors.recovery_code(n.to_bytes(15, "big")) for n in range(2_000)}
        self.assertEqual(len(made), 2_000)

    def test_what_cannot_be_one_has_no_digest(self) -> None:
        for text in ("", "287082", "a" * 23, "a" * 25, "u" * 24, "é" * 24):
            self.assertIsNone(factors.recovery_digest(ADA, text), text)


class Sealed(SynchronousTestCase):
    def setUp(self) -> None:
        self.keys = FactorKeys(ROOTS)
        self.sealed = self.keys.seal(ADA, RFC_SECRET)

    def test_a_secret_opens_for_its_owner_alone(self) -> None:
        self.assertEqual(self.keys.open(self.sealed), RFC_SECRET)
        self.assertNotIn(RFC_SECRET, self.sealed.wrapped)
        other = SealedSecret(EVE, self.sealed.root_id, self.sealed.wrapped)
        self.assertRaises(Damaged, self.keys.open, other)

    def test_every_flipped_bit_is_found(self) -> None:
        for bit in range(8 * len(self.sealed.wrapped)):
            altered = bytearray(self.sealed.wrapped)
            altered[bit // 8] ^= 1 << bit % 8
            broken = SealedSecret(ADA, self.sealed.root_id, bytes(altered))
            self.assertRaises(Damaged, self.keys.open, broken)
        for wrapped in (b"", b"x" * 7, b"x" * 64):
            self.assertRaises(Damaged, self.keys.open, SealedSecret(ADA, 1, wrapped))

    def test_it_moves_to_the_newest_root_key_and_keeps_its_age(self) -> None:
        both = FactorKeys(ROOTS.adding(2, b"2" * 32, 0))
        moved = both.resealed(SealedSecret(ADA, 1, self.sealed.wrapped, 7))
        self.assertEqual((moved.root_id, moved.since_ms), (2, 7))
        only = FactorKeys(RootKeys("memory", {2: b"2" * 32}))
        self.assertEqual(only.open(moved), RFC_SECRET)
        self.assertRaises(Damaged, only.open, self.sealed)

    def test_an_offer_is_taken_back_from_whom_it_was_made_to_and_cannot_be_made_up(self) -> None:
        offer = self.keys.offer(ADA, RFC_SECRET)
        self.assertEqual(self.keys.offered(ADA, offer), RFC_SECRET)
        self.assertIsNone(self.keys.offered(EVE, offer))
        for text in ("", ".", "1.", "1.A", "9" * 30 + ".AAAA", "2" + offer[1:], offer + "A"):
            self.assertIsNone(self.keys.offered(ADA, text), text)


class SettingUp(FactorsCase):
    def test_a_code_of_the_offered_secret_turns_it_on_and_brings_ten_recovery_codes(self) -> None:
        _, codes = self.enrolled()
        self.assertEqual((len(codes), len(set(codes))), (10, 10))
        enrolled = self.run_now(self.factors.of(self.mine.user))
        self.assertTrue(enrolled)
        self.assertEqual(enrolled.recovery_left, 10)

    def test_neither_secret_nor_recovery_codes_lie_in_the_store(self) -> None:
        app, codes = self.enrolled()
        stored = repr((self.store.apps, self.store.recovery))
        for secret in (*codes, *(code.replace("-", "") for code in codes), repr(app.secret)[2:-1]):
            self.assertNotIn(secret, stored)

    def test_a_wrong_code_or_a_secret_from_elsewhere_turns_nothing_on(self) -> None:
        offer, app = self.offered()
        eve, _ = self.register("eve")
        late = app.code(START_MS + 5 * STEP_MS)
        add = self.factors.add_app
        self.fails(add(self.mine, offer.token, late, START_MS), WrongCode)
        self.fails(add(eve, offer.token, app.code(START_MS), START_MS), BadOffer)
        self.fails(add(self.mine, "1.AAAA", app.code(START_MS), START_MS), BadOffer)
        self.run_now(self.accounts.log_out(self.token))
        self.fails(add(self.mine, offer.token, app.code(START_MS), START_MS), BadOffer)
        self.assertEqual(self.store.apps, {})

    def test_another_app_takes_the_place_of_the_old_one_and_recovery_codes_stay(self) -> None:
        old, _ = self.enrolled()
        kept = set(self.store.recovery[self.mine.user.id])
        new, codes = self.enrolled(START_MS + STEP_MS)
        self.assertEqual(codes, ())
        self.assertEqual(self.store.recovery[self.mine.user.id], kept)
        opened = self.keys.open(self.store.apps[self.mine.user.id])
        self.assertEqual(opened, new.secret)
        self.assertNotEqual(opened, old.secret)

    def test_an_offer_is_shown_again_with_the_same_secret(self) -> None:
        offer, _ = self.offered()
        self.assertEqual(self.factors.offer(self.mine.user, offer.token), offer)
        self.assertRaises(BadOffer, self.factors.offer, self.mine.user, "x")

    def test_removed_the_password_alone_is_enough_and_recovery_codes_are_gone(self) -> None:
        self.enrolled()
        self.assertTrue(self.run_now(self.factors.remove_app(self.mine)))
        self.assertFalse(self.run_now(self.factors.remove_app(self.mine)))
        self.assertEqual(self.store.recovery, {})
        self.run_now(self.accounts.log_in("ada", PASSWORD, START_MS))

    def test_new_recovery_codes_replace_the_old_and_there_are_none_without_a_factor(self) -> None:
        self.assertEqual(self.run_now(self.factors.renew_recovery(self.mine)), ())
        _, old = self.enrolled()
        new = self.run_now(self.factors.renew_recovery(self.mine))
        self.assertEqual(len(set(new) - set(old)), 10)


class LoggingIn(FactorsCase):
    def setUp(self) -> None:
        super().setUp()
        self.app, self.codes = self.enrolled()
        self.later_ms = START_MS + 2 * STEP_MS

    def halfway(self, now_ms: int | None = None) -> str:
        """The token of a browser in which the right password was given."""
        now_ms = self.later_ms if now_ms is None else now_ms
        asked = self.fails(self.accounts.log_in("ada", PASSWORD, now_ms), FactorAsked)
        return self.run_now(self.factors.begin(asked.user, asked.proof, now_ms))

    def finish(self, token: str | None, code: str, now_ms: int | None = None) -> str:
        now_ms = self.later_ms if now_ms is None else now_ms
        work = self.factors.finish(token, code, now_ms, replacing=None, device=PHONE)
        _, begun, _ = self.run_now(work)
        return begun

    def refuses(
        self, error: type[Exception], token: str | None, code: str, now_ms: int | None = None
    ) -> None:
        now_ms = self.later_ms if now_ms is None else now_ms
        self.fails(self.factors.finish(token, code, now_ms, None, PHONE), error)

    def test_the_password_alone_begins_no_session(self) -> None:
        before = dict(self.store.sessions)
        self.halfway()
        self.assertEqual(self.store.sessions, before)
        self.fails(self.accounts.log_in("ada", "a wrong secret", START_MS), WrongPair)

    def test_password_and_code_begin_one_that_is_proven(self) -> None:
        work = self.factors.finish(
            self.halfway(), self.app.code(self.later_ms), self.later_ms, self.token, PHONE
        )
        user, token, use = self.run_now(work)
        self.assertEqual((user, use), (self.mine.user, AppUse(self.later_ms // STEP_MS)))
        session = self.session_of(token)
        self.assertEqual((session.user, session.device), (self.mine.user, PHONE))
        self.assertTrue(self.factors.is_proven(session, self.later_ms))
        # What the browser had before has ended, and so has the log-in that waited.
        self.assertIsNone(self.find(self.token, START_MS))
        self.assertEqual(self.factor_store.halfway, {})

    def test_a_code_counts_once_also_the_one_that_turned_it_on(self) -> None:
        self.refuses(WrongCode, self.halfway(START_MS), self.app.code(START_MS), START_MS)
        code = self.app.code(self.later_ms)
        self.finish(self.halfway(), code)
        self.refuses(WrongCode, self.halfway(), code)
        # An older one, still within the window, is as used as that.
        self.refuses(WrongCode, self.halfway(), self.app.code(self.later_ms - STEP_MS))
        self.finish(self.halfway(), self.app.code(self.later_ms + STEP_MS))

    def test_a_recovery_code_counts_once_and_only_for_its_owner(self) -> None:
        self.finish(self.halfway(), self.codes[3].upper())
        self.refuses(WrongCode, self.halfway(), self.codes[3])
        self.finish(self.halfway(), self.codes[4])
        self.assertEqual(self.run_now(self.factors.of(self.mine.user)).recovery_left, 8)

    def test_it_waits_five_minutes_in_this_browser_alone(self) -> None:
        token = self.halfway()
        late_ms = self.later_ms + HALFWAY_MS
        self.assertIsNotNone(self.run_now(self.factors.waiting(token, late_ms - 1)))
        self.assertIsNone(self.run_now(self.factors.waiting(token, late_ms)))
        self.refuses(Over, token, self.app.code(late_ms), late_ms)
        for other in (None, "", "A" * 43, token + "x", token[:-1]):
            self.assertIsNone(self.run_now(self.factors.waiting(other, self.later_ms)))
            self.refuses(Over, other, self.app.code(self.later_ms))
        self.finish(token, self.app.code(late_ms - 1), late_ms - 1)

    def test_the_token_is_nowhere_in_the_store(self) -> None:
        token = self.halfway()
        self.assertEqual(list(self.factor_store.halfway), [digest_of(token)])

    def test_after_five_wrong_codes_one_begins_anew(self) -> None:
        token = self.halfway()
        for _ in range(MOST_TRIES - 1):
            self.refuses(WrongCode, token, "000000")
        self.refuses(Over, token, "000000")
        self.refuses(Over, token, self.app.code(self.later_ms))
        self.assertIsNone(self.run_now(self.factors.waiting(token, self.later_ms)))
        self.refuses(TooSoon, self.halfway(), self.app.code(self.later_ms))
        soon_ms = self.later_ms + 1_000
        self.finish(self.halfway(), self.app.code(soon_ms), soon_ms)

    def test_what_nobody_could_look_at_is_no_failure(self) -> None:
        for _ in range(FREE + 1):
            token = self.halfway()
            self.store.away = True
            self.refuses(Unavailable, token, self.app.code(self.later_ms))
            self.store.away = False
        self.patch(self.factor_store, "take_a_try", lambda *_: fail(Unavailable("away")))
        for _ in range(FREE + 1):
            self.refuses(Unavailable, token, self.app.code(self.later_ms))

    def test_a_password_that_was_changed_meanwhile_lets_nobody_in(self) -> None:
        token = self.halfway()
        renewed = self.run_now(
            self.accounts.new_password("another secret", "another secret", self.mine.user)
        )
        self.store.users["ada"] = (self.mine.user, renewed)
        self.refuses(Over, token, self.app.code(self.later_ms))

    def test_the_newest_pepper_is_taken_before_and_does_not_end_the_waiting(self) -> None:
        self.hashing.peppers[2] = b"q" * 32
        token = self.halfway()
        self.assertEqual(self.store.users["ada"][1].root_id, 2)
        self.finish(token, self.app.code(self.later_ms))

    def test_a_link_for_a_new_password_does_not_go_around_it(self) -> None:
        asked = self.fails(self.accounts.log_in("ada", PASSWORD, START_MS), FactorAsked)
        before = dict(self.store.sessions)
        for proof in (asked.proof, self.store.users["ada"][1]):
            self.fails(self.accounts.begin(self.mine.user, proof, START_MS), FactorNeeded)
        self.assertEqual(self.store.sessions, before)

    def test_without_the_root_key_of_the_secret_it_is_said_to_be_away(self) -> None:
        self.patch(self.keys, "open", lambda _: self.fail_with(RootUnknown(7)))
        self.refuses(Unavailable, self.halfway(), self.app.code(self.later_ms))

    def test_a_damaged_secret_is_told_to_the_log_and_recovery_codes_work(self) -> None:
        app = self.store.apps[self.mine.user.id]
        self.store.apps[self.mine.user.id] = SealedSecret(app.user, 1, b"x" * 32)
        token = self.halfway()
        self.refuses(WrongCode, token, self.app.code(self.later_ms))
        self.finish(token, self.codes[0])

    def test_what_cannot_be_forgotten_once_it_is_done_keeps_nobody_out(self) -> None:
        token = self.halfway()
        self.store.unwritable = True
        self.finish(token, self.app.code(self.later_ms))

    def fail_with(self, error: Exception) -> bytes:
        raise error


class Proving(FactorsCase):
    def prove(self, password: str = PASSWORD, code: str = "", now_ms: int = START_MS) -> str:
        token, _ = self.run_now(self.factors.prove(self.mine, password, code, now_ms, PHONE))
        return token

    def test_a_log_in_is_a_proof_for_ten_minutes(self) -> None:
        self.assertTrue(self.factors.is_proven(self.mine, START_MS + PROVEN_MS - 1))
        self.assertFalse(self.factors.is_proven(self.mine, START_MS + PROVEN_MS))

    def test_another_proof_is_another_session_and_the_old_one_has_ended(self) -> None:
        later_ms = START_MS + PROVEN_MS
        token = self.prove(now_ms=later_ms)
        self.assertNotEqual(token, self.token)
        self.assertTrue(self.factors.is_proven(self.session_of(token, later_ms), later_ms))
        self.assertIsNone(self.find(self.token, later_ms))
        self.assertEqual(self.bus.news, [SessionEnded(self.mine.digest)])
        self.fails(self.factors.prove(self.mine, PASSWORD, "", later_ms, PHONE), WrongPassword)

    def test_it_takes_the_password_and_the_factor_where_there_is_one(self) -> None:
        app, codes = self.enrolled()
        later_ms = START_MS + PROVEN_MS
        code = app.code(later_ms)
        prove = self.factors.prove
        self.fails(prove(self.mine, "a wrong secret", code, later_ms, PHONE), WrongPassword)
        for wrong in ("", "000000", app.code(START_MS)):
            self.fails(prove(self.mine, PASSWORD, wrong, later_ms, PHONE), WrongCode)
        self.assertEqual(self.find(self.token, later_ms), self.mine)
        token, use = self.run_now(prove(self.mine, PASSWORD, code, later_ms, PHONE))
        self.assertEqual(use, AppUse(later_ms // STEP_MS))
        again = self.session_of(token, later_ms)
        self.fails(prove(again, PASSWORD, code, later_ms, PHONE), WrongCode)
        _, use = self.run_now(prove(again, PASSWORD, codes[0], later_ms, PHONE))
        self.assertIsInstance(use, RecoveryUse)

    def test_while_too_many_wait_for_a_hash_nothing_is_changed(self) -> None:
        self.hashing.busy = True
        self.fails(self.factors.prove(self.mine, PASSWORD, "", START_MS, PHONE), Busy)
        self.assertEqual(self.find(self.token, START_MS), self.mine)
