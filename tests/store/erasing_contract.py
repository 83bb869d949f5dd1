"""What every database promises about what is erased as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from securechat.core import commands as c
from securechat.core import content, envelope
from securechat.core.erasing import STEP_EVENTS
from securechat.core.errors import Code, NameTaken
from securechat.core.model import (
    GENERAL,
    REPORTS,
    SERVER,
    Person,
    Rejected,
    RoomId,
    User,
    UserId,
    digest_of,
)
from securechat.core.ports import RoomErased, RoomsChanged
from securechat.core.settings import SqliteDatabase
from securechat.store import Store, log, migrations
from securechat.store.migrations import TABLES
from securechat.store.retention import DAY_MS
from tests.store.erasing_case import CANARY, KEYS, ErasingCase
from tests.store.sealing import NOW_MS, draft, id_of, password, person, session
from tests.store.wellfed import Talk

ANN, BOB, EVE = person("ann"), person("bob"), person("eve")


class RoomsContract(ErasingCase):
    """A room is erased: nothing of it opens from the first step on, then the rest goes."""

    async def test_from_the_first_step_on_nothing_opens_and_nobody_is_there(self) -> None:
        await self.joined(ANN, BOB, EVE)
        room, other = await self.club(ANN, BOB, EVE), await self.club(BOB)
        await self.talk(ANN, room, 30)
        await self.talk(BOB, other, 5, "what stays")
        await self.invite(ANN, room, "in")
        before = await self.revision(EVE)
        self.assertEqual(await self.canaries(), 30)
        members = await self.store.erasures.erase_room(ANN.id, room, NOW_MS)
        self.assertEqual(set(members), {ANN.id, BOB.id, EVE.id})
        self.assertEqual((await self.canaries(), await self.canaries("what stays")), (0, 5))
        self.assertEqual(await self.revision(EVE), before + 1)
        self.assertEqual(await self.roles(room), {})
        self.assertIsNone(await self.store.rooms.room_of(ANN.id, room))
        self.assertIsNone(await self.store.changes.invitation(digest_of("in"), NOW_MS))
        self.assertEqual(await self.store.rooms.erased([room, other, GENERAL]), {room})
        row = await self.sql("SELECT name, topic, kind FROM rooms WHERE id = ?", room)
        self.assertEqual([tuple(one) for one in row], [("", "", "erased")])
        await self.assert_in_order()

    async def test_step_by_step_every_row_of_it_goes_and_whatever_is_broken_off_goes_on(
        self,
    ) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        await self.talk(ANN, room, 2 * STEP_EVENTS, f"{CANARY} for @bob")
        said = await self.say(ANN, room, "+", kind="reaction", target=5)
        await self.change(ANN, c.Ban("c", room, BOB.id))
        await self.store.erasures.erase_room(ANN.id, room, NOW_MS)
        counts = []
        while await self.store.erasures.under_way():
            store = await self.reopened()
            await self.assert_in_order()
            counts.append(await store.erasures.clear_room(room, NOW_MS))
        self.assertEqual(counts, [STEP_EVENTS, STEP_EVENTS, said + 1 - 2 * STEP_EVENTS])
        for table in ("events", "annotations", "mentions", "bans", "mutes", "memberships"):
            rows = await self.sql(f"SELECT 1 FROM {table} WHERE room_id = ?", room)
            self.assertEqual(rows, [], table)
        self.assertIn(f"{room}: erased", await self.assert_in_order())

    async def test_the_whole_of_it_is_told_and_counted(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        await self.talk(BOB, room, 10)
        erasure = self.erasure()
        await erasure.erase_room(ANN.id, room)
        await erasure.done()
        self.assertEqual(await self.store.erasures.under_way(), [])
        [erased, *changed] = self.bus.news
        self.assertEqual(erased, RoomErased(room))
        self.assertEqual(set(changed), {RoomsChanged(ANN.id), RoomsChanged(BOB.id)})
        counted = self.metrics.registry.get_sample_value(
            "securechat_erased_events_total", {"why": "room"}
        )
        self.assertEqual(counted, 12)

    async def test_only_an_owner_may_and_the_same_again_is_done(self) -> None:
        await self.joined(ANN, BOB, EVE)
        room = await self.club(ANN, BOB)
        erase = self.store.erasures.erase_room
        await self.barred(Code.FORBIDDEN, erase(BOB.id, room, NOW_MS))
        await self.barred(Code.NOT_A_MEMBER, erase(EVE.id, room, NOW_MS))
        await self.change(ANN, c.ArchiveRoom("c", room, True))
        self.assertEqual(len(await erase(ANN.id, room, NOW_MS)), 2)
        self.assertEqual(await erase(ANN.id, room, NOW_MS), ())
        await self.barred(Code.NOT_A_MEMBER, erase(BOB.id, room, NOW_MS))
        await self.barred(Code.NOT_A_MEMBER, self.change(ANN, c.LeaveRoom("c", room)))
        self.assertEqual(await erase(None, room, NOW_MS), ())

    async def test_the_servers_own_rooms_and_direct_messages_stay(self) -> None:
        await self.joined(ANN, BOB)
        await self.make_administrator(ANN)
        await self.store.administration.grant("ann")
        direct = (await self.create(ANN, "direct", people=(ANN, BOB))).room
        for room in (GENERAL, REPORTS, direct):
            for actor in (ANN.id, None):
                erase = self.store.erasures.erase_room(actor, room, NOW_MS)
                await self.barred(Code.FORBIDDEN, erase)
        erase = self.store.erasures.erase_room(None, self.mid(), NOW_MS)  # type: ignore[arg-type]
        await self.barred(Code.NOT_FOUND, erase)
        self.assertEqual(await self.store.erasures.under_way(), [])

    async def test_what_is_sent_again_meets_no_room_and_no_damage(self) -> None:
        await self.joined(ANN)
        room = await self.club(ANN)
        said = draft(ANN, "once", room)
        await self.store.events.append([said], self.keys)
        await self.store.erasures.erase_room(ANN.id, room, NOW_MS)
        late = await self.store.events.append([said], self.keys)
        self.assertEqual(late, [Rejected("not_a_member")])

    async def test_nobody_comes_back_and_nothing_is_written_there_any_more(self) -> None:
        await self.joined(ANN, BOB)
        made = await self.create(ANN, "public")
        room = made.room
        await self.change(ANN, c.AddMember("c", room, BOB.id))
        # Both are remembered as members with the room's newest key.
        await self.say(BOB, room, "before")
        await self.say(ANN, room, "before too")
        await self.store.erasures.erase_room(ANN.id, room, NOW_MS)
        refused = await self.store.events.append([draft(BOB, "after", room)], self.sealer)
        self.assertEqual(refused, [Rejected("not_a_member")])
        await self.barred(Code.NOT_A_MEMBER, self.join(BOB, room))
        again = self.create(ANN, "public", room=room, mid=made.event.mid)
        await self.barred(Code.BAD_COMMAND, again)
        found = await self.store.rooms.find(ANN.id, "", "", 50)
        self.assertEqual([one.id for one in found], [GENERAL])

    async def test_a_key_or_a_member_of_an_erased_room_is_complained_of(self) -> None:
        await self.joined(ANN)
        room = await self.club(ANN)
        [key] = [tuple(row) for row in await self.sql("SELECT * FROM room_keys")]
        await self.store.erasures.erase_room(ANN.id, room, NOW_MS)
        await self.sql("INSERT INTO room_keys VALUES (?, ?, ?, ?, ?, ?)", *key)
        await self.enter(room, ANN)
        self.assertEqual(
            await self.complaints(),
            [f"{room}: is erased, and has keys", f"{room}: is erased, and has members"],
        )


class RetentionContract(ErasingCase):
    """What is older than a room keeps goes, and nothing else."""

    async def old_talk(self, *, days: int | None = 7) -> RoomId:
        """Ten days of talk, thirty texts a day, in a room that keeps ``days``."""
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        await self.change(ANN, c.SetRetention("c", room, days))
        for day in range(10):
            self.now_ms = NOW_MS + day * DAY_MS
            await self.talk(ANN if day % 2 else BOB, room, 30, f"{CANARY} on day {day}")
        return room

    async def expired(self, store: Store | None = None) -> None:
        erasure = self.erasure(store)
        erasure.soon()
        await erasure.done()

    async def days_left(self) -> list[int]:
        _, said = await self.left()
        return sorted({int(one.split("on day ")[1][0]) for one in said if CANARY in one})

    async def told(self, room: RoomId) -> list[dict[str, Any]]:
        """What the events ``expired`` of the room say."""
        events = await self.stored(room)
        keys = {key.kid: key for key in map(log.key_from, await self.sql(KEYS))}
        said = [
            content.read(self.keys.open(event, keys[envelope.kid_of(event) or ""]))
            for event in events
            if event.author == SERVER
        ]
        self.assertEqual({one["kind"] for one in said} - {"expired"}, set())
        return said

    async def test_what_is_older_opens_under_no_key_and_the_rest_does(self) -> None:
        room = await self.old_talk()
        self.now_ms += DAY_MS // 2
        await self.expired()
        # Day 9 and a half: what was said on days 0, 1 and 2 is older than seven days.
        self.assertEqual(await self.days_left(), [3, 4, 5, 6, 7, 8, 9])
        self.assertEqual(await self.canaries(), 210)
        [expired] = await self.told(room)
        first_kept = next(e for e in await self.stored(room) if e.seq == expired["up_to"] + 1)
        self.assertTrue(first_kept.ciphertext)
        await self.assert_in_order()
        # Nothing more is there to do, and so nothing is told.
        await self.expired()
        self.assertEqual(len(await self.told(room)), 1)
        self.now_ms += DAY_MS
        await self.expired()
        self.assertEqual(await self.days_left(), [4, 5, 6, 7, 8, 9])
        self.assertEqual(len(await self.told(room)), 2)
        await self.assert_in_order()

    async def test_a_room_that_keeps_everything_keeps_everything(self) -> None:
        room = await self.old_talk(days=None)
        self.now_ms += 10_000 * DAY_MS
        await self.expired()
        self.assertEqual(await self.canaries(), 300)
        self.assertEqual(await self.told(room), [])

    async def test_a_room_of_many_texts_takes_many_transactions(self) -> None:
        await self.joined(ANN)
        room = await self.club(ANN)
        await self.talk(ANN, room, 2 * STEP_EVENTS)
        await self.change(ANN, c.SetRetention("c", room, 1))
        self.now_ms += 2 * DAY_MS
        counts = []
        while await self.canaries():
            step = await self.store.erasures.expire(room, self.now_ms, self.keys)
            counts.append((step.count, step.is_last))
            await self.assert_in_order()
        self.assertEqual(counts, [(STEP_EVENTS - 1, False), (STEP_EVENTS, False), (1, True)])
        self.assertEqual([one["up_to"] for one in await self.told(room)], [500, 1000, 1002])

    async def test_only_what_people_wrote_goes(self) -> None:
        await self.joined(ANN, BOB)
        talk = Talk(self.store)
        await talk.everything(ANN, BOB)
        await self.make_administrator(ANN)
        await self.change(ANN, c.SetRetention("c", GENERAL, 1))
        before, _ = await self.left()
        noted = "SELECT seq FROM annotations WHERE room_id = 'general'"
        kept = f"{noted} AND kind NOT IN ('edit', 'reaction')"
        stay = {seq for (seq,) in await self.sql(kept)}
        self.now_ms += 2 * DAY_MS
        await self.expired()
        after, _ = await self.left()
        living = {event.seq for event in after if event.ciphertext}
        self.assertEqual(living, stay | {len(before) + 1})
        self.assertEqual(await self.sql("SELECT 1 FROM mentions"), [])
        await self.assert_in_order()

    async def test_what_has_expired_is_not_unread(self) -> None:
        room = await self.old_talk()
        for expected in (100, 0):
            shown = await self.store.rooms.room_of(ANN.id, room)
            assert shown is not None
            self.assertEqual((shown.unread, shown.retention_days), (expected, 7))
            self.now_ms += 100 * DAY_MS
            await self.expired()

    async def test_what_is_not_gone_or_gone_above_that_number_is_damage(self) -> None:
        room = await self.old_talk()
        [[key, ciphertext]] = await self.sql(
            "SELECT encrypted_key, ciphertext FROM events WHERE room_id = ? AND seq = 20",
            room,
        )
        self.now_ms += DAY_MS // 2
        await self.expired()
        [expired] = await self.told(room)
        await self.sql(
            "UPDATE events SET encrypted_key = ?, ciphertext = ? WHERE room_id = ? AND seq = 20",
            key,
            ciphertext,
            room,
        )
        beyond = expired["up_to"] + 1
        await self.sql(
            "UPDATE events SET encrypted_key = NULL, ciphertext = NULL"
            " WHERE room_id = ? AND seq = ?",
            room,
            beyond,
        )
        [by] = [event.seq for event in await self.stored(room) if event.author == SERVER]
        self.assertEqual(
            await self.complaints(),
            [
                f"{room} 20: is not destroyed, although {by} deletes it",
                f"{room} {beyond}: is destroyed, and nothing says so",
            ],
        )

    async def test_nobody_has_us_say_that_what_they_destroyed_was_old(self) -> None:
        room = await self.old_talk()
        self.now_ms += DAY_MS // 2
        young = [
            event.seq
            for event in await self.stored(room)
            if envelope.header_fields(event.protected)["time"] >= self.now_ms - 7 * DAY_MS
        ]
        await self.sql(
            "UPDATE events SET encrypted_key = NULL, ciphertext = NULL, protected = ?"
            " WHERE room_id = ? AND seq = ?",
            b"{}",
            room,
            young[0],
        )
        await self.expired()
        [expired] = await self.told(room)
        self.assertEqual(expired["up_to"], young[0] - 1)
        self.assertEqual(await self.days_left(), [3, 4, 5, 6, 7, 8, 9])
        [complaint] = await self.complaints()
        self.assertIn(f"{room} {young[0]}: ", complaint)

    async def test_it_is_set_by_owners_told_once_and_shown(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, BOB)
        await self.barred(Code.FORBIDDEN, self.change(BOB, c.SetRetention("c", room, 1)))
        set_ = await self.change(ANN, c.SetRetention("c", room, 30))
        again = await self.change(ANN, c.SetRetention("c", room, 30))
        self.assertEqual((again.event, again.duplicate), (set_.event, True))
        await self.change(ANN, c.SetRetention("c", room, None))
        shown = await self.store.rooms.room_of(BOB.id, room)
        assert shown is not None
        self.assertIsNone(shown.retention_days)


class PeopleContract(ErasingCase):
    """An account goes at once; places in rooms, and what was written, in steps."""

    async def gone(self, user: User, *, messages: bool) -> None:
        erasure = self.erasure()
        self.assertTrue(await erasure.erase_person(user.id, messages))
        await erasure.done()
        self.assertEqual(await self.store.erasures.under_way(), [])

    async def talked(self) -> tuple[RoomId, RoomId, RoomId]:
        """Ann's own room, one that she has left, and a direct one; she wrote in all."""
        await self.joined(ANN, BOB)
        own, other = await self.club(ANN, BOB), await self.club(BOB, ANN)
        direct = (await self.create(ANN, "direct", people=(ANN, BOB))).room
        for room in (GENERAL, own, other, direct):
            await self.talk(ANN, room, 20)
            await self.talk(BOB, room, 10, "what stays")
        await self.change(ANN, c.LeaveRoom("c", other))
        return own, other, direct

    async def test_names_password_and_sessions_go_at_once_and_the_name_stays_taken(self) -> None:
        await self.talked()
        ended = await self.store.erasures.erase_person(ANN.id, False, NOW_MS)
        self.assertEqual(ended, (session(ANN).digest,))
        self.assertIsNone(await self.store.accounts.credentials("ann"))
        row = await self.sql(
            "SELECT username, full_name, role, password_bcrypt, state FROM users WHERE id = ?",
            ANN.id,
        )
        username, *others = row[0]
        self.assertEqual(
            [bytes(one) if isinstance(one, bytearray) else one for one in others],
            ["", "member", b"", "erased"],
        )
        self.assertTrue(username.startswith("~"))
        await self.refused(NameTaken, lambda: self.joined(replace(ANN, id=UserId(id_of("new")))))
        self.assertIsNone(await self.store.erasures.erase_person(ANN.id, False, NOW_MS))
        self.assertIsNone(await self.store.administration.enable("ann"))
        [seen] = await self.store.accounts.people(BOB.id, [ANN.id])
        self.assertEqual(seen, Person(ANN.id, "", ""))
        found = await self.store.accounts.seen_in(ANN.id, [GENERAL])
        self.assertEqual(found, (seen, {GENERAL: len(await self.stored(GENERAL))}))
        # Its pepper needs no root key any more.
        self.assertEqual(sum(one.passwords for one in self.store.ledger.root_uses().values()), 1)
        await self.assert_in_order()

    async def test_who_is_gone_has_left_every_room_and_an_heir_owns_the_own_one(self) -> None:
        own, _, direct = await self.talked()
        await self.gone(ANN, messages=False)
        self.assertEqual(await self.roles(own), {"bob": "owner"})
        self.assertEqual(sorted(await self.roles(GENERAL)), ["bob"])
        self.assertEqual(len(await self.roles(direct)), 2)
        epochs = await self.epochs(own)
        self.assertEqual(epochs[-1], len(await self.stored(own)))
        # What was written stays, under nobody's name.
        self.assertEqual((await self.canaries(), await self.canaries("what stays")), (80, 40))
        await self.assert_in_order()

    async def test_all_that_was_written_goes_everywhere_and_nothing_of_others(self) -> None:
        own, _, _ = await self.talked()
        talk = Talk(self.store, own)
        said = await talk.post(BOB, "text", "what stays, said again")
        await talk.post(ANN, "reaction", CANARY, said)
        await self.gone(ANN, messages=True)
        self.assertEqual((await self.canaries(), await self.canaries("what stays")), (0, 41))
        destroyed = [event for event in await self.stored(own) if not event.ciphertext]
        self.assertEqual({event.author for event in destroyed}, {ANN.id})
        self.assertEqual(len(destroyed), 21)
        await self.assert_in_order()

    async def test_a_kill_between_any_two_steps_is_gone_on_from(self) -> None:
        own, _, _ = await self.talked()
        self.now_ms += 1
        await self.talk(ANN, own, STEP_EVENTS)
        await self.store.erasures.erase_person(ANN.id, True, NOW_MS)
        steps = 0
        while await self.store.erasures.under_way():
            store = await self.reopened()
            erasures = store.erasures
            await self.assert_in_order()
            steps += 1
            if await erasures.leave_next(ANN.id, NOW_MS, self.keys):
                continue
            for room in await erasures.rooms_written_in(ANN.id):
                if (await erasures.erase_texts(ANN.id, room, NOW_MS, self.keys)).count:
                    break
            else:
                await erasures.end_person(ANN.id, NOW_MS)
        self.assertGreater(steps, 6)
        self.assertEqual((await self.canaries(), await self.canaries("what stays")), (0, 40))
        await self.assert_in_order()

    async def test_ids_that_somebody_has_used_up_beforehand_keep_nothing_from_going(self) -> None:
        own, _, direct = await self.talked()
        for room in (GENERAL, own, direct):
            # What a digest of all that is known to them would be: the number is that of the latter.
            last = len(await self.stored(room)) + 2
            texts = [
                draft(ANN, f"{what}\n{room}\n{ANN.id}\n{last}", room) for what in ("left", "erased")
            ]
            said = content.posted("text", CANARY, None)
            await self.store.events.append(
                [replace(text, plaintext=said) for text in texts], self.keys
            )
        await self.gone(ANN, messages=True)
        self.assertEqual(await self.canaries(), 0)
        self.assertEqual(await self.roles(own), {"bob": "owner"})

    async def test_one_erasure_that_breaks_keeps_no_other_and_no_age_from_going_on(self) -> None:
        own, other, _ = await self.talked()
        await self.change(BOB, c.SetRetention("c", other, 1))
        await self.store.erasures.erase_room(ANN.id, own, NOW_MS)

        def broken(*_: object) -> None:
            raise LookupError

        self.patch(self.store.erasures, "leave_next", broken)
        self.now_ms += 2 * DAY_MS
        erasure = self.erasure()
        await erasure.erase_person(ANN.id, True)
        await erasure.done()
        self.assertEqual(len(self.flushLoggedErrors(LookupError)), 1)
        [left] = await self.store.erasures.under_way()
        self.assertEqual((left.kind, left.subject), ("person", ANN.id))
        self.assertEqual(await self.canaries(), 40)

    async def test_nobody_brings_back_into_rooms_who_is_gone(self) -> None:
        own, _, direct = await self.talked()
        await self.gone(ANN, messages=False)
        await self.barred(Code.NOT_FOUND, self.change(BOB, c.AddMember("c", own, ANN.id)))
        await self.barred(Code.NOT_FOUND, self.create(BOB, "direct", people=(ANN, BOB)))
        # As in a command that was under way in that moment.
        await self.barred(Code.NOT_FOUND, self.create(ANN))
        self.assertEqual(await self.roles(own), {"bob": "owner"})
        self.assertEqual(len(await self.roles(direct)), 2)

    async def test_a_post_that_was_under_way_is_stored_nowhere_once_the_texts_are_gone(
        self,
    ) -> None:
        _, _, direct = await self.talked()
        await self.joined(EVE)
        silent = (await self.create(BOB, "direct", people=(ANN, BOB, EVE))).room
        await self.say(BOB, silent, "only others wrote here")
        await self.gone(ANN, messages=True)
        for room in (direct, silent):
            late = await self.store.events.append([draft(ANN, CANARY, room)], self.keys)
            self.assertEqual(late, [Rejected("not_a_member")])
        self.assertEqual(await self.canaries(), 0)

    async def test_nobody_makes_us_destroy_what_others_wrote_by_writing_to_the_database(
        self,
    ) -> None:
        own, _, _ = await self.talked()
        theirs = "UPDATE events SET author_id = ? WHERE author_id = ? AND room_id = ? AND seq > 30"
        await self.sql(theirs, ANN.id, BOB.id, own)
        [[moved]] = await self.sql(
            "SELECT COUNT(*) FROM events WHERE author_id = ? AND room_id = ? AND seq > 30",
            ANN.id,
            own,
        )
        self.assertGreater(moved, 1)
        await self.gone(ANN, messages=True)
        self.assertEqual((await self.canaries(), await self.canaries("what stays")), (0, 40))
        self.assertNotEqual(await self.complaints(), [])

    async def test_the_last_administrator_stays(self) -> None:
        await self.joined(ANN, BOB)
        await self.store.administration.grant("ann")
        erase = self.store.erasures.erase_person(ANN.id, False, NOW_MS)
        await self.barred(Code.FORBIDDEN, erase)
        await self.store.administration.grant("bob")
        await self.store.administration.disable("bob")
        erase = self.store.erasures.erase_person(ANN.id, False, NOW_MS)
        await self.barred(Code.FORBIDDEN, erase)
        await self.store.administration.enable("bob")
        await self.gone(ANN, messages=False)
        self.assertEqual(await self.roles(REPORTS), {"bob": "owner"})

    async def test_another_password_by_now_erases_nothing(self) -> None:
        await self.joined(ANN)
        wrong = replace(password(), root_id=2)
        self.assertIsNone(await self.store.erasures.erase_person(ANN.id, True, NOW_MS, wrong))
        self.assertIsNotNone(
            await self.store.erasures.erase_person(ANN.id, True, NOW_MS, password())
        )

    async def test_nothing_that_refers_to_people_is_forgotten_in_the_list(self) -> None:
        await self.joined(ANN, BOB)
        own = await self.club(ANN, BOB)
        await self.change(ANN, c.Mute("c", own, BOB.id, None))
        await self.invite(BOB, GENERAL, "in")
        await self.store.administration.add_reset("bob", digest_of("reset"), NOW_MS + 1)
        await self.store.events.append([draft(ANN, "@bob", own, names=("bob",))], self.sealer)
        await self.gone(BOB, messages=True)
        tables = await self.sql(TABLES[self.dialect])
        found = {}
        for (table,) in tables:
            for column in ("user_id", "author_id"):
                if table == "events" or not await self.has_column(table, column):
                    continue
                rows = await self.sql(f"SELECT COUNT(*) FROM {table} WHERE {column} = ?", BOB.id)
                if rows[0][0]:
                    found[f"{table}.{column}"] = rows[0][0]
        self.assertEqual(found, {})

    @property
    def dialect(self) -> str:
        return "sqlite" if isinstance(self.settings, SqliteDatabase) else "mysql"

    async def has_column(self, table: str, column: str) -> bool:
        return bool(await self.sql(migrations.COLUMN[self.dialect], table, column))
