"""Root keys as each database keeps them: in service, needed, moved away from, retired."""

from __future__ import annotations

import io
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import blockingCallFromThread, deferToThread

from securechat import inspection, keyfile, keyring, rotation
from securechat.config import Config
from securechat.core.errors import Misconfigured, Unavailable
from securechat.core.factors import FactorKeys
from securechat.core.keys import RoomKeys, RootKeys
from securechat.core.model import Identity, PasswordHash, RootUse, SealedSecret
from securechat.core.trail import Signer
from securechat.store import log, people
from securechat.store.ledger import Ledger
from securechat.store.trail import Trail
from securechat.store.transaction import Transaction
from tests.store.cases import StoreCase
from tests.store.sealing import NOW_MS, ROOTS, password, person, session
from tests.store.wellfed import Talk

ANN, BOB, EVE = person("ann"), person("bob"), person("eve")
BOTH = ROOTS.adding(2, b"2" * 32, NOW_MS)
TRAIL = Trail(Signer(BOTH))
SECRET = b"12345678901234567890"
RENEWED = PasswordHash(b"$2b$12$" + b"y" * 53, 2)


class RotationCase(StoreCase):
    def setUp(self) -> None:
        super().setUp()
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        self.config = Config(folder, self.settings, folder / "keyring.json")
        keyfile.make(self.config.keyring, ROOTS)
        self.ledger = self.store.ledger
        self.ledger.claim(ROOTS.identity())

    async def filled(self) -> Talk:
        await self.joined(ANN, BOB)
        talk = Talk(self.store)
        await talk.everything(ANN, BOB)
        return talk

    async def keys(self, command: str, root_id: int | None = None) -> tuple[int, str]:
        """``python -m securechat keys``; its status, and all that it says."""
        out = io.StringIO()
        self.patch(sys, "stderr", out)
        status = await deferToThread(rotation.run, self.config, command, root_id, out)
        return status, out.getvalue()

    async def done(self, command: str, root_id: int | None = None) -> str:
        status, told = await self.keys(command, root_id)
        self.assertEqual(status, 0, told)
        return told

    @property
    def roots(self) -> RootKeys:
        return keyfile.read(self.config.keyring)

    async def assert_in_order(self) -> None:
        self.assertIn("all in order", await self.done("verify"))
        out = io.StringIO()
        status = await deferToThread(inspection.inspect, self.config, out)
        self.assertEqual(status, 0, out.getvalue())


