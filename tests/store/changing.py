"""A store case in which people change rooms, and what is left of that to look at."""

from __future__ import annotations

import itertools
from typing import Any

from securechat.core import commands as c
from securechat.core import content
from securechat.core.errors import Code, Refused
from securechat.core.model import (
    Changed,
    HistoryRule,
    InviteLink,
    MessageId,
    RoomId,
    RoomKind,
    StoredEvent,
    User,
    digest_of,
)
from securechat.core.ports import Sealer
from securechat.store import Store, log
from tests.store.cases import StoreCase
from tests.store.sealing import NOW_MS, CheapSealer, draft, id_of, numbers

HOUR_MS = 3_600_000


class ChangingCase(StoreCase):
    """Short words for what people do."""

    def setUp(self) -> None:
        super().setUp()
        self.sealer: Sealer = CheapSealer()
        self._ids = itertools.count()

    def mid(self) -> MessageId:
        return MessageId(id_of(f"change {next(self._ids)}"))

    async def create(
        self,
        actor: User,
        kind: RoomKind = "private",
        *,
        history: HistoryRule = "all",
        people: tuple[User, ...] = (),
        room: RoomId | None = None,
        mid: MessageId | None = None,
    ) -> Changed:
        mid = mid or self.mid()
        room = room or RoomId(mid)
        ids = tuple(one.id for one in people)
        command = c.CreateRoom("c", kind, "" if people else "Club", "", history, ids)
        return await self.store.changes.create(actor.id, command, room, mid, NOW_MS, self.sealer)

    async def club(
        self, owner: User, *members: User, kind: RoomKind = "private", history: HistoryRule = "all"
    ) -> RoomId:
        """A room of ``owner``, to which the others were added."""
        room = (await self.create(owner, kind, history=history)).room
        for member in members:
            await self.change(owner, c.AddMember("c", room, member.id))
        return room

    async def change(
        self,
        actor: User,
        command: c.Change,
        mid: MessageId | None = None,
        *,
        now_ms: int = NOW_MS,
        store: Store | None = None,
    ) -> Changed:
        changes = (store or self.store).changes
        return await changes.change(actor.id, command, mid or self.mid(), now_ms, self.sealer)

    async def join(self, actor: User, room: RoomId, mid: MessageId | None = None) -> Changed:
        return await self.store.changes.join(actor.id, room, mid or self.mid(), NOW_MS, self.sealer)

    async def join_invited(
        self, actor: User, token: str, mid: MessageId | None = None, now_ms: int = NOW_MS
    ) -> Changed:
        return await self.store.changes.join_invited(
            actor.id, digest_of(token), mid or self.mid(), now_ms, self.sealer
        )

    async def invite(self, actor: User, room: RoomId, token: str, uses: int = 1) -> bytes:
        """A link that is good for an hour; its digest."""
        link = InviteLink(digest_of(token), room, actor.id, NOW_MS + HOUR_MS, uses)
        await self.store.changes.invite(actor.id, c.Invite("c", room, 3600, uses), link)
        return link.digest

    async def say(self, author: User, room: RoomId, text: str, **about: Any) -> int:
        """Post; its number."""
        outcomes = await self.store.events.append([draft(author, text, room, **about)], self.sealer)
        return numbers(outcomes)[0]

    async def barred(self, code: Code, question: Any) -> str:
        """The text of the refusal with this code that ``question`` must end with."""
        try:
            await question
        except Refused as refused:
            self.assertEqual(refused.code, code, str(refused))
            return str(refused)
        raise self.failureException(f"not refused with {code}")

    async def said(self, room: RoomId, above: int = 0) -> list[dict[str, Any]]:
        """What the server's events above that number say, with their numbers."""
        events = await self.stored(room)
        return [
            {"seq": event.seq, **content.read(event.ciphertext)}
            for event in events
            if event.seq > above and event.ciphertext.startswith(b"{")
        ]

    async def stored(self, room: RoomId) -> list[StoredEvent]:
        """All events of the room, whose numbers must have no gap."""
        rows = await self.sql(log.EVENT + "WHERE room_id = ? ORDER BY seq", room)
        events = [log.event_from(row) for row in rows]
        self.assertEqual([event.seq for event in events], list(range(1, len(events) + 1)))
        [[last_seq]] = await self.sql("SELECT last_seq FROM rooms WHERE id = ?", room)
        self.assertEqual(last_seq, len(events))
        return events

    async def roles(self, room: RoomId) -> dict[str, str]:
        """Who is in the room as what; as many as the room's row says."""
        rows = await self.sql(
            "SELECT u.username, m.role FROM memberships m JOIN users u ON u.id = m.user_id"
            " WHERE m.room_id = ?",
            room,
        )
        [[members]] = await self.sql("SELECT members FROM rooms WHERE id = ?", room)
        self.assertEqual(members, len(rows))
        return dict(rows)

    async def revision(self, user: User) -> int:
        [[revision]] = await self.sql("SELECT revision FROM users WHERE id = ?", user.id)
        return int(revision)

    async def epochs(self, room: RoomId) -> list[int]:
        """The number of the first event of each epoch of the room."""
        rows = await self.sql(
            "SELECT first_seq FROM room_keys WHERE room_id = ? ORDER BY epoch", room
        )
        return [first_seq for (first_seq,) in rows]

    async def make_administrator(self, user: User) -> None:
        await self.sql("UPDATE users SET role = 'administrator' WHERE id = ?", user.id)
