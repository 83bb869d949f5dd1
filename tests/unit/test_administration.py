"""Who may register, who is an administrator, and new passwords, without pages around them."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from io import StringIO
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from securechat.__main__ import MISUSED, CommandLine, main
from securechat.administration import home_of
from securechat.chat.accounts import WrongPair
from securechat.chat.administration import Administration, WrongToken
from securechat.chat.operator import RESET_MS, Operator
from securechat.core.errors import Unavailable
from securechat.core.model import PasswordHash, Registration

from .fakes_accounts import START_MS
from .fakes_browser import PASSWORD, Browser
from .fakes_web import Web

T = TypeVar("T")
NEW = "another long secret"


AUDIT = (["audit"], ["audit", "tail"], ["audit", "verify"])
KEYS = (["keys"], *(["keys", one] for one in ("status", "rotate", "rewrap", "retire", "verify")))


class AdministrationCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.administration = self.web.administration
        self.operator = Operator(self.web.operator, self.web.random)

    def run_now(self, work: Coroutine[Deferred[Any], Any, T]) -> T:
        return self.successResultOf(Deferred.fromCoroutine(work))

    def fails(self, work: Coroutine[Deferred[Any], Any, Any], error: type[Exception]) -> None:
        self.failureResultOf(Deferred.fromCoroutine(work), error)

    def another(self, chosen: Registration | None = None) -> Administration:
        web = self.web
        return Administration(web.operator, web.accounts, web.bus, web.random, chosen)


class WhoMayRegister(AdministrationCase):
    def test_what_was_kept_is_known_once_it_was_asked_for_and_needs_no_database_then(self) -> None:
        self.web.operator.kept = "invite"
        self.assertEqual(self.administration.known_registration, "open")
        self.assertEqual(self.run_now(self.administration.registration()), "invite")
        self.web.store.away = True
        self.assertEqual(self.run_now(self.administration.registration()), "invite")
        self.assertEqual(self.administration.known_registration, "invite")

    def test_nothing_is_guessed_while_the_database_is_away(self) -> None:
        self.web.store.away = True
        self.fails(self.administration.registration(), Unavailable)
        self.fails(self.administration.is_set_up(), Unavailable)

    def test_what_the_operator_says_needs_no_database(self) -> None:
        self.web.store.away = True
        self.assertEqual(self.run_now(self.another("closed").registration()), "closed")

    def test_another_daemon_may_set_up_meanwhile(self) -> None:
        self.assertEqual(self.run_now(self.administration.registration()), "open")
        other = self.another()
        made = other.set_up("Ada", "ada", PASSWORD, PASSWORD, "invite", START_MS)
        session, _ = self.run_now(made)
        self.assertEqual(session.user.role, "administrator")
        self.assertEqual(self.run_now(self.administration.registration()), "invite")
        self.assertTrue(self.run_now(self.administration.is_set_up()))
        again = self.administration.set_up("Eve", "eve", PASSWORD, PASSWORD, "open", START_MS)
        self.fails(again, WrongToken)


class NewPasswords(AdministrationCase):
    def setUp(self) -> None:
        super().setUp()
        Browser(self.web).register()
        self.token = self.link()

    def link(self) -> str:
        token = self.run_now(self.operator.new_reset("ada", START_MS))
        assert token is not None
        return token

    def test_an_earlier_link_works_no_more(self) -> None:
        newer = self.link()
        self.fails(self.administration.reset_of(self.token, START_MS), WrongToken)
        self.assertEqual(
            self.run_now(self.administration.reset_of(newer, START_MS)).username, "ada"
        )

    def test_a_link_is_good_for_a_day(self) -> None:
        self.run_now(self.administration.reset_of(self.token, START_MS + RESET_MS - 1))
        self.fails(self.administration.reset_of(self.token, START_MS + RESET_MS), WrongToken)

    def test_only_its_digest_is_kept(self) -> None:
        self.assertNotIn(self.token, repr(self.web.operator.resets))

    def test_nobody_gets_none(self) -> None:
        for name in ("nobody", "no body", ""):
            self.assertIsNone(self.run_now(self.operator.new_reset(name, START_MS)))

    def test_a_session_that_cannot_be_stored_does_not_undo_the_password(self) -> None:
        self.patch(self.web.store, "add_session", lambda *_: fail(Unavailable("away")))
        reset = self.administration.reset(self.token, NEW, NEW, START_MS)
        user, cookie = self.run_now(reset)
        self.assertEqual((user.username, cookie), ("ada", None))
        self.fails(self.web.accounts.log_in("ada", PASSWORD, START_MS), WrongPair)
        self.fails(self.web.accounts.log_in("ada", NEW, START_MS), Unavailable)

    def test_the_old_password_lets_nobody_in_whose_check_has_begun_before(self) -> None:
        matches, links = self.web.hashing.matches, [self.token]

        def reset_meanwhile(password: str, stored: PasswordHash | None) -> Deferred[bool]:
            if password == PASSWORD and links:
                self.run_now(self.administration.reset(links.pop(), NEW, NEW, START_MS))
            return matches(password, stored)

        self.patch(self.web.hashing, "matches", reset_meanwhile)
        before = set(self.web.store.sessions)
        self.fails(self.web.accounts.log_in("ada", PASSWORD, START_MS), WrongPair)
        [begun] = set(self.web.store.sessions) - before
        self.run_now(self.web.accounts.log_in("ada", NEW, START_MS))
        self.assertIn(begun, self.web.store.sessions)

    def test_of_two_resets_at_once_the_earlier_begins_no_session(self) -> None:
        add_session, later = self.web.store.add_session, "the later long secret"

        def reset_meanwhile(*what: Any) -> Deferred[bool]:
            self.patch(self.web.store, "add_session", add_session)
            self.run_now(self.administration.reset(self.link(), later, later, START_MS))
            return Deferred.fromCoroutine(add_session(*what))

        self.patch(self.web.store, "add_session", reset_meanwhile)
        reset = self.administration.reset(self.token, NEW, NEW, START_MS)
        _, cookie = self.run_now(reset)
        self.assertIsNone(cookie)
        self.assertEqual(len(self.web.store.sessions), 1)


class TheCommandLine(SynchronousTestCase):
    def test_a_command_follows_the_options_of_the_daemon(self) -> None:
        options = CommandLine()
        options.parseOptions(["--data-dir", "/x", "admin", "reset", "ada"])
        self.assertEqual(str(options.config.data_dir), "/x")
        self.assertEqual(options.subCommand, "admin")

    def test_links_lead_to_where_this_configuration_listens(self) -> None:
        proxied = ["--behind-proxy", "127.0.0.1", "--listen", "unix:/run/x"]
        for words, home in (
            ([], "http://localhost:8080"),
            (["--listen", "tcp:8123:interface=127.0.0.1"], "http://localhost:8123"),
            ([*proxied, "--public-url", "https://chat.example.org"], "https://chat.example.org"),
            (["--listen", "tcp:0:interface=127.0.0.1"], ""),
        ):
            options = CommandLine()
            options.parseOptions([*words, "admin", "reset", "ada"])
            self.assertEqual(home_of(options.config), home, words)

    def test_what_means_nothing_is_refused_with_a_sentence(self) -> None:
        for words in (
            *([], ["admin"], ["admin", "grant"], ["admin", "reports", "x"], ["x"]),
            *(["keys"], ["keys", "retire"], ["keys", "retire", "1", "2"], ["keys", "rotat"]),
            *(["keys", "retire", number] for number in ("x", "0", "-1", "1.5", "\u0661", "9" * 30)),
            *(["audit"], ["audit", "tail", "x"], ["audit", "verify", "x"], ["audit", "x"]),
            *(["audit", "tail", "--lines", number] for number in ("0", "-1", "x", "9" * 30)),
            *(["keys", command, "1"] for command in ("status", "rotate", "rewrap", "verify")),
        ):
            errors = StringIO()
            self.patch(sys, "stderr", errors)
            self.assertEqual(main(words), MISUSED, words)
            self.assertRegex(errors.getvalue(), r"\Asecurechat: .+\n\Z")

    def test_every_command_has_help(self) -> None:
        for words in (
            [],
            ["admin"],
            ["admin", "grant"],
            ["admin", "reset"],
            ["fsck"],
            *AUDIT,
            *KEYS,
        ):
            output = StringIO()
            self.patch(sys, "stdout", output)
            ended = self.assertRaises(SystemExit, main, [*words, "--help"])
            self.assertEqual(ended.code, 0)
            usage = " ".join(["Usage: python -m securechat [options]", *words])
            self.assertIn(usage, output.getvalue())
