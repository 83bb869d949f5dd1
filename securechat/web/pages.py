# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""The pages: every address there is, and the chat's shell; what has a form is in modules beside."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

from klein import Klein
from twisted.python.failure import Failure
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ..core.errors import Unavailable
from . import headers
from .answers import RETRY_S
from .confirming import Confirming
from .deleting import Deleting
from .desk import Desk, go, note
from .entering import Entering
from .joining import Joining
from .passkey_login import PasskeyLogin
from .pictures import Pictures
from .resetting import Resetting
from .second import SecondStep
from .security import Security
from .setting_up import SettingUp
from .settings import Settings
from .site import SecureRequest
from .static import StaticFiles, send

Ready = Callable[[], "str | Awaitable[str | None] | None"]


class Pages:
    """Klein's routes."""

    app = Klein()

    def __init__(
        self,
        *,
        desk: Desk,
        entering: Entering,
        joining: Joining,
        setting_up: SettingUp,
        resetting: Resetting,
        pictures: Pictures,
        settings: Settings,
        deleting: Deleting,
        second: SecondStep,
        passkey_login: PasskeyLogin,
        security: Security,
        confirming: Confirming,
        static: StaticFiles,
        ready: Ready,
    ) -> None:
        self._desk = desk
        self._entering = entering
        self._joining = joining
        self._setting_up = setting_up
        self._resetting = resetting
        self._pictures = pictures
        self._settings = settings
        self._deleting = deleting
        self._second = second
        self._passkey_login = passkey_login
        self._security = security
        self._confirming = confirming
        self._static = static
        self._ready = ready

    # -- forms -----------------------------------------------------------------------------------

    @app.route("/register", methods=["GET"])
    async def show_register(self, request: SecureRequest) -> None:
        await self._entering.show_register(request)

    @app.route("/register", methods=["POST"])
    async def register(self, request: SecureRequest) -> None:
        await self._entering.register(request)

    @app.route("/login", methods=["GET"])
    async def show_login(self, request: SecureRequest) -> None:
        await self._entering.show_login(request)

    @app.route("/login", methods=["POST"])
    async def login(self, request: SecureRequest) -> None:
        await self._entering.login(request)

    @app.route("/login/second", methods=["GET"])
    async def show_second(self, request: SecureRequest) -> None:
        await self._second.show(request)

    @app.route("/login/second", methods=["POST"])
    async def second(self, request: SecureRequest) -> None:
        await self._second.submit(request)

    @app.route("/login/passkey", methods=["POST"])
    async def passkey(self, request: SecureRequest) -> None:
        await self._passkey_login.submit(request)

    @app.route("/logout", methods=["POST"])
    async def logout(self, request: SecureRequest) -> None:
        await self._entering.logout(request)

    @app.route("/join/<token>", methods=["GET"])
    async def show_join(self, request: SecureRequest, token: str) -> None:
        await self._joining.show(request, token)

    @app.route("/join/<token>", methods=["POST"])
    async def join(self, request: SecureRequest, token: str) -> None:
        await self._joining.submit(request, token)

    @app.route("/setup", methods=["GET"])
    async def show_setup(self, request: SecureRequest) -> None:
        await self._setting_up.show(request)

    @app.route("/setup", methods=["POST"])
    async def set_up(self, request: SecureRequest) -> None:
        await self._setting_up.submit(request)

    @app.route("/reset/<token>", methods=["GET"])
    async def show_reset(self, request: SecureRequest, token: str) -> None:
        await self._resetting.show(request, token)

    @app.route("/reset/<token>", methods=["POST"])
    async def reset(self, request: SecureRequest, token: str) -> None:
        await self._resetting.submit(request, token)

    # -- behind the log-in -----------------------------------------------------------------------

    @app.route("/", methods=["GET"])
    async def chat(self, request: SecureRequest) -> None:
        session = await self._desk.session(request)
        token = self._desk.cookies.token(request)
        if session is None or token is None:
            go(request, "/login?ended" if token else "/login")
            return
        csrf = self._desk.csrf.token("session", token)
        self._desk.show_packed(request, "chat.html", user=session.user, csrf=csrf)

    @app.route("/settings", methods=["GET"])
    async def show_settings(self, request: SecureRequest) -> None:
        await self._settings.show(request)

    @app.route("/settings", methods=["POST"])
    async def change_settings(self, request: SecureRequest) -> None:
        await self._settings.submit(request)

    @app.route("/settings/delete", methods=["GET"])
    async def show_delete(self, request: SecureRequest) -> None:
        await self._deleting.show(request)

    @app.route("/settings/delete", methods=["POST"])
    async def delete(self, request: SecureRequest) -> None:
        await self._deleting.submit(request)

    @app.route("/settings/security", methods=["GET"])
    async def show_security(self, request: SecureRequest) -> None:
        await self._security.show(request)

    @app.route("/settings/security", methods=["POST"])
    async def change_security(self, request: SecureRequest) -> None:
        await self._security.submit(request)

    @app.route("/settings/confirm", methods=["GET"])
    async def show_confirm(self, request: SecureRequest) -> None:
        await self._confirming.show(request)

    @app.route("/settings/confirm", methods=["POST"])
    async def confirm(self, request: SecureRequest) -> None:
        await self._confirming.submit(request)

    @app.route("/session", methods=["GET"])
    async def session(self, request: SecureRequest) -> None:
        if await self._desk.session(request) is None:
            request.refuse(401)
        else:
            request.setResponseCode(204)
            request.finish()

    @app.route("/qr", methods=["POST"])
    async def picture(self, request: SecureRequest) -> None:
        await self._pictures.invite(request)

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
        note(request, "unavailable")
        return request.refusal(503, retry_after=RETRY_S)
