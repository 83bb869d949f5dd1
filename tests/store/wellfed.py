"""A database with every kind of event in it, sealed with real keys."""

from __future__ import annotations

from securechat.core import content
from securechat.core.keys import RoomKeys
from securechat.core.model import GENERAL, Appended, Draft, MessageId, RoomId, User
from securechat.store import Store, log, notices
from securechat.store.transaction import Transaction
from tests.store.sealing import NOW_MS, ROOTS, id_of


class Talk:
    """Writes into a room of ``store`` with real seals."""

    def __init__(self, store: Store, room: RoomId = GENERAL) -> None:
        self._store = store
        self._room = room
        self._count = 0
        self.keys = RoomKeys(ROOTS)

    async def post(self, author: User, kind: str, body: str, target: int | None = None) -> int:
        """A post; its number."""
        one = self._draft(author, kind, content.posted(kind, body, target), target)
        [outcome] = await self._store.events.append([one], self.keys)
        assert isinstance(outcome, Appended), outcome
        return outcome.event.seq

    async def texts(self, author: User, count: int) -> None:
        """So many texts."""
        drafts = [
            self._draft(author, "text", content.posted("text", f"secret {n}", None))
            for n in range(count)
        ]
        for start in range(0, count, 500):
            await self._store.events.append(drafts[start : start + 500], self.keys)

    async def notice(
        self,
        author: User,
        kind: str,
        plaintext: bytes,
        target: int | None = None,
        fresh_epoch: bool = False,
    ) -> int:
        """What the server writes; its number."""
        one = self._draft(author, kind, plaintext, target)

        def work(tx: Transaction) -> int:
            tx.one(log.HEAD + tx.for_update, self._room)
            return notices.append_notice(tx, one, self.keys, fresh_epoch=fresh_epoch).event.seq

        return await self._store.database.write("notice", work)

    async def delete(self, author: User, target: int, edits: tuple[int, ...] = ()) -> int:
        """Destroy a message with its edits; the number of the event that says so."""
        one = self._draft(author, "deleted", content.deleted(target, edits), target)

        def work(tx: Transaction) -> int:
            tx.one(log.HEAD + tx.for_update, self._room)
            notices.destroy(tx, self._room, [target, *edits])
            return notices.append_notice(tx, one, self.keys, fresh_epoch=False).event.seq

        return await self._store.database.write("delete", work)

    async def everything(self, ann: User, bob: User) -> None:
        """Numbers 1 to 26: every kind of event, three epochs, two deletions."""
        await self.notice(ann, "created", content.said("created", name="x", room_kind="public"))
        await self.post(ann, "text", "hello @bob")  # 2
        await self.post(bob, "reply", "hello", 2)
        await self.post(ann, "edit", "hello!", 2)
        await self.post(ann, "edit", "hello!!", 2)
        await self.post(bob, "reaction", "+", 2)
        await self.post(bob, "text", "stays")  # 7
        await self.post(bob, "reaction", "+", 7)
        for kind, fields in (
            ("joined", {"user": bob.id}),
            ("removed", {"user": bob.id}),
            ("banned", {"user": bob.id}),
            ("unbanned", {"user": bob.id}),
            ("muted", {"user": bob.id, "until": None}),
            ("unmuted", {"user": bob.id}),
            ("role", {"user": bob.id, "role": "owner"}),
            ("renamed", {"name": "y"}),
            ("topic", {"topic": "t"}),
            ("archived", {"archived": False}),
            ("report", {"room": "elsewhere", "target": 5, "body": "spam"}),
        ):
            await self.notice(ann, kind, content.said(kind, **fields))  # 9 to 19
        await self.notice(bob, "left", content.said("left"), fresh_epoch=True)  # 20
        await self.delete(ann, 2, (4, 5))  # 21
        await self.delete(bob, 8)  # 22
        await self.notice(bob, "joined", content.about("joined", bob.id), fresh_epoch=True)
        await self.post(bob, "text", "again")  # 24
        await self.post(ann, "reply", "yes", 24)
        await self.post(ann, "text", "last @bob")  # 26

    def _draft(self, author: User, kind: str, plaintext: bytes, target: int | None = None) -> Draft:
        self._count += 1
        mid = MessageId(id_of(f"{self._room} {self._count}"))
        text = content.read(plaintext).get("body", "")
        names = content.mentioned(text) if kind in ("text", "reply", "edit") else ()
        return Draft(self._room, mid, author.id, NOW_MS, plaintext, kind, target, names)
