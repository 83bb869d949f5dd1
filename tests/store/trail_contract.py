"""The audit log on each database: what is recorded, and that whoever changes it is found."""

from __future__ import annotations

import io
import pickle
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import gatherResults
from twisted.internet.threads import deferToThread

from securechat import auditing, keyfile, rotation
from securechat.config import Config
from securechat.core import commands as c
from securechat.core.errors import Refused
from securechat.core.keys import RootKeys
from securechat.core.model import (
    Device,
    InviteLink,
    MessageId,
    Passkey,
    PasswordHash,
    SealedSecret,
    SpentChallenge,
    User,
    digest_of,
)
from securechat.core.trail import Deed, Entry, Kind, Signer, Tip, entry, tip_of
from securechat.store import Store, trail
from securechat.store.trail import Trail
from securechat.store.transaction import Transaction
from tests.store.changing import ChangingCase
from tests.store.sealing import NOW_MS, ROOTS, id_of, password, person, session

ANN, BOB = person("ann"), person("bob")
NEW = PasswordHash(b"$2b$12$" + b"z" * 53, 1)
HERE = Device("Firefox", "Linux", "192.0.2.1")
NUMBERS = ("number", "time_ms", "root_id")
TEXTS = ("kind", "actor", "subject", "outcome", "detail", "address")
BYTES = ("hash", "mac")

BOTH = ROOTS.adding(2, b"2" * 32, NOW_MS)


class Older(RootKeys):
    """Root keys of a daemon that knows a newer one, and does not sign with it yet."""

    @property
    def newest(self) -> tuple[int, bytes]:
        """The first."""
        return 1, self.keys[1]


KILLED = """
import pickle, sys
from securechat.core.trail import Deed, Kind, Signer
from securechat.store import Store
from securechat.store.trail import Trail
settings, roots = pickle.loads(bytes.fromhex(sys.argv[1]))
ledger, trail = Store(settings).ledger, Trail(Signer(roots))
print("ready", flush=True)
while True:
    ledger.record(trail, Deed(Kind.RENAMED, "somebody"))
"""


class TrailCase(ChangingCase):
    def setUp(self) -> None:
        super().setUp()
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        self.config = Config(folder, self.settings, folder / "keyring.json")
        keyfile.make(self.config.keyring, ROOTS)
        self.store.ledger.claim(ROOTS.identity())

    async def audit(self, command: str = "verify", **options: Any) -> tuple[int, str]:
        """``python -m securechat audit``; its status, and all that it says."""
        out = io.StringIO()
        self.patch(sys, "stderr", out)
        status = await deferToThread(auditing.run, self.config, command, out, **options)
        return status, out.getvalue()

    async def found(self) -> str:
        """What is wrong with the log, which is not intact."""
        status, told = await self.audit()
        self.assertEqual(status, 1, told)
        return told

    async def intact(self) -> int:
        """How many rows there are, all of them as they were written."""
        status, told = await self.audit()
        self.assertEqual(status, 0, told)
        return int(told.split()[-2])

    async def rows(self) -> list[Entry]:
        found = await self.sql(trail.NEWEST, 10_000)
        return [trail.entry_from(row) for row in reversed(found)]

    async def kinds(self) -> list[tuple[str, str | None, str | None]]:
        return [(row.kind, row.actor, row.subject) for row in await self.rows()]

    async def put(self, rows: list[Entry]) -> None:
        """Have exactly ``rows`` in the log; the head stays."""

        def work(tx: Transaction) -> None:
            tx.run("DELETE FROM audit")
            tx.run_many(trail.ADD, [trail._values(row) for row in rows])

        await self.store.database.write("put", work)

    async def filled(self) -> list[Entry]:
        """Eight rows in which every column has something."""
        await self.joined(ANN, BOB)
        await self.store.administration.grant("ann")
        await self.store.administration.add_reset("bob", b"r" * 32, NOW_MS)
        refused = Deed(Kind.LOG_IN_REFUSED, "x", "y", "wrong_pair", (("times", 2),), "192.0.2.7")
        await self.store.audit.append([refused, Deed(Kind.STARTED, "operator"), refused])
        await self.store.audit.append([refused])
        rows = await self.rows()
        self.assertEqual((len(rows), await self.intact()), (8, 8))
        return rows


