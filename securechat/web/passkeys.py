# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""What pages ask devices with passkeys, and what comes back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

from twisted.logger import Logger

from ..chat.passkeys import CHALLENGE_MS, Passkeys
from ..core import passkeys
from ..core.model import Passkey, PasskeyUse, User
from ..core.passkeys import BadPasskey, Party
from ..core.sentences import Sentence
from .answers import Answer
from .desk import Desk
from .macs import Macs
from .origins import Origins
from .sessions import Cookies
from .site import SecureRequest

log = Logger()

REFUSED = Answer(401, "bad_passkey", Sentence("passkey.refused"))


def refused(request: SecureRequest, error: BadPasskey) -> Answer:
    """The answer to what is no answer of a passkey; the log is told why."""
    log.info(
        "a passkey was refused from {address}: {reason}",
        event="passkey_refused",
        address=request.client_address(),
        reason=str(error),
    )
    return REFUSED


Kind = Literal["add", "login", "second", "confirm"]

_CHALLENGE = re.compile(
    r"(?P<stamp>(?P<made>[0-9]{1,12})\.[A-Za-z0-9_-]{22})\.(?P<mac>[A-Za-z0-9_-]{43})"
)


class Challenges:
    """What devices sign: ``<made, seconds since 1970>.<random>.<MAC of these, kind and cookie>``.

    So pages that anybody may open write nothing to the database, and yet a challenge is ours, this
    browser's, for this purpose and not old. That it counts once the store sees to.
    """

    def __init__(self, cookies: Cookies, macs: Macs) -> None:
        self._cookies = cookies
        self._macs = macs

    def make(self, kind: Kind, cookie: str, now_s: int) -> str:
        """A new one, for the browser that has this cookie."""
        stamp = self._cookies.stamped(now_s)
        return f"{stamp}.{self._macs.make(kind, cookie, stamp)}"

    def holds(self, challenge: str, kind: Kind, cookie: str | None, now_s: int) -> bool:
        """Whether it was made for this, not long ago."""
        found = _CHALLENGE.fullmatch(challenge)
        if found is None or cookie is None:
            return False
        is_new = 0 <= now_s - int(found["made"]) < CHALLENGE_MS // 1_000
        return is_new and self._macs.holds(found["mac"], kind, cookie, found["stamp"])


class PasskeyForms:
    """Passkeys on pages: only where browsers know the page by a name that is ours."""

    def __init__(
        self, desk: Desk, passkeys: Passkeys, challenges: Challenges, origins: Origins
    ) -> None:
        self._desk = desk
        self._passkeys = passkeys
        self._challenges = challenges
        self._origins = origins

    def party(self, request: SecureRequest) -> Party | None:
        """For whom passkeys are on the page that is asked for; None: they do not work there."""
        [host] = request.requestHeaders.getRawHeaders(b"Host") or [b""]
        found = self._origins.relying_party(host.decode("latin-1"))
        return None if found is None else Party(*found)

    def to_add(self, request: SecureRequest, user: User, known: Iterable[Passkey]) -> str:
        """What the page's script asks a new device for, as JSON; empty where it cannot."""
        party, cookie = self.party(request), self._desk.cookies.token(request)
        if party is None or cookie is None:
            return ""
        challenge = self._challenges.make("add", cookie, self._now_s())
        return passkeys.to_add(party, challenge, user, known)

    def at_login(self, request: SecureRequest) -> dict[str, Any]:
        """What the log-in page is to be shown with: its form and this one share a cookie."""
        cookie = self._desk.cookies.keep_pre_session(request, self._now_s())
        return {
            "passkey": self._asking(request, "login", cookie),
            "csrf": self._desk.csrf.token("pre-session", cookie),
        }

    def to_use(self, request: SecureRequest, kind: Kind, allowed: Iterable[Passkey] = ()) -> str:
        """What the page's script asks a known device for, as JSON; empty where it cannot."""
        return self._asking(request, kind, self._cookie(request, kind), allowed)

    def _asking(
        self,
        request: SecureRequest,
        kind: Kind,
        cookie: str | None,
        allowed: Iterable[Passkey] = (),
    ) -> str:
        party = self.party(request)
        if party is None or cookie is None:
            return ""
        return passkeys.to_use(party, self._challenges.make(kind, cookie, self._now_s()), allowed)

    async def signed(
        self, request: SecureRequest, kind: Kind, credential: str
    ) -> tuple[User, PasskeyUse]:
        """Whose passkey has answered what this browser was asked; raises BadPasskey."""
        answer = passkeys.read(credential)
        party = self._judged(request, kind, answer.challenge)
        return await self._passkeys.signed(party, answer, self._desk.now_ms())

    def made(self, request: SecureRequest, credential: str) -> tuple[Party, str]:
        """For whom a new passkey was made, and the challenge; raises BadPasskey."""
        challenge = passkeys.challenge_of(credential)
        return self._judged(request, "add", challenge), challenge

    def _judged(self, request: SecureRequest, kind: Kind, challenge: str) -> Party:
        party = self.party(request)
        cookie = self._cookie(request, kind)
        if party is None or not self._challenges.holds(challenge, kind, cookie, self._now_s()):
            raise BadPasskey("a challenge that is not ours, not this browser's, or old")
        return party

    def _cookie(self, request: SecureRequest, kind: Kind) -> str | None:
        if kind == "login":
            return self._desk.cookies.pre_session(request, self._now_s())
        if kind == "second":
            return self._desk.cookies.halfway(request)
        return self._desk.cookies.token(request)

    def _now_s(self) -> int:
        return self._desk.now_ms() // 1_000
