# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""``/settings``: one's own name, password and sessions, and what is chosen for this browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.logger import Logger

from ..chat.accounts import InvalidFields
from ..chat.factors import Factors
from ..chat.own_account import OwnAccount, WrongPassword
from ..core.attempts import TooSoon
from ..core.errors import Busy
from ..core.model import Session, reference_of
from ..core.sentences import Sentence
from ..core.trail import Kind
from .answers import Answer, cannot_now, not_accepted, too_soon
from .asking import Asking
from .desk import Desk, Throttles, go, query_of
from .moments import moment
from .site import SecureRequest

log = Logger()

NOTICES = {
    "name": "settings.profile.changed",
    "password": "settings.password.changed",
    "session": "settings.sessions.ended_one",
    "sessions": "settings.sessions.ended_others",
}
"""What was done before the page is shown, by the query of its address."""


class Settings:
    """One page of many small forms, which say by the field ``change`` what they are for."""

    def __init__(
        self, desk: Desk, own_account: OwnAccount, factors: Factors, throttles: Throttles
    ) -> None:
        self._desk = desk
        self._own_account = own_account
        self._factors = factors
        self._throttles = throttles
        self._changes: dict[str, Callable[[Asking], Awaitable[Answer | None]]] = {
            "name": self._rename,
            "password": self._change_password,
            "session": self._end_one,
            "sessions": self._end_others,
        }

    async def show(self, request: SecureRequest) -> None:
        """GET: the page."""
        session = await self._desk.own_session(request)
        if session is None:
            return
        values = await self._values(request, session)
        done = NOTICES.get(query_of(request))
        values["notice"] = request.words()(done) if done else ""
        self._desk.show(request, "settings.html", **values)

    async def submit(self, request: SecureRequest) -> None:
        """POST: make the change, and show the page anew; or say what is wrong with it."""
        session = await self._desk.own_session(request)
        if session is None:
            return
        token = self._desk.cookies.token(request)
        form, answer = self._desk.form(request, self._throttles.changes, token)
        change = self._changes.get(form.get("change"))
        if answer is None and change is None:
            answer = Answer(422, "malformed_form", Sentence("settings.unknown"))
        if answer is None and change is not None:
            answer = await change(Asking(request, session, form))
        if answer is None:
            go(request, f"/settings?{form.get('change')}")
            return
        values = await self._values(request, session)
        values["values"] = {"fullname": form.fields.get("fullname", session.user.full_name)}
        self._desk.show_again(request, "settings.html", form, answer, **values)

    async def _rename(self, asking: Asking) -> Answer | None:
        try:
            await self._own_account.rename(asking.session.user, asking.form.get("fullname"))
        except InvalidFields as error:
            return not_accepted(error)
        self._record(asking, Kind.RENAMED)
        log.info(
            "{username} has another full name now, from {address}", event="renamed", **asking.who
        )
        return None

    async def _change_password(self, asking: Asking) -> Answer | None:
        request, form = asking.request, asking.form
        if await self._factors.must_prove(asking.session, self._desk.now_ms()):
            return Answer(403, "unproven", Sentence("settings.password.confirm"))
        # Whoever finds an open page must not guess here faster than at the log-in.
        answer = self._desk.throttled(request, self._throttles.logins)
        if answer is not None:
            return answer
        try:
            token = await self._own_account.change_password(
                asking.session,
                form.get("current"),
                form.get("password"),
                form.get("confirm"),
                self._desk.now_ms(),
                self._desk.device(request),
            )
        except WrongPassword:
            self._record(asking, Kind.PASSWORD_REFUSED, "wrong_password")
            wrong = {"current": Sentence("settings.password.wrong")}
            return Answer(422, "wrong_password", Sentence("answer.fields"), wrong)
        except InvalidFields as error:
            return not_accepted(error)
        except Busy as error:
            return cannot_now(error)
        except TooSoon as error:
            self._record(asking, Kind.PASSWORD_REFUSED, "throttled_account")
            return too_soon(error)
        self._desk.sign_in(request, asking.session.user, token)
        log.info(
            "{username} has changed the password from {address}",
            event="password_changed",
            **asking.who,
        )
        return None

    async def _end_one(self, asking: Asking) -> Answer | None:
        reference = asking.form.get("session")
        ended = await self._own_account.end_one(asking.session, reference, self._desk.now_ms())
        # One that has ended meanwhile is what was asked for.
        if ended:
            self._record(asking, Kind.SESSIONS_ENDED)
            log.info(
                "{username} has ended another session from {address}",
                event="sessions_ended",
                **asking.who,
            )
        return None

    async def _end_others(self, asking: Asking) -> Answer | None:
        await self._own_account.end_others(asking.session)
        self._record(asking, Kind.SESSIONS_ENDED)
        log.info(
            "{username} has ended all other sessions from {address}",
            event="sessions_ended",
            **asking.who,
        )
        return None

    def _record(self, asking: Asking, kind: Kind, outcome: str = "done") -> None:
        self._desk.record(asking.request, kind, asking.session.user.id, outcome=outcome)

    async def _values(self, request: SecureRequest, session: Session) -> dict[str, Any]:
        others = await self._own_account.other_sessions(session, self._desk.now_ms())
        token = self._desk.cookies.token(request) or ""
        return {
            "csrf": self._desk.csrf.token("session", token),
            "user": session.user,
            "values": {"fullname": session.user.full_name},
            "mine": _shown(session),
            "others": [_shown(one) for one in others],
            "enrolled": await self._factors.of(session.user),
            "must_confirm": await self._factors.must_prove(session, self._desk.now_ms()),
        }


def _shown(session: Session) -> dict[str, Any]:
    """A session as the page shows it; nothing in it opens one."""
    return {
        "reference": reference_of(session.digest),
        "browser": session.device.browser,
        "platform": session.device.platform,
        "created": moment(session.created_ms),
        "seen": moment(session.seen_ms),
    }
