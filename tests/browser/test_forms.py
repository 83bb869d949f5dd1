"""Registering, logging in and out, without scripts and with them."""

from __future__ import annotations

from tests.browser.cases import BrowserCase
from tests.support.browser import PASSWORD, Visitor

REFUSED = r"console: Failed to load resource: the server responded with a status of 4\d\d"


class WithoutScripts(BrowserCase):
    def without_scripts(self) -> Visitor:
        visitor = self.visitor(self.daemon(), "Ada Lovelace", java_script_enabled=False)
        visitor.excuse(REFUSED)
        return visitor

    def kept(self, ada: Visitor, *names: str) -> list[str]:
        return [ada.page.locator(f"main input[name={name}]").input_value() for name in names]

    def error_of(self, ada: Visitor, name: str) -> str:
        field = ada.page.locator(f"main input[name={name}]")
        self.assertEqual(field.get_attribute("aria-invalid"), "true", name)
        described = (field.get_attribute("aria-describedby") or "").split()
        self.assertIn(f"{name}-error", described)
        return ada.page.locator(f"#{name}-error").inner_text()

    def test_registering_says_what_is_wrong_beside_each_field_and_keeps_what_was_typed(
        self,
    ) -> None:
        ada = self.without_scripts()
        ada.visit("/register")
        ada.submit()
        for name in ("fullname", "username", "password"):
            self.assertTrue(self.error_of(ada, name))
        ada.fill(fullname="Ada Lovelace", username="a!", password="short", confirm="other")
        ada.submit()
        self.assertIn("Error", ada.page.title())
        self.assertEqual(ada.page.url, ada.url + "/register")
        self.assertIn("3 to 32", self.error_of(ada, "username"))
        self.assertIn("8", self.error_of(ada, "password"))
        self.assertEqual(self.kept(ada, "fullname", "username"), ["Ada Lovelace", "a!"])
        self.assertEqual(self.kept(ada, "password", "confirm"), ["", ""])
        summary = ada.page.locator("#summary")
        self.assertTrue(summary.is_visible())
        self.assertEqual(summary.locator("a[href='#username']").count(), 1)

        ada.fill(username="ada", password=PASSWORD, confirm=PASSWORD)
        with ada.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
            ada.submit()
        self.assertEqual(answered.value.status, 303)
        self.assertEqual(ada.page.url, ada.url + "/")
        self.assertIn("needs JavaScript", ada.page.locator("noscript").inner_text())

        self.without_session(ada)

    def without_session(self, ada: Visitor) -> None:
        ada.page.locator("form.notice-action button").click()
        ada.page.wait_for_url(ada.url + "/login")
        ada.visit("/register")
        ada.fill(fullname="Another Ada", username="ADA", password=PASSWORD, confirm=PASSWORD)
        ada.submit()
        self.assertIn("taken", self.error_of(ada, "username"))
        self.assertEqual(self.kept(ada, "fullname", "username"), ["Another Ada", "ADA"])

        sentences = set()
        for username, password in (("ada", "wrong horse battery"), ("nobody", PASSWORD)):
            ada.visit("/login")
            ada.fill(username=username, password=password)
            ada.submit()
            sentences.add(ada.page.locator("#summary").inner_text())
            self.assertEqual(self.kept(ada, "username", "password"), [username, ""])
        self.assertEqual(sentences, {"User name and password do not match."})
        ada.fill(username="Ada", password=PASSWORD)
        ada.submit()
        self.assertEqual(ada.page.url, ada.url + "/")


class LoggingOut(BrowserCase):
    def test_after_logging_out_back_shows_nothing_and_the_other_tab_is_told(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        ada.excuse(r"console: WebSocket connection to .* failed", REFUSED)
        ada.say("Between us")
        ada.reads("Between us")
        tab = ada.new_page()
        tab.goto(daemon.url)
        ada.message("Between us", tab).wait_for()
        tab.get_by_label("Message", exact=True).fill("a draft")

        ada.page.get_by_role("button", name="Log out").click()
        ada.page.wait_for_url(daemon.url + "/login")
        told = tab.locator("#banner").get_by_text("Your session has ended. Your draft is kept.")
        told.wait_for()
        self.assertTrue(tab.get_by_role("link", name="Log in again").is_visible())
        self.assertEqual(tab.get_by_label("Message", exact=True).input_value(), "a draft")

        ada.page.go_back()
        ada.page.wait_for_load_state()
        self.assertIn("/login", ada.page.url)
        self.assertNotIn("Between us", ada.page.content())
        self.assertNotIn("Between us", str(ada.page.evaluate("Object.entries(sessionStorage)")))
        self.assertNotIn("securechat", {cookie["name"] for cookie in ada.context.cookies()})

    def test_passwords_can_be_shown_rules_tick_and_a_form_is_sent_once(self) -> None:
        ada = self.visitor(self.daemon(), "Ada Lovelace")
        ada.visit("/register")
        ada.fill(fullname="Ada Lovelace", username="ada", password="1234567")
        # What only the server can judge has no tick.
        rules = ada.page.locator("#password-rules li[data-rule]")
        self.assertEqual(rules.nth(0).get_attribute("data-met"), "false")
        ada.fill(password=PASSWORD, confirm=PASSWORD)
        self.assertEqual(
            rules.evaluate_all("(all) => all.map((one) => one.dataset.met)"), ["true"] * 3
        )
        ada.page.get_by_role("button", name="Show password", exact=True).click()
        field = ada.page.locator("input[name=password]")
        self.assertEqual(field.get_attribute("type"), "text")
        ada.page.get_by_role("button", name="Hide password", exact=True).click()
        self.assertEqual(field.get_attribute("type"), "password")

        posts: list[str] = []
        ada.page.on(
            "request",
            lambda request: posts.append(request.url) if request.method == "POST" else None,
        )
        ada.page.locator("main form:not([data-passkey]) button[type=submit]").dblclick(
            no_wait_after=True
        )
        ada.page.wait_for_url(ada.url + "/")
        self.assertEqual(posts, [ada.url + "/register"])
