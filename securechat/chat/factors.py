"""Second factors: set up, asked for at the log-in, and proven again before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from twisted.logger import Logger

from ..core import ports
from ..core.attempts import Attempts
from ..core.encoding import b64url
from ..core.errors import Busy, Damaged, FactorNeeded, FactorSpent, Unavailable
from ..core.factors import (
    RECOVERY_BYTES,
    RECOVERY_CODES,
    SECRET_BYTES,
    FactorKeys,
    address,
    recovery_code,
    recovery_digest,
    recovery_digests,
    spelled,
    step_of,
    tidy,
)
from ..core.model import (
    TOKEN,
    AppUse,
    Device,
    Enrolled,
    FactorUse,
    Halfway,
    PasskeyUse,
    PasswordHash,
    RecoveryUse,
    SealedSecret,
    Session,
    User,
    UserId,
    digest_of,
)
from .accounts import Accounts, WrongPair
from .own_account import WrongPassword

log = Logger()

HALFWAY_MS = 5 * 60_000
"""How long a log-in waits for its second factor."""

MOST_TRIES = 5
"""So many codes of it may be wrong."""

PROVEN_MS = 10 * 60_000
"""How long a session may change factors after its owner has proven who that is."""


class WrongCode(Exception):
    """Neither a code of this moment nor a recovery code that is left."""


class Over(Exception):
    """A log-in waits no longer: too late, too many wrong codes, or another password by now."""


class BadOffer(Exception):
    """A secret that was not offered to this session's person, or a session that has ended."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A new secret: as text to type, as what a QR code says, and for the form to bring back."""

    spelled: str
    address: str
    token: str


