# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""The pages: registering, logging in and out, the chat's shell, and what watches the daemon."""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from klein import Klein
from twisted.logger import Logger
from twisted.python.failure import Failure
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ..chat.accounts import DAY_MS, Accounts, InvalidFields, WrongPair
from ..core.buckets import Buckets, address_key
from ..core.errors import Busy, NameTaken, Unavailable
from ..core.model import Session
from ..core.settings import Limits
from . import headers
from .answers import CLOSED, RETRY_S, STALE, Answer, Sentences, cannot_now, outcome
from .forms import Form, is_form, read_form
from .origins import Origins
from .sessions import Cookies, Csrf, came_from_us
from .site import SecureRequest, WebMetrics
from .static import StaticFiles, send
from .templates import Templates

log = Logger()

Ready = Callable[[], "str | Awaitable[str | None] | None"]


@dataclass(frozen=True, kw_only=True)
class Throttles:
    """Attempts by client address."""

    logins: Buckets
    registrations: Buckets


class Pages:
    """Klein's routes. A form that fails is answered with its page and what was typed in it."""

    app = Klein()

    def __init__(
        self,
        *,
        accounts: Accounts,
        limits: Limits,
        origins: Origins,
        cookies: Cookies,
        csrf: Csrf,
        templates: Templates,
        static: StaticFiles,
        throttles: Throttles,
        ready: Ready,
        registration_open: bool,
        wall_clock_ms: Callable[[], int],
        seconds: Callable[[], float],
        metrics: WebMetrics,
    ) -> None:
        self._accounts = accounts
        self._limits = limits
        self._origins = origins
        self._cookies = cookies
        self._csrf = csrf
        self._templates = templates
        self._static = static
        self._throttles = throttles
        self._ready = ready
        self._registration_open = registration_open
        self._wall_clock_ms = wall_clock_ms
        self._seconds = seconds
        self._metrics = metrics

    # -- forms -----------------------------------------------------------------------------------

    @app.route("/register", methods=["GET"])
    async def show_register(self, request: SecureRequest) -> None:
        if await self._session(request) is not None:
            _go(request, "/")
        elif not self._registration_open:
            self._show_again(request, "register.html", Form({}), CLOSED)
        else:
            self._show(request, "register.html")

    @app.route("/register", methods=["POST"])
    async def register(self, request: SecureRequest) -> None:
        form, answer = self._form(request, self._throttles.registrations)
        if answer is None and not self._registration_open:
            answer = CLOSED
        if answer is None:
            answer = await self._try_register(request, form)
        if answer is not None:
            self._show_again(request, "register.html", form, answer)

    async def _try_register(self, request: SecureRequest, form: Form) -> Answer | None:
        try:
            session, token = await self._accounts.register(
                form.get("fullname"),
                form.get("username"),
                form.get("password"),
                form.get("confirm"),
                self._wall_clock_ms(),
                replacing=self._cookies.token(request),
            )
        except InvalidFields as error:
            return Answer(422, "fields", "Please look at the fields below.", error.errors)
        except NameTaken:
            taken = {"username": "This user name is taken."}
            return Answer(409, "name_taken", "This user name is taken.", taken)
        except (Busy, Unavailable) as error:
            return cannot_now(error)
        log.info(
            "{username} registered from {address}",
            event="registered",
            username=session.user.username,
            user=session.user.id,
            address=request.client_address(),
        )
        self._metrics.registered()
        self._sign_in(request, token)
        return None

    @app.route("/login", methods=["GET"])
    async def show_login(self, request: SecureRequest) -> None:
        if await self._session(request) is not None:
            _go(request, "/")
            return
        notice = "Your session has ended. Please log in again." if _ended(request) else ""
        self._show(request, "login.html", notice=notice)

    @app.route("/login", methods=["POST"])
    async def login(self, request: SecureRequest) -> None:
        form, answer = self._form(request, self._throttles.logins)
        if answer is None:
            answer = await self._try_login(request, form)
        self._metrics.login(outcome(answer))
        if answer is not None:
            self._show_again(request, "login.html", form, answer)

    async def _try_login(self, request: SecureRequest, form: Form) -> Answer | None:
        try:
            session, token = await self._accounts.log_in(
                form.get("username"),
                form.get("password"),
                self._wall_clock_ms(),
                replacing=self._cookies.token(request),
            )
        except WrongPair:
            return Answer(401, "wrong_pair", "User name and password do not match.")
        except (Busy, Unavailable) as error:
            return cannot_now(error)
        log.info(
            "{username} logged in from {address}",
            event="logged_in",
            username=session.user.username,
            user=session.user.id,
            address=request.client_address(),
        )
        self._sign_in(request, token)
        return None

    @app.route("/logout", methods=["POST"])
    async def logout(self, request: SecureRequest) -> None:
        token = self._cookies.token(request)
        form = read_form(_body(request))
        held = self._csrf.holds("session", token, form.get("csrf"))
        if not came_from_us(request, self._origins) or (token is not None and not held):
            _note(request, "csrf")
            request.refuse(403)
            return
        await self._accounts.log_out(token)
        self._cookies.sign_out(request)
        # "cache": Back shows no page of before. "storage": whoever logs out leaves the machine, and
        # unsent drafts are messages in the clear. Not "cookies": that would end sessions of other
        # services on this host name.
        request.setHeader(b"Clear-Site-Data", b'"cache", "storage"')
        log.info(
            "somebody logged out from {address}",
            event="logged_out",
            address=request.client_address(),
        )
        _go(request, "/login")

    def _form(self, request: SecureRequest, throttle: Buckets) -> tuple[Form, Answer | None]:
        """The form, and the answer where it goes no further."""
        if not is_form(request):
            return Form({}), Answer(415, "not_a_form", "This is not a form.")
        form = read_form(_body(request))
        if not came_from_us(request, self._origins):
            return form, Answer(403, "origin", "This form came from another address.")
        cookie = self._cookies.pre_session(request, self._now_s())
        if not self._csrf.holds("pre-session", cookie, form.get("csrf")):
            return form, STALE
        wait_s = throttle.wait_s(address_key(request.client_address()), self._seconds())
        if wait_s > 0:
            text = f"Too many attempts. Please wait {math.ceil(wait_s)} s."
            return form, Answer(429, "throttled", text, retry_after=math.ceil(wait_s))
        if form.problem is not None:
            return form, Answer(422, "malformed_form", form.problem)
        return form, None

    def _sign_in(self, request: SecureRequest, token: str) -> None:
        self._cookies.sign_in(request, token, self._limits.session_days * DAY_MS // 1_000)
        _go(request, "/")

    def _show_again(
        self, request: SecureRequest, template: str, form: Form, answer: Answer
    ) -> None:
        _note(request, answer.why)
        kept = {name: form.get(name) for name in ("fullname", "username")}
        if answer.retry_after is not None:
            request.setHeader(b"Retry-After", str(answer.retry_after).encode())
        self._show(
            request,
            template,
            status=answer.status,
            values=kept,
            errors=Sentences(answer.errors or {}),
            summary=answer.summary,
            retry_after=answer.retry_after,
        )

    def _show(
        self, request: SecureRequest, template: str, status: int = 200, **values: Any
    ) -> None:
        cookie = self._cookies.keep_pre_session(request, self._now_s())
        shown: dict[str, Any] = {
            "csrf": self._csrf.token("pre-session", cookie),
            "values": {"fullname": "", "username": ""},
            "errors": Sentences(),
            "summary": "",
            "notice": "",
            "retry_after": None,
            "user": None,
            "registration_open": self._registration_open,
            "password_min": self._limits.password_min,
        }
        page = self._templates.page(template, **(shown | values))
        request.answer(status, page, headers.HTML)

    # -- behind the log-in -----------------------------------------------------------------------

    @app.route("/", methods=["GET"])
    async def chat(self, request: SecureRequest) -> None:
        session = await self._session(request)
        token = self._cookies.token(request)
        if session is None or token is None:
            _go(request, "/login?ended" if token else "/login")
            return
        page = self._templates.page(
            "chat.html",
            user=session.user,
            csrf=self._csrf.token("session", token),
            registration_open=self._registration_open,
            password_min=self._limits.password_min,
            notice="",
        )
        request.answer(200, page, headers.HTML)

    @app.route("/session", methods=["GET"])
    async def session(self, request: SecureRequest) -> None:
        if await self._session(request) is None:
            request.refuse(401, "Please log in first.")
        else:
            request.setResponseCode(204)
            request.finish()

    async def _session(self, request: SecureRequest) -> Session | None:
        token = self._cookies.token(request)
        return await self._accounts.session_of(token, self._wall_clock_ms())

    # -- for machines ----------------------------------------------------------------------------

    @app.route("/healthz", methods=["GET"])
    def healthz(self, request: SecureRequest) -> None:
        request.answer(200, b"ok\n", "text/plain; charset=utf-8")

    @app.route("/readyz", methods=["GET"])
    async def readyz(self, request: SecureRequest) -> None:
        why = self._ready()
        if inspect.isawaitable(why):
            why = await why
        if why is not None:
            request.setHeader(b"Retry-After", str(RETRY_S).encode())
        body = "ready\n" if why is None else f"{why}\n"
        request.answer(200 if why is None else 503, body.encode(), "text/plain; charset=utf-8")

    @app.route("/sw.js", methods=["GET"])
    def service_worker(self, request: SecureRequest) -> None:
        # A fixed address: the worker's scope is its folder, and browsers look here for a newer one.
        send(request, self._static.find("sw.js"), "no-cache")

    @app.route("/static/<digest>/<path:name>", methods=["GET"])
    def static_file(self, request: SecureRequest, digest: str, name: str) -> None:
        file = self._static.find(name) if digest == self._static.digest else None
        send(request, file, headers.IMMUTABLE)

    # -- what goes wrong: Klein writes and ends these answers ------------------------------------

    @app.handle_errors(HTTPException)  # type: ignore[arg-type]  # it knows no Request of ours
    def no_such_page(self, request: SecureRequest, failure: Failure) -> bytes:
        """Werkzeug's refusals; its redirects (of doubled slashes) are none of our addresses."""
        error = failure.value
        if not isinstance(error, MethodNotAllowed):
            return request.refusal(404)
        request.setHeader(b"Allow", ", ".join(sorted(error.valid_methods or ())).encode())
        return request.refusal(405)

    @app.handle_errors(Unavailable)  # type: ignore[arg-type]
    def unavailable(self, request: SecureRequest, failure: Failure) -> bytes:
        """No database: never taken for "nobody is signed in"."""
        _note(request, "unavailable")
        return request.refusal(503, retry_after=RETRY_S)

    def _now_s(self) -> int:
        return self._wall_clock_ms() // 1_000


def _go(request: SecureRequest, address: str) -> None:
    """303 to one of our own fixed addresses; never to one that a request named."""
    request.setHeader(b"Location", address.encode())
    request.setResponseCode(303)
    request.setHeader(b"Content-Length", b"0")
    request.finish()


def _note(request: SecureRequest, why: str) -> None:
    request.site.note_refusal(why, request.client_address())


def _body(request: SecureRequest) -> bytes:
    request.content.seek(0)
    return bytes(request.content.read())


def _ended(request: SecureRequest) -> bool:
    return request.uri.partition(b"?")[2] == b"ended"
