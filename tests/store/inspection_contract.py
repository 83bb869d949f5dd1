"""The integrity check: silent about what is sound, and it names each thing that is not."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import blockingCallFromThread, deferToThread

from securechat import inspection
from securechat.config import Config
from securechat.core import commands as c
from securechat.core import content
from securechat.core.encoding import b64url
from securechat.core.keys import RoomKeys
from securechat.core.model import GENERAL, RoomId, StoredKey
from securechat.store.evidence import Evidence
from tests.store.changing import ChangingCase
from tests.store.sealing import NOW_MS, ROOTS, person
from tests.store.wellfed import Talk

ANN, BOB = person("ann"), person("bob")


class InspectionContract(ChangingCase):
    """On each database."""

    def setUp(self) -> None:
        super().setUp()
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        self.config = Config(folder, self.settings, folder / "keyring.json")
        keys = {str(number): b64url(key) for number, key in ROOTS.keys.items()}
        keyring = {"version": 1, "database": ROOTS.database_id, "keys": keys}
        self.config.keyring.touch(mode=0o600)
        self.config.keyring.write_text(json.dumps(keyring))
        self.store.ledger.claim(ROOTS.identity())

    async def inspected(self) -> tuple[int, list[str]]:
        out = io.StringIO()
        status = await deferToThread(inspection.inspect, self.config, out)
        return status, out.getvalue().splitlines()

    async def filled(self) -> Talk:
        await self.joined(ANN, BOB)
        talk = Talk(self.store)
        await talk.everything(ANN, BOB)
        return talk

    async def named(self, lines: Sequence[str]) -> None:
        """Exactly ``lines`` are complained of, beside the summaries."""
        status, told = await self.inspected()
        damage = [line for line in told if not line.endswith("in order") and ": " in line]
        damage = [line for line in damage if not line.endswith(" damaged")]
        self.assertEqual((status, damage), (1, list(lines)))
        self.assertEqual(told[-1].rsplit(": ", 1)[1], f"{len(lines)} damaged")

    async def test_an_empty_database_is_in_order(self) -> None:
        status, told = await self.inspected()
        self.assertEqual((status, len(told)), (0, 3), told)

    async def test_every_kind_of_event_is_in_order(self) -> None:
        await self.filled()
        await Talk(self.store, await self.room("other", ANN)).everything(ANN, ANN)
        status, told = await self.inspected()
        self.assertEqual(status, 0, told)
        self.assertEqual(told[0], "general: 26 events, 2 members, in order")
        self.assertEqual(told[1], "other: 26 events, 1 members, in order")
        self.assertRegex(told[-1], r"^3 rooms, 52 events in [\d.]+ s .*: all in order$")

    async def test_what_the_changes_of_rooms_write_is_in_order(self) -> None:
        await self.joined(ANN, BOB)
        self.sealer = RoomKeys(ROOTS)
        room = await self.club(ANN, BOB, history="joined")
        talk = Talk(self.store, room)
        spoken = await talk.post(BOB, "text", "hello @ann")
        reaction = await talk.post(ANN, "reaction", "+", spoken)
        await talk.post(BOB, "edit", "hello", spoken)
        report = c.Report("c", room, spoken, "spam")
        await self.store.changes.report(ANN.id, report, self.mid(), NOW_MS, self.sealer)
        for command in (
            c.RenameRoom("c", room, "Other"),
            c.SetTopic("c", room, "of the day"),
            c.SetRole("c", room, BOB.id, "moderator"),
            c.Delete("c", room, reaction),
            c.Delete("c", room, spoken),
            c.Mute("c", room, BOB.id, 60),
            c.Unmute("c", room, BOB.id),
            c.Kick("c", room, BOB.id),
            c.AddMember("c", room, BOB.id),
            c.Ban("c", room, BOB.id),
            c.Unban("c", room, BOB.id),
            c.ArchiveRoom("c", room, True),
        ):
            await self.change(ANN, command)
        await self.create(ANN, "direct", people=(BOB,), room=RoomId("d-of-two"))
        status, told = await self.inspected()
        self.assertEqual((status, len(told)), (0, 5), told)

    async def test_each_damage_of_a_row_is_named_with_its_number(self) -> None:
        await self.filled()
        header = "the header's {!r} is not where the event was found"
        for statement, why in (
            ("SET tag = iv", "the tag does not fit"),
            ("SET mid = 'x'", header.format("mid")),
            ("SET author_id = 'x'", header.format("from")),
            ("SET encrypted_key = iv", "the message's key does not open"),
            ("SET protected = iv", "the header is not JSON"),
            ("SET ciphertext = iv", "the tag does not fit"),
            (f"SET iv = X'{'00' * 16}'", "the tag does not fit"),
            ("SET ciphertext = NULL", "only one of its key and its ciphertext is destroyed"),
            (
                "SET ciphertext = NULL, encrypted_key = NULL",
                "is destroyed, and nothing says so",
            ),
        ):
            kept = await self.sql("SELECT * FROM events WHERE seq = 7")
            await self.undone(f"UPDATE events {statement} WHERE seq = 7", [f"general 7: {why}"])
            self.assertEqual(await self.sql("SELECT * FROM events WHERE seq = 7"), kept)

    async def undone(self, statement: str, lines: Sequence[str], seq: int = 7) -> None:
        """``statement`` leads to ``lines``; afterwards event ``seq`` is as it was."""
        [row] = await self.sql("SELECT * FROM events WHERE seq = ?", seq)
        await self.sql(statement)
        try:
            await self.named(lines)
        finally:
            await self.sql("DELETE FROM events WHERE seq = ?", seq)
            await self.sql(f"INSERT INTO events VALUES ({', '.join('?' * len(row))})", *row)

    async def test_lost_rows_are_named_as_a_range(self) -> None:
        await self.filled()
        await self.sql("DELETE FROM events WHERE seq IN (12, 13, 14, 26)")
        await self.sql("DELETE FROM annotations WHERE seq IN (12, 13, 14)")
        await self.sql("DELETE FROM mentions WHERE seq = 26")
        await self.named(["general 12-14: is missing", "general 26: is missing"])

    async def test_a_room_that_went_back_is_named(self) -> None:
        await self.filled()
        await self.sql("UPDATE rooms SET last_seq = 24 WHERE id = 'general'")
        await self.named(["general 25-26: is numbered outside of its room"])

    async def test_a_row_put_elsewhere_is_named_there_and_where_it_was(self) -> None:
        await self.filled()
        await self.sql("UPDATE events SET seq = 4000000000 WHERE seq = 7")
        await self.named(
            ["general 7: is missing", "general 4000000000: is numbered outside of its room"]
        )
        await self.sql("UPDATE events SET seq = -7 WHERE seq = 4000000000")
        await self.named(["general 7: is missing", "general -7: is numbered outside of its room"])
        await self.sql("UPDATE events SET seq = 7, room_id = 'gone' WHERE seq = -7")
        await self.named(
            ["general 7: is missing", "gone 7: is an event of a room that does not exist"]
        )

    async def test_two_rows_that_changed_places_are_named(self) -> None:
        await self.filled()
        for change in (
            "seq = 107 WHERE seq = 7",
            "seq = 7 WHERE seq = 24",
            "seq = 24 WHERE seq = 107",
        ):
            await self.sql(f"UPDATE events SET {change}")
        why = "the header's 'kid' is not where the event was found"
        await self.named([f"general {seq}: {why}" for seq in (7, 24)])

    async def test_a_wrong_or_lost_key_is_named_with_all_that_it_seals(self) -> None:
        await self.filled()
        await self.sql("UPDATE room_keys SET wrapped = ? WHERE epoch = 3", bytes(40))
        told = "general 23-26: the room key general.3 does not open"
        await self.named(["general: the room key general.3 does not open", told])
        await self.sql("UPDATE room_keys SET root_id = 9 WHERE epoch = 3")
        why = "the room key general.3 names root key 9, which is unknown"
        await self.named([f"general: {why}", f"general 23-26: {why}"])
        await self.sql("DELETE FROM room_keys WHERE epoch = 3")
        why = "the header's 'kid' is not where the event was found"
        await self.named([f"general 23-26: {why}"])
        await self.sql("DELETE FROM room_keys")
        status, told_all = await self.inspected()
        self.assertEqual(status, 1)
        self.assertIn("general: its first events have no key", told_all)
        self.assertIn("general 1-26: no key covers it", told_all)

    async def test_keys_that_do_not_follow_are_named(self) -> None:
        await self.filled()
        await self.sql("UPDATE room_keys SET first_seq = 90 WHERE epoch = 3")
        status, told = await self.inspected()
        self.assertEqual(status, 1)
        self.assertIn("general: key epoch 3 begins after the last event", told)

    async def test_notes_that_disagree_with_what_is_sealed_are_named(self) -> None:
        await self.filled()
        for statement, back, line in (
            (
                "UPDATE annotations SET kind = 'edit' WHERE seq = 6",
                "UPDATE annotations SET kind = 'reaction' WHERE seq = 6",
                "general 6: is a 'reaction' about 2, but noted as ('edit', 2)",
            ),
            (
                "UPDATE annotations SET target = 7 WHERE seq = 6",
                "UPDATE annotations SET target = 2 WHERE seq = 6",
                "general 6: is a 'reaction' about 2, but noted as ('reaction', 7)",
            ),
            (
                "DELETE FROM annotations WHERE seq = 6",
                "INSERT INTO annotations VALUES ('general', 6, 'reaction', 2)",
                "general 6: is a 'reaction', and no note says so",
            ),
            (
                "INSERT INTO annotations VALUES ('general', 7, 'reaction', 2)",
                "DELETE FROM annotations WHERE seq = 7",
                "general 7: is a message, but noted as 'reaction'",
            ),
            (
                "INSERT INTO annotations VALUES ('general', 99, 'reaction', 2)",
                "DELETE FROM annotations WHERE seq = 99",
                "general 99: is noted as something, but there is no such event",
            ),
        ):
            await self.sql(statement)
            await self.named([line])
            await self.sql(back)
        self.assertEqual((await self.inspected())[0], 0)

    async def test_what_is_destroyed_without_a_deletion_or_not_destroyed_by_one_is_named(
        self,
    ) -> None:
        talk = await self.filled()
        gone = "SET encrypted_key = NULL, ciphertext = NULL"
        await self.undone(
            f"UPDATE events {gone} WHERE seq = 16",
            ["general 16: is destroyed, which a 'renamed' never is"],
            16,
        )
        # The deletion itself is destroyed: what it destroyed is explained no more.
        await self.undone(
            f"UPDATE events {gone} WHERE seq = 21",
            [
                "general 21: is destroyed, which a 'deleted' never is",
                "general 2: is destroyed, and nothing says so",
                "general 4-5: is destroyed, and nothing says so",
            ],
            21,
        )
        await talk.notice(ANN, "deleted", content.deleted(7, ()), target=7)
        await self.named(["general 7: is not destroyed, although 27 deletes it"])

    async def test_a_deletion_that_took_what_was_no_edit_of_its_message_is_named(self) -> None:
        talk = await self.filled()
        mine = await talk.post(ANN, "text", "mine")  # 27
        edit = await talk.post(ANN, "edit", "my own", mine)
        hers = await talk.post(BOB, "text", "the contract says 100")
        reaction = await talk.post(BOB, "reaction", "+", mine)
        await self.sql("INSERT INTO annotations VALUES ('general', ?, 'edit', ?)", hers, mine)
        await talk.delete(ANN, mine, (edit, hers, reaction, 99))
        await self.named(
            [f"general {hers}-{reaction}: is destroyed by 31 as an edit of {mine}, and was none"]
        )

    async def test_members_marks_and_mentions_that_point_to_nothing_are_named(self) -> None:
        await self.filled()
        await self.sql("UPDATE rooms SET members = 3 WHERE id = 'general'")
        await self.sql("UPDATE memberships SET read_seq = 27 WHERE user_id = ?", ANN.id)
        for seq in (2, 9, 99):
            await self.sql("INSERT INTO mentions VALUES (?, 'general', ?)", ANN.id, seq)
        calls = "calls somebody by name, but is no message (any more)"
        await self.named(
            [
                "general: it says 3 members, and has 2",
                *(f"general {seq}: {calls}" for seq in (2, 9, 99)),
                "general 27: has been read, or is hidden from a newcomer, but was never written",
            ]
        )

    async def test_a_check_beside_a_daemon_that_deletes_and_writes_complains_of_nothing(
        self,
    ) -> None:
        talk = await self.filled()
        await talk.texts(ANN, 300)
        done: list[int] = []
        keys = Evidence.keys

        def delete(seq: int) -> Deferred[Any]:
            return Deferred.fromCoroutine(talk.delete(ANN, seq))

        def slow_keys(evidence: Evidence, room: RoomId) -> list[StoredKey]:
            # Between the room's row and its events: what is found is of another moment.
            if room == GENERAL and not done:
                for seq in (7, 40, 300):
                    done.append(seq)
                    blockingCallFromThread(cast(IReactorFromThreads, reactor), delete, seq)
            return keys(evidence, room)

        self.patch(Evidence, "keys", slow_keys)
        status, told = await self.inspected()
        self.assertEqual((status, len(done)), (0, 3), told)

    async def test_what_cannot_be_looked_at_is_said_so(self) -> None:
        await self.filled()
        text = self.config.keyring.read_text()
        self.config.keyring.write_text(text.replace(ROOTS.database_id, "another"))
        status, told = await self.inspected()
        self.assertEqual(status, 2)
        self.assertIn("belongs to another database", told[0])
        self.config.keyring.unlink()
        self.assertEqual((await self.inspected())[0], 2)

    async def test_a_new_database_is_not_looked_at(self) -> None:
        await self.sql("DELETE FROM meta")
        status, told = await self.inspected()
        self.assertEqual(status, 2)
        self.assertIn("start the daemon once", told[0])
