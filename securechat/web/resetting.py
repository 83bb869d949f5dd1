# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""``/reset/TOKEN``: a new password for whoever holds a one-time link."""

from __future__ import annotations

from twisted.logger import Logger

from ..chat.administration import Administration, WrongToken
from ..core.model import User
from ..core.sentences import Sentence
from .answers import NOT_ACCEPTED, Answer, not_accepted
from .desk import Desk, Throttles, go
from .forms import Form
from .site import SecureRequest

log = Logger()

OVER = Answer(404, "reset", Sentence("reset.over"))


class Resetting:
    """The link works once and for a day, and ends every session there is."""

    def __init__(self, desk: Desk, administration: Administration, throttles: Throttles) -> None:
        self._desk = desk
        self._administration = administration
        self._throttles = throttles

    async def show(self, request: SecureRequest, token: str) -> None:
        """GET: the form."""
        answer = self._desk.throttled(request, self._throttles.links)
        if answer is not None:
            self._desk.refuse(request, answer)
            return
        try:
            user = await self._administration.reset_of(token, self._desk.now_ms())
        except WrongToken:
            self._desk.show_again(request, "over.html", Form({}), OVER)
            return
        self._desk.show(request, "reset.html", action=f"/reset/{token}", whose=user)

    async def submit(self, request: SecureRequest, token: str) -> None:
        """POST: set the password, and begin a new session."""
        form, answer = self._desk.form(request, self._throttles.logins)
        answer = answer or self._desk.throttled(request, self._throttles.links)
        user: User | None = None
        try:
            # Whose link it is, if anybody's, is looked up for those alone who may ask.
            if answer is None:
                user = await self._administration.reset_of(token, self._desk.now_ms())
                answer = await self._try(request, token, form)
        except WrongToken:
            self._desk.show_again(request, "over.html", Form({}), OVER)
            return
        if answer is not None:
            values = {"action": f"/reset/{token}", "whose": user}
            self._desk.show_again(request, "reset.html", form, answer, **values)

    async def _try(self, request: SecureRequest, token: str, form: Form) -> Answer | None:
        try:
            user, cookie = await self._administration.reset(
                token,
                form.get("password"),
                form.get("confirm"),
                self._desk.now_ms(),
                replacing=self._desk.cookies.token(request),
                device=self._desk.device(request),
            )
        except NOT_ACCEPTED as error:
            return not_accepted(error)
        log.warn(
            "{username} has set a new password from {address}",
            event="password_reset",
            username=user.username,
            user=user.id,
            address=request.client_address(),
        )
        if cookie is None:
            go(request, "/login")
        else:
            self._desk.sign_in(request, user, cookie)
            go(request, "/")
        return None