class InServiceContract(RotationCase):
    async def test_a_root_key_is_known_by_number_and_proof_from_its_first_use(self) -> None:
        self.ledger.admit(BOTH.identity())
        self.ledger.admit(BOTH.identity())
        self.assertEqual(self.ledger.identity(), BOTH.identity())
        other = ROOTS.adding(2, b"x" * 32, 0)
        self.assertRaises(Misconfigured, self.ledger.admit, other.identity())
        self.assertEqual(self.ledger.examine(), BOTH.identity())

    async def test_what_needs_a_root_key_is_counted(self) -> None:
        self.assertEqual(self.ledger.root_uses(), {})
        await self.filled()
        await self.store.accounts.renew_hash(ANN.id, password(), RENEWED)
        expected = {1: RootUse(3, 1), 2: RootUse(0, 1)}
        self.assertEqual(self.ledger.root_uses(), expected)
        self.assertEqual(self.ledger.usernames_under(1, 10), ["bob"])
        self.assertEqual(self.ledger.usernames_under(2, 10), ["ann"])
        self.assertEqual(self.ledger.usernames_under(1, 0), [])

    async def test_a_root_key_that_is_needed_is_not_retired(self) -> None:
        await self.filled()
        self.assertEqual(self.ledger.retire(1, TRAIL), RootUse(3, 2))
        self.assertEqual(self.ledger.identity(), ROOTS.identity())

    async def test_one_that_nothing_needs_is_retired_for_good(self) -> None:
        self.ledger.admit(BOTH.identity())
        for _ in range(2):
            self.assertFalse(self.ledger.retire(1, TRAIL))
            checks = {1: b"", 2: BOTH.identity().checks[2]}
            self.assertEqual(self.ledger.identity(), Identity(ROOTS.database_id, checks))
        self.assertRaises(Misconfigured, self.ledger.admit, ROOTS.identity())

    async def test_nothing_new_is_stored_under_a_root_key_that_was_retired(self) -> None:
        await self.joined(ANN)
        await self.store.accounts.renew_hash(ANN.id, password(), RENEWED)
        self.ledger.admit(BOTH.identity())
        self.assertFalse(self.ledger.retire(1, TRAIL))
        stale = Talk(self.store)
        why = await self.refused(Unavailable, lambda: stale.post(ANN, "text", "late"))
        self.assertIn("root key 1 was retired", why)
        await self.refused(Unavailable, lambda: self.joined(BOB))
        renew = self.store.accounts.renew_hash
        await self.refused(Unavailable, lambda: renew(ANN.id, RENEWED, password()))
        self.assertEqual((await self.page(ANN)).last_seq, 0)
        stale.keys = RoomKeys(BOTH)
        self.assertEqual(await stale.post(ANN, "text", "in time"), 1)

    async def test_who_is_just_storing_something_under_it_is_waited_for_and_counted(self) -> None:
        self.ledger.admit(BOTH.identity())
        retiring: list[Deferred[RootUse]] = []

        def work(tx: Transaction) -> None:
            people.add(tx, ANN, password(), NOW_MS)
            people.add_session(tx, session(ANN))
            blockingCallFromThread(
                cast(IReactorFromThreads, reactor),
                lambda: retiring.append(deferToThread(self.ledger.retire, 1, TRAIL)),
            )
            time.sleep(0.3)

        await self.store.database.write("register", work)
        self.assertEqual(await retiring[0], RootUse(0, 1))
        self.assertEqual(self.ledger.identity(), BOTH.identity())

    async def test_a_password_takes_another_pepper_only_where_it_is_still_the_same(self) -> None:
        await self.joined(ANN)
        accounts = self.store.accounts
        await accounts.renew_hash(ANN.id, RENEWED, replace(RENEWED, root_id=3))
        self.assertEqual(await accounts.credentials("ann"), (ANN, password()))
        await accounts.renew_hash(ANN.id, password(), RENEWED)
        self.assertEqual(await accounts.credentials("ann"), (ANN, RENEWED))

    async def test_a_room_key_changes_its_place_only_where_it_stands_as_it_was_read(self) -> None:
        await self.filled()
        self.ledger.admit(BOTH.identity())
        room_keys = RoomKeys(BOTH)
        [page] = self.ledger.room_keys()
        pairs = [(key, room_keys.rewrapped(key)) for key in page]
        stale = [(replace(key, wrapped=bytes(40)), new) for key, new in pairs]
        self.assertEqual(self.ledger.rewrap(stale), 0)
        self.assertEqual(self.ledger.rewrap(pairs[:2]), 2)
        self.assertEqual(self.ledger.rewrap(pairs), 1)
        [after] = self.ledger.room_keys()
        self.assertEqual(after, [new for _, new in pairs])
        self.assertEqual(
            [room_keys.unwrap(new) for new in after], [room_keys.unwrap(key) for key in page]
        )

    async def test_more_room_keys_than_a_page_are_all_shown_once(self) -> None:
        rooms = [await self.room(f"room-{n:03}") for n in range(3)]
        keys = [RoomKeys(ROOTS).new_key(r, e, 1, NOW_MS) for r in rooms for e in range(1, 601)]

        def work(tx: Transaction) -> None:
            log.insert_keys(tx, keys)

        await self.store.database.write("keys", work)
        found = [key for page in self.ledger.room_keys() for key in page]
        self.assertEqual(found, keys)
        self.assertIn("1800 room keys wrapped anew", await self.rotated())
        self.assertEqual(self.ledger.root_uses(), {2: RootUse(1800, 0)})

    async def enrolled(self) -> SealedSecret:
        """Ann's app, under the first root key."""
        app = replace(FactorKeys(ROOTS).seal(ANN.id, SECRET), since_ms=NOW_MS)
        self.assertTrue(await self.store.factors.add_app(session(ANN).digest, app, 1, []))
        return app

    async def test_a_second_factor_is_counted_and_moves_only_where_it_stands_as_it_was_read(
        self,
    ) -> None:
        await self.joined(ANN)
        app = await self.enrolled()
        self.assertEqual(self.ledger.root_uses(), {1: RootUse(0, 1, 1)})
        self.ledger.admit(BOTH.identity())
        new = FactorKeys(BOTH).resealed(app)
        self.assertEqual(self.ledger.reseal([(replace(app, wrapped=bytes(32)), new)]), 0)
        self.assertEqual(self.ledger.reseal([(app, new)]), 1)
        self.assertEqual(list(self.ledger.apps()), [[new]])
        self.assertEqual((await self.store.factors.of(ANN.id)).app, new)

    async def test_a_second_factor_keeps_its_root_key_until_it_has_moved(self) -> None:
        await self.joined(ANN)
        await self.enrolled()
        await self.done("rotate")
        await self.store.accounts.renew_hash(ANN.id, password(), RENEWED)
        self.assertIn("wraps 1 second factor", await self.done("status"))
        status, told = await self.keys("retire", 1)
        self.assertEqual(status, 1)
        self.assertIn("1 second factor to be moved by  keys rewrap", told)
        self.assertIn("and 1 second factor, under root key 2", await self.done("rewrap"))
        await self.done("retire", 1)
        self.assertIn("1 second factor and the peppers of 1 password", await self.done("verify"))
        [[app]] = self.ledger.apps()
        self.assertEqual(FactorKeys(self.roots).open(app), SECRET)

    async def test_a_second_factor_that_does_not_open_is_named(self) -> None:
        await self.joined(ANN)
        await self.enrolled()
        await self.sql("UPDATE apps SET wrapped = ?", bytes(32))
        for command in ("verify", "rewrap"):
            if command == "rewrap":
                await self.done("rotate")
            status, told = await self.keys(command)
            self.assertEqual(status, 1)
            self.assertIn(f"the second factor of {ANN.id} does not open", told)

    async def test_none_is_stored_under_a_root_key_that_was_retired(self) -> None:
        await self.joined(ANN)
        await self.store.accounts.renew_hash(ANN.id, password(), RENEWED)
        self.ledger.admit(BOTH.identity())
        self.assertFalse(self.ledger.retire(1, TRAIL))
        await self.refused(Unavailable, self.enrolled)

    async def rotated(self) -> str:
        await self.done("rotate")
        return await self.done("rewrap")


