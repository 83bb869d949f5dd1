"""Second factors, log-ins that wait for one, and proofs; implements the port Factors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred

from ..core.errors import FactorNeeded, FactorSpent
from ..core.model import (
    AppUse,
    Enrolled,
    FactorUse,
    Halfway,
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
from . import passkeys, people, roots
from .database import Database
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

FORGET_LATE = "DELETE FROM halfway WHERE expires_ms <= ?"
ADD_HALFWAY = """
    INSERT INTO halfway
        (digest, user_id, password_bcrypt, password_root_id, tries_left, expires_ms)
    VALUES (?, ?, ?, ?, ?, ?)"""
TAKE_A_TRY = """
    UPDATE halfway SET tries_left = tries_left - 1
    WHERE digest = ? AND tries_left > 0 AND expires_ms > ?"""
HALFWAY = """
    SELECT u.id, u.username, u.full_name, u.role,
        h.password_bcrypt, h.password_root_id, h.tries_left
    FROM halfway h JOIN users u ON u.id = h.user_id WHERE h.digest = ? AND h.expires_ms > ?"""
END_HALFWAY = "DELETE FROM halfway WHERE digest = ?"
FORGET_HALFWAY = "DELETE FROM halfway WHERE user_id = ?"

HOLD = """
    SELECT password_bcrypt, password_root_id FROM users WHERE id = ? AND state = 'active'"""
WHOSE = "SELECT user_id FROM sessions WHERE digest = ?"
END_SESSION = "DELETE FROM sessions WHERE digest = ?"


class Factors:
    """All SQL about second factors but that of the rotation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, user: UserId) -> Deferred[Enrolled]:
        """Which second factors ``user`` has."""

        def work(tx: Transaction) -> Enrolled:
            row = tx.one(APP, user)
            app = None if row is None else SealedSecret(user, row[0], bytes(row[1]), row[2])
            [(left,)] = tx.all(RECOVERY_LEFT, user)
            return Enrolled(app, left, passkeys.of(tx, user))

        return self._database.read("factors_of", work)

    def add_app(
        self, mine: SessionDigest, app: SealedSecret, step: int, recovery: Sequence[bytes]
    ) -> Deferred[bool | None]:
        """Let this app make codes from now on, in place of an older one; ``step`` was used.

        Whether it is the first factor: then these are the recovery codes. None, and nothing has
        changed, where ``mine`` is no session of ``app.user`` (any more).
        """

        def work(tx: Transaction) -> bool | None:
            if _held(tx, mine) != app.user:
                return None
            roots.require_in_service(tx, {app.root_id})
            is_first = not is_on(tx, app.user)
            tx.run(FORGET_APP, app.user)
            tx.run(ADD_APP, app.user, app.root_id, app.wrapped, step, app.since_ms)
            if is_first:
                _renew_recovery(tx, app.user, recovery)
            return is_first

        return self._database.write("add_app", work)

    def remove_app(self, mine: SessionDigest) -> Deferred[bool]:
        """Take away the app of whose session ``mine`` is; with the last factor recovery codes go.

        Whether there was one.
        """
        return self._remove("remove_app", mine, lambda tx, user: tx.run(FORGET_APP, user))

    def add_passkey(
        self,
        mine: SessionDigest,
        passkey: Passkey,
        challenge: SpentChallenge,
        recovery: Sequence[bytes],
    ) -> Deferred[bool | None]:
        """Like ``add_app``; FactorSpent where the challenge was answered before, or it is known."""

        def work(tx: Transaction) -> bool | None:
            if _held(tx, mine) != passkey.user:
                return None
            is_first = not is_on(tx, passkey.user)
            passkeys.add(tx, passkey, challenge)
            if is_first:
                _renew_recovery(tx, passkey.user, recovery)
            return is_first

        return self._database.write("add_passkey", work)

    def remove_passkey(self, mine: SessionDigest, id_: bytes) -> Deferred[bool]:
        """Like ``remove_app``, of this passkey."""
        return self._remove(
            "remove_passkey", mine, lambda tx, user: tx.run(passkeys.FORGET, user, id_)
        )

    def passkey(self, id_: bytes) -> Deferred[tuple[User, Passkey] | None]:
        """The passkey with this id, and whose it is."""
        return self._database.read("passkey", lambda tx: passkeys.find(tx, id_))

    def _remove(
        self, name: str, mine: SessionDigest, remove: Callable[[Transaction, UserId], int]
    ) -> Deferred[bool]:
        def work(tx: Transaction) -> bool:
            user = _held(tx, mine)
            if user is None or remove(tx, user) == 0:
                return False
            if not is_on(tx, user):
                tx.run(FORGET_RECOVERY, user)
            return True

        return self._database.write(name, work)

    def renew_recovery(self, mine: SessionDigest, digests: Sequence[bytes]) -> Deferred[bool]:
        """Put these recovery codes in the place of all older ones.

        False, and nothing has changed, where ``mine`` is no session, or of nobody with a factor.
        """

        def work(tx: Transaction) -> bool:
            user = _held(tx, mine)
            if user is None or not is_on(tx, user):
                return False
            _renew_recovery(tx, user, digests)
            return True

        return self._database.write("renew_recovery", work)

    def begin(
        self, digest: bytes, user: User, proof: PasswordHash, tries: int, now_ms: int, end_ms: int
    ) -> Deferred[None]:
        """Keep that a log-in of ``user`` waits, until ``end_ms``; those that are too late go."""

        def work(tx: Transaction) -> None:
            tx.run(FORGET_LATE, now_ms)
            tx.run(ADD_HALFWAY, digest, user.id, proof.bcrypt, proof.root_id, tries, end_ms)

        return self._database.write("begin_halfway", work)

    def waiting(self, digest: bytes, now_ms: int) -> Deferred[Halfway | None]:
        """The log-in that waits under this digest; None: none does (any more)."""
        return self._database.read("halfway", lambda tx: _waiting(tx, digest, now_ms))

    def take_a_try(self, digest: bytes, now_ms: int) -> Deferred[Halfway | None]:
        """The same, and one try less; None also where there was none left."""

        def work(tx: Transaction) -> Halfway | None:
            taken = tx.run(TAKE_A_TRY, digest, now_ms)
            return _waiting(tx, digest, now_ms) if taken else None

        return self._database.write("take_a_try", work)

    def end(self, digest: bytes) -> Deferred[None]:
        """Forget a log-in that waited; ending one that is unknown changes nothing."""

        def work(tx: Transaction) -> None:
            tx.run(END_HALFWAY, digest)

        return self._database.write("end_halfway", work)

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
    tx.run(FORGET_HALFWAY, user)
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


def _waiting(tx: Transaction, digest: bytes, now_ms: int) -> Halfway | None:
    row = tx.one(HALFWAY, digest, now_ms)
    if row is None:
        return None
    return Halfway(people.user_from(row), PasswordHash(bytes(row[4]), row[5]), row[6])
