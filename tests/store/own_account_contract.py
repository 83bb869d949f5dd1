"""What every database promises about changes of one's own account."""

from __future__ import annotations

from dataclasses import replace

from securechat.core.model import Device, PasswordHash, Session, SessionDigest, digest_of
from tests.store.accounts_contract import HOSTILE_NAMES
from tests.store.cases import StoreCase
from tests.store.changing import HOUR_MS
from tests.store.sealing import NOW_MS, password, person, session

ANN, BOB = person("ann"), person("bob")
RENEWED = PasswordHash(b"$2b$12$" + b"y" * 53, 2)
MINE, NEXT = session(ANN), session(ANN, "next")


class OwnAccountContract(StoreCase):
    """Names, passwords and sessions, changed by their owners."""

    async def add(self, *sessions: Session) -> None:
        for one in sessions:
            await self.store.accounts.add_session(one)

    async def living(self, *sessions: Session) -> list[Session | None]:
        return [await self.store.accounts.session(one.digest) for one in sessions]

    async def renew(
        self, mine: Session = MINE, proof: PasswordHash | None = None
    ) -> tuple[SessionDigest, ...] | None:
        return await self.store.own_account.renew_password(
            mine.digest, proof or password(), RENEWED, NEXT
        )

    async def test_a_new_name_is_what_everybody_sees_and_nobody_elses_changes(self) -> None:
        await self.joined(ANN, BOB)
        for name in HOSTILE_NAMES:
            await self.store.own_account.rename(ANN.id, name)
            seen = await self.store.accounts.people(BOB.id, [ANN.id, BOB.id])
            self.assertEqual({one.full_name for one in seen}, {name, BOB.full_name})
            found = await self.store.accounts.session(MINE.digest)
            assert found is not None
            self.assertEqual(found.user, replace(ANN, full_name=name))

    async def test_a_new_password_ends_every_session_and_begins_one(self) -> None:
        await self.joined(ANN, BOB)
        other = session(ANN, "other")
        await self.add(other)
        ended = await self.renew()
        self.assertEqual(set(ended or ()), {MINE.digest, other.digest})
        self.assertEqual(await self.living(MINE, other, NEXT), [None, None, NEXT])
        self.assertEqual(await self.living(session(BOB)), [session(BOB)])
        self.assertEqual(await self.store.accounts.credentials("ann"), (ANN, RENEWED))
        self.assertEqual(await self.store.accounts.credentials("bob"), (BOB, password()))

    async def test_a_password_that_was_not_checked_or_a_session_that_is_gone_changes_nothing(
        self,
    ) -> None:
        await self.joined(ANN, BOB)
        self.assertIsNone(await self.renew(proof=replace(password(), root_id=2)))
        self.assertIsNone(await self.renew(proof=RENEWED))
        self.assertIsNone(await self.renew(mine=session(BOB)))
        self.assertIsNone(await self.renew(mine=session(ANN, "gone")))
        self.assertEqual(await self.living(MINE, NEXT), [MINE, None])
        self.assertEqual(await self.store.accounts.credentials("ann"), (ANN, password()))

    async def test_a_new_password_uses_up_an_older_link_to_set_one(self) -> None:
        await self.joined(ANN)
        digest = digest_of("link")
        await self.store.administration.add_reset("ann", digest, NOW_MS + HOUR_MS)
        await self.renew()
        self.assertIsNone(await self.store.administration.reset_of(digest, NOW_MS))

    async def test_a_log_in_with_the_old_password_that_comes_late_begins_no_session(self) -> None:
        await self.joined(ANN)
        await self.renew()
        self.assertFalse(await self.store.accounts.add_session(session(ANN, "late"), password()))

    async def test_sessions_are_listed_with_their_devices_the_last_seen_first(self) -> None:
        await self.joined(ANN, BOB)
        phone = replace(session(ANN, "phone"), device=Device("Samsung Internet", "Android"))
        early = replace(session(ANN, "early"), seen_ms=NOW_MS - 5)
        await self.add(early, replace(phone, seen_ms=NOW_MS + 5))
        listed = await self.store.own_account.sessions_of(ANN, 9)
        self.assertEqual(listed, [replace(phone, seen_ms=NOW_MS + 5), MINE, early])
        self.assertEqual(await self.living(phone), listed[:1])
        self.assertEqual(await self.store.own_account.sessions_of(ANN, 2), listed[:2])
        self.assertEqual(await self.store.own_account.sessions_of(person("nobody"), 9), [])

    async def test_the_others_end_all_or_those_that_are_meant(self) -> None:
        await self.joined(ANN, BOB)
        others = [session(ANN, str(number)) for number in range(3)]
        await self.add(*others)
        end = self.store.own_account.end_others
        meant = [others[0].digest, MINE.digest, session(BOB).digest, digest_of("unknown")]
        self.assertEqual(await end(MINE.digest, meant), (others[0].digest,))
        self.assertEqual(await end(MINE.digest, []), ())
        self.assertEqual(await self.living(*others), [None, *others[1:]])
        self.assertEqual(set(await end(MINE.digest)), {one.digest for one in others[1:]})
        self.assertEqual(await self.living(MINE, session(BOB)), [MINE, session(BOB)])
        self.assertEqual(await end(MINE.digest), ())

    async def test_a_session_that_has_ended_ends_no_other(self) -> None:
        await self.joined(ANN)
        other = session(ANN, "other")
        await self.add(other)
        await self.store.accounts.end_session(MINE.digest)
        self.assertEqual(await self.store.own_account.end_others(MINE.digest), ())
        self.assertEqual(await self.living(other), [other])

    async def test_any_number_of_others_is_ended_at_once(self) -> None:
        await self.joined(ANN)
        many = [session(ANN, str(number)) for number in range(600)]
        for one in many:
            await self.add(one)
        self.assertEqual(len(await self.store.own_account.end_others(MINE.digest)), 600)
        self.assertEqual(await self.store.own_account.sessions_of(ANN, 9), [MINE])
