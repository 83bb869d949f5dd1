"""The catalogue of texts, as the server's pages use it."""

from __future__ import annotations

import json
from pathlib import Path

from markupsafe import Markup
from twisted.trial.unittest import SynchronousTestCase

from securechat.assets import static_dir
from securechat.web.texts import PLURALS, THOUSANDS, Texts, first_scripts, for_browsers


class WordsTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        english = {"hi": "Hi <{name}>", "n": {"one": "{n} room", "other": "{n} rooms"}}
        german = {"hi": "Hallo <{name}>", "n": {"one": "{n} Raum", "other": "{n} Räume"}}
        (folder / "en.json").write_text(json.dumps(english), encoding="utf-8")
        (folder / "de.json").write_text(json.dumps(german), encoding="utf-8")
        self.texts = Texts(folder)

    def test_what_is_filled_in_is_escaped_unless_it_is_markup(self) -> None:
        words = self.texts.of("")
        self.assertEqual(words("hi", name="<b>{name}"), "Hi &lt;&lt;b&gt;{name}&gt;")
        self.assertEqual(words("hi", name=Markup("<b>")), "Hi &lt;<b>&gt;")

    def test_numbers_are_written_and_counted_as_the_language_does(self) -> None:
        english, german = self.texts.of("en"), self.texts.of("de")
        self.assertEqual([english("n", n=1), english("n", n=1200)], ["1 room", "1,200 rooms"])
        self.assertEqual([german("n", n=1), german("n", n=1200)], ["1 Raum", "1.200 Räume"])

    def test_the_language_that_is_wanted_most_and_known_is_chosen(self) -> None:
        for header, language in (
            ("", "en"),
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("fr, en;q=0.5, de;q=0.7", "de"),
            ("DE;q=0, en;q=0.1", "en"),
            ("de;q=x, *", "en"),
            (";;;,,,q=1", "en"),
            ("fr," * 1000 + "de", "en"),
        ):
            self.assertEqual(self.texts.of(header).language, language, header)


class Catalogue(SynchronousTestCase):
    def test_browsers_are_sent_what_their_modules_name(self) -> None:
        scripts = "t('a.b'); t(`c.${d}`); key.startsWith('e.');"
        catalogue = {"a.b": "1", "a.c": "2", "c.d": "3", "c": "4", "e.f": {"other": "5"}}
        sent = json.loads(for_browsers(json.dumps(catalogue), scripts))
        self.assertEqual(set(sent), {"a.b", "c.d", "e.f"})

    def test_the_first_scripts_are_those_that_come_with_the_entry(self) -> None:
        scripts = {
            "chat.js": "import { a } from './a.js';\nimport {\n  b,\n} from './b.js';\n0;",
            "a.js": "import './b.js';\n/** @type {import('./d.js').D} */\n1;",
            "b.js": "import { a } from './a.js';\nconst load = () => import('./c.js');\n2;",
            "c.js": "3;",
            "d.js": "4;",
        }
        found = first_scripts(scripts, "chat.js")
        self.assertEqual({n for n in "01234" if f"\n{n};" in found}, {"0", "1", "2"})
        self.assertEqual(first_scripts(scripts, "none.js"), "")

    def test_every_language_that_is_shipped_can_count(self) -> None:
        shipped = {path.stem for path in (static_dir() / "texts").glob("*.json")}
        self.assertEqual(shipped, set(PLURALS))
        self.assertEqual(shipped, set(THOUSANDS))

    def test_the_client_can_load_every_language_that_is_shipped(self) -> None:
        module = (static_dir() / "texts.js").read_text(encoding="utf-8")
        for path in (static_dir() / "texts").glob("*.json"):
            self.assertIn(f"'./texts/{path.name}'", module)
