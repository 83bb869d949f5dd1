"""Passkeys: added by who is logged in, and good for logging in and for proofs."""

from __future__ import annotations

from twisted.logger import Logger

from ..core import passkeys, ports
from ..core.errors import FactorSpent
from ..core.model import Device, PasskeyUse, Session, SpentChallenge, User
from ..core.passkeys import BadPasskey, Party, WentBack, spent_digest
from .accounts import Accounts
from .factors import Factors

log = Logger()

CHALLENGE_MS = 10 * 60_000
"""How long a challenge may be answered."""


class Passkeys:
    """The use cases of passkeys. Everything may raise Unavailable.

    That a challenge was made here, for this browser and not long ago, whoever calls has found out;
    that it counts once is found out here.
    """

    def __init__(
        self, store: ports.Factors, accounts: Accounts, factors: Factors, bus: ports.Bus
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._factors = factors
        self._bus = bus

    async def add(
        self,
        session: Session,
        party: Party,
        challenge: str,
        credential: str,
        name: str,
        now_ms: int,
        address: str | None = None,
    ) -> tuple[str, ...]:
        """Keep the passkey that a device has made; recovery codes, where it is the first factor.

        ``address`` is the client's, for the audit log. Raises BadPasskey.
        """
        otherwise = session.device.browser or "Passkey"
        tidied = passkeys.tidy_name(name, otherwise)
        made = passkeys.added(party, challenge, credential, session.user.id, tidied, now_ms)
        codes, digests = self._factors.new_codes(session.user)
        try:
            is_first = await self._store.add_passkey(
                session.digest, made, _spent(challenge, now_ms), digests, address
            )
        except FactorSpent:
            raise BadPasskey("a challenge or a passkey that is known, or too many") from None
        if is_first is None:
            raise BadPasskey("the session has ended")
        return codes if is_first else ()

    async def remove(self, session: Session, id_: bytes, address: str | None = None) -> bool:
        """Take it away, and recovery codes with the last factor; whether it was there."""
        return await self._store.remove_passkey(session.digest, id_, address)

    async def signed(
        self, party: Party, answer: passkeys.Answer, now_ms: int
    ) -> tuple[User, PasskeyUse]:
        """Whose passkey has signed, and what is to be used up for it; raises BadPasskey."""
        found = await self._store.passkey(answer.id)
        if found is None:
            raise BadPasskey("unknown")
        user, passkey = found
        try:
            count = passkeys.count_of(party, answer, passkey)
        except BadPasskey as error:
            error.whose = user.id
            if isinstance(error, WentBack):
                log.warn(
                    "a passkey of {username} is refused, there may be a copy of it: {reason}",
                    event="passkey_went_back",
                    username=user.username,
                    user=user.id,
                    reason=str(error),
                )
            raise
        return user, PasskeyUse(answer.id, count, _spent(answer.challenge, now_ms), now_ms)

    async def log_in(
        self, user: User, use: PasskeyUse, now_ms: int, replacing: str | None, device: Device
    ) -> str:
        """Begin a session by a passkey alone: its token. Raises BadPasskey."""
        session, token = self._accounts.new_session(user, now_ms, device)
        try:
            if not await self._accounts.store_session(session, use):
                raise BadPasskey("nobody's")
        except FactorSpent:
            raise BadPasskey("used before") from None
        await self._accounts.replace(replacing)
        return token

    async def prove(
        self, session: Session, user: User, use: PasskeyUse, now_ms: int, device: Device
    ) -> str:
        """Exchange the session for one that is proven by a passkey: its token.

        The old one ends, sockets included. Raises BadPasskey.
        """
        if user.id != session.user.id:
            raise BadPasskey("another's")
        renewed, token = self._accounts.new_session(session.user, now_ms, device)
        try:
            if not await self._store.prove(session.digest, None, use, renewed):
                raise BadPasskey("the session has ended")
        except FactorSpent:
            raise BadPasskey("used before") from None
        self._bus.publish(ports.SessionEnded(session.digest))
        return token


def _spent(challenge: str, now_ms: int) -> SpentChallenge:
    return SpentChallenge(spent_digest(challenge), now_ms + CHALLENGE_MS)
