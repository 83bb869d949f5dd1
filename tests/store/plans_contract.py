"""Every statement with which members read is found through keys: nothing is walked or sorted.

What is judged is what the readers say to a database with something in it, recorded while they run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

import securechat.store
from securechat.core.model import GENERAL, Asking, Reading, RoomId, digest_of
from securechat.core.trail import Deed, Kind
from securechat.store import factors, halfway, passkeys, people, trail
from securechat.store.transaction import Row, Transaction
from tests.store.cases import StoreCase
from tests.store.sealing import NOW_MS, CheapSealer, draft, person, session

T = TypeVar("T")
Said = tuple[str, str, tuple[object, ...]]
"""The reading, its statement, and the values."""

ANN, BOB = person("ann"), person("bob")
CROWD = [person(f"p{number:03}") for number in range(120)]
EVENTS = 1_500

READERS = ("accounts.py", "events.py", "factors.py", "halfway.py", "rooms.py")
READING = re.compile(r'_database\.read\(\s*"(\w+)"')

SORTED = {"members", "banned"}
"""Lists by name: names are with the people, places with the room, so that one room's places are
sorted. A room's people are no history: there are as many as there are."""


def readings() -> set[str]:
    """The names of all readings in the modules that members' reading goes through."""
    folder = Path(securechat.store.__file__).parent
    return {name for file in READERS for name in READING.findall((folder / file).read_text())}


class PlanContract(StoreCase):
    timeout = 120

    async def explained(self, statement: str, *values: object) -> list[str]:
        """What the database will do that walks or sorts; empty where it does neither."""
        raise NotImplementedError

    async def analyzed(self) -> None:
        """Let the database count what is in its tables."""
        raise NotImplementedError

    async def fill(self) -> None:
        """Rooms, people, epochs, reactions, calls, and one room that is much longer than others."""
        await self.joined(ANN, BOB, *CROWD)
        rooms = [await self.room(f"r{number:02}", ANN, BOB, *CROWD[:20]) for number in range(30)]
        sealer = CheapSealer(events_per_epoch=100)
        for start in range(0, EVENTS, 250):
            await self.store.events.append(
                [draft(ANN, f"{start + n}", names=("bob",)) for n in range(250)], sealer
            )
        for room in rooms:
            texts = [draft(BOB, f"{room} {n}", room) for n in range(20)]
            await self.store.events.append(texts, sealer)
        reactions = [draft(BOB, f"+{n}", kind="reaction", target=n + 1) for n in range(200)]
        await self.store.events.append(reactions, sealer)
        await self.store.database.write("strangers", _add_strangers)
        await self.sql("UPDATE rooms SET kind = 'direct' WHERE id IN ('r00', 'r01')")
        await self.sql("UPDATE rooms SET kind = 'public' WHERE id IN ('r02', 'r03')")
        for user in CROWD[:30]:
            await self.sql("INSERT INTO bans VALUES ('r02', ?, ?, ?)", user.id, ANN.id, NOW_MS)
        await self.sql("UPDATE memberships SET role = 'owner' WHERE user_id = ?", ANN.id)
        await self.analyzed()

    def record(self) -> list[Said]:
        """From now on what readers say."""
        said: list[Said] = []
        read = self.store.database.read

        def recorded(name: str, work: Callable[[Transaction], T]) -> Deferred[T]:
            def watched(tx: Transaction) -> T:
                ask = tx.all

                def all_(sql: str, *values: object) -> list[Row]:
                    said.append((name, sql, values))
                    return ask(sql, *values)

                tx.all = all_  # type: ignore[method-assign]
                return work(tx)

            return read(name, watched)

        self.patch(self.store.database, "read", recorded)
        return said

    async def read_everything(self) -> None:
        """Each of the readings, as it is asked for while the daemon runs."""
        events, rooms, accounts = self.store.events, self.store.rooms, self.store.accounts
        ids = [user.id for user in (ANN, BOB, *CROWD)]
        for seq in (0, 700, 1_450):
            await events.after(ANN.id, GENERAL, seq, 50)
            await events.before(ANN.id, GENERAL, seq, 50)
            await events.feed(GENERAL, seq, 50, ids)
            for known in (None, (900, 1_600)):
                asking = Asking(tuple(ids), seq, known)
                await events.glance({GENERAL: asking, RoomId("r01"): asking}, 128, 500)
        await events.head(GENERAL)
        for user in (ANN, BOB):
            await rooms.rooms_of(user.id)
            await rooms.belongings([ANN.id, *ids[:90]])
            await rooms.room_of(user.id, GENERAL)
            await rooms.place_of(user.id, GENERAL)
        await rooms.members(ANN.id, GENERAL, "", 201)
        await rooms.banned(ANN.id, RoomId("r02"), "", 201)
        await rooms.find(ANN.id, "r", "", 51)
        await rooms.heads([GENERAL, *(RoomId(f"r{number:02}") for number in range(30))])
        await rooms.erased([GENERAL, *(RoomId(f"r{number:02}") for number in range(30))])
        await rooms.read_to([Reading(one.id, GENERAL, 1_000) for one in (ANN, BOB)])
        await accounts.credentials("ann")
        await accounts.people(ANN.id, ids)
        await accounts.seen_in(ANN.id, [GENERAL, *(RoomId(f"r{n:02}") for n in range(30))])
        await accounts.session(session(ANN).digest)
        await self.store.factors.of(ANN.id)
        await self.store.factors.passkey(b"k")
        await self.store.factors.waiting(digest_of("waiting"), NOW_MS)
        await accounts.living([session(one).digest for one in (ANN, BOB, *CROWD)])

    async def test_any_number_who_come_back_take_three_statements_and_read_no_event_twice(
        self,
    ) -> None:
        await self.joined(ANN, *CROWD)
        posts = [draft(ANN, f"{n}") for n in range(100)]
        await self.store.events.append(posts, CheapSealer())
        said = self.record()
        asking = Asking(tuple(user.id for user in CROWD), 50, (10, 98))
        [glance] = (await self.store.events.glance({GENERAL: asking}, 128, 500)).values()
        self.assertEqual(len(glance.sights), len(CROWD))
        self.assertEqual([event.seq for event in glance.events], [99, 100])
        self.assertEqual(len(said), 3)

    async def test_whoever_adds_to_the_audit_log_or_shows_its_end_walks_none_of_it(self) -> None:
        for _ in range(20):
            await self.store.audit.append([Deed(Kind.STARTED, "operator")] * 100)
        await self.analyzed()
        for sql, *values in ((trail.TIP,), (trail.NEWEST, 20), (trail.AFTER, 1_900, 2_000, 200)):
            self.assertEqual(await self.explained(sql, *values), [], sql)

    async def test_no_reading_walks_a_table_or_sorts(self) -> None:
        await self.fill()
        said = self.record()
        await self.read_everything()
        self.assertEqual({name for name, _, _ in said}, readings(), "not every reading was heard")
        for name, sql, values in _each_once(said):
            found = await self.explained(sql, *values)
            if name in SORTED:
                found = [one for one in found if "filesort" not in one and "ORDER BY" not in one]
            self.assertEqual(found, [], f"{name}: {sql}")


