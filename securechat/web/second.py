# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""``/login/second``: the second factor of whoever has given the right password."""

from __future__ import annotations

import re
from typing import Any

from ..chat.accounts import FactorAsked
from ..chat.factors import HALFWAY_MS, Factors, Over, WrongCode
from ..core.attempts import TooSoon
from ..core.errors import Unavailable
from ..core.model import Enrolled, PasskeyUse, User, UserId
from ..core.passkeys import BadPasskey
from ..core.sentences import Sentence
from ..core.trail import Kind
from .answers import Answer, cannot_now, outcome, too_soon
from .desk import Desk, Throttles, go, note, query_of
from .forms import Form
from .passkeys import REFUSED, PasskeyForms, refused
from .site import SecureRequest, WebMetrics

OVER = Answer(401, "second_over", Sentence("second.over"))

_INVITE = re.compile(r"[A-Za-z0-9_-]{43}")


class SecondStep:
    """A cookie says which log-in is half done; ``?join=TOKEN`` leads back to an invite."""

    def __init__(
        self,
        desk: Desk,
        factors: Factors,
        passkey_forms: PasskeyForms,
        metrics: WebMetrics,
        throttles: Throttles,
    ) -> None:
        self._desk = desk
        self._factors = factors
        self._passkey_forms = passkey_forms
        self._metrics = metrics
        self._throttles = throttles

    async def ask(self, request: SecureRequest, asked: FactorAsked, invite: str) -> Answer | None:
        """Ask for the rest after a right password; the answer where that cannot be done."""
        try:
            token = await self._factors.begin(asked.user, asked.proof, self._desk.now_ms())
        except Unavailable as error:
            return cannot_now(error)
        self._desk.cookies.keep_halfway(request, token, HALFWAY_MS // 1_000)
        go(request, "/login/second" + (f"?join={invite}" if invite else ""))
        return None

    async def show(self, request: SecureRequest) -> None:
        """GET: the form, where a log-in waits in this browser."""
        invite = invite_in(query_of(request))
        token = self._desk.cookies.halfway(request)
        halfway = await self._factors.waiting(token, self._desk.now_ms())
        if halfway is None:
            go(request, "/login" + (f"?join={invite}" if invite else ""))
            return
        values = await self._values(request, halfway.user)
        self._desk.show(request, "second.html", invite=invite, **values)

    async def _values(self, request: SecureRequest, user: User) -> dict[str, Any]:
        enrolled = await self._factors.of(user)
        allowed = enrolled.passkeys
        passkey = self._passkey_forms.to_use(request, "second", allowed) if allowed else ""
        return {"enrolled": enrolled, "passkey": passkey}

    async def submit(self, request: SecureRequest) -> None:
        """POST: log in, or say that it was not the code."""
        form, answer = self._desk.form(request, self._throttles.logins)
        invite = invite_of(form.get("join"))
        whose: UserId | None = None
        if answer is None:
            try:
                whose = await self._whose(request)
                answer = await self._try(request, form, invite)
            except Unavailable as error:
                answer = cannot_now(error)
        if answer is None:
            return
        self._metrics.login(outcome(answer))
        why = answer.why
        self._desk.record(request, Kind.LOG_IN_REFUSED, whose, outcome=why, is_user=False)
        if answer is not OVER:
            await self._show_again(request, form, answer, invite)
            return
        self._desk.cookies.drop_halfway(request)
        values = self._passkey_forms.at_login(request)
        self._desk.show_again(request, "login.html", Form({}), answer, invite=invite, **values)

    async def _whose(self, request: SecureRequest) -> UserId | None:
        token = self._desk.cookies.halfway(request)
        halfway = await self._factors.waiting(token, self._desk.now_ms())
        return None if halfway is None else halfway.user.id

    async def _show_again(
        self, request: SecureRequest, form: Form, answer: Answer, invite: str
    ) -> None:
        values: dict[str, Any] = {"enrolled": Enrolled(), "passkey": ""}
        try:
            token = self._desk.cookies.halfway(request)
            halfway = await self._factors.waiting(token, self._desk.now_ms())
            if halfway is not None:
                values = await self._values(request, halfway.user)
        except Unavailable:
            note(request, "unavailable")
        self._desk.show_again(request, "second.html", form, answer, invite=invite, **values)

    async def _try(self, request: SecureRequest, form: Form, invite: str) -> Answer | None:
        given: str | PasskeyUse = form.get("code")
        try:
            if form.get("credential"):
                _, given = await self._passkey_forms.signed(
                    request, "second", form.get("credential")
                )
            user, token, use = await self._factors.finish(
                self._desk.cookies.halfway(request),
                given,
                self._desk.now_ms(),
                replacing=self._desk.cookies.token(request),
                device=self._desk.device(request),
                source_of=lambda username: self._desk.source(request, username),
            )
        except BadPasskey as error:
            return refused(request, error)
        except WrongCode:
            if isinstance(given, PasskeyUse):
                return REFUSED
            wrong = Sentence("second.wrong")
            return Answer(401, "wrong_code", Sentence("answer.fields"), {"code": wrong})
        except Over:
            return OVER
        except TooSoon as error:
            return too_soon(error)
        self._desk.cookies.drop_halfway(request)
        self._desk.let_in(request, user, token, use)
        go(request, afterwards(invite))
        return None


def invite_of(text: str) -> str:
    """``text`` where it may be the token of an invite; else nothing."""
    return text if _INVITE.fullmatch(text) else ""


def invite_in(query: str) -> str:
    """The token of the invite that this query names."""
    return invite_of(query.removeprefix("join=")) if query.startswith("join=") else ""


def afterwards(invite: str) -> str:
    """Only this one form of address: a log-in leads to nowhere that somebody else has written."""
    return f"/join/{invite}" if invite else "/"
