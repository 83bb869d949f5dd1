"""Notifications while nobody looks, and nothing of the kind before somebody wants them."""

from __future__ import annotations

from typing import Any

from tests.browser.cases import BrowserCase
from tests.support.browser import Visitor
from tests.support.daemon import DaemonProcess

RECORD = """
globalThis.told = [];
globalThis.asked = 0;
globalThis.Notification = new Proxy(Notification, {
  construct(_, [title, options]) {
    const shown = Object.assign(new EventTarget(), { title, ...options, open: true });
    shown.close = () => {
      shown.open = false;
      shown.dispatchEvent(new Event('close'));
    };
    for (const one of told) if (one.tag === shown.tag && one.open) one.close();
    told.push(shown);
    return shown;
  },
  get(real, name) {
    if (name !== 'requestPermission') return real[name];
    return () => {
      asked++;
      return real.requestPermission();
    };
  },
});
"""
"""In place of what the operating system would show; the permission is the browser's own."""

AS_ON_PHONES = """
globalThis.Notification = new Proxy(Notification, {
  construct() { throw new TypeError('Illegal constructor'); },
});
ServiceWorkerRegistration.prototype.showNotification = async (title, options) => {
  told.push({ title, ...options, open: true, close() { this.open = false; } });
};
ServiceWorkerRegistration.prototype.getNotifications = async ({ tag } = {}) =>
  told.filter((one) => one.open && (!tag || one.tag === tag));
"""
LOOK = """(away) => {
  Object.defineProperty(document, 'hidden', { get: () => away, configurable: true });
  document.hasFocus = () => !away;
  document.dispatchEvent(new Event('visibilitychange'));
  dispatchEvent(new Event(away ? 'blur' : 'focus'));
}"""
IN_LINE = """async () => (await navigator.locks.query()).pending.length > 0"""
LEADS = """async () =>
  (await navigator.locks.query()).held.some(({ name }) => name.startsWith('securechat.alerts.'))"""
TOLD = "told.filter(({ open }) => open).map(({ title, body }) => [title, body])"
CHOOSE = """(chosen) => {
  const key = 'securechat.preferences';
  const kept = JSON.parse(localStorage.getItem(key) ?? '{}');
  localStorage.setItem(key, JSON.stringify({ ...kept, ...chosen }));
}"""


