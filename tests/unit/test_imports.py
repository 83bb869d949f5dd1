"""The rings: code imports only inwards, so that the core can be read, tested and moved alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import securechat
from tests.support.sources import parsed

PACKAGE = Path(securechat.__file__).parent

# What each part may import of ours, from the inside out; `*` is every ring. A part is a folder or a
# module directly below securechat/. Metrics are plain counters that every ring may be handed.
ALLOWED: dict[str, set[str]] = {
    "core": {"core"},
    "metrics": {"metrics", "core"},
    "threads": {"threads"},
    "gathering": {"gathering"},
    "hashing": {"hashing", "core", "threads"},
    "chat": {"chat", "core", "metrics"},
    "store": {"store", "core", "metrics", "gathering", "threads"},
    "bus": {"bus", "core", "metrics"},
    "keyfile": {"keyfile", "core"},
    "keyring": {"keyring", "keyfile", "core"},
    "roots": {"roots", "keyring", "core"},
    "assets": {"assets", "__init__"},
    "web": {"web", "chat", "core", "metrics", "assets"},
    "sockets": {"sockets", "chat", "core", "metrics", "gathering"},
}
WIRING = {
    "__init__",
    "__main__",
    "administration",
    "auditing",
    "clock",
    "config",
    "daemon",
    "demo",
    "direct",
    "files",
    "inspection",
    "hangup",
    "heartbeat",
    "log",
    "news",
    "options",
    "rereading",
    "rotation",
    "service",
    "tap",
    "tls",
}
FRAMEWORKS = {"twisted", "klein", "autobahn", "txaio", "zope", "treq", "pymysql", "sqlite3"}


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the package with the part that it belongs to."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path


def imported(path: Path) -> Iterator[str]:
    """The full names that `path` imports, also inside functions, relative ones made absolute."""
    package = ("securechat", *path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join((*above, *([node.module] if node.module else [])))
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def ours(name: str) -> str | None:
    """The part of SecureChat that the imported `name` belongs to; None for other packages."""
    top, *rest = name.split(".")
    if top != "securechat":
        return None
    return rest[0] if rest else "__init__"


class Rings(SynchronousTestCase):
    """Imports follow docs/design.md."""

    def test_every_module_belongs_to_a_ring(self) -> None:
        unknown = {part for part, _ in modules()} - ALLOWED.keys() - WIRING
        self.assertEqual(unknown, set(), "say in this test what it may import")

    def test_nothing_imports_outwards_or_sideways(self) -> None:
        for part, path in modules():
            for name in imported(path) if part in ALLOWED else ():
                target = ours(name)
                if target is not None:
                    self.assertIn(target, ALLOWED[part], f"{path} imports {name}")

    def test_the_core_knows_no_framework_and_no_sql(self) -> None:
        for part, path in modules():
            for name in imported(path) if part == "core" else ():
                self.assertNotIn(name.split(".")[0], FRAMEWORKS, f"{path} imports {name}")

    def test_use_cases_know_no_edge_framework(self) -> None:
        edges = {"klein", "autobahn", "pymysql", "sqlite3", "jinja2", "treq"}
        for part, path in modules():
            for name in imported(path) if part == "chat" else ():
                self.assertNotIn(name.split(".")[0], edges, f"{path} imports {name}")
                self.assertFalse(name.startswith("twisted.web"), f"{path} imports {name}")

    def test_no_module_installs_the_reactor_by_being_imported(self) -> None:
        for part, path in modules():
            if part == "service":  # imported only once twistd has chosen the reactor
                continue
            tree = parsed(path)
            for node in tree.body:
                names = [a.name for a in node.names] if isinstance(node, ast.ImportFrom) else []
                if isinstance(node, ast.ImportFrom) and node.module == "twisted.internet":
                    self.assertNotIn("reactor", names, f"{path} imports the reactor at the top")
