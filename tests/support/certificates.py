"""A certificate authority of the tests' own, and what it signs for localhost."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOCALHOST = x509.DNSName("localhost")
LOOPBACK: tuple[x509.GeneralName, ...] = (
    LOCALHOST,
    x509.IPAddress(ip_address("127.0.0.1")),
    x509.IPAddress(ip_address("::1")),
)

LIFE_DAYS = 7
"""Short: browsers refuse long ones, and nothing outlives a run of the tests."""


@dataclass(frozen=True)
class Certificates:
    """PEM files in one folder, made for the names and addresses of this machine's loopback."""

    authority: Path
    """The authority's certificate, for clients that verify."""
    chain: Path
    """The server's certificate and behind it the authority's, for --tls-cert."""
    key: Path
    """The server's private key, mode 0600, for --tls-key."""
    spki_sha256: str
    """The server key's fingerprint as Chromium's --ignore-certificate-errors-spki-list takes it."""


def make_certificates(folder: Path, names: tuple[x509.GeneralName, ...] = LOOPBACK) -> Certificates:
    """Write an authority and a server's certificate for ``names`` into ``folder``.

    With all that strict verifiers ask for (RFC 5280 section 4.2.1): subject alternative names, key
    identifiers, key usage, basic constraints.
    """
    authority_key, key = _new_key(), _new_key()
    authority = _authority(authority_key)
    server = _server(authority, authority_key, key, names)
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    made = Certificates(
        folder / "authority.pem",
        folder / "chain.pem",
        folder / "key.pem",
        base64.b64encode(hashlib.sha256(spki).digest()).decode(),
    )
    made.authority.write_bytes(authority.public_bytes(Encoding.PEM))
    made.chain.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in (server, authority)))
    made.key.touch(mode=0o600)
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


def renew(made: Certificates) -> Certificates:
    """Put others in the place of ``made``, each file at once, as tools for renewals do."""
    fresh = Path(mkdtemp(dir=made.chain.parent))
    other = make_certificates(fresh)
    other.key.replace(made.key)
    other.chain.replace(made.chain)
    other.authority.replace(made.authority)
    fresh.rmdir()
    return replace(made, spki_sha256=other.spki_sha256)


def serial_of(chain: Path) -> int:
    """The serial number of the first certificate in the PEM file ``chain``."""
    return x509.load_pem_x509_certificate(chain.read_bytes()).serial_number


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _builder(subject: x509.Name, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=LIFE_DAYS))
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("SecureChat tests' authority")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        _builder(name, name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )


def _server(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePrivateKey,
    names: tuple[x509.GeneralName, ...],
) -> x509.Certificate:
    issuer_identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return (
        _builder(_name("localhost"), authority.subject)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_identifier.value),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
