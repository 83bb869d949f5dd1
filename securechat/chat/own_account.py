"""One's own account: another name, another password, and where one is logged in."""

from __future__ import annotations

from ..core import ports
from ..core.model import Device, Session, SessionDigest, User, reference_of
from ..core.names import BadName, tidy_full_name
from .accounts import Accounts, InvalidFields, WrongPair
from .erasure import Erasure

MOST_SESSIONS = 50
"""So many of the others are listed; all of them can be ended at once."""


class WrongPassword(Exception):
    """What was typed as the current password is not; or it was, and is no more."""


class OwnAccount:
    """The use cases of somebody who is logged in, about nobody else.

    Everything may raise Unavailable; what checks or sets a password may raise Busy.
    """

    def __init__(
        self, store: ports.OwnAccount, accounts: Accounts, bus: ports.Bus, erasure: Erasure
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._bus = bus
        self._erasure = erasure

    async def rename(self, user: User, full_name: str) -> None:
        """Be called so from now on; raises InvalidFields (``fullname``)."""
        try:
            name = tidy_full_name(full_name)
        except BadName as error:
            raise InvalidFields({"fullname": error.sentence}) from error
        if name != user.full_name:
            await self._store.rename(user.id, name)
            self._bus.publish(ports.Renamed(user.id))

    async def change_password(
        self,
        session: Session,
        current: str,
        password: str,
        confirm: str,
        now_ms: int,
        device: Device,
    ) -> str:
        """Set another password and end every session: the token of the one that has just begun.

        Raises InvalidFields (``password``, ``confirm``), WrongPassword, and TooSoon after too many
        wrong ones: those are counted apart from what strangers try at the log-in.
        """
        # What cannot be anybody's password costs no hash.
        self._accounts.judge(password, confirm, session.user)
        try:
            user, proof = await self._accounts.proven(
                session.user.username, current, now_ms, source=session.user.id
            )
        except WrongPair:
            raise WrongPassword from None
        renewed = await self._accounts.new_password(password, confirm, session.user)
        begun, token = self._accounts.new_session(user, now_ms, device)
        ended = await self._store.renew_password(session.digest, proof, renewed, begun)
        if ended is None:
            raise WrongPassword
        self._tell(ended)
        return token

    async def delete(self, session: Session, current: str, messages: bool, now_ms: int) -> None:
        """Erase the account for good, and with ``messages`` all that was written with it.

        Raises WrongPassword, TooSoon as ``change_password`` does, and Refused (``forbidden``) for
        the last administrator.
        """
        try:
            user, proof = await self._accounts.proven(
                session.user.username, current, now_ms, source=session.user.id
            )
        except WrongPair:
            raise WrongPassword from None
        if not await self._erasure.erase_person(user.id, messages, proof):
            raise WrongPassword

    async def other_sessions(self, session: Session, now_ms: int) -> list[Session]:
        """Where else its person is logged in: at most MOST_SESSIONS, the last used first."""
        found = await self._store.sessions_of(session.user, MOST_SESSIONS + 1)
        others = [one for one in found if one.digest != session.digest]
        return [one for one in others if now_ms < self._accounts.ends_ms(one)][:MOST_SESSIONS]

    async def end_one(self, session: Session, reference: str, now_ms: int) -> int:
        """End the listed one that ``reference`` means, and its sockets; how many have ended."""
        others = await self.other_sessions(session, now_ms)
        meant = [one.digest for one in others if reference_of(one.digest) == reference]
        return self._tell(await self._store.end_others(session.digest, meant)) if meant else 0

    async def end_others(self, session: Session) -> int:
        """End every session of this person but this one, and their sockets; how many."""
        return self._tell(await self._store.end_others(session.digest))

    def _tell(self, ended: tuple[SessionDigest, ...]) -> int:
        for digest in ended:
            self._bus.publish(ports.SessionEnded(digest))
        return len(ended)