class TamperedContract(TrailCase):
    async def test_every_change_of_every_column_of_every_row_is_found_where_it_is(self) -> None:
        for row in await self.filled():
            for column in (*NUMBERS, *TEXTS, *BYTES):
                before = getattr(row, column)
                values: list[Any] = [before + 1_000, -1] if column in NUMBERS else ["x", "", None]
                if column in ("kind", "outcome", "detail"):
                    values.remove(None)
                if column in BYTES:
                    values = [b"x" * 32, b"", row.mac if column == "hash" else row.hash]
                for value in values:
                    if value == before:
                        continue
                    await self.set(row.number, column, value)
                    told = await self.found()
                    if column != "number":
                        self.assertTrue(told.startswith(f"{row.number}: "), (column, value, told))
                    where = value if column == "number" else row.number
                    await self.set(where, column, before)
        self.assertEqual(await self.intact(), 8)

    async def set(self, number: int, column: str, value: object) -> None:
        await self.sql(f"UPDATE audit SET {column} = ? WHERE number = ?", value, number)

    async def test_rows_that_are_taken_out_put_in_or_exchanged_are_found(self) -> None:
        rows = await self.filled()
        for place, row in enumerate(rows):
            await self.put([one for one in rows if one is not row])
            told = await self.found()
            self.assertTrue(told.startswith(f"{place + 1}: is missing"), told)
            others = {one.number: one for one in rows}
            for other in rows[place + 1 :]:
                mine = Entry(*(other.number, *fields_of(row)[1:]))
                theirs = Entry(*(row.number, *fields_of(other)[1:]))
                swapped = others | {mine.number: mine, theirs.number: theirs}
                await self.put([swapped[number] for number in sorted(swapped)])
                self.assertTrue((await self.found()).startswith(f"{place + 1}: "))
        for number in (0, -7, 9, 1_000):
            await self.put([*rows, Entry(number, *fields_of(rows[3])[1:])])
            self.assertTrue((await self.found()).startswith(f"{number}: "), number)
        await self.put(rows)
        self.assertEqual(await self.intact(), 8)

    async def test_a_tail_that_was_cut_off_is_missed_whatever_the_head_says(self) -> None:
        rows = await self.filled()
        [head] = await self.sql(trail.HEAD)
        for left in range(len(rows)):
            await self.put(rows[:left])
            self.assertTrue((await self.found()).startswith(f"{left + 1}: is missing"))
            macs = [bytes(head[2]), b"", rows[left - 1].mac]
            for mac in macs:
                await self.sql(trail.SET_HEAD, left, 1 if left else 0, mac)
                told = await self.found()
                self.assertTrue(told.startswith(f"{max(left, 1)}: "), told)
            await self.sql(trail.SET_HEAD, *head)
        await self.put(rows)
        self.assertEqual(await self.intact(), 8)
        await self.sql("DELETE FROM audit_head")
        self.assertIn("head is missing", await self.found())

    async def test_who_recomputes_every_hash_without_the_keyring_is_found(self) -> None:
        rows = await self.filled()
        thief = Signer(RootKeys(ROOTS.database_id, {1: b"x" * 32}))
        for place in range(len(rows)):
            forged, tip = rows[:place], tip_of(rows[place - 1]) if place else Tip()
            for row in rows[place:]:
                deed = Deed(Kind(row.kind), "nobody", row.subject, row.outcome)
                forged = [*forged, entry(deed, tip, thief, 1, row.time_ms)]
                tip = tip_of(forged[-1])
            head = thief.head(tip, 1)
            await self.put(forged)
            await self.sql(trail.SET_HEAD, head.number, head.root_id, head.mac)
            told = await self.found()
            self.assertTrue(told.startswith(f"{place + 1}: was written without the keyring"), told)

    async def test_what_is_recorded_afterwards_hides_nothing(self) -> None:
        rows = await self.filled()
        [head] = await self.sql(trail.HEAD)
        await self.put(rows[:5])
        await self.sql(trail.SET_HEAD, 5, 1, rows[4].mac)
        await self.store.audit.append([Deed(Kind.STARTED, "operator")])
        self.assertIn("6: says that the log was broken", await self.found())
        for damage in ("DELETE FROM audit_head", "UPDATE audit_head SET number = 3"):
            await self.put(rows)
            await self.sql("DELETE FROM audit_head")
            await self.sql(trail.NEW_HEAD, *head)
            self.assertEqual(await self.intact(), 8)
            await self.sql(damage)
            await self.store.audit.append([Deed(Kind.STARTED, "operator")])
            self.assertIn("9: says that the log was broken", await self.found())

    async def test_an_empty_log_is_believed_only_where_nobody_has_an_account(self) -> None:
        self.assertEqual(await self.intact(), 0)
        await self.filled()
        await self.put([])
        await self.sql(trail.SET_HEAD, 0, 0, b"")
        self.assertIn("1: is missing: the log is empty", await self.found())

    async def test_what_cannot_be_looked_at_is_neither_intact_nor_changed(self) -> None:
        self.config.keyring.unlink()
        status, told = await self.audit()
        self.assertEqual((status, "could not be looked at" in told), (2, True), told)

    async def test_the_tail_shows_the_newest_last_and_no_control_character(self) -> None:
        await self.filled()
        evil = "x\n\x1b[2J\u202e"
        await self.set(8, "outcome", evil)
        status, told = await self.audit("tail", lines=3)
        lines = told.splitlines()
        self.assertEqual((status, len(lines)), (0, 3))
        self.assertTrue(lines[0].startswith("6 2"))
        self.assertIn("log_in_refused x\\n\\x1b[2J\\u202e actor=x subject=y address=192", lines[-1])
        status, told = await self.audit("tail", lines=3, as_json=True)
        self.assertEqual(len(told.splitlines()), 3)
        self.assertNotIn("\u202e", told)
        self.assertIn('"kind": "log_in_refused"', told)
        for detail in ("[" * 1_000, "{", "\ufeff", '{"a":1,"a":2}'):
            for column, value in (("detail", detail), ("kind", "unproven"), ("time_ms", 2**62)):
                await self.set(7, column, value)
            self.assertEqual((await self.audit("tail", lines=3, as_json=True))[0], 0)
            self.assertTrue((await self.found()).startswith("7: "))


