# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""Logging in by a passkey alone."""

from __future__ import annotations

from ..chat.passkeys import Passkeys
from ..core.errors import Unavailable
from ..core.model import UserId
from ..core.passkeys import BadPasskey
from ..core.trail import Kind
from .answers import Answer, cannot_now, outcome
from .desk import Desk, Throttles, go
from .forms import Form
from .passkeys import PasskeyForms, refused
from .second import afterwards, invite_of
from .site import SecureRequest, WebMetrics


class PasskeyLogin:
    """``POST /login/passkey``: a passkey alone, whose device has made sure who holds it."""

    def __init__(
        self,
        desk: Desk,
        forms: PasskeyForms,
        passkeys: Passkeys,
        metrics: WebMetrics,
        throttles: Throttles,
    ) -> None:
        self._desk = desk
        self._forms = forms
        self._passkeys = passkeys
        self._metrics = metrics
        self._throttles = throttles

    async def submit(self, request: SecureRequest) -> None:
        """Log in, or show the log-in page and say that it was none."""
        form, answer = self._desk.form(request, self._throttles.logins)
        invite = invite_of(form.get("join"))
        whose: UserId | None = None
        try:
            answer = answer or await self._try(request, form, invite)
        except BadPasskey as error:
            whose, answer = error.whose, refused(request, error)
        if answer is not None:
            self._metrics.login(outcome(answer))
            why = answer.why
            self._desk.record(request, Kind.LOG_IN_REFUSED, whose, outcome=why, is_user=False)
            values = self._forms.at_login(request)
            self._desk.show_again(request, "login.html", Form({}), answer, invite=invite, **values)

    async def _try(self, request: SecureRequest, form: Form, invite: str) -> Answer | None:
        try:
            user, use = await self._forms.signed(request, "login", form.get("credential"))
            token = await self._passkeys.log_in(
                user,
                use,
                self._desk.now_ms(),
                self._desk.cookies.token(request),
                self._desk.device(request),
            )
        except Unavailable as error:
            return cannot_now(error)
        self._desk.let_in(request, user, token, use)
        go(request, afterwards(invite))
        return None
