"""What pages need of erasing: accounts that go, and whom it is refused."""

from __future__ import annotations

from securechat.core.errors import Code, Refused
from securechat.core.model import PasswordHash, UserId

from .fakes_accounts import MemoryAccounts


class MemoryErasure:
    """The use case Erasure over the dictionaries of ``people``."""

    def __init__(self, people: MemoryAccounts) -> None:
        self.people = people
        self.erased: list[tuple[UserId, bool]] = []
        self.last_administrator = False

    async def erase_person(
        self, user: UserId, messages: bool, proof: PasswordHash | None = None
    ) -> bool:
        await self.people._ready()
        if self.last_administrator:
            raise Refused(Code.FORBIDDEN)
        for name, (one, stored) in list(self.people.users.items()):
            if one.id == user and proof in (None, stored):
                del self.people.users[name]
                sessions = self.people.sessions
                for digest in [key for key, kept in sessions.items() if kept.user.id == user]:
                    del sessions[digest]
                self.erased.append((user, messages))
                return True
        return False
