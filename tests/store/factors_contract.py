"""What every database promises about second factors, log-ins that wait for one, and proofs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from twisted.internet.defer import DeferredList

from securechat.core.errors import FactorNeeded, FactorSpent
from securechat.core.model import (
    AppUse,
    Enrolled,
    Halfway,
    Passkey,
    PasskeyUse,
    PasswordHash,
    RecoveryUse,
    SealedSecret,
    SpentChallenge,
    digest_of,
)
from securechat.core.settings import MysqlDatabase
from securechat.store import Store
from tests.store.cases import StoreCase
from tests.store.sealing import NOW_MS, password, person, session

ANN, BOB = person("ann"), person("bob")
MINE, NEXT = session(ANN), session(ANN, "next")
APP = SealedSecret(ANN.id, 1, b"w" * 32, NOW_MS)
CODES = [digest_of(f"code {n}") for n in range(10)]
WAITING = digest_of("waiting")
RENEWED = PasswordHash(b"$2b$12$" + b"y" * 53, 2)
END_MS = NOW_MS + 300_000


KEY = Passkey(b"k" * 1023, ANN.id, "Schlüssel", b"public", 0, NOW_MS)


def spent(name: str, expires_ms: int = END_MS) -> SpentChallenge:
    return SpentChallenge(digest_of(name), expires_ms)


def used(name: str, sign_count: int = 1, at_ms: int = NOW_MS + 1) -> PasskeyUse:
    return PasskeyUse(KEY.id, sign_count, spent(name), at_ms)


class PasskeysContract(StoreCase):
    """A passkey of Ann; Bob has none."""

    async def add(self, key: Passkey = KEY, name: str = "added") -> bool | None:
        return await self.store.factors.add_passkey(MINE.digest, key, spent(name), CODES)

    async def begin(
        self, use: PasskeyUse, token: str = "next", proof: PasswordHash | None = None
    ) -> bool:
        return await self.store.accounts.add_session(session(ANN, token), proof, use)

    async def test_it_is_found_by_its_id_and_counts_as_a_factor(self) -> None:
        await self.joined(ANN, BOB)
        self.assertIs(await self.add(), True)
        self.assertEqual(await self.store.factors.of(ANN.id), Enrolled(None, 10, (KEY,)))
        self.assertEqual(await self.store.factors.passkey(KEY.id), (ANN, KEY))
        self.assertIsNone(await self.store.factors.passkey(b"other"))
        other = replace(KEY, id=b"other", created_ms=NOW_MS - 1)
        self.assertIs(await self.add(other, "other"), False)
        self.assertEqual((await self.store.factors.of(ANN.id)).passkeys, (other, KEY))
        add = self.store.accounts.add_session
        await self.refused(FactorNeeded, lambda: add(NEXT, password()))
        self.assertTrue(await add(session(BOB, "next"), password()))

    async def test_an_id_a_challenge_and_twenty_of_a_person_are_enough(self) -> None:
        await self.joined(ANN, BOB)
        await self.add()
        await self.refused(FactorSpent, lambda: self.add(name="again"))
        await self.refused(FactorSpent, lambda: self.add(replace(KEY, id=b"other")))
        bobs = replace(KEY, user=BOB.id)
        add = self.store.factors.add_passkey
        await self.refused(FactorSpent, lambda: add(session(BOB).digest, bobs, spent("bob"), CODES))
        self.assertIsNone(await add(session(BOB).digest, KEY, spent("b"), CODES))
        self.assertIsNone(await add(digest_of("gone"), KEY, spent("b"), CODES))
        for n in range(19):
            await self.add(replace(KEY, id=f"{n}".encode()), f"{n}")
        await self.refused(FactorSpent, lambda: self.add(replace(KEY, id=b"more"), "more"))

    async def test_it_signs_in_alone_and_a_challenge_counts_once(self) -> None:
        await self.joined(ANN, BOB)
        await self.add()
        self.assertTrue(await self.begin(used("a"), "a"))
        [key] = (await self.store.factors.of(ANN.id)).passkeys
        self.assertEqual((key.sign_count, key.used_ms), (1, NOW_MS + 1))
        await self.refused(FactorSpent, lambda: self.begin(used("a", 2), "b"))
        self.assertIsNone(await self.store.accounts.session(session(ANN, "b").digest))
        bobs = session(BOB, "next")
        add = self.store.accounts.add_session
        await self.refused(FactorSpent, lambda: add(bobs, None, used("b", 2)))
        self.assertFalse(await self.begin(used("b", 2), "b", RENEWED))
        self.assertTrue(await self.begin(used("b", 2), "b", password()))

    async def test_a_counter_never_goes_back_unless_the_device_does_not_count(self) -> None:
        await self.joined(ANN)
        await self.add()
        for n in range(3):
            self.assertTrue(await self.begin(used(f"{n}", 0), f"{n}"))
        self.assertTrue(await self.begin(used("five", 5), "five"))
        for count in (0, 4, 5):
            await self.refused(FactorSpent, partial(self.begin, used("x", count)))
        self.assertTrue(await self.begin(used("x", 6)))

    async def test_without_a_password_only_a_passkey_opens_a_session(self) -> None:
        await self.joined(ANN)
        await self.store.factors.add_app(MINE.digest, APP, 100, CODES)
        for use in (AppUse(200), RecoveryUse(CODES[0])):
            self.assertFalse(await self.store.accounts.add_session(NEXT, None, use))
            self.assertFalse(await self.store.factors.prove(MINE.digest, None, use, NEXT))
        self.assertFalse(await self.store.factors.prove(MINE.digest, None, None, NEXT))
        self.assertIsNone(await self.store.accounts.session(NEXT.digest))
        self.assertEqual((await self.store.factors.of(ANN.id)).recovery_left, 10)
        await self.add()
        self.assertTrue(await self.store.factors.prove(MINE.digest, None, used("a"), NEXT))
        self.assertIsNone(await self.store.accounts.session(MINE.digest))

    async def test_challenges_are_forgotten_once_nobody_could_answer_them(self) -> None:
        await self.joined(ANN)
        await self.add()
        await self.begin(used("a", 1, END_MS - 1), "a")
        self.assertEqual(await self.sql("SELECT COUNT(*) FROM spent_challenges"), [(2,)])
        late = replace(used("b", 2, END_MS), challenge=spent("b", 2 * END_MS))
        await self.begin(late, "b")
        self.assertEqual(await self.sql("SELECT COUNT(*) FROM spent_challenges"), [(1,)])

    async def test_with_the_last_factor_recovery_codes_go(self) -> None:
        await self.joined(ANN, BOB)
        await self.add()
        await self.store.factors.add_app(MINE.digest, APP, 100, CODES[:1])
        remove = self.store.factors.remove_passkey
        self.assertFalse(await remove(session(BOB).digest, KEY.id))
        self.assertFalse(await remove(MINE.digest, b"other"))
        self.assertTrue(await remove(MINE.digest, KEY.id))
        self.assertEqual(await self.store.factors.of(ANN.id), Enrolled(APP, 10))
        self.assertTrue(await self.store.factors.remove_app(MINE.digest))
        self.assertEqual(await self.store.factors.of(ANN.id), Enrolled())

    async def test_whoever_holds_the_machine_takes_it_away_too(self) -> None:
        await self.joined(ANN)
        await self.add()
        remove = self.store.administration.remove_factors
        self.assertEqual(await remove("ann"), (True, (MINE.digest,)))
        self.assertIsNone(await self.store.factors.passkey(KEY.id))

    async def test_of_many_who_answer_the_same_challenge_at_once_one_gets_in(self) -> None:
        await self.joined(ANN)
        await self.add()
        beside = self.open() if isinstance(self.settings, MysqlDatabase) else self.store
        results = await DeferredList(
            [
                store.accounts.add_session(session(ANN, f"{n}"), None, used("same", n + 1))
                for n, store in enumerate([self.store, beside] * 4)
            ],
            consumeErrors=True,
        )
        self.assertEqual([good for good, _ in results].count(True), 1)


class FactorsContract(StoreCase):
    """Second factors of Ann; Bob has none."""

    async def enroll(self, app: SealedSecret = APP, step: int = 100) -> bool | None:
        return await self.store.factors.add_app(MINE.digest, app, step, CODES)

    async def begin(self, use: AppUse | RecoveryUse | None, token: str = "next") -> bool:
        return await self.store.accounts.add_session(session(ANN, token), password(), use)

    async def test_the_first_factor_brings_recovery_codes_and_another_app_keeps_them(self) -> None:
        await self.joined(ANN, BOB)
        self.assertEqual(await self.store.factors.of(ANN.id), Enrolled())
        self.assertIs(await self.enroll(), True)
        self.assertEqual(await self.store.factors.of(ANN.id), Enrolled(APP, 10))
        await self.begin(RecoveryUse(CODES[0]))
        other = replace(APP, wrapped=b"v" * 32, since_ms=NOW_MS + 1)
        self.assertIs(await self.enroll(other), False)
        self.assertEqual(await self.store.factors.of(ANN.id), Enrolled(other, 9))
        self.assertEqual(await self.store.factors.of(BOB.id), Enrolled())

    async def test_a_session_that_has_ended_or_is_anothers_changes_nothing(self) -> None:
        await self.joined(ANN, BOB)
        factors = self.store.factors
        self.assertIsNone(await factors.add_app(session(BOB).digest, APP, 100, CODES))
        self.assertIsNone(await factors.add_app(digest_of("gone"), APP, 100, CODES))
        self.assertEqual(await factors.of(ANN.id), Enrolled())
        await self.enroll()
        for mine in (session(BOB).digest, digest_of("gone")):
            self.assertFalse(await factors.remove_app(mine))
            self.assertFalse(await factors.renew_recovery(mine, CODES[:1]))
        self.assertEqual(await factors.of(ANN.id), Enrolled(APP, 10))

    async def test_the_password_alone_begins_no_session_from_the_first_factor_to_the_last(
        self,
    ) -> None:
        await self.joined(ANN, BOB)
        self.assertTrue(await self.begin(None, "before"))
        await self.enroll()
        await self.refused(FactorNeeded, lambda: self.begin(None, "within"))
        self.assertIsNone(await self.store.accounts.session(session(ANN, "within").digest))
        self.assertTrue(await self.store.accounts.add_session(session(BOB, "other"), password()))
        self.assertTrue(await self.store.factors.remove_app(MINE.digest))
        self.assertFalse(await self.store.factors.remove_app(MINE.digest))
        self.assertTrue(await self.begin(None, "after"))
        self.assertEqual(await self.store.factors.of(ANN.id), Enrolled())

    async def test_a_step_counts_once_and_none_before_it(self) -> None:
        await self.joined(ANN)
        await self.enroll(step=100)
        for step in (99, 100):
            await self.refused(FactorSpent, partial(self.begin, AppUse(step)))
        self.assertIsNone(await self.store.accounts.session(NEXT.digest))
        self.assertTrue(await self.begin(AppUse(102), "a"))
        for step in (101, 102):
            await self.refused(FactorSpent, partial(self.begin, AppUse(step)))
        self.assertTrue(await self.begin(AppUse(103), "b"))

    async def test_a_recovery_code_counts_once_and_for_its_owner(self) -> None:
        await self.joined(ANN, BOB)
        await self.enroll()
        self.assertTrue(await self.begin(RecoveryUse(CODES[3]), "a"))
        await self.refused(FactorSpent, lambda: self.begin(RecoveryUse(CODES[3])))
        await self.refused(FactorSpent, lambda: self.begin(RecoveryUse(digest_of("none"))))
        add = self.store.accounts.add_session
        bobs = session(BOB, "other")
        await self.refused(FactorSpent, lambda: add(bobs, password(), RecoveryUse(CODES[4])))
        self.assertEqual((await self.store.factors.of(ANN.id)).recovery_left, 9)

    async def test_of_many_who_use_the_same_code_at_once_at_two_daemons_one_gets_in(self) -> None:
        await self.joined(ANN)
        await self.enroll()
        for use in (AppUse(200), RecoveryUse(CODES[5])):
            results = await DeferredList(
                [
                    store.accounts.add_session(session(ANN, f"{use} {n}"), password(), use)
                    for n, store in enumerate([self.store, self.beside()] * 4)
                ],
                consumeErrors=True,
            )
            self.assertEqual([good for good, _ in results].count(True), 1)
            refusals: list[Any] = [result for good, result in results if not good]
            for refusal in refusals:
                self.assertIsNotNone(refusal.check(FactorSpent))

    def beside(self) -> Store:
        """What another daemon does on the same database; on SQLite there is none."""
        return self.open() if isinstance(self.settings, MysqlDatabase) else self.store

    async def test_a_code_is_not_used_up_by_a_log_in_whose_password_is_another_by_now(self) -> None:
        await self.joined(ANN)
        await self.enroll()
        add = self.store.accounts.add_session
        self.assertFalse(await add(NEXT, RENEWED, AppUse(200)))
        self.assertTrue(await self.begin(AppUse(200)))

    async def test_new_recovery_codes_take_the_place_of_the_old(self) -> None:
        await self.joined(ANN)
        renew = self.store.factors.renew_recovery
        self.assertFalse(await renew(MINE.digest, CODES[:2]))
        await self.enroll()
        self.assertTrue(await renew(MINE.digest, [digest_of("new")]))
        self.assertEqual((await self.store.factors.of(ANN.id)).recovery_left, 1)
        await self.refused(FactorSpent, lambda: self.begin(RecoveryUse(CODES[0])))
        self.assertTrue(await self.begin(RecoveryUse(digest_of("new"))))

    async def test_a_log_in_waits_with_what_was_checked_until_its_end(self) -> None:
        await self.joined(ANN)
        factors = self.store.factors
        await factors.begin(WAITING, ANN, password(), 2, NOW_MS, END_MS)
        expected = Halfway(ANN, password(), 2)
        self.assertEqual(await factors.waiting(WAITING, END_MS - 1), expected)
        self.assertIsNone(await factors.waiting(WAITING, END_MS))
        self.assertIsNone(await factors.waiting(digest_of("other"), NOW_MS))
        self.assertIsNone(await factors.take_a_try(WAITING, END_MS))
        self.assertIsNone(await factors.take_a_try(digest_of("other"), NOW_MS))
        for left in (1, 0):
            found = await factors.take_a_try(WAITING, NOW_MS)
            self.assertEqual(found, replace(expected, tries_left=left))
        self.assertIsNone(await factors.take_a_try(WAITING, NOW_MS))
        await factors.end(WAITING)
        await factors.end(WAITING)
        self.assertIsNone(await factors.waiting(WAITING, NOW_MS))

    async def test_those_that_were_too_late_are_forgotten_by_the_next(self) -> None:
        await self.joined(ANN)
        factors = self.store.factors
        await factors.begin(WAITING, ANN, password(), 2, NOW_MS, END_MS)
        await factors.begin(digest_of("b"), ANN, password(), 2, NOW_MS + 1, END_MS + 1)
        self.assertEqual(await self.sql("SELECT COUNT(*) FROM halfway"), [(2,)])
        await factors.begin(digest_of("c"), ANN, password(), 2, END_MS, END_MS * 2)
        rows = await self.sql("SELECT digest FROM halfway")
        self.assertEqual({bytes(one) for (one,) in rows}, {digest_of("b"), digest_of("c")})

    async def test_a_proof_puts_another_session_in_the_place_of_this_one(self) -> None:
        await self.joined(ANN, BOB)
        prove, proven = self.store.factors.prove, replace(NEXT, proven_ms=NOW_MS + 5)
        for mine, proof in (
            (session(BOB), password()),
            (session(ANN, "gone"), password()),
            (MINE, RENEWED),
        ):
            self.assertFalse(await prove(mine.digest, proof, None, proven))
        self.assertEqual(await self.store.accounts.session(MINE.digest), MINE)
        self.assertTrue(await prove(MINE.digest, password(), None, proven))
        self.assertIsNone(await self.store.accounts.session(MINE.digest))
        self.assertEqual(await self.store.accounts.session(NEXT.digest), proven)
        self.assertEqual(await self.store.own_account.sessions_of(ANN, 9), [proven])
        self.assertFalse(await prove(MINE.digest, password(), None, session(ANN, "third")))

    async def test_a_proof_takes_the_factor_of_whoever_has_one(self) -> None:
        await self.joined(ANN)
        await self.enroll()
        prove = self.store.factors.prove
        await self.refused(FactorNeeded, lambda: prove(MINE.digest, password(), None, NEXT))
        for use in (AppUse(100), RecoveryUse(digest_of("none"))):
            await self.refused(FactorSpent, partial(prove, MINE.digest, password(), use, NEXT))
        self.assertEqual(await self.store.accounts.session(MINE.digest), MINE)
        self.assertTrue(await prove(MINE.digest, password(), AppUse(101), NEXT))

    async def test_whoever_holds_the_machine_takes_all_of_it_away_and_ends_the_sessions(
        self,
    ) -> None:
        await self.joined(ANN, BOB)
        await self.enroll()
        await self.store.accounts.add_session(session(ANN, "second"))
        await self.store.factors.begin(WAITING, ANN, password(), 2, NOW_MS, END_MS)
        remove = self.store.administration.remove_factors
        self.assertIsNone(await remove("nobody"))
        self.assertIsNone(await remove("ann "))
        had_one, ended = await remove("ann") or (False, ())
        self.assertTrue(had_one)
        self.assertEqual(set(ended), {MINE.digest, session(ANN, "second").digest})
        self.assertEqual(await self.store.factors.of(ANN.id), Enrolled())
        self.assertIsNone(await self.store.factors.waiting(WAITING, NOW_MS))
        self.assertIsNone(await self.store.accounts.session(MINE.digest))
        self.assertEqual(await self.store.accounts.session(session(BOB).digest), session(BOB))
        self.assertEqual(await remove("ann"), (False, ()))
        self.assertTrue(await self.begin(None))
