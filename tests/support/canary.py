"""The search for secrets, in every disguise in which a program writes bytes down."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

LEAST_BYTES = 12
"""Shorter secrets, or what base64 leaves of them, are found by chance."""


def disguises(secret: bytes) -> dict[str, bytes]:
    """``secret`` as it may lie in a file: raw, hex, base64 at each of three places, escaped."""
    assert len(secret) >= LEAST_BYTES
    found = {"raw": secret, "hex": secret.hex().encode(), "HEX": secret.hex().upper().encode()}
    for shift in range(3):
        # What other bytes before it push it to; the characters that they share are left out.
        whole = base64.b64encode(bytes(shift) + secret)
        inner = whole[(shift * 8 + 5) // 6 : (shift + len(secret)) * 8 // 6]
        found[f"base64+{shift}"] = inner
        found[f"base64url+{shift}"] = inner.replace(b"+", b"-").replace(b"/", b"_")
    found["percent"] = quote(secret, safe="").encode()
    found["form"] = quote_plus(secret, safe="").encode()
    found["repr"] = repr(secret)[2:-1].encode()
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        return found
    found["json"] = json.dumps(text)[1:-1].encode()
    found["text repr"] = repr(text)[1:-1].encode()
    found["utf-16"] = text.encode("utf-16-le")
    return found


def found_in(places: Mapping[str, bytes], secrets: Mapping[str, bytes]) -> list[str]:
    """Which of ``secrets`` is where, and in which disguise."""
    return [
        f"{name} ({disguise}) in {place}"
        for name, secret in secrets.items()
        for disguise, form in disguises(secret).items()
        for place, content in places.items()
        if form in content
    ]


def named(kind: str, secrets: Iterable[str | bytes]) -> dict[str, bytes]:
    """Secrets under names that tell the kind only."""
    encoded = [secret.encode() if isinstance(secret, str) else secret for secret in secrets]
    return {f"{kind} {number}": secret for number, secret in enumerate(encoded)}
