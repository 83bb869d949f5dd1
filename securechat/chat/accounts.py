"""Accounts: registering, logging in and out, and knowing who a session token belongs to."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core import ports
from ..core.errors import NameTaken, Unavailable
from ..core.model import (
    TOKEN,
    Changed,
    MessageId,
    PasswordHash,
    Role,
    RoomId,
    Session,
    SessionDigest,
    User,
    UserId,
    digest_of,
)
from ..core.names import BadName, fold_username, tidy_full_name
from ..core.passwords import complaint, is_hashable
from ..core.sentences import Sentence
from ..core.settings import Limits

DAY_MS = 86_400_000
TOUCH_EVERY_MS = 60_000
"""A session's last use is written at most so often: every request would cost a commit."""

log = Logger()


class InvalidFields(Exception):
    """What was typed cannot be used: one sentence for each field, named as in the form."""

    def __init__(self, errors: dict[str, Sentence]) -> None:
        super().__init__("; ".join(f"{field}: {why.key}" for field, why in errors.items()))
        self.errors = errors


class WrongPair(Exception):
    """User name and password do not belong together; which of them is wrong is not told."""


class Accounts:
    """The use cases of people and their sessions.

    ``random_bytes(n)`` is the source of ids and tokens (``os.urandom``). Times are milliseconds
    since 1970 and passed in. Everything may raise Unavailable; what hashes may raise Busy.
    """

    def __init__(
        self,
        store: ports.Accounts,
        hashing: ports.Hashing,
        bus: ports.Bus,
        limits: Limits,
        random_bytes: Callable[[int], bytes],
        sealer: ports.Sealer,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._hashing = hashing
        self._bus = bus
        self._limits = limits
        self._random_bytes = random_bytes
        self._being_noted: set[SessionDigest] = set()

    async def register(
        self,
        full_name: str,
        username: str,
        password: str,
        confirm: str,
        now_ms: int,
        replacing: str | None = None,
    ) -> tuple[Session, str]:
        """Make the account and its first session; the session and its token.

        Raises InvalidFields (fields ``fullname``, ``username``, ``password``, ``confirm``) and
        NameTaken. ``replacing`` is the token that the browser had until now: its session ends.
        """
        session, token, stored = await self.newcomer(full_name, username, password, confirm, now_ms)
        await self._store.add_user(session.user, stored, session)
        await self.replace(replacing)
        return session, token

    async def register_invited(
        self,
        full_name: str,
        username: str,
        password: str,
        confirm: str,
        now_ms: int,
        invite: str,
        replacing: str | None = None,
    ) -> tuple[Session, str, RoomId]:
        """Like ``register``, and into the room that the token ``invite`` leads to: which one.

        Raises Refused (``not_found``) where the invite is not good (any more).
        """
        session, token, stored = await self.newcomer(full_name, username, password, confirm, now_ms)
        mid = MessageId(self._token(16))
        changed = await self._store.add_invited_user(
            session.user, stored, session, digest_of(invite), mid, self._sealer
        )
        self._tell(changed)
        await self.replace(replacing)
        return session, token, changed.room

    def _tell(self, changed: Changed) -> None:
        self._bus.publish(ports.Posted((changed.event,), {changed.key.kid: changed.key}))
        for user in changed.affected:
            self._bus.publish(ports.RoomsChanged(user))

    async def newcomer(
        self,
        full_name: str,
        username: str,
        password: str,
        confirm: str,
        now_ms: int,
        role: Role = "member",
    ) -> tuple[Session, str, PasswordHash]:
        """Somebody who may be stored: the first session, its token, the password's hash."""
        person, folded = self._checked(full_name, username, password, confirm)
        # Asked before the hash, which costs a thousand times more; the store has the last word.
        if await self._store.credentials(folded) is not None:
            raise NameTaken(folded)
        stored = await self._hashing.hash(password)
        user = User(UserId(self._token(16)), folded, person, role)
        session, token = self._new_session(user, now_ms)
        return session, token, stored

    def _checked(
        self, full_name: str, username: str, password: str, confirm: str
    ) -> tuple[str, str]:
        errors: dict[str, Sentence] = {}
        person = folded = ""
        try:
            person = tidy_full_name(full_name)
        except BadName as error:
            errors["fullname"] = error.sentence
        try:
            folded = fold_username(username)
        except BadName as error:
            errors["username"] = error.sentence
        errors |= self._complaints(password, confirm, folded)
        if errors:
            raise InvalidFields(errors)
        return person, folded

    async def new_password(self, password: str, confirm: str, username: str) -> PasswordHash:
        """The hash of a password that ``username`` may have; raises InvalidFields, Busy."""
        errors = self._complaints(password, confirm, username)
        if errors:
            raise InvalidFields(errors)
        return await self._hashing.hash(password)

    def _complaints(self, password: str, confirm: str, username: str) -> dict[str, Sentence]:
        errors = {}
        why = complaint(password, username, self._limits.password_min)
        if why is not None:
            errors["password"] = why
        if confirm != password:
            errors["confirm"] = Sentence("password.differ")
        return errors

    async def log_in(
        self, username: str, password: str, now_ms: int, replacing: str | None = None
    ) -> tuple[Session, str]:
        """A new session for the right pair, and its token; WrongPair for any other.

        Unknown user and wrong password cost the same work. ``replacing`` as in ``register``.
        """
        if not is_hashable(password):
            raise WrongPair
        try:
            found = await self._store.credentials(fold_username(username))
        except BadName:
            found = None
        user, stored = found if found is not None else (None, None)
        matches = await self._hashing.matches(password, stored)
        if user is None or not matches:
            raise WrongPair
        session, token = self._new_session(user, now_ms)
        # Checking took a while: a password that was renewed meanwhile lets nobody in any more.
        if not await self._store.add_session(session, stored):
            raise WrongPair
        await self.replace(replacing)
        return session, token

    async def begin(self, user: User, stored: PasswordHash, now_ms: int) -> str | None:
        """Begin a session of somebody whose password has just become ``stored``; its token.

        None where it is not so any more.
        """
        session, token = self._new_session(user, now_ms)
        return token if await self._store.add_session(session, stored) else None

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

    def _new_session(self, user: User, now_ms: int) -> tuple[Session, str]:
        token = self._token(32)
        return Session(digest_of(token), user, now_ms, now_ms), token

    def _token(self, n_bytes: int) -> str:
        return base64.urlsafe_b64encode(self._random_bytes(n_bytes)).rstrip(b"=").decode()


def _unexpected(failure: Failure) -> None:
    log.failure("a session could not be noted", failure)
