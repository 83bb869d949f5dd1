# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""Invite links as QR codes: the chat page has no encoder of its own."""

from __future__ import annotations

import io

import segno

from ..core.model import TOKEN
from . import headers
from .desk import Desk, Throttles, note
from .site import SecureRequest

_DARK, _LIGHT = "#000", "#fff"
"""Dark on light in either theme: that is what cameras read."""

_BORDER = 4
"""The quiet zone, in modules (ISO/IEC 18004 section 5.3.8)."""


def data_address(link: str) -> str:
    """A QR code of ``link`` as the address of a picture."""
    drawn: str = segno.make(link, micro=False).svg_data_uri(
        scale=5, border=_BORDER, dark=_DARK, light=_LIGHT
    )
    return drawn


def svg(link: str) -> bytes:
    """A QR code of ``link`` as an SVG document, to be shown in any size."""
    out = io.BytesIO()
    code = segno.make(link, micro=False)
    code.save(out, kind="svg", border=_BORDER, omitsize=True, dark=_DARK, light=_LIGHT)
    return out.getvalue()


class Pictures:
    """``POST /qr``: the link of an invite that somebody who is signed in has just made.

    A form and not an address, so that no log and no history holds the token. Whether the token is
    good is not looked up: the picture says nothing that its asker did not send.
    """

    def __init__(self, desk: Desk, throttles: Throttles) -> None:
        self._desk = desk
        self._throttles = throttles

    async def invite(self, request: SecureRequest) -> None:
        """Answer with the picture of the link to ``/join/<token>`` under the page's own address."""
        if await self._desk.session(request) is None:
            note(request, "session")
            request.refuse(401)
            return
        signed_in = self._desk.cookies.token(request)
        form, answer = self._desk.form(request, self._throttles.links, signed_in)
        if answer is not None:
            self._desk.refuse(request, answer)
            return
        token = form.get("token")
        if TOKEN.fullmatch(token) is None:
            note(request, "malformed_form")
            request.refuse(422)
            return
        sent = request.requestHeaders.getRawHeaders(b"Origin")
        home = sent[0].decode("ascii") if sent else self._desk.origins.home
        request.answer(200, svg(f"{home}/join/{token}"), headers.SVG)
