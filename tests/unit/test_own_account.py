"""One's own name, password and sessions."""

from __future__ import annotations

from typing import Any

from securechat.chat.accounts import InvalidFields, WrongPair
from securechat.chat.own_account import MOST_SESSIONS, OwnAccount, WrongPassword
from securechat.chat.sessions import DAY_MS
from securechat.core.errors import Busy, Unavailable
from securechat.core.model import Device, Session, digest_of, reference_of
from securechat.core.ports import Renamed, SessionEnded

from .fakes_accounts import START_MS
from .fakes_administration import MemoryAdministration
from .fakes_browser import PASSWORD
from .fakes_erasing import MemoryErasure
from .fakes_own_account import MemoryOwnAccount
from .test_accounts import AccountsCase

NEW = "another long secret"
PHONE = Device("Firefox", "Android")


class OwnAccountCase(AccountsCase):
    def setUp(self) -> None:
        super().setUp()
        self.operator = MemoryAdministration(self.store)
        store = MemoryOwnAccount(self.store, self.operator)
        erasure: Any = MemoryErasure(self.store)
        self.own = OwnAccount(store, self.accounts, self.bus, erasure)
        self.mine, self.token = self.register()

    def log_in(self, password: str = PASSWORD, now_ms: int = START_MS) -> tuple[Session, str]:
        return self.run_now(self.accounts.log_in("ada", password, now_ms))

    def change(self, current: str = PASSWORD, password: str = NEW, confirm: str = NEW) -> str:
        work = self.own.change_password(self.mine, current, password, confirm, START_MS, PHONE)
        return self.run_now(work)


class Names(OwnAccountCase):
    def test_a_new_name_is_tidied_and_seen_by_the_next_who_asks(self) -> None:
        self.run_now(self.own.rename(self.mine.user, "  Ada King "))
        [person] = self.run_now(self.store.people(self.mine.user.id, [self.mine.user.id]))
        self.assertEqual(person.full_name, "Ada King")
        self.assertEqual(self.bus.news, [Renamed(self.mine.user.id)])

    def test_what_cannot_be_a_name_at_registering_cannot_be_one_later(self) -> None:
        for name in ("", " ", "x" * 81, "\u202eevil", "nul\0byte", "\u200d"):
            error = self.fails(self.own.rename(self.mine.user, name), InvalidFields)
            self.assertEqual(set(error.errors), {"fullname"})
        self.assertEqual(self.find(self.token, START_MS), self.mine)

    def test_the_same_name_is_not_written(self) -> None:
        self.store.away = True
        self.run_now(self.own.rename(self.mine.user, "Ada Lovelace"))


