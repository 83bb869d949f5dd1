"""base64url without padding (RFC 7515 section 2), strict on the way in."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")


def b64url(data: bytes) -> str:
    """``data`` as base64url text without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_b64url(text: str) -> bytes:
    """The bytes that ``text`` spells.

    Raises ValueError for any character outside the alphabet, for padding, and for text whose spare
    bits are not zero, so that every value has one spelling.
    """
    if not _ALPHABET.fullmatch(text):
        raise ValueError("not base64url without padding")
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64url(data) != text:
        raise ValueError("not the canonical base64url spelling")
    return data