class RecordedContract(TrailCase):
    async def test_what_people_do_to_accounts(self) -> None:
        await self.joined(ANN)
        accounts, own = self.store.accounts, self.store.own_account
        again = session(ANN, "again")
        self.assertTrue(await accounts.add_session(again, password()))
        self.assertFalse(await accounts.add_session(session(ANN, "bad"), NEW))
        begun = session(ANN, "new")
        begun = type(begun)(begun.digest, ANN, NOW_MS, NOW_MS, HERE)
        self.assertIsNone(await own.renew_password(again.digest, NEW, NEW, begun))
        self.assertIsNotNone(await own.renew_password(again.digest, password(), NEW, begun))
        await self.store.administration.grant("ann")
        await self.store.administration.grant("nobody")
        await self.store.administration.add_reset("ann", b"r" * 32, NOW_MS + 1)
        await self.store.administration.use_reset(b"r" * 32, password(), NOW_MS, "192.0.2.9")
        await self.store.administration.use_reset(b"r" * 32, password(), NOW_MS)
        self.assertEqual(
            await self.kinds(),
            [
                ("registered", ANN.id, ANN.id),
                ("logged_in", ANN.id, ANN.id),
                ("password_changed", ANN.id, ANN.id),
                ("administrator_granted", "operator", ANN.id),
                ("reset_made", "operator", ANN.id),
                ("password_reset", ANN.id, ANN.id),
            ],
        )
        rows = await self.rows()
        self.assertEqual([rows[2].address, rows[5].address], ["192.0.2.1", "192.0.2.9"])
        self.assertEqual(rows[2].detail, '{"sessions_ended":2}')
        self.assertEqual(await self.intact(), 6)

    async def test_what_people_do_to_their_second_factors(self) -> None:
        await self.joined(ANN, BOB)
        factors, mine, stranger = self.store.factors, session(ANN).digest, session(BOB).digest
        app = SealedSecret(ANN.id, 1, b"w" * 32, NOW_MS)
        key = Passkey(b"k", ANN.id, "Key", b"public", 0, NOW_MS)
        challenge = SpentChallenge(b"c" * 32, NOW_MS + 1)
        here = "192.0.2.1"
        self.assertTrue(await factors.add_app(mine, app, 1, (), here))
        self.assertIsNone(await factors.add_app(stranger, app, 1, (), here))
        self.assertFalse(await factors.add_passkey(mine, key, challenge, (), here))
        self.assertTrue(await factors.renew_recovery(mine, (), here))
        self.assertFalse(await factors.renew_recovery(stranger, (), here))
        self.assertTrue(await factors.remove_app(mine, here))
        self.assertFalse(await factors.remove_app(mine, here))
        self.assertTrue(await factors.remove_passkey(mine, key.id, here))
        self.assertFalse(await factors.remove_passkey(mine, key.id, here))
        kinds = ("added", "added", None, "removed", "removed")
        told = [f"factor_{kind}" if kind else "recovery_renewed" for kind in kinds]
        self.assertEqual((await self.kinds())[2:], [(kind, ANN.id, ANN.id) for kind in told])
        self.assertEqual({row.address for row in (await self.rows())[2:]}, {here})

    async def test_the_first_administrator(self) -> None:
        admin = self.store.administration
        await admin.set_up(ANN, password(), session(ANN), "invite")
        self.assertEqual(await self.kinds(), [("set_up", ANN.id, ANN.id)])
        await self.refused(Refused, lambda: admin.set_up(BOB, password(), session(BOB), "open"))
        self.assertEqual(len(await self.kinds()), 1)

    async def test_what_people_do_to_rooms_in_the_same_transaction(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        before = len(await self.kinds())
        for command in (
            c.RenameRoom("c", room, "Other"),
            c.SetRole("c", room, BOB.id, "moderator"),
            c.SetRole("c", room, BOB.id, "moderator"),
            c.Mute("c", room, BOB.id, 60),
            c.Unmute("c", room, BOB.id),
            c.Kick("c", room, BOB.id),
            c.AddMember("c", room, BOB.id),
            c.Ban("c", room, BOB.id),
            c.Unban("c", room, BOB.id),
            c.ArchiveRoom("c", room, True),
        ):
            await self.change(ANN, command)
        await self.refused(Refused, lambda: self.change(BOB, c.Kick("c", room, ANN.id)))
        to_bob = [
            (kind, ANN.id, BOB.id)
            for kind in (*("role", "muted", "unmuted", "removed", "joined", "banned", "unbanned"),)
        ]
        found = (await self.kinds())[before:]
        self.assertEqual(found, [*to_bob, ("room_archived", ANN.id, room)])
        rows = await self.rows()
        self.assertEqual(rows[before].detail, f'{{"room":"{room}","role":"moderator"}}')
        self.assertEqual(
            (await self.kinds())[2:4], [("room_created", ANN.id, room), ("joined", ANN.id, BOB.id)]
        )
        await self.intact()

    async def test_a_change_that_is_sent_again_is_recorded_once(self) -> None:
        await self.joined(ANN, BOB)
        room, mid = await self.club(ANN, BOB), self.mid()
        for _ in range(3):
            await self.change(ANN, c.Kick("c", room, BOB.id), mid)
        self.assertEqual([kind for kind, _, _ in await self.kinds()].count("removed"), 1)

    async def test_invites_are_followed_from_their_making_and_give_nothing_away(self) -> None:
        await self.joined(ANN)
        room = await self.club(ANN)
        token = "t" * 43
        link = InviteLink(digest_of(token), room, ANN.id, NOW_MS + 1_000, 5)
        await self.store.changes.invite(ANN.id, c.Invite("c", room, 1, 5), link)
        mid = MessageId(id_of("invited"))
        accounts = self.store.accounts
        await accounts.add_invited_user(
            BOB, password(), session(BOB), digest_of(token), mid, self.sealer
        )
        await self.store.changes.revoke_invites(ANN.id, c.RevokeInvites("c", room), NOW_MS)
        self.assertEqual(
            (await self.kinds())[2:],
            [
                ("invite_made", ANN.id, room),
                ("registered", BOB.id, BOB.id),
                ("invite_used", BOB.id, room),
                ("joined", BOB.id, BOB.id),
                ("invites_revoked", ANN.id, room),
            ],
        )
        rows = await self.rows()
        name = digest_of(token)[:6].hex()
        self.assertIn(name, rows[2].detail)
        self.assertIn(name, rows[4].detail)
        self.assertNotIn(digest_of(token).hex(), "".join(row.detail for row in rows))

    async def test_what_fails_leaves_no_row(self) -> None:
        await self.joined(ANN)
        before = await self.kinds()
        with self.assertRaises(Exception):  # noqa: B017 - whichever says that the name is taken
            await self.store.accounts.add_user(
                User(BOB.id, "ann", "Ann", "member"), password(), session(BOB)
            )
        self.assertEqual(await self.kinds(), before)

    async def test_without_a_keyring_nothing_is_recorded(self) -> None:
        store = Store(self.settings)
        store.database.start()
        try:
            await store.audit.append([Deed(Kind.STARTED)])
        finally:
            await store.database.stop()
        self.assertEqual(await self.kinds(), [])


class TogetherContract(TrailCase):
    timeout = 240

    async def test_several_that_append_at_once_keep_one_chain(self) -> None:
        others = [Store(self.settings, trail=Trail(Signer(ROOTS))) for _ in range(2)]
        for other in others:
            other.database.start()
        try:
            for turn in range(20):
                await gatherResults(
                    [
                        store.audit.append([Deed(Kind.RENAMED, f"{turn}")] * 3)
                        for store in (self.store, *others)
                    ]
                )
        finally:
            for other in others:
                await other.database.stop()
        self.assertEqual(await self.intact(), 180)

    async def test_also_those_that_sign_with_different_root_keys_at_the_time_of_a_rotation(
        self,
    ) -> None:
        self.store.ledger.admit(BOTH.identity())
        keyfile.replace(self.config.keyring, BOTH)
        older = Older(BOTH.database_id, BOTH.keys)
        others = [Store(self.settings, trail=Trail(Signer(roots))) for roots in (BOTH, older)]
        for other in others:
            other.database.start()
        try:
            for turn in range(40):
                deeds = [Deed(Kind.RENAMED, f"{turn}")] * 3
                await gatherResults([store.audit.append(deeds) for store in others])
        finally:
            for other in others:
                await other.database.stop()
        self.assertEqual(await self.intact(), 240)
        self.assertEqual({row.root_id for row in await self.rows()}, {1, 2})

    async def test_kill_9_while_appending_leaves_it_intact(self) -> None:
        told = pickle.dumps((self.settings, ROOTS)).hex()
        chance, before = random.Random(9), 0
        for _ in range(8):
            await deferToThread(append_until_killed, told, chance.uniform(0.05, 0.3))
            count = await self.intact()
            self.assertGreater(count, before)
            before = count
        await self.store.audit.append([Deed(Kind.STARTED, "operator")])
        self.assertEqual(await self.intact(), before + 1)

    async def test_it_stays_verifiable_through_rotation_and_retirement(self) -> None:
        await self.joined(ANN)
        await self.keys("rotate")
        self.assertEqual(await self.intact(), 2)
        # This daemon was not told of the second root key yet, and goes on.
        await self.store.administration.grant("ann")
        await self.keys("rewrap")
        renew = self.store.accounts.renew_hash
        await renew(ANN.id, password(), PasswordHash(NEW.bcrypt, 2))
        await self.keys("retire", 1)
        self.assertEqual(list(keyfile.read(self.config.keyring).keys), [2])
        kinds = [kind for kind, _, _ in await self.kinds()]
        expected = ["registered", "key_added", "unproven", "administrator_granted"]
        self.assertEqual(kinds, [*expected, "keys_rewrapped", "key_retired"])
        self.assertEqual(await self.intact(), 6)
        rows = await self.rows()
        self.assertEqual([row.root_id for row in rows], [1, 2, 1, 1, 2, 2])
        for row in rows:
            await self.sql("UPDATE audit SET mac = hash WHERE number = ?", row.number)
            # Of a row under a retired key the next one tells.
            shown_by = row.number + (row.root_id == 1)
            self.assertTrue((await self.found()).startswith(f"{shown_by}: "))
            await self.sql("UPDATE audit SET mac = ? WHERE number = ?", row.mac, row.number)

    async def test_a_root_key_that_was_lost_and_is_given_up_breaks_nothing(self) -> None:
        await self.joined(ANN)
        before = keyfile.read(self.config.keyring)
        await self.keys("rotate")
        keyfile.replace(self.config.keyring, before)
        await self.keys("retire", 2)
        kinds = [kind for kind, _, _ in await self.kinds()]
        self.assertEqual(kinds, ["registered", "key_added", "unproven", "key_retired"])
        self.assertEqual(await self.intact(), 4)

    async def test_a_head_under_a_root_key_that_never_was_is_found_behind_it(self) -> None:
        await self.filled()
        await self.sql(trail.SET_HEAD, 8, 9, b"x" * 32)
        await self.store.audit.append([Deed(Kind.STARTED, "operator")])
        self.assertIn("9: says that the log was broken", await self.found())

    async def keys(self, command: str, root_id: int | None = None) -> None:
        out = io.StringIO()
        status = await deferToThread(rotation.run, self.config, command, root_id, out)
        self.assertEqual(status, 0, out.getvalue())


def fields_of(row: Entry) -> tuple[Any, ...]:
    """All columns of a row, as Entry takes them."""
    return tuple(getattr(row, name) for name in row.__slots__)


def append_until_killed(told: str, after_s: float) -> None:
    """Have another process append as fast as it can, and kill it."""
    begun = subprocess.Popen([sys.executable, "-c", KILLED, told], stdout=subprocess.PIPE)
    assert begun.stdout is not None
    begun.stdout.readline()
    time.sleep(after_s)
    begun.kill()
    begun.communicate()