def _add_strangers(tx: Transaction) -> None:
    """Very many whom nobody asks for, each in a room: a table of few rows may well be walked."""
    strangers = [person(f"s{number}") for number in range(5_000)]
    tx.run_many(
        people.ADD_USER,
        [(one.id, one.username, one.full_name, one.role, b"", 1, NOW_MS) for one in strangers],
    )
    tx.run_many(
        "INSERT INTO rooms (id, name, kind, topic, last_seq, revision, members, created_ms)"
        " VALUES (?, ?, 'private', '', 0, 1, 0, 0)",
        [(one.username, one.username) for one in strangers],
    )
    tx.run_many(
        "INSERT INTO memberships (room_id, user_id, role, read_seq, since_seq, joined_ms)"
        " VALUES (?, ?, 'member', 0, 0, 0)",
        [(one.username, one.id) for one in strangers],
    )
    tx.run_many(
        people.ADD_SESSION, [(session(one).digest, one.id, 0, 0, "", "", 0) for one in strangers]
    )
    tx.run_many(
        factors.ADD_RECOVERY,
        [(one.id, digest_of(f"{one.id}{n}")) for one in strangers for n in "ab"],
    )
    for one in strangers[:1_000]:
        tx.run(factors.ADD_APP, one.id, 1, bytes(32), 0, NOW_MS)
        tx.run(passkeys.ADD, one.id.encode(), one.id, "", b"", 0, NOW_MS, 0)
        tx.run(halfway.ADD_HALFWAY, digest_of(one.id), one.id, b"", 1, 5, NOW_MS + 1)


def _each_once(said: Sequence[Said]) -> Sequence[Said]:
    """Statements with the same text are the same statement wherever their values are alike."""
    return list(
        {
            (name, sql, *map(_sort_of, values)): (name, sql, values) for name, sql, values in said
        }.values()
    )


def _sort_of(value: object) -> Any:
    return value if isinstance(value, int) else type(value)
