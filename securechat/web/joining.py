# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""Following an invite link, with an account or without one yet."""

from __future__ import annotations

from typing import Any

from ..chat.accounts import Accounts
from ..chat.administration import Administration
from ..chat.invitations import Invitations
from ..core.errors import Busy, Code, Refused, Unavailable
from ..core.model import PublicRoom, RoomId, Session
from ..core.sentences import Sentence
from .answers import CLOSED, NOT_ACCEPTED, Answer, cannot_now, not_accepted
from .desk import Desk, Throttles, go
from .forms import Form
from .site import SecureRequest

OVER = Answer(404, "invite", Sentence("join.over"))
"""The same for a link that has expired, was used up, was taken back, or never was."""


class Joining:
    """``/join/TOKEN``: who holds a good token is told the room's name, and may come in."""

    def __init__(
        self,
        desk: Desk,
        accounts: Accounts,
        administration: Administration,
        invitations: Invitations,
        throttles: Throttles,
    ) -> None:
        self._desk = desk
        self._accounts = accounts
        self._administration = administration
        self._invitations = invitations
        self._throttles = throttles

    async def show(self, request: SecureRequest, token: str) -> None:
        """GET: a button for whoever is signed in, the form to register for everybody else.

        Who is in the room already is led there, also by a link that is used up.
        """
        session = await self._desk.session(request)
        room = await self._room(request, token, session)
        if room is None:
            return
        if session is not None:
            self._show_button(request, token, room, session)
        elif await self._administration.registration() == "closed":
            self._show_form(request, token, room, Form({}), CLOSED)
        else:
            self._show_form(request, token, room)

    async def submit(self, request: SecureRequest, token: str) -> None:
        """POST: join, after registering where there is no account yet."""
        try:
            session = await self._desk.session(request)
            room = await self._room(request, token, session)
        except Unavailable as error:
            form, answer = self._desk.form(request, self._throttles.registrations)
            if answer is None and form.get("username"):
                # Whoever was filling in the form keeps what was typed.
                self._show_form(request, token, None, form, cannot_now(error))
                return
            raise
        if room is None:
            return
        if session is not None:
            await self._join(request, token, room, session)
        else:
            await self._register(request, token, room)

    async def _room(
        self, request: SecureRequest, token: str, session: Session | None
    ) -> PublicRoom | None:
        """Where the link leads; None: the request has been answered."""
        answer = self._desk.throttled(request, self._throttles.links)
        if answer is not None:
            self._turn_away(request, answer)
            return None
        if session is not None:
            there = await self._invitations.room_behind(token, session.user.id)
            if there is not None:
                go(request, address_of(there))
                return None
        room = await self._invitations.room_of(token, self._desk.now_ms())
        if room is None:
            self._turn_away(request, OVER)
        return room

    def _turn_away(self, request: SecureRequest, answer: Answer) -> None:
        if answer is OVER:
            self._desk.show_again(request, "over.html", Form({}), answer)
        else:
            self._desk.refuse(request, answer)

    def _show_button(
        self,
        request: SecureRequest,
        token: str,
        room: PublicRoom,
        session: Session,
        answer: Answer | None = None,
    ) -> None:
        held = self._desk.cookies.token(request) or ""
        values: dict[str, Any] = {
            "room": room,
            "action": f"/join/{token}",
            "user": session.user,
            "csrf": self._desk.csrf.token("session", held),
        }
        if answer is None:
            self._desk.show(request, "join.html", **values)
        else:
            self._desk.show_again(request, "join.html", Form({}), answer, **values)

    def _show_form(
        self,
        request: SecureRequest,
        token: str,
        room: PublicRoom | None,
        form: Form | None = None,
        answer: Answer | None = None,
    ) -> None:
        values: dict[str, Any] = {"room": room, "action": f"/join/{token}", "invite": token}
        if answer is None:
            self._desk.show(request, "register.html", **values)
        else:
            self._desk.show_again(request, "register.html", form or Form({}), answer, **values)

    async def _join(
        self, request: SecureRequest, token: str, room: PublicRoom, session: Session
    ) -> None:
        held = self._desk.cookies.token(request)
        _, answer = self._desk.form(request, self._throttles.registrations, held)
        if answer is None:
            try:
                joined = await self._invitations.join(session.user.id, token)
            except Refused as refused:
                # Used up in this very moment, or this person is banned there.
                answer = OVER if refused.code is Code.NOT_FOUND else _NOT_YOU
            except Unavailable as error:
                answer = cannot_now(error)
            else:
                go(request, address_of(joined))
                return
        if answer is OVER:
            self._turn_away(request, answer)
        else:
            self._show_button(request, token, room, session, answer)

    async def _register(self, request: SecureRequest, token: str, room: PublicRoom) -> None:
        form, answer = self._desk.form(request, self._throttles.registrations)
        try:
            if answer is None and await self._administration.registration() == "closed":
                answer = CLOSED
            if answer is None:
                answer = await self._try_register(request, token, form)
        except (Busy, Unavailable) as error:
            answer = cannot_now(error)
        if answer is OVER:
            self._turn_away(request, answer)
        elif answer is not None:
            self._show_form(request, token, room, form, answer)

    async def _try_register(self, request: SecureRequest, token: str, form: Form) -> Answer | None:
        try:
            session, cookie, room = await self._accounts.register_invited(
                form.get("fullname"),
                form.get("username"),
                form.get("password"),
                form.get("confirm"),
                self._desk.now_ms(),
                token,
                replacing=self._desk.cookies.token(request),
                device=self._desk.device(request),
            )
        except Refused:
            return OVER
        except NOT_ACCEPTED as error:
            return not_accepted(error)
        self._desk.welcome(request, session, cookie)
        go(request, address_of(room))
        return None


_NOT_YOU = Answer(403, "forbidden", Sentence("join.not_you"))


def address_of(room: RoomId) -> str:
    """Where the chat shows this room."""
    return f"/#room={room}"
