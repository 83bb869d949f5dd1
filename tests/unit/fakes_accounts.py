"""The port Accounts over dictionaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from twisted.internet.defer import Deferred

from securechat.core.errors import (
    Code,
    FactorNeeded,
    FactorSpent,
    NameTaken,
    Refused,
    Unavailable,
)
from securechat.core.model import (
    AppUse,
    Changed,
    Draft,
    FactorUse,
    MessageId,
    Passkey,
    PasskeyUse,
    PasswordHash,
    Person,
    RoomId,
    SealedSecret,
    Session,
    SessionDigest,
    User,
    UserId,
)
from securechat.core.ports import Sealer

START_MS = 1_800_000_000_000


class MemoryAccounts:
    """The port Accounts over dictionaries.

    ``away`` makes every call fail, ``unwritable`` those that touch or end a session; while ``slow``
    has not fired they all wait, while ``slow_writes`` has not those two.
    """

    def __init__(self) -> None:
        self.users: dict[str, tuple[User, PasswordHash]] = {}
        self.disabled: set[UserId] = set()
        self.sessions: dict[SessionDigest, Session] = {}
        self.invites: dict[bytes, RoomId] = {}
        self.used: dict[bytes, RoomId] = {}
        self.apps: dict[UserId, SealedSecret] = {}
        self.last_steps: dict[UserId, int] = {}
        self.passkeys: dict[bytes, Passkey] = {}
        self.spent: set[bytes] = set()
        self.recovery: dict[UserId, set[bytes]] = {}
        self.joined: list[tuple[UserId, RoomId]] = []
        self.away = False
        self.unwritable = False
        self.slow_writes: Deferred[None] | None = None
        self.touches = 0
        self.slow: Deferred[None] | None = None

    async def _ready(self) -> None:
        if self.slow is not None:
            await self.slow
        if self.away:
            raise Unavailable("the database is away")

    async def _writable(self) -> None:
        await self._ready()
        if self.slow_writes is not None:
            await self.slow_writes
        if self.unwritable:
            raise Unavailable("the disk is full")

    async def add_user(self, user: User, password: PasswordHash, session: Session) -> None:
        await self._ready()
        if user.username in self.users:
            raise NameTaken(user.username)
        self.users[user.username] = (user, password)
        self.sessions[session.digest] = session

    async def add_invited_user(
        self,
        user: User,
        password: PasswordHash,
        session: Session,
        invite: bytes,
        mid: MessageId,
        sealer: Sealer,
    ) -> Changed:
        await self._ready()
        room = self.invites.get(invite)
        if room is None:
            raise Refused(Code.NOT_FOUND)
        await self.add_user(user, password, session)
        self.used[invite] = self.invites.pop(invite)
        self.joined.append((user.id, room))
        key = sealer.new_key(room, 1, 1, START_MS)
        draft = Draft(room, mid, user.id, START_MS, b" " * 128)
        return Changed(room, sealer.seal(draft, 1, key), key, (user.id,))

    async def credentials(self, username: str) -> tuple[User, PasswordHash | None] | None:
        await self._ready()
        user, stored = self.users.get(username, (None, None))
        if user is None:
            return None
        return user, None if user.id in self.disabled else stored

    async def people(self, viewer: UserId, ids: Sequence[UserId]) -> list[Person]:
        return [user for user, _ in self.users.values() if user.id in ids]

    async def seen_in(
        self, user: UserId, rooms: Sequence[RoomId]
    ) -> tuple[Person, Mapping[RoomId, int]] | None:
        found = await self.people(user, [user])
        return (found[0], dict.fromkeys(rooms, 0)) if found else None

    async def renew_hash(self, user: UserId, old: PasswordHash, new: PasswordHash) -> None:
        await self._ready()
        for name, (person, stored) in self.users.items():
            if (person.id, stored) == (user, old):
                self.users[name] = (person, new)

    async def add_session(
        self, session: Session, proof: PasswordHash | None = None, use: FactorUse | None = None
    ) -> bool:
        await self._ready()
        if proof not in (None, self.users[session.user.username][1]):
            return False
        if session.user.id in self.disabled:
            return False
        if proof is not None or use is not None:
            self.require(session.user.id, use)
        self.sessions[session.digest] = session
        return True

    def require(self, user: UserId, use: FactorUse | None) -> None:
        """Use up a factor, or raise."""
        if use is None:
            if user in self.apps or any(one.user == user for one in self.passkeys.values()):
                raise FactorNeeded
        elif isinstance(use, PasskeyUse):
            passkey = self.passkeys.get(use.id)
            if passkey is None or passkey.user != user or use.challenge.digest in self.spent:
                raise FactorSpent
            self.spent.add(use.challenge.digest)
            self.passkeys[use.id] = replace(passkey, sign_count=use.sign_count, used_ms=use.at_ms)
        elif isinstance(use, AppUse):
            if use.step <= self.last_steps.get(user, use.step):
                raise FactorSpent
            self.last_steps[user] = use.step
        elif use.digest in self.recovery.get(user, ()):
            self.recovery[user].remove(use.digest)
        else:
            raise FactorSpent

    async def session(self, digest: SessionDigest) -> Session | None:
        await self._ready()
        return self.sessions.get(digest)

    async def touch_session(self, digest: SessionDigest, seen_ms: int) -> None:
        self.touches += 1
        await self._writable()
        session = self.sessions.get(digest)
        if session is not None:
            self.sessions[digest] = replace(session, seen_ms=max(seen_ms, session.seen_ms))

    async def end_session(self, digest: SessionDigest) -> None:
        await self._writable()
        self.sessions.pop(digest, None)

    async def living(self, digests: Sequence[SessionDigest]) -> dict[SessionDigest, int]:
        await self._ready()
        return {digest: 0 for digest in digests if digest in self.sessions}

    async def end_sessions_before(self, created_ms: int, seen_ms: int) -> int:
        await self._ready()
        old = [
            session.digest
            for session in self.sessions.values()
            if session.created_ms < created_ms or session.seen_ms < seen_ms
        ]
        for digest in old:
            del self.sessions[digest]
        return len(old)
