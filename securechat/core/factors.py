"""Second factors: one-time codes of an app (RFC 6238), recovery codes, and how secrets are kept.

A code is that of a step of 30 s, six digits by HMAC-SHA-1 from a secret of 160 bits: what every app
can do. Secrets lie in the database under the root key, each in bytes that open for its owner alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import replace

import pyotp
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)

from .encoding import b64url, from_b64url
from .errors import Damaged
from .keys import Roots, factor_wrapping_key
from .model import SealedSecret, UserId

SECRET_BYTES = 20
"""What RFC 4226 section 4 recommends, and the length of HMAC-SHA-1."""

STEP_MS = 30_000
STEPS_OFF = 1
"""A clock may be wrong by a step, and people type slowly."""

RECOVERY_CODES = 10
RECOVERY_BYTES = 15
"""120 bits: 24 characters, in groups of four."""

_CODE = re.compile(r"[0-9]{6}")
_RECOVERY = re.compile(r"[0-9a-hjkmnp-tv-z]{24}")
_ALPHABET = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghjkmnpqrstvwxyz")
"""From the characters of RFC 4648 to some that nobody takes for others (no i, l, o, u)."""

_MISREAD = str.maketrans("ilo", "110")
_BETWEEN = re.compile(r"[\s‐-―-]+")
_OFFER = re.compile(r"([0-9]{1,10})\.([A-Za-z0-9_-]{1,64})")


def spelled(secret: bytes) -> str:
    """``secret`` as people type it into an app: base32, without padding."""
    return base64.b32encode(secret).decode("ascii").rstrip("=")


def address(secret: bytes, username: str, host: str) -> str:
    """What an app reads from the QR code: ``otpauth://totp/…``."""
    app = pyotp.TOTP(spelled(secret), name=f"{username}@{host}", issuer="SecureChat")
    return app.provisioning_uri()


def tidy(code: str) -> str:
    """A code as it was meant: without spaces and hyphens, and with what is easily misread."""
    return _BETWEEN.sub("", code).lower().translate(_MISREAD)


def step_of(secret: bytes, code: str, now_ms: int) -> int | None:
    """The step whose code ``code`` (tidy) is, of those that are near; None: of none of them."""
    if not _CODE.fullmatch(code):
        return None
    app, now = pyotp.HOTP(spelled(secret)), now_ms // STEP_MS
    near = range(now - STEPS_OFF, now + STEPS_OFF + 1)
    return next((step for step in near if hmac.compare_digest(app.at(step), code)), None)


def recovery_code(random: bytes) -> str:
    """The recovery code that RECOVERY_BYTES random bytes make, as it is shown."""
    letters = base64.b32encode(random).decode("ascii").translate(_ALPHABET)
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def recovery_digest(user: UserId, code: str) -> bytes | None:
    """What is stored of somebody's recovery code; None where ``code`` (tidy) cannot be one.

    120 random bits are not guessed, so one round of SHA-256 is enough.
    """
    if not _RECOVERY.fullmatch(code):
        return None
    return hashlib.sha256(f"securechat recovery\0{user}\0{code}".encode("ascii")).digest()


def recovery_digests(user: UserId, codes: Iterable[str]) -> list[bytes]:
    """What is stored of these, in the order given."""
    digests = [recovery_digest(user, tidy(code)) for code in codes]
    return [digest for digest in digests if digest is not None]


class FactorKeys:
    """Seals and opens the secrets of second factors (AES-KWP, RFC 5649); safe in any thread."""

    def __init__(self, roots: Roots) -> None:
        self._roots = roots

    def seal(self, user: UserId, secret: bytes) -> SealedSecret:
        """``secret`` under the newest root key, always in the same bytes."""
        root_id, root_key = self._roots.newest
        wrapping_key = factor_wrapping_key(root_key, user)
        return SealedSecret(user, root_id, aes_key_wrap_with_padding(wrapping_key, secret))

    def open(self, sealed: SealedSecret) -> bytes:
        """The secret. Raises Damaged where it was altered or is another's, RootUnknown as Roots."""
        try:
            root_key = self._roots.key(sealed.root_id)
            return aes_key_unwrap_with_padding(
                factor_wrapping_key(root_key, sealed.user), sealed.wrapped
            )
        except (Damaged, InvalidUnwrap):
            raise Damaged(f"the second factor of {sealed.user} does not open") from None

    def resealed(self, sealed: SealedSecret) -> SealedSecret:
        """The same secret under the newest root key; raises Damaged."""
        return replace(self.seal(sealed.user, self.open(sealed)), since_ms=sealed.since_ms)

    def offer(self, user: UserId, secret: bytes) -> str:
        """A secret that is not stored yet, for a form to bring back, which cannot forge one."""
        sealed = self.seal(user, secret)
        return f"{sealed.root_id}.{b64url(sealed.wrapped)}"

    def offered(self, user: UserId, offer: str) -> bytes | None:
        """The secret that was offered to ``user``; None: it was not."""
        found = _OFFER.fullmatch(offer)
        try:
            wrapped = from_b64url(found[2]) if found else b""
            return self.open(SealedSecret(user, int(found[1]) if found else 0, wrapped))
        except (ValueError, Damaged):
            return None