class CommandsContract(RotationCase):
    async def test_from_the_first_root_key_to_the_second_nothing_is_lost(self) -> None:
        talk = await self.filled()
        self.assertIn("root key 1: made at an unknown time, wraps 3", await self.done("status"))
        self.assertIn("root key 2 is in the keyring", await self.done("rotate"))
        talk.keys = RoomKeys(self.roots)
        await self.assert_in_order()
        self.assertIn("3 room keys wrapped anew", await self.done("rewrap"))
        self.assertIn("0 room keys wrapped anew", await self.done("rewrap"))
        await self.assert_in_order()
        status = await self.done("status")
        self.assertRegex(status, r"root key 2: made 20\d\d-.*, wraps 3 room keys, peppers 0 pass")
        self.assertIn("2 passwords to move when their owners log in", status)
        self.assertEqual((await self.keys("retire", 1))[0], 1)
        for user in (ANN, BOB):
            await self.store.accounts.renew_hash(user.id, password(), RENEWED)
        self.assertIn("nothing needs it", await self.done("status"))
        self.assertIn("root key 1 is retired", await self.done("retire", 1))
        self.assertEqual(list(self.roots.keys), [2])
        await self.assert_in_order()
        await self.store.events.forget()
        talk.keys = RoomKeys(self.roots)
        await talk.post(ANN, "text", "and on it goes")
        await self.assert_in_order()

    async def test_numbers_are_never_given_again(self) -> None:
        for number in (2, 3):
            await self.done("rotate")
            self.assertEqual(self.roots.newest_id, number)
        await self.done("retire", 1)
        await self.done("retire", 2)
        await self.done("rotate")
        self.assertEqual(sorted(self.roots.keys), [3, 4])

    async def test_a_rotation_broken_off_before_the_database_heard_of_it_is_finished(self) -> None:
        keyfile.replace(self.config.keyring, BOTH)
        self.assertIn("not in service yet", await self.done("status"))
        await self.assert_in_order()
        self.assertIn("root key 2 is in the keyring", await self.done("rotate"))
        self.assertEqual(self.roots, BOTH)
        self.assertEqual(self.ledger.identity(), BOTH.identity())

    async def test_a_retirement_broken_off_before_the_file_heard_of_it_is_finished(self) -> None:
        await self.done("rotate")
        self.assertFalse(self.ledger.retire(1, Trail(Signer(self.roots))))
        self.assertIn("root key 1", await self.done("status"))
        await self.assert_in_order()
        keyring.read(self.config.keyring).settle(self.ledger)
        await self.done("retire", 1)
        self.assertEqual(list(self.roots.keys), [2])

    async def test_of_two_machines_that_rotate_one_wins_and_the_other_is_told(self) -> None:
        elsewhere = ROOTS.adding(2, b"x" * 32, 0)
        self.ledger.admit(elsewhere.identity())
        status, _ = await self.keys("rotate")
        self.assertEqual((status, self.roots), (1, ROOTS))
        # The very moment: what the command had looked at before is out of date.
        behind = rotation.Rotation(
            self.config.keyring, self.ledger, ROOTS.identity(), io.StringIO()
        )
        self.assertRaises(Misconfigured, behind.rotate)
        self.assertEqual(self.roots, ROOTS)
        keyfile.replace(self.config.keyring, elsewhere)
        await self.done("rewrap")

    async def test_a_root_key_that_the_keyring_has_lost_unused_may_be_given_up(self) -> None:
        await self.filled()
        self.ledger.admit(ROOTS.adding(2, b"x" * 32, 0).identity())
        self.assertEqual((await self.keys("verify"))[0], 1)
        self.assertIn("IT IS NOT IN THIS KEYRING", await self.done("status"))
        self.assertEqual((await self.keys("rewrap"))[0], 1)
        await self.done("retire", 2)
        await self.assert_in_order()
        await self.done("rotate")
        self.assertEqual(self.roots.newest_id, 3)

    async def test_what_does_not_open_is_named_and_keeps_nothing_else_from_moving(self) -> None:
        await self.filled()
        await self.sql("UPDATE room_keys SET wrapped = ? WHERE epoch = 2", bytes(40))
        for command in ("verify", "rewrap"):
            if command == "rewrap":
                await self.done("rotate")
            status, told = await self.keys(command)
            self.assertEqual(status, 1)
            self.assertIn("the room key general.2 does not open", told)
        self.assertEqual(self.ledger.root_uses()[2], RootUse(2, 0))
        await self.sql("UPDATE users SET password_root_id = 9 WHERE username = 'bob'")
        status, told = await self.keys("verify")
        self.assertEqual(status, 1)
        self.assertIn("root key 9 is unknown (bob)", told)
        self.assertIn("2 wrong", told)

    async def test_each_refusal_changes_nothing(self) -> None:
        await self.filled()
        await self.done("rotate")
        before, known = self.roots, self.ledger.identity()
        for root_id, why in (
            (1, "stays: 3 room keys to be moved by  keys rewrap and 2 passwords to move"),
            (2, "is the newest"),
            (3, "there is no root key 3"),
        ):
            status, told = await self.keys("retire", root_id)
            self.assertEqual((status, why in told), (1, True), told)
        self.assertEqual((self.roots, self.ledger.identity()), (before, known))

    async def test_a_foreign_keyring_moves_and_makes_nothing(self) -> None:
        await self.filled()
        keyfile.replace(self.config.keyring, replace(ROOTS, database_id="another"))
        for command in ("rotate", "rewrap"):
            status, told = await self.keys(command)
            self.assertEqual((status, "another database" in told), (1, True), told)
        self.assertEqual((await self.keys("retire", 1))[0], 1)
        self.assertEqual((await self.keys("verify"))[0], 1)
        self.assertEqual(self.ledger.identity(), ROOTS.identity())

    async def test_what_was_done_and_cannot_be_recorded_is_done_all_the_same(self) -> None:
        def away(ledger: object, trail: object, deed: object) -> None:
            raise Unavailable("the server is gone")

        self.patch(Ledger, "record", away)
        told = await self.done("rotate")
        self.assertIn("root key 2 is in the keyring", told)
        self.assertIn("The audit log does not say so", told)
