"""The store's ports in memory, for tests above them: real sealing, no SQL, failures to order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from securechat.core.errors import NameTaken
from securechat.core.model import (
    GENERAL,
    Appended,
    Draft,
    Existing,
    Outcome,
    Page,
    PasswordHash,
    Person,
    Rejected,
    Room,
    RoomId,
    Session,
    SessionDigest,
    StoredEvent,
    StoredKey,
    User,
    UserId,
)
from securechat.core.ports import Sealer


@dataclass
class MemoryStore:
    """Accounts, Rooms and Events at once; what is put into ``failures`` is raised, one a call."""

    events: dict[RoomId, list[StoredEvent]] = field(default_factory=lambda: {GENERAL: []})
    room_keys: dict[RoomId, list[StoredKey]] = field(default_factory=dict)
    members: set[tuple[RoomId, UserId]] = field(default_factory=set)
    users: dict[UserId, tuple[User, PasswordHash]] = field(default_factory=dict)
    sessions: dict[SessionDigest, Session] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    heads: dict[RoomId, int] = field(default_factory=dict)
    """Where rows were taken away: the number that the room had reached."""
    since: dict[tuple[RoomId, UserId], int] = field(default_factory=dict)

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)

    async def append(self, drafts: Sequence[Draft], sealer: Sealer) -> list[Outcome]:
        self._fail()
        self.batches.append(len(drafts))
        return [self._append(draft, sealer) for draft in drafts]

    def _append(self, draft: Draft, sealer: Sealer) -> Outcome:
        if (draft.room, draft.author) not in self.members:
            return Rejected("not_a_member")
        log = self.events[draft.room]
        for event in log:
            if (event.mid, event.author) == (draft.mid, draft.author):
                return Existing(event)
        seq = len(log) + 1
        keys = self.room_keys.setdefault(draft.room, [])
        if not keys or sealer.outdated(keys[-1], seq, draft.time_ms):
            keys.append(sealer.new_key(draft.room, len(keys) + 1, seq, draft.time_ms))
        log.append(sealer.seal(draft, seq, keys[-1]))
        return Appended(log[-1], keys[-1])

    async def after(self, user: UserId, room: RoomId, seq: int, limit: int) -> Page | None:
        seq = max(seq, self.since.get((room, user), 0))
        return self._page(user, room, [e for e in self.events[room] if e.seq > seq][:limit])

    async def before(self, user: UserId, room: RoomId, seq: int, limit: int) -> Page | None:
        return self._page(user, room, [e for e in self.events[room] if e.seq < seq][-limit:])

    def _page(self, user: UserId, room: RoomId, events: list[StoredEvent]) -> Page | None:
        self._fail()
        if (room, user) not in self.members:
            return None
        keys = self._keys(room, events[0].seq, events[-1].seq) if events else ()
        members = len([1 for place, _ in self.members if place == room])
        since_seq = self.since.get((room, user), 0)
        return Page(tuple(events), keys, self._head(room), members, since_seq)

    async def head(self, room: RoomId) -> int:
        self._fail()
        return self._head(room)

    def _head(self, room: RoomId) -> int:
        return self.heads.get(room, len(self.events[room]))

    async def keys(self, room: RoomId, first: int, last: int) -> tuple[StoredKey, ...]:
        self._fail()
        return self._keys(room, first, last)

    def _keys(self, room: RoomId, first: int, last: int) -> tuple[StoredKey, ...]:
        keys = self.room_keys.get(room, [])
        ends = [key.first_seq - 1 for key in keys[1:]] + [2**53]
        return tuple(
            key
            for key, end in zip(keys, ends, strict=False)
            if first <= last and key.first_seq <= last and end >= first
        )

    async def rooms_of(self, user: UserId) -> list[Room]:
        rooms = [await self.room_of(user, room) for room in self.events]
        return [room for room in rooms if room is not None]

    async def room_of(self, user: UserId, room: RoomId) -> Room | None:
        self._fail()
        if (room, user) not in self.members:
            return None
        members = len([1 for place, _ in self.members if place == room])
        return Room(room, room, "public", "", self._head(room), 0, members)

    async def add_user(self, user: User, password: PasswordHash, session: Session) -> None:
        self._fail()
        if any(known.username == user.username for known, _ in self.users.values()):
            raise NameTaken
        self.users[user.id] = (user, password)
        self.members.add((GENERAL, user.id))
        self.sessions[session.digest] = session

    async def people(self, viewer: UserId, ids: Sequence[UserId]) -> list[Person]:
        return [self.users[user][0] for user in ids if user in self.users]


def person(name: str) -> User:
    """A member called ``name``, whose id says who it is."""
    return User(UserId(f"u-{name}"), name, name.title(), "member")
