"""Passwords: which are accepted, and how they are stored.

A password becomes ``bcrypt(base64(HMAC-SHA-256(pepper, NFC(password))))``. The HMAC lifts bcrypt's
limit of 72 bytes and makes NUL harmless, so any Unicode text may be a password; the pepper makes a
stolen table useless without the keyring. The functions that call bcrypt take a good part of a
second: they belong in a thread.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

import bcrypt

from .blocklist import common_passwords
from .errors import Damaged
from .model import PasswordHash
from .sentences import Sentence

MAX_PASSWORD_BYTES = 1_024
DEFAULT_COST = 12

Peppers = Mapping[int, bytes]
"""32 bytes for each root key's id; the highest id is the newest."""


def complaint(password: str, names: Iterable[str], min_characters: int) -> Sentence | None:
    """Why ``password`` cannot be that of somebody with these names; None where it can."""
    if not is_hashable(password):
        return Sentence("password.long", {"n": MAX_PASSWORD_BYTES})
    if len(unicodedata.normalize("NFC", password)) < min_characters:
        return Sentence("password.short", {"n": min_characters})
    folded = _folded(password)
    if folded in common_passwords():
        return Sentence("password.common")
    bare = _bare(folded)
    # A name counts for nothing: what stands around it has to be long enough by itself.
    is_little_more = len(folded) - len(bare) < min_characters
    for name in map(_folded, names):
        if name and (folded == name or (is_little_more and bare == _bare(name) != "")):
            return Sentence("password.name")
    return None


def names_of_person(username: str, full_name: str) -> Iterator[str]:
    """What is tried first as the password of this person."""
    yield from (username, full_name, *full_name.split())


def names_of_site(host: str) -> Iterator[str]:
    """What is tried first on the server at ``host``: its name and the name's parts."""
    yield from ("securechat", host, *host.split("."))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _bare(folded: str) -> str:
    """Letters with their marks and the digits among them: nothing that merely decorates a name."""
    kept = (one for one in folded if unicodedata.category(one)[0] in "LMN")
    return "".join(kept).strip("0123456789")


def is_hashable(password: str) -> bool:
    """Whether ``password`` may be given to bcrypt at all: UTF-8 of at most 1,024 bytes.

    Judged as typed and as composed, since composing may lengthen a text.
    """
    if len(password) > MAX_PASSWORD_BYTES:
        return False
    try:
        composed = unicodedata.normalize("NFC", password).encode()
        return max(len(composed), len(password.encode())) <= MAX_PASSWORD_BYTES
    except UnicodeEncodeError:
        return False


def prepare(password: str, pepper: bytes) -> bytes:
    """The 44 bytes of base64 that bcrypt is given."""
    text = unicodedata.normalize("NFC", password).encode()
    return base64.b64encode(hmac.digest(pepper, text, hashlib.sha256))


def hash_password(password: str, peppers: Peppers, cost: int = DEFAULT_COST) -> PasswordHash:
    """The stored form of ``password`` under the newest pepper; ``cost`` doubles the work."""
    root_id = max(peppers)
    salt = bcrypt.gensalt(rounds=cost)
    return PasswordHash(bcrypt.hashpw(prepare(password, peppers[root_id]), salt), root_id)


def password_matches(password: str, stored: PasswordHash, peppers: Peppers) -> bool:
    """Whether ``password`` is the stored one; Damaged where its pepper or hash is unusable.

    Where ``peppers`` raise RootUnknown, so does this.
    """
    pepper = peppers.get(stored.root_id)
    if pepper is None:
        raise Damaged(f"a password was stored under root key {stored.root_id}, which is missing")
    try:
        return bcrypt.checkpw(prepare(password, pepper), stored.bcrypt)
    except ValueError as error:
        raise Damaged("a stored password is not a bcrypt hash") from error
