"""What the server refuses with is in the catalogue, so that the browser says it in any language."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator

from twisted.trial.unittest import SynchronousTestCase

import securechat.chat
import securechat.store
from securechat.assets import static_dir
from securechat.core import rights
from securechat.core.content import complaint_about_reaction
from securechat.core.errors import TEXTS
from securechat.core.names import BadName, tidy_room_name, tidy_topic

WRONG_ROOM_NAMES = ("", "x" * 65, "a\0b", "\u200d", "general")
WRONG_TOPICS = ("x" * 251, "a\0b")
WRONG_REACTIONS = ("x", "👍" * 9, "👍" * 17)


def sentences() -> Iterator[str]:
    """The constants of the modules that judge what people do, as far as they are sentences."""
    names = ["securechat.core.rights"]
    for package in (securechat.chat, securechat.store):
        names += [
            found.name for found in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
        ]
    for name in names:
        for constant, value in vars(importlib.import_module(name)).items():
            if constant.isupper() and isinstance(value, str) and value.endswith("."):
                yield value


def complaint(tidy: Callable[[str], str], typed: str) -> str:
    """Why ``tidy`` does not take it."""
    try:
        tidy(typed)
    except BadName as error:
        return str(error)
    raise AssertionError(typed)


class RefusalTexts(SynchronousTestCase):
    def setUp(self) -> None:
        catalogue = json.loads((static_dir() / "texts" / "en.json").read_text("utf-8"))
        self.errors = {
            key: text
            for key, text in catalogue.items()
            if key.startswith("error.") and isinstance(text, str)
        }

    def test_every_code_has_its_sentence_under_its_own_name(self) -> None:
        told = {f"error.{code}": text for code, text in TEXTS.items()}
        self.assertEqual({key: self.errors.get(key) for key in told}, told)

    def test_every_sentence_that_says_more_than_its_code_is_there_too(self) -> None:
        found = set(sentences())
        self.assertIn(rights.MUTED, found)
        self.assertEqual(found - set(self.errors.values()), set())

    def test_what_is_wrong_with_a_name_a_topic_or_a_reaction_is_there(self) -> None:
        found = {complaint(tidy_room_name, typed) for typed in WRONG_ROOM_NAMES}
        found |= {complaint(tidy_topic, typed) for typed in WRONG_TOPICS}
        found |= {str(complaint_about_reaction(typed)) for typed in WRONG_REACTIONS}
        self.assertEqual(len(found), 10)
        self.assertEqual(found - set(self.errors.values()), set())
