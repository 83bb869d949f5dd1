# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""``/settings/confirm``: a proof that it is oneself, before anything is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.logger import Logger

from ..chat.factors import Factors, WrongCode
from ..chat.own_account import WrongPassword
from ..chat.passkeys import Passkeys
from ..core.attempts import TooSoon
from ..core.errors import Busy
from ..core.model import FactorUse
from ..core.passkeys import BadPasskey
from ..core.sentences import Sentence
from ..core.trail import Kind
from .answers import Answer, cannot_now, too_soon
from .asking import Asking
from .desk import Desk, Throttles, go, query_of
from .forms import Form
from .passkeys import PasskeyForms, refused
from .site import SecureRequest

log = Logger()

AFTER_CONFIRMING = {
    "security": "/settings/security",
    "password": "/settings#password-title",
    "delete": "/settings/delete",
}
"""Where somebody goes who has proven who sits there, by what was wanted."""


class Confirming:
    """A proof that it is oneself, which is good for ten minutes and gives the session a new token.

    The query, and the field ``back``, say what it is for.
    """

    def __init__(
        self,
        desk: Desk,
        factors: Factors,
        passkeys: Passkeys,
        passkey_forms: PasskeyForms,
        throttles: Throttles,
    ) -> None:
        self._desk = desk
        self._factors = factors
        self._passkeys = passkeys
        self._passkey_forms = passkey_forms
        self._throttles = throttles

    async def show(self, request: SecureRequest) -> None:
        """GET: the form; whoever needs none is led on."""
        session = await self._desk.own_session(request)
        if session is None:
            return
        back = query_of(request)
        if self._factors.is_proven(session, self._desk.now_ms()):
            go(request, _after(back))
        else:
            await self._show(Asking(request, session, Form({"back": back})))

    async def submit(self, request: SecureRequest) -> None:
        """POST: check password and code."""
        session = await self._desk.own_session(request)
        if session is None:
            return
        token = self._desk.cookies.token(request)
        # Whoever finds an open page must not guess here faster than at the log-in.
        form, answer = self._desk.form(request, self._throttles.logins, token)
        asking = Asking(request, session, form)
        answer = answer or await self._try(asking)
        if answer is not None:
            why, user = answer.why, session.user.id
            self._desk.record(request, Kind.PASSWORD_REFUSED, user, outcome=why)
            await self._show(asking, answer)

    async def _try(self, asking: Asking) -> Answer | None:
        request, form = asking.request, asking.form
        if form.get("credential"):
            return await self._try_passkey(asking)
        try:
            token, use = await self._factors.prove(
                asking.session,
                form.get("password"),
                form.get("code"),
                self._desk.now_ms(),
                self._desk.device(request),
            )
        except WrongPassword:
            wrong = {"password": Sentence("settings.password.wrong")}
            return Answer(422, "wrong_password", Sentence("answer.fields"), wrong)
        except WrongCode:
            wrong = {"code": Sentence("second.wrong")}
            return Answer(422, "wrong_code", Sentence("answer.fields"), wrong)
        except Busy as error:
            return cannot_now(error)
        except TooSoon as error:
            return too_soon(error)
        self._go_on(asking, token, use)
        return None

    async def _try_passkey(self, asking: Asking) -> Answer | None:
        request = asking.request
        try:
            user, use = await self._passkey_forms.signed(
                request, "confirm", asking.form.get("credential")
            )
            token = await self._passkeys.prove(
                asking.session, user, use, self._desk.now_ms(), self._desk.device(request)
            )
        except BadPasskey as error:
            return replace(refused(request, error), status=422)
        self._go_on(asking, token, use)
        return None

    def _go_on(self, asking: Asking, token: str, use: FactorUse | None) -> None:
        request = asking.request
        self._desk.sign_in(request, asking.session.user, token)
        self._desk.note_use(request, asking.session.user, use)
        self._desk.record(request, Kind.CONFIRMED, asking.session.user.id)
        log.info(
            "{username} has confirmed who it is from {address}", event="confirmed", **asking.who
        )
        go(request, _after(asking.form.get("back")))

    async def _show(self, asking: Asking, answer: Answer | None = None) -> None:
        request = asking.request
        enrolled = await self._factors.of(asking.session.user)
        allowed = enrolled.passkeys
        values: dict[str, Any] = {
            "csrf": self._desk.csrf.token("session", self._desk.cookies.token(request) or ""),
            "user": asking.session.user,
            "enrolled": enrolled,
            "passkey": self._passkey_forms.to_use(request, "confirm", allowed) if allowed else "",
            "back": asking.form.get("back") if asking.form.get("back") in AFTER_CONFIRMING else "",
        }
        if answer is None:
            self._desk.show(request, "confirm.html", **values)
        else:
            self._desk.show_again(request, "confirm.html", asking.form, answer, **values)


def _after(back: str) -> str:
    return AFTER_CONFIRMING.get(back, "/settings/security")
