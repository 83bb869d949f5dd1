"""Accounts: registering and logging in."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from ..core import ports
from ..core.attempts import Attempts
from ..core.errors import Busy, FactorNeeded, NameTaken, Unavailable
from ..core.model import (
    Changed,
    Device,
    FactorUse,
    MessageId,
    PasswordHash,
    Role,
    RoomId,
    Session,
    User,
    UserId,
    digest_of,
)
from ..core.names import BadName, fold_username, tidy_full_name
from ..core.passwords import complaint, is_hashable, names_of_person, names_of_site
from ..core.sentences import Sentence
from ..core.settings import Limits
from .sessions import Sessions

log = Logger()

UNKNOWN = Device()


class InvalidFields(Exception):
    """What was typed cannot be used: one sentence for each field, named as in the form."""

    def __init__(self, errors: dict[str, Sentence]) -> None:
        super().__init__("; ".join(f"{field}: {why.key}" for field, why in errors.items()))
        self.errors = errors


class WrongPair(Exception):
    """User name and password do not belong together; which of them is wrong is not told.

    ``whose`` account it was about, if anybody's, is for the audit log alone.
    """

    def __init__(self, whose: UserId | None = None) -> None:
        super().__init__()
        self.whose = whose


class FactorAsked(Exception):
    """The right pair of somebody with a second factor, which is to be given next."""

    def __init__(self, user: User, proof: PasswordHash) -> None:
        super().__init__()
        self.user = user
        self.proof = proof


class Accounts(Sessions):
    """The use cases of people, and of their sessions.

    Times are milliseconds since 1970 and passed in. Everything may raise Unavailable; what hashes
    may raise Busy.
    """

    def __init__(
        self,
        store: ports.Accounts,
        hashing: ports.Hashing,
        bus: ports.Bus,
        limits: Limits,
        random_bytes: Callable[[int], bytes],
        sealer: ports.Sealer,
        host: str = "localhost",
    ) -> None:
        """``host`` is the name in the address that people type: nobody's password."""
        super().__init__(store, bus, limits, random_bytes)
        self._sealer = sealer
        self._hashing = hashing
        self._names_of_site = tuple(names_of_site(host))
        self._attempts = Attempts()

    async def register(
        self,
        full_name: str,
        username: str,
        password: str,
        confirm: str,
        now_ms: int,
        replacing: str | None = None,
        device: Device = UNKNOWN,
    ) -> tuple[Session, str]:
        """Make the account and its first session; the session and its token.

        Raises InvalidFields (fields ``fullname``, ``username``, ``password``, ``confirm``) and
        NameTaken. ``replacing`` is the token that the browser had until now: its session ends.
        """
        session, token, stored = await self.newcomer(
            full_name, username, password, confirm, now_ms, device=device
        )
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
        device: Device = UNKNOWN,
    ) -> tuple[Session, str, RoomId]:
        """Like ``register``, and into the room that the token ``invite`` leads to: which one.

        Raises Refused (``not_found``) where the invite is not good (any more).
        """
        session, token, stored = await self.newcomer(
            full_name, username, password, confirm, now_ms, device=device
        )
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
        device: Device = UNKNOWN,
    ) -> tuple[Session, str, PasswordHash]:
        """Somebody who may be stored: the first session, its token, the password's hash."""
        person, folded = self._checked(full_name, username, password, confirm)
        # Asked before the hash, which costs a thousand times more; the store has the last word.
        if await self._store.credentials(folded) is not None:
            raise NameTaken(folded)
        stored = await self._hashing.hash(password)
        user = User(UserId(self._token(16)), folded, person, role)
        session, token = self.new_session(user, now_ms, device)
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
        errors |= self._complaints(password, confirm, folded, person)
        if errors:
            raise InvalidFields(errors)
        return person, folded

    async def new_password(self, password: str, confirm: str, user: User) -> PasswordHash:
        """The hash of a password that ``user`` may have; raises InvalidFields, Busy."""
        self.judge(password, confirm, user)
        return await self._hashing.hash(password)

    def judge(self, password: str, confirm: str, user: User) -> None:
        """Raise InvalidFields where ``user`` may not have this password."""
        errors = self._complaints(password, confirm, user.username, user.full_name)
        if errors:
            raise InvalidFields(errors)

    def _complaints(
        self, password: str, confirm: str, username: str, full_name: str
    ) -> dict[str, Sentence]:
        errors = {}
        names = (*names_of_person(username, full_name), *self._names_of_site)
        why = complaint(password, names, self._limits.password_min)
        if why is not None:
            errors["password"] = why
        # Both come from the same person.
        if confirm != password:  # nosemgrep: compared-in-constant-time
            errors["confirm"] = Sentence("password.differ")
        return errors

    async def log_in(
        self,
        username: str,
        password: str,
        now_ms: int,
        replacing: str | None = None,
        device: Device = UNKNOWN,
        source: str = "",
    ) -> tuple[Session, str]:
        """A new session for the right pair, and its token; WrongPair for any other.

        Raises FactorAsked where the pair is not enough. ``replacing`` as in ``register``,
        ``source`` and what else is raised as in ``proven``.
        """
        user, stored = await self.proven(username, password, now_ms, source)
        session, token = self.new_session(user, now_ms, device)
        try:
            # Checking took a while: a password that was renewed meanwhile lets nobody in any more.
            # It is checked once more, since the same one may only have got another pepper.
            if not await self._store.add_session(session, stored):
                user, stored = await self.proven(username, password, now_ms, source)
                if not await self._store.add_session(session, stored):
                    raise WrongPair(user.id)
        except FactorNeeded:
            raise FactorAsked(user, await self._keep_up(user, stored, password)) from None
        await self._keep_up(user, stored, password)
        await self.replace(replacing)
        return session, token

    async def _keep_up(self, user: User, stored: PasswordHash, password: str) -> PasswordHash:
        """Store the password under the newest pepper; where that fails, at the next log-in.

        What is stored by now.
        """
        if not self._hashing.outdated(stored):
            return stored
        try:
            renewed = await self._hashing.hash(password)
            await self._store.renew_hash(user.id, stored, renewed)
        except (Busy, Unavailable) as error:
            log.info("a password keeps its older pepper for now: {reason}", reason=str(error))
            return stored
        return renewed

    async def proven(
        self, username: str, password: str, now_ms: int, source: str = ""
    ) -> tuple[User, PasswordHash]:
        """Who this is, and the stored password that was checked; WrongPair, Busy, or TooSoon.

        Unknown user, disabled user and wrong password cost the same work, and failures delay the
        next attempt with any of them. They are counted apart for each ``source``: a word for where
        the attempt comes from that only whoever was this user before can have; empty: anywhere.
        """
        if not is_hashable(password):
            raise WrongPair
        try:
            name = fold_username(username)
        except BadName:
            await self._hashing.matches(password, None)
            raise WrongPair from None
        self._attempts.begin(name, source, now_ms)
        try:
            user, stored = await self._store.credentials(name) or (None, None)
            matches = await self._hashing.matches(password, stored)
        except (Busy, Unavailable):
            self._attempts.unjudged(name, source)
            raise
        if user is not None and stored is None:
            log.info("{username} may not log in", event="login_disabled", username=user.username)
        if user is None or stored is None or not matches:
            raise WrongPair(user.id if user else None)
        self._attempts.succeeded(name, source)
        return user, stored

    async def begin(
        self,
        user: User,
        stored: PasswordHash,
        now_ms: int,
        device: Device = UNKNOWN,
        use: FactorUse | None = None,
    ) -> str | None:
        """Begin a session of somebody who was found to have the password ``stored``; its token.

        None where it is another by now. Raises FactorNeeded, and FactorSpent.
        """
        session, token = self.new_session(user, now_ms, device)
        return token if await self._store.add_session(session, stored, use) else None

    async def store_session(self, session: Session, use: FactorUse) -> bool:
        """Store a session of somebody who was found out by a passkey alone; raises FactorSpent.

        False where there is no such person.
        """
        return await self._store.add_session(session, None, use)
