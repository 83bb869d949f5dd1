# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""What all pages with a form share: forms are taken in, pages handed out, people signed in."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from twisted.logger import Logger

from ..chat.accounts import Accounts
from ..chat.sessions import DAY_MS
from ..core.buckets import Buckets, address_key
from ..core.devices import device_of
from ..core.model import (
    AppUse,
    Device,
    FactorUse,
    PasskeyUse,
    RecoveryUse,
    Registration,
    Session,
    User,
    UserId,
)
from ..core.names import BadName, fold_username
from ..core.ports import Audit
from ..core.sentences import Sentence
from ..core.settings import Limits
from ..core.trail import Deed, Kind
from . import headers
from .answers import STALE, Answer, Sentences, throttled
from .forms import Form, is_form, read_form
from .known_browsers import KnownBrowsers
from .origins import Origins
from .sessions import Cookies, Csrf, came_from_us
from .site import SecureRequest, WebMetrics
from .static import takes_gzip
from .templates import Templates

log = Logger()

_FACTORS = {type(None): "none", AppUse: "app", RecoveryUse: "recovery", PasskeyUse: "passkey"}


@dataclass(frozen=True, kw_only=True)
class Throttles:
    """Attempts by client address; ``links`` counts the look-ups of secret links of every kind.

    ``changes`` counts the forms of people who are logged in.
    """

    logins: Buckets
    registrations: Buckets
    changes: Buckets
    links: Buckets