class Factors:
    """The use cases of second factors. Everything may raise Unavailable.

    ``host`` is the name in the address that people type, by which apps tell servers apart.
    """

    def __init__(
        self,
        store: ports.Factors,
        accounts: Accounts,
        bus: ports.Bus,
        keys: FactorKeys,
        random_bytes: Callable[[int], bytes],
        host: str = "localhost",
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._bus = bus
        self._keys = keys
        self._random_bytes = random_bytes
        self._host = host
        self._attempts = Attempts()

    async def of(self, user: User) -> Enrolled:
        """Which second factors ``user`` has."""
        return await self._store.of(user.id)

    # -- setting up ------------------------------------------------------------------------------

    def offer(self, user: User, token: str | None = None) -> Offer:
        """A new secret for an app, or once more the one of ``token``; raises BadOffer."""
        secret = self._random_bytes(SECRET_BYTES)
        if token is not None:
            secret = self._offered(user, token)
        offered = token or self._keys.offer(user.id, secret)
        return Offer(spelled(secret), address(secret, user.username, self._host), offered)

    async def add_app(
        self, session: Session, token: str, code: str, now_ms: int, address: str | None = None
    ) -> tuple[str, ...]:
        """Use the app that was offered by ``token`` and has made ``code``; recovery codes.

        There are none where there are recovery codes already, from another factor. ``address`` is
        the client's, for the audit log. Raises BadOffer and WrongCode.
        """
        secret = self._offered(session.user, token)
        step = step_of(secret, tidy(code), now_ms)
        if step is None:
            raise WrongCode
        app = replace(self._keys.seal(session.user.id, secret), since_ms=now_ms)
        codes, digests = self.new_codes(session.user)
        is_first = await self._store.add_app(session.digest, app, step, digests, address)
        if is_first is None:
            raise BadOffer
        return codes if is_first else ()

    async def remove_app(self, session: Session, address: str | None = None) -> bool:
        """Take the app away, and recovery codes with the last factor; whether there was one."""
        return await self._store.remove_app(session.digest, address)

    async def renew_recovery(self, session: Session, address: str | None = None) -> tuple[str, ...]:
        """New recovery codes in place of the old ones; none where there is no factor (any more)."""
        codes, digests = self.new_codes(session.user)
        renewed = await self._store.renew_recovery(session.digest, digests, address)
        return codes if renewed else ()

    def _offered(self, user: User, token: str) -> bytes:
        secret = self._keys.offered(user.id, token)
        if secret is None:
            raise BadOffer
        return secret

    def new_codes(self, user: User) -> tuple[tuple[str, ...], list[bytes]]:
        """Recovery codes that are not stored yet, and what is stored of them."""
        made = (recovery_code(self._random_bytes(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES))
        codes = tuple(made)
        return codes, recovery_digests(user.id, codes)

    # -- logging in ------------------------------------------------------------------------------

    async def begin(self, user: User, proof: PasswordHash, now_ms: int) -> str:
        """Let a log-in wait whose password was right: the token of this browser for the rest."""
        token = b64url(self._random_bytes(32))
        await self._store.begin(
            digest_of(token), user, proof, MOST_TRIES, now_ms, now_ms + HALFWAY_MS
        )
        return token

    async def waiting(self, token: str | None, now_ms: int) -> Halfway | None:
        """The log-in that waits in this browser, if one does."""
        if token is None or not TOKEN.fullmatch(token):
            return None
        halfway = await self._store.waiting(digest_of(token), now_ms)
        return halfway if halfway is not None and halfway.tries_left else None

    async def finish(
        self,
        token: str | None,
        given: str | PasskeyUse,
        now_ms: int,
        replacing: str | None,
        device: Device,
        source_of: Callable[[str], str] = lambda username: "",
    ) -> tuple[User, str, FactorUse]:
        """Log in who was waiting: who, the session's token, and what was used up for it.

        ``given`` is a code as typed, or a passkey that has signed.

        Raises WrongCode, Over, and TooSoon after too many wrong codes for this user. ``replacing``
        is the token that the browser had until now; ``source_of`` gives the source of a user's
        attempts, as ``Accounts.proven`` takes it.
        """
        waiting = await self.waiting(token, now_ms)
        if token is None or waiting is None:
            raise Over
        with self._counted(waiting.user, source_of(waiting.user.username), now_ms):
            halfway = await self._store.take_a_try(digest_of(token), now_ms)
            if halfway is None:
                raise Over
            try:
                use = await self._use(halfway.user.id, given, now_ms)
                begun = await self._accounts.begin(halfway.user, halfway.proof, now_ms, device, use)
            except (WrongCode, FactorSpent):
                raise (WrongCode if halfway.tries_left else Over) from None
            if begun is None:
                raise Over
        await self._forget(token)
        await self._accounts.replace(replacing)
        return halfway.user, begun, use

    async def _forget(self, token: str) -> None:
        # The session is stored by now. What stays behind opens nothing without one more code.
        try:
            await self._store.end(digest_of(token))
        except Unavailable as error:
            log.info("a log-in that is done is forgotten later: {reason}", reason=str(error))

    @contextmanager
    def _counted(self, user: User, source: str, now_ms: int) -> Iterator[None]:
        """Count what is tried within as a failure unless it ends well; raises TooSoon.

        The counter is apart from that of passwords, which a right password sets back.
        """
        self._attempts.begin(user.id, source, now_ms)
        try:
            yield
        except (Busy, Unavailable):
            self._attempts.unjudged(user.id, source)
            raise
        self._attempts.succeeded(user.id, source)

    async def _use(self, user: UserId, given: str | PasskeyUse, now_ms: int) -> FactorUse:
        """What ``given`` would use up; raises WrongCode."""
        if isinstance(given, PasskeyUse):
            return given
        tidied = tidy(given)
        digest = recovery_digest(user, tidied)
        if digest is not None:
            return RecoveryUse(digest)
        app = (await self._store.of(user)).app
        step = None if app is None else self._step_of(app, tidied, now_ms)
        if step is None:
            raise WrongCode
        return AppUse(step)

    def _step_of(self, app: SealedSecret, code: str, now_ms: int) -> int | None:
        try:
            return step_of(self._keys.open(app), code, now_ms)
        except Damaged as damage:
            # A recovery code still works.
            log.error("{damage}", event="factor_damaged", damage=str(damage), user=app.user)
            return None

    # -- proving once more -----------------------------------------------------------------------

    def is_proven(self, session: Session, now_ms: int) -> bool:
        """Whether it is known well enough who sits there to let factors be changed."""
        return now_ms - session.proven_ms < PROVEN_MS

    async def must_prove(self, session: Session, now_ms: int) -> bool:
        """Whether the password alone does not prove enough, and nothing else has lately."""
        return not self.is_proven(session, now_ms) and bool(await self.of(session.user))

    async def prove(
        self, session: Session, password: str, code: str, now_ms: int, device: Device
    ) -> tuple[str, FactorUse | None]:
        """Exchange the session for one that is proven: its token, and what was used up.

        The old one ends, sockets included. Raises WrongPassword and WrongCode, Busy, and TooSoon
        after too many wrong ones: those are counted apart from what strangers try at the log-in.
        """
        source = session.user.id
        try:
            user, proof = await self._accounts.proven(
                session.user.username, password, now_ms, source
            )
        except WrongPair:
            raise WrongPassword from None
        renewed, token = self._accounts.new_session(user, now_ms, device)
        with self._counted(user, source, now_ms):
            has_factor = bool(await self._store.of(user.id))
            use = await self._use(user.id, code, now_ms) if has_factor else None
            try:
                if not await self._store.prove(session.digest, proof, use, renewed):
                    raise WrongPassword
            except (FactorNeeded, FactorSpent):
                raise WrongCode from None
        self._bus.publish(ports.SessionEnded(session.digest))
        return token, use
