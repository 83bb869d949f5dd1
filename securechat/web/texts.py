"""The words of the pages: ``static/texts/en.json`` is the catalogue, its neighbours translate it.

The browser's modules read the same files (``static/texts.js``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from markupsafe import Markup, escape

from ..core.sentences import Sentence

Entry = str | Mapping[str, str]

SOURCE = "en"
"""The language that the texts are written in, and that of whoever asks for none that we have."""

PLURALS: Mapping[str, Callable[[int], str]] = {
    "de": lambda n: "one" if n == 1 else "other",
    "en": lambda n: "one" if n == 1 else "other",
}
"""The plural category of a whole number (Unicode CLDR); a new language needs its line here."""

THOUSANDS: Mapping[str, str] = {"de": ".", "en": ","}

_QUOTED = re.compile(r"['`]([a-z][a-z0-9_.]*)(?:'|\$\{)")

_IMPORTED = re.compile(r"""^(?:import\b|\}).*?'\./([\w.]+\.js)';$""", re.MULTILINE)

_MOST_RANGES = 32
_QUALITY = re.compile(r"q=([01](?:\.\d{0,3})?)")


def for_browsers(catalogue: str, scripts: str) -> str:
    """The JSON of ``catalogue`` with the entries alone that ``scripts`` name.

    An entry is named by its whole key in quotes, or by how that begins up to a dot: ``'error.'``.
    """
    quoted = set(_QUOTED.findall(scripts))
    beginnings = tuple(name for name in quoted if name.endswith("."))
    entries: dict[str, Entry] = json.loads(catalogue)
    named = {
        key: text for key, text in entries.items() if key in quoted or key.startswith(beginnings)
    }
    return json.dumps(named, ensure_ascii=False, separators=(",", ":"))


def first_scripts(scripts: Mapping[str, str], entry: str) -> str:
    """What ``entry`` imports, it and all that come with it: no ``import()``, which comes later."""
    found: dict[str, str] = {}
    names = [entry] if entry in scripts else []
    while names:
        name = names.pop()
        if name not in found:
            found[name] = scripts[name]
            names += _IMPORTED.findall(scripts[name])
    return "".join(found.values())


class Words:
    """The texts in one language."""

    def __init__(self, language: str, entries: Mapping[str, Entry]) -> None:
        self.language = language
        self._entries = entries

    def __call__(self, key: str, /, **values: object) -> Markup:
        """The text ``key`` with ``{names}`` filled in, escaped for HTML unless it is Markup.

        Whole numbers are written as the language does; ``n`` decides on the plural form.
        KeyError where there is no such text or no such value.
        """
        entry = self._entries[key]
        if not isinstance(entry, str):
            number = values["n"]
            entry = entry[PLURALS[self.language](number if isinstance(number, int) else 0)]
        told = {name: self._shown(value) for name, value in values.items()}
        return escape(entry).format(**told)

    def say(self, sentence: Sentence) -> Markup:
        """The sentence in this language."""
        return self(sentence.key, **sentence.values)

    def _shown(self, value: object) -> object:
        if isinstance(value, int):
            return f"{value:,}".replace(",", THOUSANDS[self.language])
        return value


class Texts:
    """All languages, read once at start from ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._words = {
            path.stem: Words(path.stem, json.loads(path.read_text(encoding="utf-8")))
            for path in sorted(folder.glob("*.json"))
        }

    def of(self, accept_language: str) -> Words:
        """What a browser that sends this ``Accept-Language`` (RFC 9110 12.5.4) is shown."""
        for language in _preferred(accept_language):
            words = self._words.get(language)
            if words is not None:
                return words
        return self._words[SOURCE]


def _preferred(accept_language: str) -> list[str]:
    """Primary subtags, most wanted first; what cannot be read is left out."""
    wanted: list[tuple[float, str]] = []
    for item in accept_language.split(",")[:_MOST_RANGES]:
        tag, _, parameter = item.partition(";")
        quality = _QUALITY.fullmatch(parameter.strip()) if parameter else None
        if parameter and quality is None:
            continue
        weight = float(quality[1]) if quality else 1.0
        if weight > 0:
            wanted.append((-weight, tag.strip().lower().partition("-")[0]))
    return [language for _, language in sorted(wanted, key=lambda one: one[0])]
