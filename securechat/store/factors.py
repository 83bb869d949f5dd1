"""Second factors, log-ins that wait for one, and proofs; implements the port Factors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred

from ..core.errors import FactorNeeded, FactorSpent
from ..core.model import (
    AppUse,
    Enrolled,
    FactorUse,
    Passkey,
    PasskeyUse,
    PasswordHash,
    SealedSecret,
    Session,
    SessionDigest,
    SpentChallenge,
    User,
    UserId,
)
from ..core.trail import Deed, Kind
from . import halfway, passkeys, people, roots
from .database import Database
from .halfway import Halfways
from .trail import Trail
from .transaction import Transaction

APP = "SELECT root_id, wrapped, since_ms FROM apps WHERE user_id = ?"
HAS_FACTOR = """
    SELECT 1 FROM apps WHERE user_id = ?
    UNION ALL SELECT 1 FROM passkeys WHERE user_id = ? LIMIT 1"""
ADD_APP = """
    INSERT INTO apps (user_id, root_id, wrapped, last_step, since_ms) VALUES (?, ?, ?, ?, ?)"""
FORGET_APP = "DELETE FROM apps WHERE user_id = ?"
USE_STEP = "UPDATE apps SET last_step = ? WHERE user_id = ? AND last_step < ?"
RECOVERY_LEFT = "SELECT COUNT(*) FROM recovery_codes WHERE user_id = ?"
ADD_RECOVERY = "INSERT INTO recovery_codes (user_id, digest) VALUES (?, ?)"
FORGET_RECOVERY = "DELETE FROM recovery_codes WHERE user_id = ?"
USE_RECOVERY = "DELETE FROM recovery_codes WHERE user_id = ? AND digest = ?"

HOLD = """
    SELECT password_bcrypt, password_root_id FROM users WHERE id = ? AND state = 'active'"""
WHOSE = "SELECT user_id FROM sessions WHERE digest = ?"
END_SESSION = "DELETE FROM sessions WHERE digest = ?"


class Factors(Halfways):
    """All SQL about second factors but that of the rotation; log-ins that wait are its base."""

    def __init__(self, database: Database, trail: Trail) -> None:
        super().__init__(database)
        self._trail = trail

    def of(self, user: UserId) -> Deferred[Enrolled]:
        """Which second factors ``user`` has."""

        def work(tx: Transaction) -> Enrolled:
            row = tx.one(APP, user)
            app = None if row is None else SealedSecret(user, row[0], bytes(row[1]), row[2])
            [(left,)] = tx.all(RECOVERY_LEFT, user)
            return Enrolled(app, left, passkeys.of(tx, user))

        return self._database.read("factors_of", work)

    def add_app(
        self,
        mine: SessionDigest,
        app: SealedSecret,
        step: int,
        recovery: Sequence[bytes],
        address: str | None = None,
    ) -> Deferred[bool | None]:
        """Let this app make codes from now on, in place of an older one; ``step`` was used.

        Whether it is the first factor: then these are the recovery codes. None, and nothing has
        changed, where ``mine`` is no session of ``app.user`` (any more).
        """

        def change(tx: Transaction, user: UserId) -> bool | None:
            if user != app.user:
                return None
            roots.require_in_service(tx, {app.root_id})
            is_first = not is_on(tx, user)
            tx.run(FORGET_APP, user)
            tx.run(ADD_APP, user, app.root_id, app.wrapped, step, app.since_ms)
            if is_first:
                _renew_recovery(tx, user, recovery)
            return is_first

        return self._change("add_app", mine, Kind.FACTOR_ADDED, address, change)

    def remove_app(self, mine: SessionDigest, address: str | None = None) -> Deferred[bool]:
        """Take away the app of whose session ``mine`` is; with the last factor recovery codes go.

        Whether there was one.
        """
        return self._remove("remove_app", mine, address, lambda tx, user: tx.run(FORGET_APP, user))

    def add_passkey(
        self,
        mine: SessionDigest,
        passkey: Passkey,
        challenge: SpentChallenge,
        recovery: Sequence[bytes],
        address: str | None = None,
    ) -> Deferred[bool | None]:
        """Like ``add_app``; FactorSpent where the challenge was answered before, or it is known."""

        def change(tx: Transaction, user: UserId) -> bool | None:
            if user != passkey.user:
                return None
            is_first = not is_on(tx, user)
            passkeys.add(tx, passkey, challenge)
            if is_first:
                _renew_recovery(tx, user, recovery)
            return is_first

        return self._change("add_passkey", mine, Kind.FACTOR_ADDED, address, change)

    def remove_passkey(
        self, mine: SessionDigest, id_: bytes, address: str | None = None
    ) -> Deferred[bool]:
        """Like ``remove_app``, of this passkey."""
        return self._remove(
            "remove_passkey", mine, address, lambda tx, user: tx.run(passkeys.FORGET, user, id_)
        )

    def passkey(self, id_: bytes) -> Deferred[tuple[User, Passkey] | None]:
        """The passkey with this id, and whose it is."""
        return self._database.read("passkey", lambda tx: passkeys.find(tx, id_))

    def renew_recovery(
        self, mine: SessionDigest, digests: Sequence[bytes], address: str | None = None
    ) -> Deferred[bool]:
        """Put these recovery codes in the place of all older ones.

        False, and nothing has changed, where ``mine`` is no session, or of nobody with a factor.
        """

        def change(tx: Transaction, user: UserId) -> bool | None:
            if not is_on(tx, user):
                return None
            _renew_recovery(tx, user, digests)
            return True

        return self._change(
            "renew_recovery", mine, Kind.RECOVERY_RENEWED, address, change
        ).addCallback(bool)

    def _remove(
        self,
        name: str,
        mine: SessionDigest,
        address: str | None,
        remove: Callable[[Transaction, UserId], int],
    ) -> Deferred[bool]:
        def change(tx: Transaction, user: UserId) -> bool | None:
            if remove(tx, user) == 0:
                return None
            if not is_on(tx, user):
                tx.run(FORGET_RECOVERY, user)
            return True

        return self._change(name, mine, Kind.FACTOR_REMOVED, address, change).addCallback(bool)

    def _change(
        self,
        name: str,
        mine: SessionDigest,
        kind: Kind,
        address: str | None,
        change: Callable[[Transaction, UserId], bool | None],
    ) -> Deferred[bool | None]:
        """What ``change`` says, which is told whose session ``mine`` is; None: nothing changed."""

        def work(tx: Transaction) -> bool | None:
            user = _held(tx, mine)
            changed = None if user is None else change(tx, user)
            if changed is not None:
                self._trail.record(tx, Deed(kind, user, user, address=address))
            return changed

        return self._database.write(name, work)

    def prove(
        self,
        mine: SessionDigest,
        proof: PasswordHash | None,
        use: FactorUse | None,
        session: Session,
    ) -> Deferred[bool]:
        """Put ``session`` in the place of ``mine``, as its owner has proven who that is.

        False, and nothing has changed, where ``proof`` is not the stored password (any more) or
        ``mine`` no session of that person. Raises FactorNeeded and FactorSpent.
        """

        def work(tx: Transaction) -> bool:
            user = session.user.id
            if _held(tx, mine) != user or not may(tx, user, proof, use):
                return False
            require(tx, user, use)
            tx.run(END_SESSION, mine)
            people.add_session(tx, session)
            return True

        return self._database.write("prove", work)


def is_password(tx: Transaction, user: UserId, proof: PasswordHash) -> bool:
    """Whether this is the stored password of ``user``, who is held until COMMIT."""
    row = tx.one(HOLD + tx.for_update, user)
    return row is not None and PasswordHash(bytes(row[0]), row[1]) == proof


def may(tx: Transaction, user: UserId, proof: PasswordHash | None, use: FactorUse | None) -> bool:
    """Whether ``proof`` is the stored password; without one a passkey stands for both factors.

    The person is held until COMMIT.
    """
    if proof is None:
        return isinstance(use, PasskeyUse) and tx.one(HOLD + tx.for_update, user) is not None
    return is_password(tx, user, proof)


def require(tx: Transaction, user: UserId, use: FactorUse | None) -> None:
    """Use up what was typed as a second factor; the person is to be held.

    Raises FactorNeeded where nothing was and there is a factor, FactorSpent where it is no good.
    """
    if use is None:
        if is_on(tx, user):
            raise FactorNeeded
    elif isinstance(use, AppUse):
        if tx.run(USE_STEP, use.step, user, use.step) == 0:
            raise FactorSpent
    elif isinstance(use, PasskeyUse):
        passkeys.use(tx, user, use)
    elif tx.run(USE_RECOVERY, user, use.digest) == 0:
        raise FactorSpent


def is_on(tx: Transaction, user: UserId) -> bool:
    """Whether ``user`` has a second factor."""
    return tx.one(HAS_FACTOR, user, user) is not None


def forget(tx: Transaction, user: UserId) -> bool:
    """Take away all that ``user`` has of second factors; whether there was one."""
    was_on = is_on(tx, user)
    tx.run(FORGET_APP, user)
    tx.run(passkeys.FORGET_ALL, user)
    tx.run(FORGET_RECOVERY, user)
    tx.run(halfway.FORGET_ALL, user)
    return was_on


def _held(tx: Transaction, mine: SessionDigest) -> UserId | None:
    """Whose session ``mine`` is: both are held until COMMIT, the person's row first."""
    whose = tx.one(WHOSE, mine)
    if whose is None:
        return None
    tx.one(HOLD + tx.for_update, whose[0])
    return UserId(whose[0]) if tx.one(WHOSE + tx.for_update, mine) else None


def _renew_recovery(tx: Transaction, user: UserId, digests: Sequence[bytes]) -> None:
    tx.run(FORGET_RECOVERY, user)
    tx.run_many(ADD_RECOVERY, [(user, digest) for digest in digests])
