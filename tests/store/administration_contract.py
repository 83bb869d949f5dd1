"""What every database promises about administrators and about passwords that were lost."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import DeferredList

from securechat.core import commands as c
from securechat.core.errors import Code, NameTaken, Refused
from securechat.core.model import (
    GENERAL,
    REPORTS,
    InviteLink,
    PasswordHash,
    Rejected,
    UserId,
    digest_of,
)
from securechat.store import places
from tests.store.changing import HOUR_MS, ChangingCase
from tests.store.sealing import NOW_MS, draft, id_of, password, person, session

ANN, BOB, EVE = person("ann"), person("bob"), person("eve")
NEW = PasswordHash(b"$2b$12$" + b"y" * 53, 2)


class AdministrationContract(ChangingCase):
    """The first administrator, and those that follow."""

    async def test_the_first_administrator_sets_up_once(self) -> None:
        administration = self.store.administration
        self.assertFalse(await administration.has_administrator())
        self.assertIsNone(await administration.registration())
        await administration.set_up(ANN, password(), session(ANN), "invite")
        self.assertTrue(await administration.has_administrator())
        self.assertEqual(await administration.registration(), "invite")
        self.assertEqual(
            await self.store.accounts.credentials("ann"),
            (replace(ANN, role="administrator"), password()),
        )
        self.assertEqual(await self.roles(REPORTS), {"ann": "owner"})
        self.assertEqual(await self.roles(GENERAL), {"ann": "member"})
        living = await self.store.accounts.session(session(ANN).digest)
        assert living is not None
        self.assertEqual(living.user.role, "administrator")
        await self.barred(
            Code.FORBIDDEN, administration.set_up(BOB, password(), session(BOB), "open")
        )
        self.assertEqual(await administration.registration(), "invite")
        self.assertIsNone(await self.store.accounts.credentials("bob"))

    async def test_a_taken_name_sets_nothing_up(self) -> None:
        await self.joined(ANN)
        second = replace(ANN, id=UserId(id_of("second ann")))
        await self.refused(
            NameTaken,
            lambda: self.store.administration.set_up(
                second, password(), session(second, "other"), "closed"
            ),
        )
        self.assertFalse(await self.store.administration.has_administrator())
        self.assertIsNone(await self.store.administration.registration())
        self.assertEqual(await self.roles(REPORTS), {})

    async def test_of_two_who_set_up_at_once_one_wins(self) -> None:
        asked = [
            self.store.administration.set_up(user, password(), session(user), "open")
            for user in (ANN, BOB, EVE)
        ]
        results = await DeferredList(asked, consumeErrors=True)
        self.assertEqual(sorted(done for done, _ in results), [False, False, True])
        for done, why in results:
            if not done:
                self.assertIsInstance(getattr(why, "value", None), Refused)
        self.assertEqual(len(await self.roles(REPORTS)), 1)

    async def test_who_is_granted_the_server_reads_what_is_reported(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN)
        said = await self.say(ANN, room, "insult")
        await self.store.changes.report(
            ANN.id, c.Report("c", room, said, "r"), self.mid(), NOW_MS, self.sealer
        )
        before = await self.revision(BOB)
        for _ in range(2):
            self.assertEqual(await self.store.administration.grant("bob"), BOB.id)
            self.assertEqual(await self.roles(REPORTS), {"bob": "owner"})
            self.assertEqual(await self.revision(BOB), before + 1)
        self.assertEqual([e.seq for e in (await self.page(BOB, REPORTS)).events], [1])
        self.assertTrue(await self.store.administration.has_administrator())
        for unknown in ("nobody", "bob ", "BOB", "ann\x00"):
            self.assertIsNone(await self.store.administration.grant(unknown))
        self.assertEqual(await self.store.administration.grant("ann"), ANN.id)
        self.assertEqual(await self.roles(REPORTS), {"ann": "owner", "bob": "owner"})

    async def test_the_room_of_reports_is_left_renamed_archived_and_opened_by_nobody(self) -> None:
        await self.joined(ANN, BOB, EVE)
        for name in ("ann", "bob"):
            await self.store.administration.grant(name)
        for command in (
            c.LeaveRoom("c", REPORTS),
            c.RenameRoom("c", REPORTS, "Nothing here"),
            c.ArchiveRoom("c", REPORTS, True),
            c.AddMember("c", REPORTS, EVE.id),
        ):
            await self.barred(Code.FORBIDDEN, self.change(ANN, command))
            await self.barred(Code.NOT_A_MEMBER, self.change(EVE, command))
        link = InviteLink(digest_of("in"), REPORTS, ANN.id, NOW_MS + 60_000, 1)
        invite = self.store.changes.invite(ANN.id, c.Invite("c", REPORTS, 60, 1), link)
        await self.barred(Code.FORBIDDEN, invite)
        self.assertEqual(await self.roles(REPORTS), {"ann": "owner", "bob": "owner"})
        self.assertEqual(await self.stored(REPORTS), [])

    async def test_a_report_is_unread_for_the_administrators_and_no_message_to_edit(self) -> None:
        await self.joined(ANN, BOB, EVE)
        for name in ("ann", "bob"):
            await self.store.administration.grant(name)
        said = await self.say(EVE, GENERAL, "insult")
        for reporter in (EVE, ANN):
            report = c.Report("c", GENERAL, said, "rude")
            await self.store.changes.report(reporter.id, report, self.mid(), NOW_MS, self.sealer)
        for user, unread in ((ANN, 1), (BOB, 2)):
            room = await self.store.rooms.room_of(user.id, REPORTS)
            assert room is not None
            self.assertEqual((room.unread, room.mentions), (unread, 0))
        edit = draft(ANN, "never mind", REPORTS, kind="edit", target=2)
        [outcome] = await self.store.events.append([edit], self.sealer)
        self.assertIsInstance(outcome, Rejected)

    async def test_an_administrator_who_is_not_in_the_reports_is_let_in(self) -> None:
        await self.joined(ANN, BOB)
        for name in ("ann", "bob"):
            await self.store.administration.grant(name)
        await self.store.database.write("leave", lambda tx: places.leave(tx, REPORTS, ANN.id))
        self.assertEqual(await self.roles(REPORTS), {"bob": "owner"})
        await self.store.administration.grant("ann")
        self.assertEqual(await self.roles(REPORTS), {"ann": "owner", "bob": "owner"})

    async def test_a_grant_has_power_at_once_in_the_rooms_one_is_in(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        await self.barred(Code.FORBIDDEN, self.change(BOB, c.Kick("c", room, ANN.id)))
        await self.store.administration.grant("bob")
        await self.change(BOB, c.Kick("c", room, ANN.id))
        # A room that had an owner has one.
        self.assertEqual(await self.roles(room), {"bob": "owner"})


class DisablingContract(ChangingCase):
    """Who is disabled is out, and comes in by no way until enabled."""

    async def test_every_session_ends_and_no_new_one_begins(self) -> None:
        await self.joined(ANN, BOB)
        second = session(ANN, "second")
        await self.store.accounts.add_session(second)
        ended = await self.store.administration.disable("ann")
        self.assertEqual(set(ended or ()), {session(ANN).digest, second.digest})
        self.assertEqual(await self.store.accounts.credentials("ann"), (ANN, None))
        self.assertFalse(await self.store.accounts.add_session(second, password()))
        self.assertIsNone(await self.store.accounts.session(second.digest))
        self.assertIsNotNone(await self.store.accounts.session(session(BOB).digest))
        self.assertEqual(await self.store.administration.disable("ann"), ())
        self.assertEqual(await self.store.administration.enable("ann"), ANN.id)
        self.assertEqual(await self.store.accounts.credentials("ann"), (ANN, password()))
        self.assertTrue(await self.store.accounts.add_session(second, password()))
        for unknown in ("nobody", "ann ", "ANN"):
            self.assertIsNone(await self.store.administration.disable(unknown))
            self.assertIsNone(await self.store.administration.enable(unknown))

    async def test_a_session_that_is_begun_at_the_same_time_does_not_stay(self) -> None:
        await self.joined(ANN)
        for number in range(10):
            one = session(ANN, f"one {number}")
            coming = self.store.accounts.add_session(one, password())
            await self.store.administration.disable("ann")
            await coming
            self.assertIsNone(await self.store.accounts.session(one.digest))
            await self.store.administration.enable("ann")

    async def test_no_link_goes_round_it(self) -> None:
        await self.joined(ANN, BOB)
        administration, digest = self.store.administration, digest_of("reset")
        room = await self.club(ANN)
        await self.invite(ANN, room, "in")
        await administration.add_reset("ann", digest, NOW_MS + 1)
        await administration.disable("ann")
        self.assertIsNone(await administration.reset_of(digest, NOW_MS))
        self.assertIsNone(await administration.use_reset(digest, NEW, NOW_MS))
        self.assertIsNone(await administration.add_reset("ann", digest, NOW_MS + 1))
        self.assertIsNone(await self.store.changes.invitation(digest_of("in"), NOW_MS))
        await administration.enable("ann")
        self.assertIsNone(await administration.reset_of(digest, NOW_MS))
        self.assertEqual(await self.store.accounts.credentials("ann"), (ANN, password()))

    async def test_who_is_disabled_stays_in_the_rooms_and_what_was_said_stays(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        await self.say(ANN, room, "words")
        await self.store.administration.disable("ann")
        self.assertEqual(await self.roles(room), {"ann": "owner", "bob": "member"})
        self.assertEqual((await self.page(BOB, room)).events[-1].author, ANN.id)


class ResetsContract(ChangingCase):
    """One-time links to a new password."""

    async def test_a_link_sets_the_password_once_and_ends_all_sessions(self) -> None:
        await self.joined(ANN, BOB)
        second = session(ANN, "second")
        await self.store.accounts.add_session(second)
        administration, digest = self.store.administration, digest_of("reset")
        late = NOW_MS + HOUR_MS
        self.assertEqual(await administration.add_reset("ann", digest, late), ANN.id)
        self.assertEqual(await administration.reset_of(digest, NOW_MS), ANN)
        self.assertIsNone(await administration.reset_of(digest, late))
        self.assertIsNone(await administration.use_reset(digest, NEW, late))
        ended = await administration.use_reset(digest, NEW, NOW_MS)
        assert ended is not None
        self.assertEqual(set(ended), {session(ANN).digest, second.digest})
        self.assertEqual(await self.store.accounts.credentials("ann"), (ANN, NEW))
        self.assertIsNone(await self.store.accounts.session(second.digest))
        self.assertIsNotNone(await self.store.accounts.session(session(BOB).digest))
        self.assertIsNone(await administration.use_reset(digest, password(), NOW_MS))
        self.assertIsNone(await administration.reset_of(digest, NOW_MS))
        self.assertEqual(await self.store.accounts.credentials("ann"), (ANN, NEW))

    async def test_a_new_link_takes_the_place_of_the_one_before(self) -> None:
        await self.joined(ANN, BOB)
        administration = self.store.administration
        first, second, bobs = (digest_of(token) for token in ("first", "second", "bob's"))
        for name, digest in (("ann", first), ("bob", bobs), ("ann", second)):
            await administration.add_reset(name, digest, NOW_MS + 1)
        self.assertIsNone(await administration.use_reset(first, NEW, NOW_MS))
        self.assertEqual(await administration.reset_of(second, NOW_MS), ANN)
        self.assertEqual(await administration.reset_of(bobs, NOW_MS), BOB)
        for unknown in ("eve", "ann ", "ANN"):
            self.assertIsNone(await administration.add_reset(unknown, first, NOW_MS + 1))

    async def test_of_two_who_use_a_link_at_once_one_sets_the_password(self) -> None:
        await self.joined(ANN)
        digest = digest_of("reset")
        await self.store.administration.add_reset("ann", digest, NOW_MS + 1)
        asked = [self.store.administration.use_reset(digest, NEW, NOW_MS) for _ in range(3)]
        results = [result for _, result in await DeferredList(asked, consumeErrors=True)]
        self.assertEqual(results, [(session(ANN).digest,), None, None])
