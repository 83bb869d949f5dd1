"""The first administrator, who may register, and what a link to set a new password is good for."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from twisted.logger import Logger

from ..core import ports
from ..core.encoding import b64url
from ..core.errors import Code, FactorNeeded, Refused, Unavailable
from ..core.model import TOKEN, Device, Registration, Session, User, digest_of
from .accounts import UNKNOWN, Accounts

log = Logger()


class WrongToken(Exception):
    """A link that is not good (any more)."""


class Administration:
    """The use cases of administrators, and of who has lost a password.

    ``chosen`` is who may register where the operator has said so; without it counts what the first
    administrator has chosen, else everybody may. The token of ``/setup`` is made here anew at each
    start and is nowhere else.
    """

    def __init__(
        self,
        store: ports.Administration,
        accounts: Accounts,
        bus: ports.Bus,
        random_bytes: Callable[[int], bytes],
        chosen: Registration | None = None,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._bus = bus
        self._random_bytes = random_bytes
        self._chosen = chosen
        self._kept: Registration | None = None
        self._is_set_up = False
        self.setup_token = b64url(random_bytes(32))

    @property
    def known_registration(self) -> Registration:
        """Who may register, as far as is known without asking the database."""
        return self._chosen or self._kept or "open"

    async def registration(self) -> Registration:
        """Who may register."""
        if self._chosen is None and self._kept is None:
            # Once kept it does not change: only the first administrator is asked.
            self._kept = await self._store.registration()
        return self.known_registration

    async def is_set_up(self) -> bool:
        """Whether there is an administrator; once there was one, for good."""
        if not self._is_set_up:
            self._is_set_up = await self._store.has_administrator()
        return self._is_set_up

    def may_set_up(self, token: str) -> bool:
        """Whether ``token`` is the one that was printed; compared in constant time."""
        sent = token.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(self.setup_token.encode(), sent)

    async def set_up(
        self,
        full_name: str,
        username: str,
        password: str,
        confirm: str,
        registration: Registration,
        now_ms: int,
        replacing: str | None = None,
        device: Device = UNKNOWN,
    ) -> tuple[Session, str]:
        """Make the first administrator and keep who may register; the session and its token.

        Raises InvalidFields, NameTaken, and WrongToken where there is an administrator already.
        """
        session, token, stored = await self._accounts.newcomer(
            full_name, username, password, confirm, now_ms, "administrator", device
        )
        try:
            await self._store.set_up(session.user, stored, session, registration)
        except Refused as refused:
            if refused.code is not Code.FORBIDDEN:
                raise
            self._is_set_up = True
            raise WrongToken from None
        self._is_set_up = True
        self._kept = registration
        await self._accounts.replace(replacing)
        return session, token

    async def reset_of(self, token: str, now_ms: int) -> User:
        """Whose link this is; raises WrongToken."""
        if not TOKEN.fullmatch(token):
            raise WrongToken
        user = await self._store.reset_of(digest_of(token), now_ms)
        if user is None:
            raise WrongToken
        return user

    async def reset(
        self,
        token: str,
        password: str,
        confirm: str,
        now_ms: int,
        replacing: str | None = None,
        device: Device = UNKNOWN,
    ) -> tuple[User, str | None]:
        """Set a new password, end all sessions of that person, begin a new one: who, its token.

        The token is None where the link is not enough, as a second factor is asked for, where the
        session could not be stored, or yet another password has been set since: this one was set
        all the same. Raises InvalidFields and WrongToken.
        """
        user = await self.reset_of(token, now_ms)
        stored = await self._accounts.new_password(password, confirm, user)
        ended = await self._store.use_reset(digest_of(token), stored, now_ms, device.address)
        if ended is None:
            raise WrongToken
        for digest in ended:
            self._bus.publish(ports.SessionEnded(digest))
        await self._accounts.replace(replacing)
        try:
            return user, await self._accounts.begin(user, stored, now_ms, device)
        except FactorNeeded:
            return user, None
        except Unavailable as error:
            log.warn("a password was set, but no session begun: {reason}", reason=str(error))
            return user, None
