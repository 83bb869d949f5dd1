"""The envelope: a JWE (RFC 7516, flattened) with A256KW and A256CBC-HS512 (RFC 7518 section 5.2.5).

Every message is encrypted with AES-256-CBC under a fresh random key and IV and then authenticated;
the random key travels beside the ciphertext, wrapped under the room's key.
"""

from __future__ import annotations

import hmac
import json
import os
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap,
    aes_key_wrap,
)

from .encoding import b64url
from .errors import Damaged
from .model import Draft, StoredEvent

ALG = "A256KW"
ENC = "A256CBC-HS512"
TYP = "securechat+1"

_SMALLEST_BUCKET_BYTES = 128
_CONTENT_KEY_BYTES = 64
_TAG_BYTES = 32
_BLOCK_BYTES = 16


def padded(plaintext: bytes) -> bytes:
    """``plaintext`` followed by spaces up to a bucket, which hides its length.

    The buckets are 128 bytes and then Padmé (Nikitin et al., PETS 2019): at most 12 % overhead,
    O(log log n) bits told. Every JSON parser ignores the spaces.
    """
    return plaintext.ljust(bucket_bytes(len(plaintext)))


def bucket_bytes(length: int) -> int:
    """The padded length of ``length`` bytes."""
    if length <= _SMALLEST_BUCKET_BYTES:
        return _SMALLEST_BUCKET_BYTES
    exponent = length.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (length + mask) & ~mask


def header(draft: Draft, seq: int, kid: str) -> bytes:
    """The protected header as compact JSON (bytes, ASCII): it binds text to place and author."""
    return json.dumps(
        {
            "alg": ALG,
            "enc": ENC,
            "typ": TYP,
            "kid": kid,
            "room": draft.room,
            "seq": seq,
            "mid": draft.mid,
            "from": draft.author,
            "time": draft.time_ms,
        },
        separators=(",", ":"),
    ).encode("ascii")


def _header_under(kid: str) -> bytes:
    return f'{{"alg":"{ALG}","enc":"{ENC}","typ":"{TYP}","kid":"{kid}",'.encode("ascii")


def is_under(event: StoredEvent, kid: str) -> bool:
    """Whether the header of ``event`` names the key ``kid``; cheaper than reading it."""
    return event.protected.startswith(_header_under(kid)) or kid_of(event) == kid


def seal(draft: Draft, seq: int, kid: str, room_key: bytes) -> StoredEvent:
    """Seal ``draft`` as event ``seq`` under ``room_key`` (32 bytes) with a fresh key and IV."""
    protected = header(draft, seq, kid)
    content_key = os.urandom(_CONTENT_KEY_BYTES)
    iv = os.urandom(_BLOCK_BYTES)
    ciphertext, tag = encrypt(content_key, iv, draft.plaintext, b64url(protected).encode("ascii"))
    return StoredEvent(
        room=draft.room,
        seq=seq,
        mid=draft.mid,
        author=draft.author,
        protected=protected,
        encrypted_key=aes_key_wrap(room_key, content_key),
        iv=iv,
        ciphertext=ciphertext,
        tag=tag,
    )


def open_event(event: StoredEvent, kid: str, room_key: bytes) -> bytes:
    """The plaintext of ``event``, still padded.

    Raises Damaged unless every part is as it was sealed and the header agrees with the columns
    that ``event`` was found under and with ``kid``.
    """
    check_header(event, kid)
    try:
        content_key = aes_key_unwrap(room_key, event.encrypted_key)
    except InvalidUnwrap:
        raise Damaged("the message's key does not open") from None
    if len(content_key) != _CONTENT_KEY_BYTES:
        raise Damaged("the message's key has the wrong length")
    aad = b64url(event.protected).encode("ascii")
    return decrypt(content_key, event.iv, event.ciphertext, event.tag, aad)


def parse_header(event: StoredEvent) -> dict[str, Any]:
    """The protected header of ``event``; Damaged where it is not a JSON object."""
    return header_fields(event.protected)


def header_fields(protected: bytes) -> dict[str, Any]:
    """The same of the header alone, byte for byte as it is stored."""
    try:
        fields = json.loads(protected)
    except (ValueError, RecursionError):
        raise Damaged("the header is not JSON") from None
    if not isinstance(fields, dict):
        raise Damaged("the header is not an object")
    return fields


def check_header(event: StoredEvent, kid: str) -> None:
    """Raise Damaged unless the header agrees with ``kid`` and the columns of ``event``."""
    fields = parse_header(event)
    expected = {
        "alg": ALG,
        "enc": ENC,
        "typ": TYP,
        "kid": kid,
        "room": event.room,
        "seq": event.seq,
        "mid": event.mid,
        "from": event.author,
    }
    for name, value in expected.items():
        if fields.get(name) != value:
            raise Damaged(f"the header's {name!r} is not where the event was found")


def encrypt(key: bytes, iv: bytes, plaintext: bytes, aad: bytes) -> tuple[bytes, bytes]:
    """A256CBC-HS512 (RFC 7518 section 5.2.2.1): ``key`` 64 bytes, ``iv`` 16 → ciphertext, tag."""
    fill = _BLOCK_BYTES - len(plaintext) % _BLOCK_BYTES
    encryptor = Cipher(AES256(key[32:]), CBC(iv)).encryptor()
    ciphertext = encryptor.update(plaintext + bytes([fill]) * fill) + encryptor.finalize()
    return ciphertext, _tag(key[:32], aad, iv, ciphertext)


def decrypt(key: bytes, iv: bytes, ciphertext: bytes, tag: bytes, aad: bytes) -> bytes:
    """The plaintext (RFC 7518 section 5.2.2.2); Damaged unless the tag is right, checked first."""
    if not hmac.compare_digest(tag, _tag(key[:32], aad, iv, ciphertext)):
        raise Damaged("the tag does not fit")
    if len(iv) != _BLOCK_BYTES or not ciphertext or len(ciphertext) % _BLOCK_BYTES:
        raise Damaged("the ciphertext has the wrong length")
    decryptor = Cipher(AES256(key[32:]), CBC(iv)).decryptor()
    plaintext = decryptor.update(ciphertext) + decryptor.finalize()
    fill = plaintext[-1]
    if not 1 <= fill <= _BLOCK_BYTES or plaintext[-fill:] != bytes([fill]) * fill:
        raise Damaged("the padding is wrong")
    return plaintext[:-fill]


def _tag(mac_key: bytes, aad: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    aad_bits = (len(aad) * 8).to_bytes(8, "big")
    return hmac.digest(mac_key, aad + iv + ciphertext + aad_bits, "sha512")[:_TAG_BYTES]


def encode(event: StoredEvent) -> bytes:
    """The flattened JSON of ``event`` (bytes, ASCII): what travels to every member."""
    return (
        f'{{"protected":"{b64url(event.protected)}",'
        f'"encrypted_key":"{b64url(event.encrypted_key)}",'
        f'"iv":"{b64url(event.iv)}",'
        f'"ciphertext":"{b64url(event.ciphertext)}",'
        f'"tag":"{b64url(event.tag)}"}}'
    ).encode("ascii")


def kid_of(event: StoredEvent) -> str | None:
    """The key id in the header of ``event``; None where the header is damaged."""
    try:
        kid = parse_header(event).get("kid")
    except Damaged:
        return None
    return kid if isinstance(kid, str) else None
