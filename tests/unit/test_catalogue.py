"""Keys and catalogue agree: every text that is named is there, and every text there is used.

The compiler holds the client's ``t('…')`` to the catalogue (``static/texts.js``).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from jinja2 import Environment, FileSystemLoader, nodes
from twisted.trial.unittest import SynchronousTestCase

import securechat
from securechat.assets import static_dir, templates_dir
from securechat.web.templates import STATUSES
from tests.support.sources import parsed

PREFIXES = (
    *("alerts.", "emoji.", "error.", "field.", "login.notice.", "setup.done.lead.", "status."),
    "suggest.",
)
"""How keys begin that are put together where they are used; each must stand somewhere as it is."""

PACKAGE = Path(securechat.__file__).parent
CATALOGUE = json.loads((static_dir() / "texts" / "en.json").read_text(encoding="utf-8"))

Use = tuple[str, str, frozenset[str] | None]
"""Where; the key, or how it begins followed by ``*``; the names that are filled in, where told."""


def names_in(key: str) -> frozenset[str]:
    """What the text wants filled in; ``n`` where it decides on the form."""
    entry = CATALOGUE[key]
    texts, more = ([entry], []) if isinstance(entry, str) else (list(entry.values()), ["n"])
    found = [name for text in texts for _, name, _, _ in Formatter().parse(text) if name]
    return frozenset(found + more)


def in_templates() -> Iterator[Use]:
    """Each ``t(…)`` of the pages."""
    environment = Environment(loader=FileSystemLoader(templates_dir()), autoescape=True)
    for path in sorted(templates_dir().glob("*.html")):
        page = environment.parse(path.read_text(encoding="utf-8"))
        for call in page.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "t":
                names = frozenset(one.key for one in call.kwargs)
                for key in _keys(call.args[0]):
                    yield f"{path.name}:{call.lineno}", key, names


def _keys(said: nodes.Node) -> Iterator[str]:
    if isinstance(said, nodes.CondExpr):
        assert said.expr2 is not None
        yield from (*_keys(said.expr1), *_keys(said.expr2))
    elif isinstance(said, nodes.Concat):
        yield f"{next(_keys(said.nodes[0]))}*"
    else:
        assert isinstance(said, nodes.Const), f"line {said.lineno}: keys stand where they are used"
        yield said.value


def in_python() -> Iterator[Use]:
    """Each ``Sentence(…)`` of the package, and each text that a page is handed."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for call in ast.walk(parsed(path)):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                if call.func.id not in ("Sentence", "words"):
                    continue
                key = call.args[0]
                where = f"{path.name}:{call.lineno}"
                if isinstance(key, ast.Constant):
                    yield where, str(key.value), _filled(call)
                else:
                    assert isinstance(key, ast.JoinedStr), where
                    yield where, f"{ast.unparse(key)[2:].partition('{')[0]}*", None


def _filled(call: ast.Call) -> frozenset[str]:
    values = call.args[1] if len(call.args) > 1 else ast.Dict([], [])
    assert isinstance(values, ast.Dict), ast.unparse(call)
    return frozenset(ast.literal_eval(one) for one in values.keys if one is not None)


class Keys(SynchronousTestCase):
    def test_every_text_that_pages_and_python_name_is_there_and_gets_what_it_wants(self) -> None:
        uses = [*in_templates(), *in_python()]
        self.assertGreater(len(uses), 100)
        for where, key, filled in uses:
            if key.endswith("*"):
                self.assertIn(key[:-1], PREFIXES, where)
            else:
                self.assertIn(key, CATALOGUE, where)
                if filled is not None:
                    self.assertEqual(filled, names_in(key), f"{where}: {key}")

    def test_every_text_is_used(self) -> None:
        sources = [*PACKAGE.rglob("*.py"), *static_dir().rglob("*.js"), *templates_dir().iterdir()]
        text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
        literals = set(re.findall(r"""['"`]([a-z0-9_.]+)(?=['"`{$])""", text))
        unused = [key for key in CATALOGUE if key not in literals and not key.startswith(PREFIXES)]
        self.assertEqual(unused, [])
        self.assertEqual([prefix for prefix in PREFIXES if prefix not in literals], [])

    def test_every_status_has_a_title_and_a_text(self) -> None:
        for status in (*sorted(STATUSES), "other"):
            for part in ("title", "text"):
                self.assertIn(f"status.{status}.{part}", CATALOGUE)
