"""The store's ports in memory, for tests above them: real sealing, no SQL, failures to order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred

from securechat.core import commands as c
from securechat.core import content, envelope
from securechat.core.errors import Code, NameTaken, Refused, Unavailable
from securechat.core.model import (
    GENERAL,
    REPORTS,
    Appended,
    Asking,
    Belonging,
    Changed,
    Draft,
    Existing,
    Feed,
    Glance,
    InviteLink,
    Member,
    MessageId,
    Outcome,
    Page,
    PasswordHash,
    Person,
    PublicRoom,
    Reading,
    ReadMark,
    Rejected,
    Room,
    RoomId,
    Session,
    SessionDigest,
    Sight,
    StoredEvent,
    StoredKey,
    User,
    UserId,
)
from securechat.core.ports import Sealer
from securechat.core.rights import Place, Standing


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
    newest: dict[RoomId, int] = field(default_factory=dict)
    """Where rows were taken away: the number that the room had reached."""
    since: dict[tuple[RoomId, UserId], int] = field(default_factory=dict)
    rejected: dict[UserId, Rejected] = field(default_factory=dict)
    """Whose posts are refused, and why."""
    muted: set[UserId] = field(default_factory=set)
    marks: dict[tuple[RoomId, UserId], int] = field(default_factory=dict)
    """How far people have read."""
    gone: set[RoomId] = field(default_factory=set)
    """Rooms that were erased."""

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
                [key] = self._keys(draft.room, event.seq, event.seq)
                return Existing(event, key)
        if draft.author in self.rejected:
            return self.rejected[draft.author]
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
        since_seq = self.since.get((room, user), 0)
        return Page(tuple(events), keys, self._head(room), self._size(room), since_seq)

    async def feed(
        self, room: RoomId, seq: int, limit: int, people: Sequence[UserId], kid: str | None = None
    ) -> Feed:
        self._fail()
        events = [e for e in self.events[room] if e.seq > seq][:limit]
        keys = self._keys(room, events[0].seq, events[-1].seq) if events else ()
        if events and {envelope.kid_of(event) for event in events} == {kid}:
            return Feed(tuple(events), keys, self._head(room), self._size(room), None)
        since = {
            user: self.since.get((room, user), 0) for user in people if (room, user) in self.members
        }
        return Feed(tuple(events), keys, self._head(room), self._size(room), since)

    async def glance(
        self, askings: Mapping[RoomId, Asking], limit: int, most_behind: int
    ) -> Mapping[RoomId, Glance]:
        self._fail()
        found = {}
        for room, asking in askings.items():
            head = self._head(room)
            sights = {
                user: Sight(head, self._size(room), self.since.get((room, user), 0))
                for user in asking.people
                if (room, user) in self.members
            }
            if not sights:
                continue
            seen_from = min(sight.since_seq for sight in sights.values())
            newest = max(0, head - limit)
            lacking = newest if asking.seq is None else min(newest, asking.seq)
            first, last = asking.known or (0, -limit - 1)
            floor = lacking if head - lacking <= most_behind else newest
            if head - last <= limit:
                floor = first - 1
            fresh = max(floor, last)
            events = tuple(
                event
                for event in self.events[room]
                if event.seq > floor and (event.seq > fresh or not event.encrypted_key)
            )
            keys = self._keys(
                room, min(max(lacking, head - most_behind, seen_from) + 1, head), head
            )
            found[room] = Glance(sights, floor, fresh, events, keys)
        return found

    def _size(self, room: RoomId) -> int:
        return len([1 for place, _ in self.members if place == room])

    async def heads(self, rooms: Sequence[RoomId]) -> Mapping[RoomId, int]:
        return {room: self._head(room) for room in rooms if room in self.events}

    async def erased(self, rooms: Sequence[RoomId]) -> frozenset[RoomId]:
        self._fail()
        return frozenset(room for room in rooms if room in self.gone)

    async def head(self, room: RoomId) -> int:
        self._fail()
        return self._head(room)

    def _head(self, room: RoomId) -> int:
        return self.newest.get(room, len(self.events[room]))

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

    async def belongings(self, users: Sequence[UserId]) -> Mapping[UserId, Belonging]:
        return {user: Belonging(0, tuple(await self.rooms_of(user))) for user in users}

    async def room_of(self, user: UserId, room: RoomId) -> Room | None:
        self._fail()
        if (room, user) not in self.members:
            return None
        return Room(
            room,
            room,
            "public",
            "",
            self._head(room),
            self.marks.get((room, user), 0),
            self._size(room),
            since_seq=self.since.get((room, user), 0),
        )

    async def place_of(self, user: UserId, room: RoomId) -> Place | None:
        self._fail()
        if (room, user) not in self.members:
            return None
        standing = Standing(user, "member", "member", None if user in self.muted else 0)
        return Place(standing, "public", False, self._head(room))

    async def add_user(self, user: User, password: PasswordHash, session: Session) -> None:
        self._fail()
        if any(known.username == user.username for known, _ in self.users.values()):
            raise NameTaken
        self.users[user.id] = (user, password)
        self.members.add((GENERAL, user.id))
        self.sessions[session.digest] = session

    async def people(self, viewer: UserId, ids: Sequence[UserId]) -> list[Person]:
        return [self.users[user][0] for user in ids if user in self.users]

    async def seen_in(
        self, user: UserId, rooms: Sequence[RoomId]
    ) -> tuple[Person, Mapping[RoomId, int]] | None:
        self._fail()
        if user not in self.users:
            return None
        found = [room for room in rooms if (room, user) in self.members]
        return self.users[user][0], {room: self._head(room) for room in found}


@dataclass
class MemoryRooms:
    """The port Rooms over a MemoryStore."""

    store: MemoryStore

    async def erased(self, rooms: Sequence[RoomId]) -> frozenset[RoomId]:
        return await self.store.erased(rooms)

    async def rooms_of(self, user: UserId) -> list[Room]:
        return await self.store.rooms_of(user)

    async def belongings(self, users: Sequence[UserId]) -> Mapping[UserId, Belonging]:
        return await self.store.belongings(users)

    async def room_of(self, user: UserId, room: RoomId) -> Room | None:
        return await self.store.room_of(user, room)

    async def place_of(self, user: UserId, room: RoomId) -> Place | None:
        return await self.store.place_of(user, room)

    async def members(
        self, viewer: UserId, room: RoomId, after: str, limit: int
    ) -> list[Member] | None:
        self.store._fail()
        if (room, viewer) not in self.store.members:
            return None
        people = [self.store.users[user][0] for place, user in self.store.members if place == room]
        people.sort(key=lambda one: one.username)
        return [Member(one, "member", 0) for one in people if one.username > after][:limit]

    async def banned(
        self, viewer: UserId, room: RoomId, after: str, limit: int
    ) -> list[Member] | None:
        self.store._fail()
        return [] if (room, viewer) in self.store.members else None

    async def find(self, viewer: UserId, text: str, after: str, limit: int) -> list[PublicRoom]:
        self.store._fail()
        found = sorted(room for room in self.store.events if text in room and room > after)
        return [
            PublicRoom(room, room, "", self.store._size(room), (room, viewer) in self.store.members)
            for room in found
        ][:limit]

    async def read_to(self, readings: Sequence[Reading]) -> list[ReadMark | None]:
        self.store._fail()
        return [self._read_to(one.user, one.room, one.seq) for one in readings]

    def _read_to(self, user: UserId, room: RoomId, seq: int) -> ReadMark | None:
        if (room, user) not in self.store.members:
            return None
        head, known = self.store._head(room), self.store.marks.get((room, user), 0)
        mark = max(known, min(seq, head))
        self.store.marks[room, user] = mark
        return ReadMark(room, mark, head - mark, 0)

    async def heads(self, rooms: Sequence[RoomId]) -> Mapping[RoomId, int]:
        self.store._fail()
        return await self.store.heads(rooms)


@dataclass
class MemoryChanges:
    """The port Changes over a MemoryStore: it judges nobody, and writes one event a change.

    With a ``gate`` everything waits for it; ``lost`` commits and is gone before it can say so.
    """

    store: MemoryStore
    links: list[InviteLink] = field(default_factory=list)
    affected: tuple[UserId, ...] = ()
    gate: Deferred[None] | None = None
    lost: bool = False

    async def create(
        self,
        actor: UserId,
        command: c.CreateRoom,
        room: RoomId,
        mid: MessageId,
        now_ms: int,
        sealer: Sealer,
    ) -> Changed:
        self.store.events.setdefault(room, [])
        said = content.said("created", name=command.name, room_kind=command.kind)
        return await self._write(Draft(room, mid, actor, now_ms, said, "created"), sealer)

    async def join(
        self, actor: UserId, room: RoomId, mid: MessageId, now_ms: int, sealer: Sealer
    ) -> Changed:
        said = content.about("joined", actor)
        return await self._write(Draft(room, mid, actor, now_ms, said, "joined"), sealer)

    async def join_invited(
        self, actor: UserId, invite: bytes, mid: MessageId, now_ms: int, sealer: Sealer
    ) -> Changed:
        for link in self.links:
            if link.digest == invite:
                return await self.join(actor, link.room, mid, now_ms, sealer)
        raise Refused(Code.NOT_FOUND)

    async def change(
        self, actor: UserId, command: c.Change, mid: MessageId, now_ms: int, sealer: Sealer
    ) -> Changed:
        match command:
            case c.SetTopic():
                said = content.said("topic", topic=command.topic)
            case c.Mute():
                until_ms = None if command.seconds is None else now_ms + command.seconds * 1000
                said = content.about("muted", command.user, until=until_ms)
            case c.Kick():
                said = content.about("removed", command.user)
            case c.Delete():
                said = content.deleted(command.seq, [])
            case _:
                said = content.said("other")
        return await self._write(Draft(command.room, mid, actor, now_ms, said), sealer)

    async def report(
        self, actor: UserId, command: c.Report, mid: MessageId, now_ms: int, sealer: Sealer
    ) -> Changed:
        self.store.events.setdefault(REPORTS, [])
        said = content.said("report", room=command.room, target=command.seq, body=command.reason)
        return await self._write(Draft(REPORTS, mid, actor, now_ms, said), sealer)

    async def invite(self, actor: UserId, command: c.Invite, link: InviteLink) -> None:
        self.store._fail()
        self.links.append(link)

    async def revoke_invites(self, actor: UserId, command: c.RevokeInvites, now_ms: int) -> int:
        self.store._fail()
        gone, self.links = self.links, []
        return len([link for link in gone if link.expires_ms > now_ms])

    async def invitation(self, invite: bytes, now_ms: int) -> PublicRoom | None:
        return None

    async def room_behind(self, invite: bytes, user: UserId) -> RoomId | None:
        return None

    async def _write(self, draft: Draft, sealer: Sealer) -> Changed:
        if self.gate is not None:
            await self.gate
        self.store._fail()
        self.store.members.add((draft.room, draft.author))
        outcome = self.store._append(draft, sealer)
        if self.lost:
            raise Unavailable("lost while committing")
        assert isinstance(outcome, Appended | Existing)
        [key] = self.store._keys(draft.room, outcome.event.seq, outcome.event.seq)
        return Changed(draft.room, outcome.event, key, self.affected, isinstance(outcome, Existing))


def person(name: str) -> User:
    """A member called ``name``, whose id says who it is."""
    return User(UserId(f"u-{name}"), name, name.title(), "member")
