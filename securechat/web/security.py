# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""``/settings/security``: one's own second factors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from twisted.logger import Logger

from ..chat.factors import BadOffer, Factors, WrongCode
from ..chat.own_account import OwnAccount
from ..chat.passkeys import Passkeys
from ..core.encoding import b64url, from_b64url
from ..core.model import Passkey, Session
from ..core.passkeys import BadPasskey
from ..core.sentences import Sentence
from .answers import STALE, Answer
from .asking import Asking
from .desk import Desk, Throttles, go, query_of
from .forms import Form
from .moments import moment
from .passkeys import PasskeyForms, refused
from .pictures import data_address
from .site import SecureRequest

log = Logger()

NOTICES = {"removed": "security.removed"}
"""What was done before the page is shown, by the query of its address."""


class Security:
    """Each change needs a session whose owner has proven who that is, not long ago."""

    def __init__(
        self,
        desk: Desk,
        factors: Factors,
        passkeys: Passkeys,
        passkey_forms: PasskeyForms,
        own_account: OwnAccount,
        throttles: Throttles,
    ) -> None:
        self._desk = desk
        self._factors = factors
        self._passkeys = passkeys
        self._passkey_forms = passkey_forms
        self._own_account = own_account
        self._throttles = throttles
        self._changes: dict[str, Callable[[Asking], Awaitable[None]]] = {
            "app": self._add_app,
            "remove_app": self._remove_app,
            "passkey": self._add_passkey,
            "remove_passkey": self._remove_passkey,
            "recovery": self._renew_recovery,
        }

    async def show(self, request: SecureRequest) -> None:
        """GET: what there is; ``?app`` offers an app a new secret."""
        session = await self._proven_session(request)
        if session is None:
            return
        query = query_of(request)
        if query == "app":
            self._offer(Asking(request, session, Form({})))
            return
        done = NOTICES.get(query)
        await self._show(request, session, request.words()(done) if done else "")

    async def submit(self, request: SecureRequest) -> None:
        """POST: make the change that the field ``change`` says."""
        session = await self._proven_session(request)
        if session is None:
            return
        token = self._desk.cookies.token(request)
        form, answer = self._desk.form(request, self._throttles.changes, token)
        change = self._changes.get(form.get("change"))
        if answer is None and change is None:
            answer = Answer(422, "malformed_form", Sentence("settings.unknown"))
        if answer is not None:
            self._desk.refuse(request, answer)
        elif change is not None:
            await change(Asking(request, session, form))

    async def _proven_session(self, request: SecureRequest) -> Session | None:
        session = await self._desk.own_session(request)
        if session is not None and not self._factors.is_proven(session, self._desk.now_ms()):
            go(request, "/settings/confirm?security")
            return None
        return session

    async def _show(
        self,
        request: SecureRequest,
        session: Session,
        notice: str = "",
        answer: Answer | None = None,
    ) -> None:
        enrolled = await self._factors.of(session.user)
        others = await self._own_account.other_sessions(session, self._desk.now_ms())
        values: dict[str, Any] = {
            "csrf": self._csrf(request),
            "user": session.user,
            "notice": notice,
            "enrolled": enrolled,
            "passkeys": [_shown(one) for one in enrolled.passkeys],
            "device": session.device,
            "passkey": self._passkey_forms.to_add(request, session.user, enrolled.passkeys),
            "others": len(others),
        }
        if answer is None:
            self._desk.show(request, "security.html", **values)
        else:
            self._desk.show_again(request, "security.html", Form({}), answer, **values)

    def _csrf(self, request: SecureRequest) -> str:
        return self._desk.csrf.token("session", self._desk.cookies.token(request) or "")

    def _offer(self, asking: Asking, answer: Answer | None = None) -> None:
        """The page with the secret; after a wrong code with the same one."""
        request, user = asking.request, asking.session.user
        try:
            offer = self._factors.offer(user, asking.form.fields.get("offer"))
        except BadOffer:
            answer, offer = STALE, self._factors.offer(user)
        values: dict[str, Any] = {
            "csrf": self._csrf(request),
            "user": user,
            "offer": offer,
            "picture": data_address(offer.address),
        }
        if answer is None:
            self._desk.show(request, "security_app.html", **values)
        else:
            self._desk.show_again(request, "security_app.html", asking.form, answer, **values)

    async def _add_app(self, asking: Asking) -> None:
        form = asking.form
        # A secret that one has seen is guessed by nobody else, but a form may be sent for ever.
        answer = self._desk.throttled(asking.request, self._throttles.logins)
        if answer is None:
            try:
                codes = await self._factors.add_app(
                    asking.session,
                    form.get("offer"),
                    form.get("code"),
                    self._desk.now_ms(),
                    asking.request.client_address(),
                )
            except WrongCode:
                wrong = Sentence("security.app.wrong")
                answer = Answer(422, "wrong_code", Sentence("answer.fields"), {"code": wrong})
            except BadOffer:
                answer = STALE
        if answer is not None:
            self._offer(asking, answer)
            return
        log.warn(
            "{username} has a second factor now, from {address}",
            event="factor_added",
            factor="app",
            **asking.who,
        )
        self._show_codes(asking, codes, "security.app.added")

    async def _add_passkey(self, asking: Asking) -> None:
        request, form = asking.request, asking.form
        credential = form.get("credential")
        try:
            party, challenge = self._passkey_forms.made(request, credential)
            codes = await self._passkeys.add(
                asking.session,
                party,
                challenge,
                credential,
                form.get("name"),
                self._desk.now_ms(),
                request.client_address(),
            )
        except BadPasskey as error:
            answer = replace(refused(request, error), status=422)
            await self._show(request, asking.session, answer=answer)
            return
        log.warn(
            "{username} has a second factor now, from {address}",
            event="factor_added",
            factor="passkey",
            **asking.who,
        )
        self._show_codes(asking, codes, "security.passkey.added")

    async def _remove_passkey(self, asking: Asking) -> None:
        try:
            id_ = from_b64url(asking.form.get("passkey"))
        except ValueError:
            id_ = b""
        if await self._passkeys.remove(asking.session, id_, asking.request.client_address()):
            log.warn(
                "{username} has removed a second factor from {address}",
                event="factor_removed",
                factor="passkey",
                **asking.who,
            )
        go(asking.request, "/settings/security?removed")

    async def _remove_app(self, asking: Asking) -> None:
        if await self._factors.remove_app(asking.session, asking.request.client_address()):
            log.warn(
                "{username} has removed a second factor from {address}",
                event="factor_removed",
                factor="app",
                **asking.who,
            )
        go(asking.request, "/settings/security?removed")

    async def _renew_recovery(self, asking: Asking) -> None:
        codes = await self._factors.renew_recovery(asking.session, asking.request.client_address())
        if not codes:
            go(asking.request, "/settings/security")
            return
        log.warn(
            "{username} has made new recovery codes from {address}",
            event="recovery_renewed",
            **asking.who,
        )
        self._show_codes(asking, codes, "security.recovery.renewed")

    def _show_codes(self, asking: Asking, codes: tuple[str, ...], done: str) -> None:
        request = asking.request
        self._desk.show(
            request,
            "security_codes.html",
            csrf=self._csrf(request),
            user=asking.session.user,
            notice=request.words()(done),
            codes=codes,
        )


def _shown(passkey: Passkey) -> dict[str, Any]:
    """A passkey as the page shows it."""
    return {
        "reference": b64url(passkey.id),
        "name": passkey.name,
        "created": moment(passkey.created_ms),
        "used": moment(passkey.used_ms) if passkey.used_ms else None,
    }
