# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""Registering, logging in and out."""

from __future__ import annotations

from twisted.logger import Logger

from ..chat.accounts import Accounts, FactorAsked, WrongPair
from ..chat.administration import Administration
from ..core.attempts import TooSoon
from ..core.errors import Busy, Unavailable
from ..core.model import UserId
from ..core.sentences import Sentence
from ..core.trail import Kind
from .answers import (
    CLOSED,
    INVITED_ONLY,
    NOT_ACCEPTED,
    Answer,
    cannot_now,
    not_accepted,
    outcome,
    too_soon,
)
from .desk import Desk, Throttles, body_of, go, note, query_of
from .forms import Form, read_form
from .passkeys import PasskeyForms
from .second import SecondStep, afterwards, invite_in, invite_of
from .sessions import came_from_us
from .site import SecureRequest, WebMetrics

log = Logger()

WRONG_PAIR = Answer(401, "wrong_pair", Sentence("answer.wrong_pair"))


class Entering:
    """The forms through which people come in, and the button through which they leave."""

    def __init__(
        self,
        desk: Desk,
        accounts: Accounts,
        administration: Administration,
        second: SecondStep,
        passkey_forms: PasskeyForms,
        metrics: WebMetrics,
        throttles: Throttles,
    ) -> None:
        self._desk = desk
        self._accounts = accounts
        self._administration = administration
        self._second = second
        self._passkey_forms = passkey_forms
        self._metrics = metrics
        self._throttles = throttles

    async def show_register(self, request: SecureRequest) -> None:
        """GET /register"""
        if await self._desk.session(request) is not None:
            go(request, "/")
            return
        shut = await self._shut()
        if shut is not None:
            self._desk.show_again(request, "register.html", Form({}), shut)
        else:
            self._desk.show(request, "register.html")

    async def register(self, request: SecureRequest) -> None:
        """POST /register"""
        form, answer = self._desk.form(request, self._throttles.registrations)
        try:
            answer = answer or await self._shut() or await self._try_register(request, form)
        except (Busy, Unavailable) as error:
            answer = cannot_now(error)
        if answer is not None:
            self._desk.show_again(request, "register.html", form, answer)

    async def _shut(self) -> Answer | None:
        registration = await self._administration.registration()
        return {"open": None, "invite": INVITED_ONLY, "closed": CLOSED}[registration]

    async def _try_register(self, request: SecureRequest, form: Form) -> Answer | None:
        try:
            session, token = await self._accounts.register(
                form.get("fullname"),
                form.get("username"),
                form.get("password"),
                form.get("confirm"),
                self._desk.now_ms(),
                replacing=self._desk.cookies.token(request),
                device=self._desk.device(request),
            )
        except NOT_ACCEPTED as error:
            return not_accepted(error)
        self._desk.welcome(request, session, token)
        go(request, "/")
        return None

    async def show_login(self, request: SecureRequest) -> None:
        """GET /login; ``?join=TOKEN`` leads back to the invite afterwards."""
        query = query_of(request)
        invite = invite_in(query)
        if await self._desk.session(request) is not None:
            go(request, afterwards(invite))
            return
        notice = query if query in ("ended", "deleted") else "invited" if invite else ""
        await self._learn_registration(request)
        values = self._passkey_forms.at_login(request)
        self._desk.show(request, "login.html", notice=notice, invite=invite, **values)

    async def _learn_registration(self, request: SecureRequest) -> None:
        # The page offers to make an account where one can be made; it is there without a database.
        try:
            await self._administration.registration()
        except Unavailable:
            note(request, "unavailable")

    async def login(self, request: SecureRequest) -> None:
        """POST /login"""
        form, answer = self._desk.form(request, self._throttles.logins)
        whose: UserId | None = None
        invite = invite_of(form.get("join"))
        if answer is None:
            try:
                answer = await self._try_login(request, form, invite)
            except WrongPair as wrong:
                whose, answer = wrong.whose, WRONG_PAIR
        if answer is not None:
            self._metrics.login(outcome(answer))
            why = answer.why
            self._desk.record(request, Kind.LOG_IN_REFUSED, whose, outcome=why, is_user=False)
            values = self._passkey_forms.at_login(request)
            self._desk.show_again(request, "login.html", form, answer, invite=invite, **values)

    async def _try_login(self, request: SecureRequest, form: Form, invite: str) -> Answer | None:
        try:
            session, token = await self._accounts.log_in(
                form.get("username"),
                form.get("password"),
                self._desk.now_ms(),
                replacing=self._desk.cookies.token(request),
                device=self._desk.device(request),
                source=self._desk.source(request, form.get("username")),
            )
        except FactorAsked as asked:
            return await self._second.ask(request, asked, invite)
        except TooSoon as error:
            return too_soon(error)
        except (Busy, Unavailable) as error:
            return cannot_now(error)
        self._desk.let_in(request, session.user, token)
        go(request, afterwards(invite))
        return None

    async def logout(self, request: SecureRequest) -> None:
        """POST /logout"""
        token = self._desk.cookies.token(request)
        form = read_form(body_of(request))
        held = self._desk.csrf.holds("session", token, form.get("csrf"))
        if not came_from_us(request, self._desk.origins) or (token is not None and not held):
            note(request, "csrf")
            request.refuse(403)
            return
        session = await self._desk.session(request)
        await self._accounts.log_out(token)
        if session is not None:
            self._desk.record(request, Kind.LOGGED_OUT, session.user.id)
        self._desk.cookies.sign_out(request)
        # "cache": Back shows no page of before. "storage": whoever logs out leaves the machine, and
        # unsent drafts are messages in the clear. Not "cookies": that would end sessions of other
        # services on this host name.
        request.setHeader(b"Clear-Site-Data", b'"cache", "storage"')
        log.info(
            "somebody logged out from {address}",
            event="logged_out",
            address=request.client_address(),
        )
        go(request, "/login")
