"""The TLS certificate and its private key, judged before the daemon starts to listen."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)


def readable_bytes(path: Path) -> bytes:
    """The content of the file `path`; ValueError says why it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error


def private_bytes(path: Path) -> bytes:
    """The content of `path`, a file that others must not read; ValueError says what is wrong."""
    content = readable_bytes(path)
    if path.stat().st_mode & 0o007:
        raise ValueError(f"{path} can be read by everybody on this machine; chmod 600 {path}")
    return content


def check_certificate(path: Path) -> bytes:
    """The public key of the first certificate in the PEM file `path`; ValueError without one."""
    content = readable_bytes(path)
    try:
        certificates = x509.load_pem_x509_certificates(content)
        return _public_bytes(certificates[0].public_key())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"{path} holds no PEM certificate") from error


def check_private_key(path: Path) -> bytes:
    """The public half of the private key in the PEM file `path`; ValueError says what is wrong."""
    content = private_bytes(path)
    try:
        key = load_pem_private_key(content, password=None)
    except TypeError as error:
        raise ValueError(f"{path} is locked with a passphrase; give it without one") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"{path} holds no PEM private key") from error
    return _public_bytes(key.public_key())


def check_pair(certificate: Path, key: Path) -> None:
    """ValueError says why the files `certificate` and `key` cannot be used together."""
    if check_certificate(certificate) != check_private_key(key):
        raise ValueError("the key is not the certificate's")


def _public_bytes(key: object) -> bytes:
    encoded = key.public_bytes(  # type: ignore[attr-defined]  # every kind of public key has it
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    assert isinstance(encoded, bytes)
    return encoded
