"""A device with passkeys in memory: it answers what pages ask, as a browser would send it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256

from securechat.core.encoding import b64url, from_b64url

USER_PRESENT, USER_VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One passkey on a device in front of a page of ``origin``; what it does can be spoiled."""

    origin: str
    flags: int = USER_PRESENT | USER_VERIFIED
    counts: bool = True
    id: bytes = field(default_factory=lambda: os.urandom(32))
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    handle: str | None = None
    count: int = 0

    def create(self, options: str) -> str:
        """The answer to ``navigator.credentials.create``."""
        said = json.loads(options)
        self.handle = said["user"]["id"]
        key = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: key.x.to_bytes(32, "big"), -3: key.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(cose)
        data = self._data(said["rp"]["id"], HAS_KEY) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", said["challenge"])
        return self._answer(clientDataJSON=client_data, attestationObject=attestation)

    def get(self, options: str) -> str:
        """The answer to ``navigator.credentials.get``."""
        said = json.loads(options)
        self.count += self.counts
        data = self._data(said["rpId"])
        client_data = self._client_data("webauthn.get", said["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ECDSA(SHA256()))
        handle = {} if self.handle is None else {"userHandle": from_b64url(self.handle)}
        return self._answer(
            clientDataJSON=client_data, authenticatorData=data, signature=signature, **handle
        )

    def _data(self, rp_id: str, more: int = 0) -> bytes:
        digest = hashlib.sha256(rp_id.encode()).digest()
        return digest + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, **response: bytes) -> str:
        written: dict[str, Any] = {name: b64url(value) for name, value in response.items()}
        id_ = b64url(self.id)
        return json.dumps({"id": id_, "rawId": id_, "type": "public-key", "response": written})
