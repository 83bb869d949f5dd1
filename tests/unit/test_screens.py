"""The gallery's table and its page; what Chromium shows is another matter."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from twisted.trial.unittest import SynchronousTestCase

from tests.screens import index
from tests.screens.__main__ import README
from tests.screens.camera import groups_of, pictures_of
from tests.screens.forms import login
from tests.screens.table import STATES, WIDTHS_PX, State


class Table(SynchronousTestCase):
    def test_every_state_has_a_name_of_its_own_and_words_that_say_what_it_is(self) -> None:
        names = [state.name for state in STATES]
        self.assertEqual(sorted(set(names)), sorted(names))
        for state in STATES:
            self.assertRegex(state.name, r"\A[a-z-]+\Z")
            self.assertTrue(state.reach.__doc__, state.name)
            self.assertLessEqual(set(state.widths), set(WIDTHS_PX))

    def test_the_picture_of_the_readme_is_one_of_them(self) -> None:
        [state] = [one for one in STATES if one.name == README[0]]
        self.assertIn(f"{README[0]}-{README[1]}", pictures_of(state))

    def test_a_state_is_seen_in_every_width_and_scheme(self) -> None:
        plain = ["x-320-light", "x-320-dark", "x-1280-light", "x-1280-dark"]
        self.assertEqual(pictures_of(State("x", login, (320, 1280))), plain)
        more = pictures_of(State("x", login, (320, 1280), more=True))
        self.assertEqual(more, [*plain, "x-forced", "x-contrast", "x-reduced", "x-zoom"])
        phone = pictures_of(State("x", login, (320,), more=True))
        self.assertEqual(phone, [*plain[:2], "x-zoom"])

    def test_what_happens_once_is_reached_once(self) -> None:
        [looks] = groups_of(State("x", login, once=True))
        self.assertEqual(looks[0].width, 1280)
        self.assertNotIn("is_mobile", looks[0].options)
        self.assertEqual(len(looks), 6)


class Page(SynchronousTestCase):
    def test_it_shows_the_pictures_and_runs_nothing(self) -> None:
        text = index.page([(State("log-in", login), ["log-in-320-light"])], ["<b> is wrong"])
        self.assertIn('src="log-in-320-light.png"', text)
        self.assertIn("<li>&lt;b&gt; is wrong", text)
        self.assertIn('href="#log-in"', text)
        self.assertIn("Nothing typed yet.", text)
        self.assertIn("default-src 'none'", text)
        self.assertIsNone(re.search(r"<script|<style|style=|\son\w+=|https?:", text))
        HTMLParser().feed(text)
