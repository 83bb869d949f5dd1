"""The port OwnAccount over dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from securechat.core.model import PasswordHash, Session, SessionDigest, User, UserId

from .fakes_accounts import MemoryAccounts
from .fakes_administration import MemoryAdministration


class MemoryOwnAccount:
    """The port OwnAccount over the dictionaries of ``people`` and the links of ``operator``."""

    def __init__(self, people: MemoryAccounts, operator: MemoryAdministration) -> None:
        self.people = people
        self.operator = operator

    async def rename(self, user: UserId, full_name: str) -> None:
        await self.people._ready()
        for username, (one, password) in self.people.users.items():
            if one.id == user:
                self.people.users[username] = (replace(one, full_name=full_name), password)
        for digest, session in self.people.sessions.items():
            if session.user.id == user:
                renamed = replace(session.user, full_name=full_name)
                self.people.sessions[digest] = replace(session, user=renamed)

    async def renew_password(
        self,
        mine: SessionDigest,
        proof: PasswordHash,
        password: PasswordHash,
        session: Session,
    ) -> tuple[SessionDigest, ...] | None:
        await self.people._ready()
        user = session.user
        ended = [digest for digest, one in self.people.sessions.items() if one.user.id == user.id]
        if self.people.users[user.username][1] != proof or mine not in ended:
            return None
        self.people.users[user.username] = (user, password)
        self.operator.forget_reset(user.username)
        for digest in ended:
            del self.people.sessions[digest]
        self.people.sessions[session.digest] = session
        return tuple(ended)

    async def sessions_of(self, user: User, limit: int) -> list[Session]:
        await self.people._ready()
        found = [one for one in self.people.sessions.values() if one.user.id == user.id]
        return sorted(found, key=lambda one: -one.seen_ms)[:limit]

    async def end_others(
        self, mine: SessionDigest, only: Sequence[SessionDigest] | None = None
    ) -> tuple[SessionDigest, ...]:
        await self.people._ready()
        session = self.people.sessions.get(mine)
        if session is None:
            return ()
        ended = [
            digest
            for digest, one in self.people.sessions.items()
            if one.user.id == session.user.id
            and digest != mine
            and (only is None or digest in only)
        ]
        for digest in ended:
            del self.people.sessions[digest]
        return tuple(ended)
