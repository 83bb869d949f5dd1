"""Passkeys (WebAuthn level 3): what devices are asked, and what their answers are worth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

import webauthn
from webauthn.helpers import parse_authentication_credential_json, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from .model import Passkey, User, UserId

MOST_PASSKEYS = 20
"""Of one person."""

MAX_NAME_CHARACTERS = 64
TIMEOUT_MS = 120_000
"""How long the browser lets somebody look for a device."""


class BadPasskey(Exception):
    """An answer that is none to what was asked; the text is for the log.

    ``whose`` passkey it was about, if anybody's, is for the audit log alone.
    """

    whose: UserId | None = None


class WentBack(BadPasskey):
    """A counter that is not higher than before: there may be a copy of the device's key."""


@dataclass(frozen=True, slots=True)
class Party:
    """For whom passkeys are: the host as browsers know it, and the exact origin of its pages."""

    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device has said, before it is believed: which passkey, and to which challenge."""

    credential: str
    id: bytes
    owner: str | None
    challenge: str


def to_add(party: Party, challenge: str, user: User, known: Iterable[Passkey]) -> str:
    """What ``navigator.credentials.create`` is asked for, as JSON.

    A passkey that the device finds by itself, and that asks who holds it: so it stands for both
    factors. Which make of device it is nobody asks.
    """
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name="SecureChat",
        user_id=user.id.encode("ascii"),
        user_name=user.username,
        user_display_name=user.full_name,
        challenge=challenge.encode("ascii"),
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(known),
    )
    return webauthn.options_to_json(options)


def to_use(party: Party, challenge: str, allowed: Iterable[Passkey] = ()) -> str:
    """What ``navigator.credentials.get`` is asked for, as JSON; any passkey where none is named."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge.encode("ascii"),
        timeout=TIMEOUT_MS,
        allow_credentials=_described(allowed),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def challenge_of(credential: str) -> str:
    """The challenge that this answer says it answers; raises BadPasskey."""
    try:
        client_data = webauthn.base64url_to_bytes(
            json.loads(credential)["response"]["clientDataJSON"]
        )
        return parse_client_data_json(client_data).challenge.decode("ascii")
    except Exception as error:  # noqa: BLE001 - whatever it stumbles over came from outside
        raise BadPasskey(f"no answer: {type(error).__name__}") from None


def read(credential: str) -> Answer:
    """What a device that was asked to sign has said; raises BadPasskey."""
    challenge = challenge_of(credential)
    try:
        said = parse_authentication_credential_json(credential)
        handle = said.response.user_handle
        owner = None if handle is None else handle.decode("ascii")
    except Exception as error:  # noqa: BLE001 - see challenge_of
        raise BadPasskey(f"no answer: {type(error).__name__}") from None
    return Answer(credential, said.raw_id, owner, challenge)


def added(
    party: Party, challenge: str, credential: str, user: UserId, name: str, now_ms: int
) -> Passkey:
    """The passkey that a device has made for ``user``; raises BadPasskey."""
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge.encode("ascii"),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except Exception as error:  # noqa: BLE001 - see challenge_of
        raise BadPasskey(f"not made: {_told(error)}") from None
    if len(made.credential_id) > 1023 or len(made.credential_public_key) > 2048:
        raise BadPasskey("not made: too long")
    return Passkey(
        made.credential_id, user, name, made.credential_public_key, made.sign_count, now_ms
    )


def count_of(party: Party, answer: Answer, passkey: Passkey) -> int:
    """The device's counter, where it has signed with ``passkey`` and knows who holds it.

    Raises BadPasskey, and WentBack.
    """
    if answer.owner is not None and answer.owner != passkey.user:
        raise BadPasskey("another's passkey")
    try:
        used = webauthn.verify_authentication_response(
            credential=answer.credential,
            expected_challenge=answer.challenge.encode("ascii"),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:  # noqa: BLE001 - see challenge_of
        raise BadPasskey(f"not signed: {_told(error)}") from None
    if not goes_on(passkey.sign_count, used.new_sign_count):
        raise WentBack(f"counter {used.new_sign_count} after {passkey.sign_count}")
    return used.new_sign_count


def goes_on(before: int, now: int) -> bool:
    """Whether a counter may be at ``now`` after ``before``; devices that do not count say 0."""
    return now > before or now == before == 0


def spent_digest(challenge: str) -> bytes:
    """What is stored of a challenge that was answered."""
    return hashlib.sha256(challenge.encode("utf-8", "surrogatepass")).digest()


def tidy_name(typed: str, otherwise: str) -> str:
    """What somebody calls a passkey; ``otherwise`` where nothing is left that can be shown."""
    shown = "".join(character for character in typed if character.isprintable())
    return " ".join(shown.split())[:MAX_NAME_CHARACTERS].strip() or otherwise


def _told(error: Exception) -> str:
    """What went wrong, for the log: it may repeat what came from outside, however long."""
    return str(error)[:200]


def _described(passkeys: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=passkey.id) for passkey in passkeys]