class Alerts(BrowserCase):
    def ada(self, daemon: DaemonProcess, *scripts: str) -> Visitor:
        """Somebody whose browser would show notifications, and who has not said that it should."""
        ada = self.visitor(daemon, "Ada Lovelace", permissions=["notifications"])
        for script in (RECORD, *scripts):
            ada.context.add_init_script(script)
        return ada.register()

    def away(self, visitor: Visitor, **chosen: Any) -> None:
        """They want notifications, and look at something else once they are in the room."""
        visitor.page.locator("#room-groups a").first.wait_for(state="attached")
        visitor.page.evaluate(CHOOSE, {"notify": True, "offered": True} | chosen)
        visitor.page.evaluate(LOOK, True)

    def told(self, visitor: Visitor) -> list[list[str]]:
        """Title and body of every notification that is shown."""
        return list(visitor.page.evaluate(TOLD))

    def test_nobody_is_asked_before_the_first_message_nor_twice(self) -> None:
        daemon = self.shared_daemon()
        ada = self.ada(daemon)
        ada.composer.wait_for()
        offer = ada.page.locator("#offer")
        self.assertFalse(offer.is_visible())
        ada.say("My first words")
        offer.get_by_text("Would you like a notification").wait_for()
        self.assertEqual(ada.page.evaluate("asked"), 0)
        offer.get_by_role("button", name="Not now").click()
        self.assertFalse(offer.is_visible())
        ada.page.reload()
        ada.say("My second words")
        ada.reads("My second words")
        self.assertFalse(offer.is_visible())
        self.assertEqual(ada.page.evaluate("asked"), 0)

        details = ada.details()
        details.get_by_text("Notifications are off in this browser.").wait_for()
        details.get_by_role("button", name="Show notifications").click()
        self.until(lambda: ada.page.evaluate("asked") == 1, ada)
        details.get_by_text("Notifications are off").wait_for(state="detached")

    def test_mentions_come_up_and_the_room_s_own_choice_goes_before(self) -> None:
        daemon = self.shared_daemon()
        eve = self.person(daemon, "Eve Moneypenny")
        ada = self.visitor(daemon, "Ada Byron", permissions=["notifications"])
        ada.context.add_init_script(RECORD)
        ada.register()
        ada.say("Turn it on")
        offer = ada.page.locator("#offer")
        offer.get_by_role("button", name="Show notifications").click()
        offer.wait_for(state="hidden")
        eve.say("You are looking, @ada.byron.")
        ada.reads("You are looking, @ada.byron.")
        ada.page.evaluate(LOOK, True)
        eve.say("Good morning, everybody.")
        eve.say("And you, @ada.byron?")
        wanted = [["Eve Moneypenny in #general", "And you, @ada.byron?"]]
        self.until(lambda: self.told(ada) == wanted, ada)
        ada.page.evaluate(LOOK, False)
        self.until(lambda: self.told(ada) == [], ada)
        ada.details().get_by_label("Notify me of").select_option("Nothing")
        ada.page.evaluate(LOOK, True)
        eve.say("Nor this, @ada.byron.")
        ada.reads("Nor this, @ada.byron.")
        ada.page.wait_for_timeout(800)
        self.assertEqual(self.told(ada), [])

    def test_hidden_words_stay_hidden_and_a_burst_counts(self) -> None:
        daemon = self.shared_daemon()
        eve = self.person(daemon, "Eve Hidden")
        ada = self.visitor(daemon, "Ada Hidden", permissions=["notifications"])
        ada.context.add_init_script(RECORD)
        ada.register()
        self.away(ada, hide_words=True, rooms={"general": "all"})
        for number in range(3):
            eve.say(f"A secret {number}")
        self.until(lambda: self.told(ada) == [["3 new messages in #general", ""]], ada)
        self.assertNotIn("secret", ada.page.evaluate("JSON.stringify(told)"))
        self.assertEqual(ada.page.evaluate("told.every(({ silent }) => silent)"), True)

    def test_it_goes_when_the_room_is_read_on_another_machine(self) -> None:
        daemon = self.shared_daemon()
        eve = self.person(daemon, "Eve Elsewhere")
        ada = self.visitor(daemon, "Ada Elsewhere", permissions=["notifications"])
        ada.context.add_init_script(RECORD)
        ada.register()
        self.away(ada)
        eve.say("Hello @ada.elsewhere")
        self.until(lambda: len(self.told(ada)) == 1, ada)
        phone = self.visitor(daemon, "Ada Elsewhere").log_in()
        phone.reads("Hello @ada.elsewhere")
        self.until(lambda: self.told(ada) == [], ada)

    def test_a_click_opens_the_room_at_the_message(self) -> None:
        daemon = self.shared_daemon()
        eve = self.person(daemon, "Eve Clicking")
        ada = self.visitor(daemon, "Ada Clicking", permissions=["notifications"])
        ada.context.add_init_script(RECORD)
        ada.register()
        ada.create_room("The den")
        ada.add(eve.full_name)
        eve.open_room("The den")
        ada.open_room("general")
        self.away(ada)
        eve.say("Come here, @ada.clicking.")
        self.until(lambda: len(self.told(ada)) == 1, ada)
        ada.page.evaluate("told.at(-1).dispatchEvent(new Event('click'))")
        ada.in_room("The den")
        ada.reads("Come here, @ada.clicking.")
        focused = "document.activeElement.closest('li')?.querySelector('.body')?.textContent"
        self.until(lambda: ada.page.evaluate(focused) == "Come here, @ada.clicking.", ada)

    def test_several_tabs_show_one_and_none_while_any_is_looked_at(self) -> None:
        daemon = self.shared_daemon()
        eve = self.person(daemon, "Eve Tabs")
        ada = self.visitor(daemon, "Ada Tabs", permissions=["notifications"])
        ada.context.add_init_script(RECORD)
        ada.register()
        # Whichever comes to rest first is the one that speaks.
        self.until(lambda: ada.page.evaluate(LEADS), ada)
        tab = ada.new_page()
        tab.goto(daemon.url)
        # At rest it stands in line to be the one that speaks, and tells that it is looked at.
        self.until(lambda: tab.evaluate(IN_LINE), ada)
        self.away(ada)
        eve.say("One, @ada.tabs")
        for page in (ada.page, tab):
            ada.message("One, @ada.tabs", page).wait_for()
        ada.page.wait_for_timeout(800)
        self.assertEqual(self.told(ada) + tab.evaluate(TOLD), [])
        tab.evaluate(LOOK, True)
        eve.say("Two, @ada.tabs")
        self.until(lambda: len(self.told(ada)) == 1, ada)
        ada.page.wait_for_timeout(800)
        self.assertEqual(tab.evaluate("told.length"), 0)

    def test_on_a_phone_the_service_worker_shows_them_and_takes_the_click(self) -> None:
        daemon = self.shared_daemon()
        eve = self.person(daemon, "Eve Phone")
        ada = self.visitor(daemon, "Ada Phone", permissions=["notifications"])
        for script in (RECORD, AS_ON_PHONES):
            ada.context.add_init_script(script)
        ada.register()
        ada.create_room("The cellar")
        ada.page.evaluate("navigator.serviceWorker.ready.then(() => {})")
        self.away(ada)
        eve.say("Hello @ada.phone")
        wanted = [["Eve Phone in #general", "Hello @ada.phone"]]
        self.until(lambda: self.told(ada) == wanted, ada)
        address = ada.page.evaluate("told[0].data.open")
        worker = ada.context.service_workers[0]
        worker.evaluate("(address) => open_chat(address)", address)
        ada.in_room("general")
        ada.page.evaluate(LOOK, False)
        self.until(lambda: self.told(ada) == [], ada)

    def test_what_is_unread_marks_title_icon_and_the_installed_app(self) -> None:
        daemon = self.shared_daemon()
        eve = self.person(daemon, "Eve Mark")
        ada = self.visitor(daemon, "Ada Mark")
        ada.context.add_init_script(
            "globalThis.badges = []; navigator.setAppBadge = async (n) => void badges.push(n);"
        )
        ada.register()
        icon = ada.page.locator("link[rel=icon]")
        ada.page.evaluate(LOOK, True)
        eve.say("Hello @ada.mark")
        self.until(lambda: ada.page.title() == "(1) #general · SecureChat", ada)
        self.until(lambda: "/favicon.unread.svg" in (icon.get_attribute("href") or ""), ada)
        self.assertEqual(ada.room_link("general").locator(".badge").all_inner_texts(), ["@1", "1"])
        ada.page.evaluate(LOOK, False)
        self.until(lambda: ada.page.title() == "#general · SecureChat", ada)
        self.assertIn("/favicon.svg", icon.get_attribute("href") or "")
        self.assertEqual(ada.page.evaluate("badges"), [1, 0])


