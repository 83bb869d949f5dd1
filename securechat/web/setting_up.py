# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""``/setup``: the first administrator, with the one-time token that the daemon prints."""

from __future__ import annotations

import re
from typing import cast

from twisted.logger import Logger

from ..chat.administration import Administration, WrongToken
from ..chat.invitations import Invitations
from ..core.commands import INVITE_DAYS
from ..core.errors import Unavailable
from ..core.model import Registration, User
from ..core.sentences import Sentence
from .answers import NOT_ACCEPTED, Answer, cannot_now, not_accepted, wrong_fields
from .desk import Desk, Throttles, note, query_of
from .forms import Form
from .pictures import data_address
from .site import SecureRequest, WebMetrics

log = Logger()

NO_TOKEN = Answer(403, "setup_token", Sentence("setup.no_token"))

_CHOICES = ("open", "invite")
_TOKEN = re.compile(r"token=([A-Za-z0-9_-]{43})")


class SettingUp:
    """There while no administrator is; afterwards nothing is at this address, for good."""

    def __init__(
        self,
        desk: Desk,
        administration: Administration,
        invitations: Invitations,
        metrics: WebMetrics,
        throttles: Throttles,
    ) -> None:
        self._desk = desk
        self._administration = administration
        self._invitations = invitations
        self._metrics = metrics
        self._throttles = throttles

    async def show(self, request: SecureRequest) -> None:
        """GET: the form."""
        found = _TOKEN.fullmatch(query_of(request))
        token = found[1] if found is not None else ""
        if await self._may(request, token):
            self._desk.show(request, "setup.html", token=token)

    async def submit(self, request: SecureRequest) -> None:
        """POST: make the administrator, and show the way to invite the others."""
        form, answer = self._desk.form(request, self._throttles.registrations)
        token = form.get("token")
        try:
            if not await self._may(request, token):
                return
            if answer is None:
                answer = await self._try(request, form)
        except Unavailable as error:
            answer = cannot_now(error)
        if answer is NO_TOKEN:
            self._over(request)
        elif answer is not None:
            self._desk.show_again(request, "setup.html", form, answer, token=token)

    async def _may(self, request: SecureRequest, token: str) -> bool:
        answer = self._desk.throttled(request, self._throttles.links)
        if answer is None and await self._administration.is_set_up():
            self._over(request)
            return False
        if answer is None and not self._administration.may_set_up(token):
            answer = NO_TOKEN
        if answer is not None:
            self._desk.refuse(request, answer)
        return answer is None

    def _over(self, request: SecureRequest) -> None:
        note(request, "set_up")
        request.refuse(404)

    async def _try(self, request: SecureRequest, form: Form) -> Answer | None:
        registration = form.get("registration")
        if registration not in _CHOICES:
            return wrong_fields({"registration": Sentence("setup.choose")})
        try:
            session, token = await self._administration.set_up(
                form.get("fullname"),
                form.get("username"),
                form.get("password"),
                form.get("confirm"),
                cast("Registration", registration),
                self._desk.now_ms(),
                replacing=self._desk.cookies.token(request),
                device=self._desk.device(request),
            )
        except WrongToken:
            return NO_TOKEN
        except NOT_ACCEPTED as error:
            return not_accepted(error)
        self._metrics.registered()
        self._note(session.user, request)
        self._desk.sign_in(request, session.user, token)
        await self._show_done(request, session.user, token)
        return None

    def _note(self, user: User, request: SecureRequest) -> None:
        log.warn(
            "{username} is the first administrator, from {address}",
            event="set_up",
            username=user.username,
            user=user.id,
            address=request.client_address(),
        )

    async def _show_done(self, request: SecureRequest, user: User, token: str) -> None:
        invite = await self._invitations.to_general(user.id)
        link = f"{self._desk.origins.home}/join/{invite}" if invite else ""
        self._desk.show(
            request,
            "setup_done.html",
            csrf=self._desk.csrf.token("session", token),
            user=user,
            registration=await self._administration.registration(),
            link=link,
            days=INVITE_DAYS,
            picture=data_address(link) if link else "",
        )
