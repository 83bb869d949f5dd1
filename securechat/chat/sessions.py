"""Sessions: who a token belongs to, for how long, and how a session ends."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core import ports
from ..core.errors import Unavailable
from ..core.model import TOKEN, Device, Session, SessionDigest, User, digest_of
from ..core.settings import Limits

DAY_MS = 86_400_000
TOUCH_EVERY_MS = 60_000
"""A session's last use is written at most so often: every request would cost a commit."""

log = Logger()


class Sessions:
    """What can be done with the sessions that there are.

    ``random_bytes(n)`` is the source of ids and tokens (``os.urandom``).
    """

    def __init__(
        self,
        store: ports.Accounts,
        bus: ports.Bus,
        limits: Limits,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._bus = bus
        self._limits = limits
        self._random_bytes = random_bytes
        self._being_noted: set[SessionDigest] = set()

    async def session_of(self, token: str | None, now_ms: int) -> Session | None:
        """The living session of ``token``; None where there is none or it has expired.

        Its last use moves forward, at most once a minute. That is not waited for, and neither is
        forgetting an expired one: who can be read can come in, also while nothing can be written.
        """
        if token is None or not TOKEN.fullmatch(token):
            return None
        session = await self._store.session(digest_of(token))
        if session is None:
            return None
        if now_ms >= self.ends_ms(session):
            self._note(session.digest, self._end)
            return None
        if now_ms - session.seen_ms >= TOUCH_EVERY_MS:
            self._note(session.digest, lambda digest: self._store.touch_session(digest, now_ms))
        return session

    async def still_open(self, digest: SessionDigest, now_ms: int) -> bool:
        """Whether the session of an open socket still is one; being open is use, and is noted.

        False where the session is gone from the database or has reached its absolute end.
        """
        session = await self._store.session(digest)
        if session is None or now_ms >= self.expires_ms(session):
            return False
        await self._store.touch_session(digest, now_ms)
        return True

    def expires_ms(self, session: Session) -> int:
        """The session's absolute end, however much it is used."""
        return session.created_ms + self._limits.session_days * DAY_MS

    def ends_ms(self, session: Session) -> int:
        """The session's end unless it is used again."""
        idle_ms = session.seen_ms + self._limits.session_idle_days * DAY_MS
        return min(idle_ms, self.expires_ms(session))

    async def log_out(self, token: str | None) -> None:
        """End the session of ``token`` and close its sockets; an unknown one changes nothing."""
        if token is not None and TOKEN.fullmatch(token):
            await self._end(digest_of(token))

    async def end_expired(self, now_ms: int) -> int:
        """Forget every session that has expired; how many."""
        return await self._store.end_sessions_before(
            now_ms - self._limits.session_days * DAY_MS,
            now_ms - self._limits.session_idle_days * DAY_MS,
        )

    async def replace(self, token: str | None) -> None:
        """End the session that a browser had until now, if that is possible."""
        # What was asked for is stored by now. To fail would make people send it again.
        try:
            await self.log_out(token)
        except Unavailable as error:
            log.warn("a replaced session could not be ended: {reason}", reason=error)

    def _note(
        self, digest: SessionDigest, write: Callable[[SessionDigest], Awaitable[None]]
    ) -> None:
        # One at a time for a session: while nothing can be written, every request would add one.
        if digest in self._being_noted:
            return
        self._being_noted.add(digest)

        async def noting() -> None:
            try:
                await write(digest)
            except Unavailable as error:
                log.info("the use or end of a session is noted later: {reason}", reason=error)
            finally:
                self._being_noted.discard(digest)

        Deferred.fromCoroutine(noting()).addErrback(_unexpected)

    async def _end(self, digest: SessionDigest) -> None:
        await self._store.end_session(digest)
        self._bus.publish(ports.SessionEnded(digest))

    def new_session(self, user: User, now_ms: int, device: Device) -> tuple[Session, str]:
        """A session that is not stored yet, and its token."""
        token = self._token(32)
        return Session(digest_of(token), user, now_ms, now_ms, device, now_ms), token

    def _token(self, n_bytes: int) -> str:
        return base64.urlsafe_b64encode(self._random_bytes(n_bytes)).rstrip(b"=").decode()


def _unexpected(failure: Failure) -> None:
    log.failure("a session could not be noted", failure)