SECTION = """async () => {
  const section = document.createElement('section');
  section.id = 'settings-notifications';
  section.hidden = true;
  document.querySelector('main').prepend(section);
  const base = document.querySelector('script[type=module]').src;
  await (await import(new URL('texts.js', base))).all_texts();
  const { fill } = await import(new URL('notifications.settings.js', base));
  const { Preferences } = await import(new URL('preferences.js', base));
  fill(section, new Preferences(localStorage));
}"""
KEPT = "JSON.parse(localStorage.getItem('securechat.preferences') ?? '{}')"


class Settings(BrowserCase):
    def test_the_section_of_the_settings_keeps_what_is_chosen(self) -> None:
        ada = self.visitor(self.daemon(), "Ada Lovelace", permissions=["notifications"])
        ada.context.add_init_script(RECORD)
        ada.register()
        ada.page.evaluate(SECTION)
        section = ada.page.get_by_role("region", name="Notifications")
        for label in ("Show notifications", "Leave out what was said", "With a sound"):
            self.assertFalse(section.get_by_label(label).is_checked(), label)
            section.get_by_label(label).check()
        chosen = {"notify": True, "offered": True, "hide_words": True, "sound": True}
        self.until(lambda: chosen.items() <= ada.page.evaluate(KEPT).items(), ada)
        self.assertEqual(ada.page.evaluate("asked"), 1)
        section.get_by_label("Show notifications").uncheck()
        self.assertEqual(ada.page.evaluate(KEPT)["notify"], False)

    def test_a_browser_that_forbids_them_is_said_to(self) -> None:
        ada = self.visitor(self.daemon(), "Ada Lovelace")
        ada.context.add_init_script(
            "Object.defineProperty(Notification, 'permission', { get: () => 'denied' });"
        )
        ada.register()
        ada.say("No question comes")
        ada.reads("No question comes")
        self.assertFalse(ada.page.locator("#offer").is_visible())
        ada.page.evaluate(SECTION)
        section = ada.page.get_by_role("region", name="Notifications")
        section.get_by_text("does not allow notifications").wait_for()
        self.assertTrue(section.get_by_label("Show notifications").is_disabled())
