"""What we hand to browsers and know again: words under a MAC (HMAC-SHA-256)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence


class Macs:
    """MACs for one purpose.

    ``keys`` gives those in use: the first makes MACs, and any of them is believed, since what a
    browser brings may be older than the newest.
    """

    def __init__(self, keys: Callable[[], Sequence[bytes]]) -> None:
        self._keys = keys

    def make(self, *words: str) -> str:
        """The MAC of these words, 43 characters base64url. No word may hold a NUL."""
        return _mac(self._keys()[0], words)

    def holds(self, mac: str, *words: str) -> bool:
        """Whether ``mac`` was made for these words; compared in constant time."""
        sent = mac.encode("utf-8", "surrogatepass")
        expected = [_mac(key, words).encode() for key in self._keys()]
        return any(hmac.compare_digest(one, sent) for one in expected)


def _mac(key: bytes, words: Sequence[str]) -> str:
    mac = hmac.digest(key, "\0".join(words).encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
