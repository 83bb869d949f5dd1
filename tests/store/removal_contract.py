"""What somebody who went, and somebody who came late, can open with the keys they hold."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from securechat.core import commands as c
from securechat.core import content, envelope
from securechat.core.errors import Damaged
from securechat.core.keys import RoomKeys, RootKeys
from securechat.core.model import Draft, MessageId, RoomId, StoredEvent, StoredKey, User
from tests.store.changing import ChangingCase
from tests.store.sealing import NOW_MS, id_of, numbers, person

ANN, BOB, CAT, DAN = (person(name) for name in ("ann", "bob", "cat", "dan"))


class RemovalContract(ChangingCase):
    """Really sealed events."""

    timeout = 120

    def setUp(self) -> None:
        super().setUp()
        self.keys = RoomKeys(RootKeys("test", {1: b"r" * 32}))
        self.sealer = self.keys

    async def test_who_went_opens_none_of_the_next_thousand_events(self) -> None:
        await self.joined(ANN, BOB, CAT, DAN)
        room = await self.club(ANN, BOB, CAT, DAN)
        await self.talk(room, "before", 20)
        held = {user.id: (await self.page(user, room)).keys for user in (BOB, CAT, DAN)}
        last = 0
        commands: tuple[tuple[User, User, c.Change], ...] = (
            (BOB, BOB, c.LeaveRoom("c", room)),
            (CAT, ANN, c.Kick("c", room, CAT.id)),
            (DAN, ANN, c.Ban("c", room, DAN.id)),
        )
        for goes, actor, command in commands:
            last = (await self.change(actor, command)).event.seq
            if goes is not DAN:
                await self.talk(room, f"without {goes.username}", 20)
        await self.talk(room, "after", 1_000)
        page = await self.page(ANN, room)
        self.assertEqual(len(page.events), last + 1_000)
        for user in (BOB, CAT, DAN):
            own = held[user.id]
            opened = self.opened(page.events, own)
            self.assertEqual(opened, list(range(1, 25)), user.username)
        self.assertEqual(self.opened(page.events, page.keys), [event.seq for event in page.events])

    async def test_who_came_late_opens_nothing_of_before(self) -> None:
        await self.joined(ANN, BOB)
        room = await self.club(ANN, history="joined")
        await self.talk(room, "before", 100)
        entered = await self.change(ANN, c.AddMember("c", room, BOB.id))
        await self.talk(room, "after", 10)
        everything = await self.page(ANN, room)
        mine = await self.page(BOB, room)
        self.assertEqual(
            self.opened(everything.events, mine.keys), list(range(entered.event.seq, 113))
        )

    async def talk(self, room: RoomId, what: str, count: int) -> None:
        for start in range(0, count, 100):
            drafts = [
                Draft(
                    room,
                    MessageId(id_of(f"{what} {number}")),
                    ANN.id,
                    NOW_MS,
                    content.posted("text", what, None),
                )
                for number in range(start, min(count, start + 100))
            ]
            numbers(await self.store.events.append(drafts, self.keys))

    def opened(self, events: Iterable[StoredEvent], keys: Iterable[StoredKey]) -> list[int]:
        """The numbers of those events that any of the keys opens, whatever it claims to be."""
        return [event.seq for event in events if any(self._opens(key, event) for key in keys)]

    def _opens(self, key: StoredKey, event: StoredEvent) -> bool:
        room_key = self.keys.unwrap(key)
        try:
            envelope.open_event(event, key.kid, room_key)
        except Damaged:
            # The header may have stopped it: the key itself must not fit either.
            try:
                aes_key_unwrap(room_key, event.encrypted_key)
            except InvalidUnwrap:
                return False
        return True
