"""The headers that every response carries, whatever its status."""

from __future__ import annotations

from twisted.web.http_headers import Headers

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; object-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "worker-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types securechat"
)
STRICT_TRANSPORT_SECURITY = "max-age=31536000; includeSubDomains"
"""A year, for every host below ours too; operations.md says what that asks of the operator."""

IMMUTABLE = "public, max-age=31536000, immutable"
FORM = "application/x-www-form-urlencoded"
HTML = "text/html; charset=utf-8"
SVG = "image/svg+xml; charset=utf-8"

NO_ADDRESS = "strict-origin"
"""The Referrer-Policy of pages whose address lets somebody in: it is told to nobody, us included.

Proxies log what browsers send along with the requests for our own files.
"""

_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(self), "
        "serial=(), usb=(), xr-spatial-tracking=()"
    ),
}


def upgrade_headers(over_tls: bool) -> dict[str, str]:
    """Those that make sense in the 101 answer of a WebSocket, which does not pass ``secure``."""
    if over_tls:
        return {"Strict-Transport-Security": STRICT_TRANSPORT_SECURITY}
    return {}


def tell_language(headers: Headers, language: str) -> None:
    """Say that what is sent is in this language because the browser asked for it."""
    headers.setRawHeaders("Content-Language", [language])
    vary(headers, "Accept-Language")


def vary(headers: Headers, name: str) -> None:
    """Say that the answer would be another one for another header ``name``."""
    sent = headers.getRawHeaders("Vary") or []
    if name not in ", ".join(sent).split(", "):
        headers.setRawHeaders("Vary", [", ".join([*sent, name])])


def secure(headers: Headers, over_tls: bool) -> None:
    """Put our headers into those of a response that is about to be written.

    The one place that every response passes, so that no page can forget them. Nothing is cached
    unless the resource said otherwise, and no server names its version.
    """
    for name, value in _ALWAYS.items():
        headers.setRawHeaders(name, [value])
    if over_tls:
        headers.setRawHeaders("Strict-Transport-Security", [STRICT_TRANSPORT_SECURITY])
    if not headers.hasHeader("Cache-Control"):
        headers.setRawHeaders("Cache-Control", ["no-store"])
    if not headers.hasHeader("Referrer-Policy"):
        # Not no-referrer: under it browsers send our own forms with Origin: null, which we refuse.
        headers.setRawHeaders("Referrer-Policy", ["same-origin"])
    headers.removeHeader("Server")
