# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""``/settings/delete``: somebody's own account goes, and if they want, all that they wrote."""

from __future__ import annotations

from typing import Any

from twisted.logger import Logger

from ..chat.factors import Factors
from ..chat.own_account import OwnAccount, WrongPassword
from ..core.attempts import TooSoon
from ..core.errors import Busy, Refused
from ..core.model import Session
from ..core.sentences import Sentence
from ..core.trail import Kind
from .answers import Answer, cannot_now, too_soon
from .desk import Desk, Throttles, go
from .forms import Form
from .site import SecureRequest

log = Logger()

LAST = Answer(409, "last_administrator", Sentence("error.forbidden.last_administrator"))
WRITTEN = ("keep", "erase")
"""What becomes of messages, by the field ``written``."""


class Deleting:
    """A page of its own, since nothing brings back what it does."""

    def __init__(
        self, desk: Desk, own_account: OwnAccount, factors: Factors, throttles: Throttles
    ) -> None:
        self._desk = desk
        self._own_account = own_account
        self._factors = factors
        self._throttles = throttles

    async def show(self, request: SecureRequest) -> None:
        """GET: the form, and what happens, in words."""
        session = await self._session(request)
        if session is not None:
            self._desk.show(request, "delete.html", **self._values(request, session))

    async def submit(self, request: SecureRequest) -> None:
        """POST: erase the account; the browser keeps nothing of it."""
        session = await self._session(request)
        if session is None:
            return
        token = self._desk.cookies.token(request)
        form, answer = self._desk.form(request, self._throttles.logins, token)
        if answer is None and form.get("written") not in WRITTEN:
            answer = Answer(422, "malformed_form", Sentence("settings.unknown"))
        answer = answer or await self._delete(request, session, form)
        if answer is not None:
            values = self._values(request, session) | {"written": form.get("written")}
            self._desk.show_again(request, "delete.html", form, answer, **values)

    async def _delete(self, request: SecureRequest, session: Session, form: Form) -> Answer | None:
        messages, whose = form.get("written") == "erase", session.user.id
        try:
            await self._own_account.delete(
                session, form.get("current"), messages, self._desk.now_ms()
            )
        except WrongPassword:
            self._desk.record(request, Kind.PASSWORD_REFUSED, whose, outcome="wrong_password")
            wrong = {"current": Sentence("settings.password.wrong")}
            return Answer(422, "wrong_password", Sentence("answer.fields"), wrong)
        except Refused:
            return LAST
        except Busy as error:
            return cannot_now(error)
        except TooSoon as error:
            self._desk.record(request, Kind.PASSWORD_REFUSED, whose, outcome="throttled_account")
            return too_soon(error)
        log.info(
            "an account was deleted from {address}",
            event="account_deleted",
            user=whose,
            address=request.client_address(),
        )
        self._desk.cookies.sign_out(request)
        request.setHeader(b"Clear-Site-Data", b'"cache", "storage"')
        go(request, "/login?deleted")
        return None

    async def _session(self, request: SecureRequest) -> Session | None:
        """Who asks; whoever has a second factor has given it not long ago."""
        session = await self._desk.own_session(request)
        if session is None:
            return None
        if await self._factors.must_prove(session, self._desk.now_ms()):
            go(request, "/settings/confirm?delete")
            return None
        return session

    def _values(self, request: SecureRequest, session: Session) -> dict[str, Any]:
        token = self._desk.cookies.token(request) or ""
        csrf = self._desk.csrf.token("session", token)
        return {"csrf": csrf, "user": session.user, "written": "keep"}