class Desk:
    """A form that fails is answered with its page and what was typed in it."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        limits: Limits,
        origins: Origins,
        cookies: Cookies,
        csrf: Csrf,
        known_browsers: KnownBrowsers,
        templates: Templates,
        known_registration: Callable[[], Registration],
        metrics: WebMetrics,
        audit: Audit,
        wall_clock_ms: Callable[[], int],
        seconds: Callable[[], float],
    ) -> None:
        self._accounts = accounts
        self._limits = limits
        self._known_registration = known_registration
        self._known_browsers = known_browsers
        self._metrics = metrics
        self._audit = audit
        self._seconds = seconds
        self.origins = origins
        self.cookies = cookies
        self.csrf = csrf
        self.templates = templates
        self.now_ms = wall_clock_ms

    async def session(self, request: SecureRequest) -> Session | None:
        """The browser's living session."""
        return await self._accounts.session_of(self.cookies.token(request), self.now_ms())

    async def own_session(self, request: SecureRequest) -> Session | None:
        """The same; whoever is not logged in is sent to do so."""
        session = await self.session(request)
        if session is None:
            go(request, "/login?ended" if self.cookies.token(request) else "/login")
        return session

    def device(self, request: SecureRequest) -> Device:
        """What the browser calls itself, and where it is."""
        return replace(device_of(request.user_agent()), address=request.client_address())

    def record(
        self,
        request: SecureRequest,
        kind: Kind,
        user: UserId | None,
        *,
        outcome: str = "done",
        is_user: bool = True,
    ) -> None:
        """Have the audit log say what was done, or refused, from here to the account of ``user``.

        ``is_user``: by that very person, as far as we know; else by nobody knows whom.
        """
        actor = user if is_user else None
        self._audit.record(Deed(kind, actor, user, outcome, address=request.client_address()))

    def form(
        self, request: SecureRequest, throttle: Buckets, session_token: str | None = None
    ) -> tuple[Form, Answer | None]:
        """The form, and the answer where it goes no further.

        ``session_token``: the form was made for this session, not for a browser without one.
        """
        if not is_form(request):
            return Form({}), Answer(415, "not_a_form", Sentence("status.415.text"))
        form = read_form(body_of(request))
        if not came_from_us(request, self.origins):
            return form, Answer(403, "origin", Sentence("answer.origin"))
        if not self._is_ours(request, form, session_token):
            return form, STALE
        answer = self.throttled(request, throttle)
        if answer is None and form.problem is not None:
            answer = Answer(422, "malformed_form", form.problem)
        return form, answer

    def _is_ours(self, request: SecureRequest, form: Form, session_token: str | None) -> bool:
        if session_token is not None:
            return self.csrf.holds("session", session_token, form.get("csrf"))
        cookie = self.cookies.pre_session(request, self._now_s())
        return self.csrf.holds("pre-session", cookie, form.get("csrf"))

    def throttled(self, request: SecureRequest, throttle: Buckets) -> Answer | None:
        """Count an attempt of this address; the answer where there were too many."""
        wait_s = throttle.wait_s(address_key(request.client_address()), self._seconds())
        return throttled("throttled", wait_s) if wait_s > 0 else None

    def welcome(self, request: SecureRequest, session: Session, token: str) -> None:
        """Sign somebody in who has just made this account."""
        log.info(
            "{username} registered from {address}",
            event="registered",
            username=session.user.username,
            user=session.user.id,
            address=request.client_address(),
        )
        self._metrics.registered()
        self.sign_in(request, session.user, token)

    def let_in(
        self, request: SecureRequest, user: User, token: str, use: FactorUse | None = None
    ) -> None:
        """Sign somebody in who has logged in, by ``use`` of a second factor or without one."""
        log.info(
            "{username} logged in from {address}",
            event="logged_in",
            username=user.username,
            user=user.id,
            address=request.client_address(),
            factor=_FACTORS[type(use)],
        )
        self._metrics.login("ok")
        self.note_use(request, user, use)
        self.sign_in(request, user, token)

    def note_use(self, request: SecureRequest, user: User, use: FactorUse | None) -> None:
        """Tell the log of what is used seldom, and less often by its owner than other factors."""
        if isinstance(use, RecoveryUse):
            log.warn(
                "{username} has used a recovery code from {address}",
                event="recovery_used",
                username=user.username,
                user=user.id,
                address=request.client_address(),
            )

    def source(self, request: SecureRequest, username: str) -> str:
        """A word for the browser of somebody who has been this user in it, else empty."""
        try:
            return self._known_browsers.source(request, fold_username(username), self._now_s())
        except BadName:
            return ""

    def sign_in(self, request: SecureRequest, user: User, token: str) -> None:
        """Hand the browser its session, and have it remember whose it was."""
        self._known_browsers.remember(request, user.username, self._now_s())
        self.cookies.sign_in(request, token, self._limits.session_days * DAY_MS // 1_000)

    def show_again(
        self,
        request: SecureRequest,
        template: str,
        form: Form,
        answer: Answer,
        **values: Any,
    ) -> None:
        """The page with what was typed and what is wrong with it."""
        note(request, answer.why)
        kept = {name: form.get(name) for name in ("fullname", "username", "registration")}
        if answer.retry_after is not None:
            request.setHeader(b"Retry-After", str(answer.retry_after).encode())
        words = request.words()
        errors = answer.errors or {}
        told: dict[str, Any] = {
            "values": kept,
            "errors": Sentences({field: words.say(why) for field, why in errors.items()}),
            "summary": words.say(answer.summary) if answer.summary else "",
            "retry_after": answer.retry_after,
        }
        self.show(request, template, status=answer.status, **(told | values))

    def show(self, request: SecureRequest, template: str, status: int = 200, **values: Any) -> None:
        """A page; its form is for a browser without a session unless ``values`` hold a ``csrf``."""
        if "csrf" not in values:
            cookie = self.cookies.keep_pre_session(request, self._now_s())
            values["csrf"] = self.csrf.token("pre-session", cookie)
        shown: dict[str, Any] = {
            "values": {"fullname": "", "username": "", "registration": ""},
            "errors": Sentences(),
            "summary": "",
            "notice": "",
            "retry_after": None,
            "user": None,
            "registration": self._known_registration(),
            "password_min": self._limits.password_min,
        }
        page = self.templates.page(template, request.words(), **(shown | values))
        request.answer(status, page, headers.HTML)

    def show_packed(self, request: SecureRequest, template: str, **values: Any) -> None:
        """A page on which nothing comes from the request, so that its length gives no secret away.

        (Packed together with words that a stranger chooses, a token could be guessed by length.)
        """
        page = self.templates.page(template, request.words(), **values)
        headers.vary(request.responseHeaders, "Accept-Encoding")
        if takes_gzip(request):
            request.setHeader(b"Content-Encoding", b"gzip")
            page = gzip.compress(page, mtime=0)
        request.answer(200, page, headers.HTML)

    def refuse(self, request: SecureRequest, answer: Answer) -> None:
        """The error page for ``answer``, where there is no form to show again."""
        note(request, answer.why)
        request.refuse(answer.status, answer.summary, answer.retry_after)

    def _now_s(self) -> int:
        return self.now_ms() // 1_000


def go(request: SecureRequest, address: str) -> None:
    """303 to one of our own fixed addresses; never to one that a request named."""
    request.setHeader(b"Location", address.encode())
    request.setResponseCode(303)
    request.setHeader(b"Content-Length", b"0")
    request.finish()


def note(request: SecureRequest, why: str) -> None:
    """Log a refusal; ``why`` is one of a few fixed words."""
    request.site.note_refusal(why, request.client_address())


def body_of(request: SecureRequest) -> bytes:
    """The request's body."""
    request.content.seek(0)
    return bytes(request.content.read())


def query_of(request: SecureRequest) -> str:
    """What stands behind the question mark of the address."""
    query: bytes = request.uri.partition(b"?")[2]
    return query.decode("latin-1")
