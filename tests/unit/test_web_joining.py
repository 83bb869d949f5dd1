"""Invite links, with an account and without one, good and over."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from securechat.core.model import PasswordHash, digest_of
from securechat.core.ports import Posted, RoomsChanged
from securechat.core.settings import Limits

from .fakes_browser import PASSWORD, Browser
from .fakes_web import Web
from .fakes_wire import Response
from .test_web_pages import PagesCase

FORM = {
    "fullname": "Ada Lovelace",
    "username": "ada",
    "password": PASSWORD,
    "confirm": PASSWORD,
}
ROOM = "/#room=r00m"


class JoiningCase(PagesCase):
    def setUp(self) -> None:
        super().setUp()
        self.token = self.web.rooms.link("one")
        self.path = f"/join/{self.token}"

    def assertOver(self, response: Response) -> None:
        self.assertEqual(response.status, 404)
        self.assertIn("This invite does not work any more. Ask for a new one.", response.text)
        self.assertNotIn("Chess", response.text)


class WithoutAnAccount(JoiningCase):
    def test_whoever_registers_is_in_the_room_and_signed_in(self) -> None:
        page = self.browser.get(self.path)
        self.assertEqual(page.status, 200)
        self.assertIn("Chess &lt;club&gt;", page.text)
        self.assertIn('name="robots" content="noindex"', page.text)
        response = self.browser.post(self.path, {"csrf": page.csrf, **FORM})
        self.assertEqual((response.status, response.header("Location")), (303, ROOM))
        self.assertEqual(self.browser.get("/session").status, 204)
        user, _ = self.web.store.users["ada"]
        self.assertEqual(self.web.store.joined, [(user.id, "r00m")])
        kinds = [type(news) for news in self.web.bus.news]
        self.assertEqual(kinds, [Posted, RoomsChanged])
        self.assertEqual(self.web.metrics.registrations, 1)

    def test_wrong_fields_keep_what_was_typed_and_the_invite(self) -> None:
        csrf = self.browser.get(self.path).csrf
        response = self.browser.post(self.path, {"csrf": csrf, **FORM, "confirm": "another"})
        self.assertEqual(response.status, 422)
        self.assertIn('value="Ada Lovelace"', response.text)
        self.assertIn(f'action="{self.path}"', response.text)
        self.assertKeptNothingSecret(response)
        again = self.browser.post(self.path, {"csrf": response.csrf, **FORM})
        self.assertEqual(again.status, 303)

    def test_a_taken_name_uses_nothing_up(self) -> None:
        Browser(self.web).register("ada")
        response = self.browser.submit(self.path, **FORM)
        self.assertEqual(response.status, 409)
        self.assertEqual(len(self.web.store.invites), 1)

    def test_used_up_between_page_and_form_makes_no_account(self) -> None:
        csrf = self.browser.get(self.path).csrf
        self.web.store.invites.clear()
        self.assertOver(self.browser.post(self.path, {"csrf": csrf, **FORM}))
        self.assertEqual(self.web.store.users, {})

    def test_used_up_while_the_password_was_hashed_makes_no_account(self) -> None:
        csrf = self.browser.get(self.path).csrf
        hashing = self.web.hashing.hash

        def hash_meanwhile(password: str) -> Deferred[PasswordHash]:
            self.web.store.invites.clear()
            return hashing(password)

        self.patch(self.web.hashing, "hash", hash_meanwhile)
        self.assertOver(self.browser.post(self.path, {"csrf": csrf, **FORM}))
        self.assertEqual(self.web.store.users, {})

    def test_it_needs_our_own_page(self) -> None:
        csrf = self.browser.get(self.path).csrf
        evil = ("Origin", "http://evil.example")
        response = self.browser.post(self.path, {"csrf": csrf, **FORM}, evil)
        self.assertEqual(response.status, 403)
        self.assertEqual(self.browser.post(self.path, {"csrf": "x", **FORM}).status, 403)
        self.assertEqual(self.web.store.users, {})

    def test_without_a_database_it_is_503_and_says_nothing_about_the_invite(self) -> None:
        self.web.store.away = True
        response = self.browser.get(self.path)
        self.assertEqual((response.status, response.header("Retry-After")), (503, "5"))

    def test_a_form_sent_without_a_database_is_shown_again_with_what_was_typed(
        self,
    ) -> None:
        csrf = self.browser.get(self.path).csrf
        self.web.store.away = True
        response = self.browser.post(self.path, {"csrf": csrf, **FORM})
        self.assertEqual((response.status, response.header("Retry-After")), (503, "5"))
        self.assertIn(f'value="{FORM["username"]}"', response.text)
        self.assertNotIn("Chess", response.text)
        self.web.store.away = False
        self.assertEqual(self.browser.submit(self.path, **FORM).status, 303)


class Back(JoiningCase):
    def test_whoever_registered_by_a_link_finds_the_room_behind_it_again(self) -> None:
        csrf = self.browser.get(self.path).csrf
        for _ in range(2):
            response = self.browser.post(self.path, {"csrf": csrf, **FORM})
            self.assertEqual((response.status, response.header("Location")), (303, ROOM))
        self.assertEqual(self.browser.get(self.path).header("Location"), ROOM)
        self.assertEqual(len(self.web.store.users), 1)


class WithAnAccount(JoiningCase):
    def setUp(self) -> None:
        super().setUp()
        self.browser.register()

    def test_one_button_leads_into_the_room(self) -> None:
        page = self.browser.get(self.path)
        self.assertIn("Chess &lt;club&gt;", page.text)
        self.assertIn("Ada Lovelace", page.text)
        response = self.browser.post(self.path, {"csrf": page.csrf})
        self.assertEqual((response.status, response.header("Location")), (303, ROOM))
        self.assertEqual(self.web.store.joined[0][1], "r00m")

    def test_the_button_belongs_to_this_session(self) -> None:
        other = Browser(self.web)
        other.register("bob", "Bob")
        foreign = other.get("/").csrf
        for csrf in ("", "x", foreign):
            self.assertEqual(self.browser.post(self.path, {"csrf": csrf}).status, 403)
        evil = ("Origin", "http://evil.example")
        csrf = self.browser.get(self.path).csrf
        self.assertEqual(self.browser.post(self.path, {"csrf": csrf}, evil).status, 403)
        self.assertEqual(self.web.store.joined, [])

    def test_who_is_banned_is_told_so_and_uses_nothing_up(self) -> None:
        user, _ = self.web.store.users["ada"]
        self.web.rooms.banned.add(user.id)
        response = self.browser.submit(self.path)
        self.assertEqual(response.status, 403)
        self.assertIn("You cannot join this room.", response.text)
        self.assertIn(digest_of(self.token), self.web.store.invites)

    def test_who_is_in_the_room_already_is_led_there_also_by_a_link_that_is_used_up(self) -> None:
        csrf = self.browser.get(self.path).csrf
        self.assertEqual(self.browser.post(self.path, {"csrf": csrf}).status, 303)
        self.assertEqual(self.web.store.invites, {})
        for response in (
            self.browser.get(self.path),
            self.browser.post(self.path, {"csrf": csrf}),
            self.browser.get(f"/join/{self.web.rooms.link('another')}"),
        ):
            self.assertEqual((response.status, response.header("Location")), (303, ROOM))
        self.assertEqual(len(self.web.store.joined), 1)
        self.assertEqual(len(self.web.store.invites), 1)
        for browser in (Browser(self.web), self.other()):
            self.assertOver(browser.get(self.path))

    def other(self) -> Browser:
        bob = Browser(self.web)
        bob.register("bob", "Bob")
        return bob

    def test_used_up_meanwhile(self) -> None:
        csrf = self.browser.get(self.path).csrf
        self.web.store.invites.clear()
        self.assertOver(self.browser.post(self.path, {"csrf": csrf}))


class LoggingInFirst(JoiningCase):
    def setUp(self) -> None:
        super().setUp()
        self.browser.register()
        self.browser = Browser(self.web)

    def test_the_log_in_leads_back_to_the_invite(self) -> None:
        self.assertIn(f"/login?join={self.token}", self.browser.get(self.path).text)
        page = self.browser.get(f"/login?join={self.token}")
        self.assertIn(f'name="join" value="{self.token}"', page.text)
        fields = {"csrf": page.csrf, "join": self.token, "username": "ada"}
        wrong = self.browser.post("/login", {**fields, "password": "not the secret"})
        self.assertEqual(wrong.status, 401)
        self.assertIn(f'name="join" value="{self.token}"', wrong.text)
        response = self.browser.post("/login", {**fields, "password": PASSWORD})
        self.assertEqual((response.status, response.header("Location")), (303, self.path))

    def test_it_leads_nowhere_else(self) -> None:
        token = self.token
        for place in (
            "//evil.example",
            "https://evil.example",
            f"{token}/../../x",
            f"{token}\r\nX: y",
            f"{token}\n",
            "../" + token[3:],
            token[:-1] + "é",
            "",
        ):
            browser = Browser(self.web)
            response = browser.submit("/login", username="ada", password=PASSWORD, join=place)
            self.assertEqual((response.status, response.header("Location")), (303, "/"), place)
        page = Browser(self.web).get("/login?join=//evil.example")
        self.assertNotIn("evil", page.text)

    def test_whoever_is_signed_in_goes_straight_to_the_invite(self) -> None:
        self.browser.log_in()
        response = self.browser.get(f"/login?join={self.token}")
        self.assertEqual(response.header("Location"), self.path)


class NotGood(JoiningCase):
    def test_unknown_and_misshapen_links_are_one_page_for_everybody(self) -> None:
        signed_in = Browser(self.web)
        signed_in.register()
        for browser in (self.browser, signed_in):
            for token in ("A" * 43, "x", "A" * 44, "%00", "%C3%A9" * 43, "A" * 42 + "%0A"):
                self.assertOver(browser.get(f"/join/{token}"))
        self.assertEqual(self.browser.get("/join/").status, 404)

    def test_guessing_is_throttled_by_address(self) -> None:
        self.web = Web(limits=Limits(registrations_per_address=3))
        browser = Browser(self.web)
        for number in range(3):
            self.assertOver(browser.get(f"/join/{self.web.rooms.link('x')[:-1]}{number}"))
        response = browser.get(f"/join/{self.web.rooms.link('one')}")
        self.assertEqual((response.status, response.header("Retry-After")), (429, "20"))
        elsewhere = Browser(self.web, address="192.0.2.7")
        self.assertEqual(elsewhere.get(f"/join/{self.web.rooms.link('one')}").status, 200)


class WhoMayRegister(PagesCase):
    def at(self, web: Web) -> str:
        self.web, self.browser = web, Browser(web)
        return f"/join/{web.rooms.link('one')}"

    def test_by_invite_only_an_invite_makes_an_account(self) -> None:
        path = self.at(Web(registration="invite"))
        csrf = self.browser.get("/login").csrf
        for response in (
            self.browser.get("/register"),
            self.browser.post("/register", {"csrf": csrf, **FORM}),
        ):
            self.assertEqual(response.status, 403)
            self.assertIn("needs an invite link", response.text)
        self.assertNotIn("/register", self.browser.get("/login").text)
        self.assertEqual(self.browser.submit(path, **FORM).status, 303)
        self.assertEqual(list(self.web.store.users), ["ada"])

    def test_after_a_start_the_page_to_log_in_knows_what_was_chosen(self) -> None:
        for kept, offered in (("invite", False), ("open", True), (None, True)):
            self.at(Web())
            self.web.operator.kept = kept  # type: ignore[assignment]
            page = self.browser.get("/login")
            self.assertEqual("/register" in page.text, offered, kept)
            self.assertEqual("Ask somebody who is here" in page.text, kept == "invite")

    def test_without_a_database_the_page_to_log_in_is_there(self) -> None:
        self.at(Web())
        self.web.store.away = True
        self.assertEqual(self.browser.get("/login").status, 200)

    def test_closed_lets_people_with_an_account_join_and_nobody_else(self) -> None:
        path = self.at(Web())
        self.browser.register("bob", "Bob")
        self.web.administration._chosen = "closed"
        stranger = Browser(self.web)
        page = stranger.get(path)
        self.assertEqual(page.status, 403)
        self.assertIn("Registration is closed", page.text)
        self.assertIn("/login?join=", page.text)
        csrf = stranger.get("/login").csrf
        self.assertEqual(stranger.post(path, {"csrf": csrf, **FORM}).status, 403)
        self.assertEqual(list(self.web.store.users), ["bob"])
        self.assertEqual(self.browser.submit(path).status, 303)

    def test_what_the_first_administrator_chose_counts_unless_the_operator_says_otherwise(
        self,
    ) -> None:
        for chosen, kept, status in (
            (None, None, 200),
            (None, "invite", 403),
            ("open", "invite", 200),
            ("invite", "open", 403),
        ):
            self.at(Web(registration=chosen))  # type: ignore[arg-type]
            self.web.operator.kept = kept  # type: ignore[assignment]
            self.assertEqual(self.browser.get("/register").status, status, (chosen, kept))
