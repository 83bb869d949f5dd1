"""The catalogue that is shipped, for tests."""

from __future__ import annotations

from securechat.assets import static_dir
from securechat.core.sentences import Sentence
from securechat.web.texts import Texts

TEXTS = Texts(static_dir() / "texts")


def in_english(sentence: Sentence | None) -> str:
    """What a person reads; nothing where nothing is told."""
    return "" if sentence is None else str(TEXTS.of("en").say(sentence))
