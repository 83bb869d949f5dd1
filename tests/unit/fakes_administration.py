"""The port Administration over dictionaries."""

from __future__ import annotations

from dataclasses import replace

from securechat.core.errors import Code, Refused
from securechat.core.model import (
    PasswordHash,
    Registration,
    Session,
    SessionDigest,
    User,
    UserId,
)

from .fakes_accounts import MemoryAccounts


class MemoryAdministration:
    """The port Administration over the dictionaries of ``people``."""

    def __init__(self, people: MemoryAccounts) -> None:
        self.people = people
        self.kept: Registration | None = None
        self.resets: dict[bytes, tuple[str, int]] = {}

    async def has_administrator(self) -> bool:
        await self.people._ready()
        return any(user.role == "administrator" for user, _ in self.people.users.values())

    async def set_up(
        self, user: User, password: PasswordHash, session: Session, registration: Registration
    ) -> None:
        if await self.has_administrator():
            raise Refused(Code.FORBIDDEN)
        await self.people.add_user(replace(user, role="administrator"), password, session)
        self.kept = registration

    async def registration(self) -> Registration | None:
        await self.people._ready()
        return self.kept

    async def grant(self, username: str) -> UserId | None:
        await self.people._ready()
        if username not in self.people.users:
            return None
        user, password = self.people.users[username]
        self.people.users[username] = (replace(user, role="administrator"), password)
        return user.id

    async def find(self, username: str) -> UserId | None:
        await self.people._ready()
        user, _ = self.people.users.get(username, (None, None))
        return None if user is None else user.id

    async def disable(self, username: str) -> tuple[SessionDigest, ...] | None:
        await self.people._ready()
        if username not in self.people.users:
            return None
        user, _ = self.people.users[username]
        self.people.disabled.add(user.id)
        self.forget_reset(username)
        return self._end_sessions(user)

    async def enable(self, username: str) -> UserId | None:
        await self.people._ready()
        if username not in self.people.users:
            return None
        user, _ = self.people.users[username]
        self.people.disabled.discard(user.id)
        return user.id

    def _end_sessions(self, user: User) -> tuple[SessionDigest, ...]:
        sessions = self.people.sessions
        ended = tuple(key for key, one in sessions.items() if one.user.id == user.id)
        for key in ended:
            del sessions[key]
        return ended

    async def add_reset(self, username: str, digest: bytes, expires_ms: int) -> UserId | None:
        await self.people._ready()
        if username not in self.people.users:
            return None
        if self.people.users[username][0].id in self.people.disabled:
            return None
        self.forget_reset(username)
        self.resets[digest] = (username, expires_ms)
        return self.people.users[username][0].id

    def forget_reset(self, username: str) -> None:
        self.resets = {key: one for key, one in self.resets.items() if one[0] != username}

    async def reset_of(self, digest: bytes, now_ms: int) -> User | None:
        await self.people._ready()
        username, expires_ms = self.resets.get(digest, ("", 0))
        return self.people.users[username][0] if now_ms < expires_ms else None

    async def use_reset(
        self, digest: bytes, password: PasswordHash, now_ms: int, address: str | None = None
    ) -> tuple[SessionDigest, ...] | None:
        user = await self.reset_of(digest, now_ms)
        if user is None:
            return None
        del self.resets[digest]
        self.people.users[user.username] = (user, password)
        return self._end_sessions(user)

    async def remove_factors(self, username: str) -> tuple[bool, tuple[SessionDigest, ...]] | None:
        await self.people._ready()
        if username not in self.people.users:
            return None
        user = self.people.users[username][0].id
        had = self.people.apps.pop(user, None) is not None
        self.people.recovery.pop(user, None)
        return had, self._end_sessions(self.people.users[username][0])
