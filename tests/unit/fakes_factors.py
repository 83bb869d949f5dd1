"""The port Factors over dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from securechat.core.errors import FactorSpent
from securechat.core.model import (
    Enrolled,
    FactorUse,
    Halfway,
    Passkey,
    PasswordHash,
    SealedSecret,
    Session,
    SessionDigest,
    SpentChallenge,
    User,
    UserId,
)

from .fakes_accounts import MemoryAccounts


class MemoryFactors:
    """The port Factors over the dictionaries of ``people``."""

    def __init__(self, people: MemoryAccounts) -> None:
        self.people = people
        self.halfway: dict[bytes, tuple[Halfway, int]] = {}

    async def of(self, user: UserId) -> Enrolled:
        await self.people._ready()
        passkeys = tuple(one for one in self.people.passkeys.values() if one.user == user)
        recovery = self.people.recovery.get(user, ())
        return Enrolled(self.people.apps.get(user), len(recovery), passkeys)

    async def add_app(
        self,
        mine: SessionDigest,
        app: SealedSecret,
        step: int,
        recovery: Sequence[bytes],
        address: str | None = None,
    ) -> bool | None:
        user = await self._whose(mine)
        if user != app.user:
            return None
        is_first = not await self.of(app.user)
        self.people.apps[app.user], self.people.last_steps[app.user] = app, step
        if is_first:
            self.people.recovery[app.user] = set(recovery)
        return is_first

    async def add_passkey(
        self,
        mine: SessionDigest,
        passkey: Passkey,
        challenge: SpentChallenge,
        recovery: Sequence[bytes],
        address: str | None = None,
    ) -> bool | None:
        if await self._whose(mine) != passkey.user:
            return None
        if challenge.digest in self.people.spent or passkey.id in self.people.passkeys:
            raise FactorSpent
        is_first = not await self.of(passkey.user)
        self.people.spent.add(challenge.digest)
        self.people.passkeys[passkey.id] = passkey
        if is_first:
            self.people.recovery[passkey.user] = set(recovery)
        return is_first

    async def remove_passkey(
        self, mine: SessionDigest, id_: bytes, address: str | None = None
    ) -> bool:
        user = await self._whose(mine)
        passkey = self.people.passkeys.get(id_)
        if user is None or passkey is None or passkey.user != user:
            return False
        del self.people.passkeys[id_]
        if not await self.of(user):
            self.people.recovery.pop(user, None)
        return True

    async def passkey(self, id_: bytes) -> tuple[User, Passkey] | None:
        await self.people._ready()
        passkey = self.people.passkeys.get(id_)
        if passkey is None:
            return None
        [user] = [one for one, _ in self.people.users.values() if one.id == passkey.user]
        return user, passkey

    async def remove_app(self, mine: SessionDigest, address: str | None = None) -> bool:
        user = await self._whose(mine)
        if user is None or user not in self.people.apps:
            return False
        del self.people.apps[user]
        if not await self.of(user):
            self.people.recovery.pop(user, None)
        return True

    async def renew_recovery(
        self, mine: SessionDigest, digests: Sequence[bytes], address: str | None = None
    ) -> bool:
        user = await self._whose(mine)
        if user is None or not await self.of(user):
            return False
        self.people.recovery[user] = set(digests)
        return True

    async def begin(
        self, digest: bytes, user: User, proof: PasswordHash, tries: int, now_ms: int, end_ms: int
    ) -> None:
        await self.people._ready()
        self.halfway[digest] = (Halfway(user, proof, tries), end_ms)

    async def waiting(self, digest: bytes, now_ms: int) -> Halfway | None:
        await self.people._ready()
        found, end_ms = self.halfway.get(digest, (None, 0))
        return found if now_ms < end_ms else None

    async def take_a_try(self, digest: bytes, now_ms: int) -> Halfway | None:
        found = await self.waiting(digest, now_ms)
        if found is None or found.tries_left == 0:
            return None
        left = replace(found, tries_left=found.tries_left - 1)
        self.halfway[digest] = (left, self.halfway[digest][1])
        return left

    async def end(self, digest: bytes) -> None:
        await self.people._writable()
        self.halfway.pop(digest, None)

    async def prove(
        self,
        mine: SessionDigest,
        proof: PasswordHash | None,
        use: FactorUse | None,
        session: Session,
    ) -> bool:
        user = session.user
        if await self._whose(mine) != user.id:
            return False
        if proof is not None and self.people.users[user.username][1] != proof:
            return False
        self.people.require(user.id, use)
        del self.people.sessions[mine]
        self.people.sessions[session.digest] = session
        return True

    async def _whose(self, mine: SessionDigest) -> UserId | None:
        await self.people._ready()
        session = self.people.sessions.get(mine)
        return None if session is None else session.user.id
