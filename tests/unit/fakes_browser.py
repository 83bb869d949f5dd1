"""A browser in memory: it keeps cookies and fills in forms."""

from __future__ import annotations

from http.cookies import SimpleCookie
from urllib.parse import urlencode

from .fakes_web import Web
from .fakes_wire import Response

PASSWORD = "a long enough secret"


class Browser:
    """Keeps cookies and fills in forms."""

    def __init__(self, web: Web, address: str = "127.0.0.1", over_tls: bool = False) -> None:
        self.web = web
        self.address = address
        self.over_tls = over_tls
        self.cookies: dict[str, str] = {}

    def get(self, path: str, *headers: tuple[str, str]) -> Response:
        """GET with our cookies."""
        return self._send("GET", path, list(headers), b"")

    def post(
        self, path: str, fields: dict[str, str] | bytes, *headers: tuple[str, str]
    ) -> Response:
        """POST a form from our own page."""
        body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        sent = {name.lower() for name, _ in headers}
        extra = list(headers)
        if "content-type" not in sent:
            extra.append(("Content-Type", "application/x-www-form-urlencoded"))
        if "origin" not in sent:
            extra.append(("Origin", self.web.origins.home))
        return self._send("POST", path, extra, body)

    def submit(self, path: str, **fields: str) -> Response:
        """Open the page and send its form."""
        return self.post(path, {"csrf": self.get(path).csrf, **fields})

    def register(self, username: str = "ada", full_name: str = "Ada Lovelace") -> Response:
        """Register with the usual password."""
        return self.submit(
            "/register", fullname=full_name, username=username, password=PASSWORD, confirm=PASSWORD
        )

    def log_in(self, username: str = "ada", password: str = PASSWORD) -> Response:
        """Log in."""
        return self.submit("/login", username=username, password=password)

    def _send(
        self, method: str, path: str, headers: list[tuple[str, str]], body: bytes
    ) -> Response:
        if self.cookies:
            pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            headers = [*headers, ("Cookie", pairs)]
        response = self.web.request(
            method,
            path,
            headers=[pair for pair in headers if pair[1]],
            body=body,
            address=self.address,
            over_tls=self.over_tls,
        )
        self._keep(response)
        return response

    def _keep(self, response: Response) -> None:
        for value in response.all("Set-Cookie"):
            for name, morsel in SimpleCookie(value).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
