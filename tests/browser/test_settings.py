"""The page of settings, without scripts and with them."""

from __future__ import annotations

from tests.browser.cases import BrowserCase
from tests.support.browser import PASSWORD, Visitor

NEW = "another long secret"
REFUSED = r"console: Failed to load resource: the server responded with a status of 4"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)

FORBID_STORAGE = """
Object.defineProperty(globalThis, 'localStorage', {
  get() { throw new DOMException('forbidden', 'SecurityError'); },
});
"""
IN_ENGLISH = """(time) => new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })
  .format(new Date(time.dateTime))"""


class SettingsCase(BrowserCase):
    def press(self, ada: Visitor, name: str) -> None:
        """Press this button of a form, and wait for the page that follows."""
        with ada.page.expect_event("load"):
            ada.page.get_by_role("button", name=name, exact=True).click()

    def notice(self, ada: Visitor) -> str:
        return ada.page.locator("p.notice").inner_text()

    def change_name_and_password(self, ada: Visitor) -> None:
        """All that the two forms can say, good and bad."""
        ada.visit("/settings")
        ada.fill(fullname=" ")
        self.press(ada, "Change the name")
        ada.page.locator("#fullname-error").wait_for()
        ada.fill(fullname="Ada King")
        self.press(ada, "Change the name")
        self.assertEqual(self.notice(ada), "Your name was changed.")
        self.assertEqual(ada.page.locator("#fullname").input_value(), "Ada King")
        ada.fill(current="not the secret", password=NEW, confirm=NEW)
        self.press(ada, "Change the password")
        error = ada.page.locator("#current-error").inner_text()
        self.assertIn("not your current password", error)
        self.assertEqual(ada.page.locator("#current").get_attribute("aria-invalid"), "true")
        ada.fill(current=PASSWORD, password=NEW, confirm="other")
        self.press(ada, "Change the password")
        ada.page.locator("#confirm-error").wait_for()
        ada.fill(current=PASSWORD, password=NEW, confirm=NEW)
        self.press(ada, "Change the password")
        self.assertIn("Your password was changed.", self.notice(ada))


class WithoutScripts(SettingsCase):
    def test_name_password_and_sessions_are_changed_by_plain_forms(self) -> None:
        daemon = self.daemon()
        ada = self.visitor(daemon, "Ada Lovelace", java_script_enabled=False)
        ada.excuse(REFUSED)
        ada.register()
        ada.page.get_by_role("link", name="Settings").click()
        ada.page.wait_for_url(ada.url + "/settings")
        self.change_name_and_password(ada)
        for title in ("Appearance", "Keyboard", "Notifications"):
            self.assertEqual(ada.page.get_by_role("heading", name=title).count(), 0)
        others = [self.visitor(daemon, ada.full_name, user_agent=IPHONE) for _ in range(3)]
        for one in others:
            one.visit("/login")
            one.fill(username=ada.username, password=NEW)
            one.submit()
            one.excuse_lost_connections()
        ada.visit("/settings")
        with ada.page.expect_event("load"):
            ada.page.get_by_role("button", name="End Safari on iPhone").first.click()
        self.assertEqual(self.notice(ada), "That browser is logged out now.")
        self.press(ada, "End all others")
        self.assertEqual(self.notice(ada), "You are logged out everywhere else now.")
        ada.page.get_by_text("You are logged in nowhere else.").wait_for()
        ada.page.get_by_role("link", name="Back to the chat").click()
        ada.page.wait_for_url(ada.url + "/")


class WithScripts(SettingsCase):
    def test_a_new_password_ends_the_other_browser_and_this_one_goes_on(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        ada.excuse(REFUSED)
        phone = self.visitor(daemon, ada.full_name).log_in()
        self.change_name_and_password(ada)
        phone.page.locator("#banner").get_by_text("Your session has ended").wait_for()
        # Where there is no session, there is nothing to log out of.
        self.assertFalse(phone.page.get_by_role("button", name="Log out").is_visible())
        ada.page.get_by_role("link", name="Back to the chat").click()
        self.assertTrue(ada.page.get_by_role("button", name="Log out").is_visible())
        ada.say("still here")
        ada.reads("still here")
        self.assertIn("Ada King", ada.page.locator(".account-name").inner_text())

    def test_a_new_name_is_seen_by_others_without_a_reload(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        eve = self.person(daemon, "Eve Moneypenny")
        ada.say("Good morning!")
        eve.reads("Good morning!")
        page, tab = ada.page, ada.new_page()
        tab.goto(ada.url + "/settings")
        tab.get_by_label("Full name").fill("Ada King")
        tab.get_by_role("button", name="Change the name").click()
        eve.page.locator("#rows .author").get_by_text("Ada King").wait_for()
        page.locator(".account-name").get_by_text("Ada King").wait_for()

    def test_a_session_is_known_by_its_device_and_ended(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        phone = self.visitor(daemon, ada.full_name, user_agent=IPHONE).log_in()
        ada.visit("/settings")
        rows = ada.page.locator(".sessions li")
        self.assertEqual(rows.count(), 2)
        self.assertIn("This browser", rows.first.inner_text())
        self.assertEqual(rows.first.get_by_role("button").count(), 0)
        self.assertIn("Safari on iPhone", rows.last.inner_text())
        # Scripts write the reader's own time in place of UTC.
        self.assertNotIn("UTC", rows.last.inner_text())
        self.press(ada, "End Safari on iPhone")
        phone.page.locator("#banner").get_by_text("Your session has ended").wait_for()
        self.assertEqual(rows.count(), 1)

    def test_rules_tick_and_choices_for_this_browser_are_kept(self) -> None:
        ada = self.person(self.daemon(), "Ada Lovelace")
        ada.visit("/settings")
        ada.fill(password=NEW, confirm=NEW)
        for rule in ("length", "different", "same"):
            ada.page.locator(f"[data-rule={rule}][data-met=true]").wait_for()
        keys = ada.page.get_by_label("Single keys as shortcuts")
        self.assertTrue(keys.is_checked())
        keys.uncheck()
        ada.page.get_by_label("Theme").select_option("dark")
        ada.page.reload()
        self.assertFalse(keys.is_checked())
        self.assertEqual(ada.page.locator("html").get_attribute("data-theme"), "dark")
        self.assertTrue(ada.page.get_by_label("Show notifications in this browser").is_visible())

    def test_without_storage_it_works_and_dates_are_in_the_language_of_the_page(self) -> None:
        ada = self.visitor(self.daemon(), "Ada Lovelace", locale="fr-FR")
        ada.context.add_init_script(FORBID_STORAGE)
        ada.register()
        ada.visit("/settings")
        ada.page.get_by_label("Show notifications in this browser").wait_for()
        ada.page.get_by_text("Logging out forgets what was chosen in this browser.").wait_for()
        self.assertTrue(ada.page.get_by_label("Single keys as shortcuts").is_checked())
        time = ada.page.locator(".sessions time").first
        self.until(lambda: "UTC" not in time.inner_text(), ada)
        self.assertEqual(time.inner_text(), time.evaluate(IN_ENGLISH))