class Passwords(OwnAccountCase):
    def test_a_change_ends_every_session_and_begins_one_of_this_browser(self) -> None:
        other, _ = self.log_in()
        token = self.change()
        begun = self.find(token, START_MS)
        assert begun is not None
        self.assertEqual((begun.user, begun.device), (self.mine.user, PHONE))
        self.assertIsNone(self.find(self.token, START_MS))
        self.assertEqual(set(self.store.sessions), {begun.digest})
        ended = {SessionEnded(self.mine.digest), SessionEnded(other.digest)}
        self.assertEqual(set(self.bus.news), ended)
        self.fails(self.accounts.log_in("ada", PASSWORD, START_MS), WrongPair)
        self.assertEqual(self.log_in(NEW)[0].user, self.mine.user)

    def test_a_wrong_current_password_changes_nothing(self) -> None:
        for wrong in ("", "not the secret", "x" * 2_000):
            work = self.own.change_password(self.mine, wrong, NEW, NEW, START_MS, PHONE)
            self.fails(work, WrongPassword)
        self.assertEqual(self.find(self.token, START_MS), self.mine)
        self.assertEqual(self.bus.news, [])

    def test_what_cannot_be_a_password_is_told_before_anything_is_hashed(self) -> None:
        before = self.hashing.work
        for password, confirm in (("short", "short"), ("ada", "ada"), (NEW, "x")):
            work = self.own.change_password(self.mine, PASSWORD, password, confirm, START_MS, PHONE)
            self.fails(work, InvalidFields)
        self.assertEqual(self.hashing.work, before)

    def test_a_password_or_session_that_is_gone_meanwhile_sets_none(self) -> None:
        del self.store.sessions[self.mine.digest]
        self.log_in()
        work = self.own.change_password(self.mine, PASSWORD, NEW, NEW, START_MS, PHONE)
        self.fails(work, WrongPassword)
        self.log_in()

    def test_an_older_link_to_set_a_password_works_no_more(self) -> None:
        digest = digest_of("A" * 43)
        self.run_now(self.operator.add_reset("ada", digest, START_MS + DAY_MS))
        self.change()
        self.assertIsNone(self.run_now(self.operator.reset_of(digest, START_MS)))

    def test_busy_and_unavailable_are_told_as_that(self) -> None:
        self.hashing.busy = True
        work = self.own.change_password(self.mine, PASSWORD, NEW, NEW, START_MS, PHONE)
        self.fails(work, Busy)
        self.store.away = True
        work = self.own.change_password(self.mine, PASSWORD, NEW, NEW, START_MS, PHONE)
        self.fails(work, Unavailable)


class Sessions(OwnAccountCase):
    def others(self, now_ms: int = START_MS) -> list[Session]:
        return self.run_now(self.own.other_sessions(self.mine, now_ms))

    def test_the_others_are_listed_the_last_used_first_and_nobody_elses(self) -> None:
        self.register("eve")
        first, _ = self.log_in(now_ms=START_MS + 1)
        second, _ = self.log_in(now_ms=START_MS + 2)
        self.assertEqual(self.others(), [second, first])

    def test_an_expired_one_is_not_listed(self) -> None:
        self.log_in()
        self.assertEqual(self.others(START_MS + 7 * DAY_MS), [])

    def test_of_very_many_the_last_used_are_listed(self) -> None:
        for number in range(MOST_SESSIONS + 5):
            self.log_in(now_ms=START_MS + number)
        self.assertEqual(len(self.others()), MOST_SESSIONS)
        self.assertEqual(self.run_now(self.own.end_others(self.mine)), MOST_SESSIONS + 5)

    def test_one_is_ended_by_its_reference_and_its_sockets_with_it(self) -> None:
        other, token = self.log_in()
        third, _ = self.log_in()
        work = self.own.end_one(self.mine, reference_of(other.digest), START_MS)
        self.assertEqual(self.run_now(work), 1)
        self.assertIsNone(self.find(token, START_MS))
        self.assertEqual(self.others(), [third])
        self.assertEqual(self.bus.news, [SessionEnded(other.digest)])

    def test_neither_a_strangers_nor_ones_own_nor_an_unknown_one_is_ended(self) -> None:
        stranger, _ = self.register("eve")
        for reference in (
            reference_of(stranger.digest),
            reference_of(self.mine.digest),
            stranger.digest.hex(),
            "",
            "x" * 100,
        ):
            self.assertEqual(self.run_now(self.own.end_one(self.mine, reference, START_MS)), 0)
        self.assertEqual(len(self.store.sessions), 2)
        self.assertEqual(self.bus.news, [])

    def test_a_session_that_has_ended_ends_no_other(self) -> None:
        self.log_in()
        del self.store.sessions[self.mine.digest]
        self.assertEqual(self.run_now(self.own.end_others(self.mine)), 0)
        self.assertEqual(len(self.store.sessions), 1)

    def test_a_reference_leads_back_to_nothing(self) -> None:
        reference = reference_of(self.mine.digest)
        self.assertRegex(reference, r"\A[A-Za-z0-9_-]{16}\Z")
        self.assertIsNone(self.find(reference, START_MS))
        self.assertNotIn(reference, self.token)
