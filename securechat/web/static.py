# mypy: allow-untyped-calls
# (the methods that Twisted's classes hand down have no annotations)
"""The static files, read once at start and served from memory under the hash of them all."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import headers
from .bare import bare
from .site import SecureRequest
from .texts import first_scripts, for_browsers

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": headers.SVG,
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_CHAT = "chat.js"
_BARE = frozenset({".css", ".js", ".mjs"})
_PACKED = frozenset({".css", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".webmanifest"})


_UNPACKS = re.compile(rb"(?:gzip|\*)(?:;q=(?!0(?:\.0{0,3})?$)[\d.]+)?")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file's bytes, also gzipped where that makes them smaller, and its Content-Type."""

    content: bytes
    gzipped: bytes | None
    content_type: str
    digest: str


class StaticFiles:
    """The files below ``folder`` that are for browsers, by their suffix.

    A request can only name one that was there at start.

    ``digest`` is the hash of the whole tree, so that modules that import each other by relative
    address always come from one version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, StaticFile] = {}
        tree = hashlib.sha256()
        scripts = {
            path.relative_to(folder).as_posix(): path.read_text("utf-8")
            for path in sorted(folder.rglob("*.js"))
        }
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.suffix not in _TYPES or any(part.startswith(".") for part in name.split("/")):
                continue
            for named, content in _for_browsers(name, path, scripts):
                file = _packed(content, path.suffix)
                self._files[named] = file
                tree.update(f"{named}\0{file.digest}\n".encode())
        self.digest = tree.hexdigest()[:16]

    def address(self, name: str) -> str:
        """Where ``name`` is served; KeyError where there is no such file."""
        if name not in self._files:
            raise KeyError(f"no static file {name!r}")
        return f"/static/{self.digest}/{name}"

    def find(self, name: str) -> StaticFile | None:
        """The file ``name`` ("/" between folders)."""
        return self._files.get(name)


def _for_browsers(name: str, path: Path, scripts: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """The file without what only people or only the server read; of texts also what comes first."""
    content = path.read_bytes()
    if path.suffix in _BARE:
        yield name, bare(content.decode()).encode()
    elif path.match("texts/*.json"):
        catalogue = content.decode()
        yield name, for_browsers(catalogue, "".join(scripts.values())).encode()
        first = for_browsers(catalogue, first_scripts(scripts, _CHAT))
        yield name.removesuffix(".json") + ".first.json", first.encode()
    else:
        yield name, content


def _packed(content: bytes, suffix: str) -> StaticFile:
    gzipped = gzip.compress(content, mtime=0) if suffix in _PACKED else content
    return StaticFile(
        content,
        gzipped if len(gzipped) < len(content) else None,
        _TYPES[suffix],
        hashlib.sha256(content).hexdigest(),
    )


def send(request: SecureRequest, file: StaticFile | None, caching: str) -> None:
    """Answer with ``file``, gzipped for whoever takes that; None is a 404.

    ``caching`` is the value of Cache-Control.
    """
    if file is None:
        request.refuse(404)
        return
    request.setHeader(b"Cache-Control", caching.encode())
    request.setHeader(b"Vary", b"Accept-Encoding")
    body = file.content
    if file.gzipped is not None and takes_gzip(request):
        request.setHeader(b"Content-Encoding", b"gzip")
        body = file.gzipped
    request.answer(200, body, file.content_type)


def takes_gzip(request: SecureRequest) -> bool:
    """Whether the browser unpacks gzip (RFC 9110 section 12.5.3)."""
    sent = request.requestHeaders.getRawHeaders(b"Accept-Encoding") or []
    codings = [coding.lower().replace(b" ", b"") for value in sent for coding in value.split(b",")]
    return any(_UNPACKS.fullmatch(coding) for coding in codings)
