"""Somebody whose browser speaks German is spoken to in German."""

from __future__ import annotations

from tests.browser.cases import BrowserCase
from tests.support.browser import PASSWORD, Visitor

WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class German(BrowserCase):
    def assertFits(self, visitor: Visitor) -> None:
        """WCAG 1.4.10: German is longer, and at 320 px it needs no scrolling sideways either."""
        visitor.page.set_viewport_size({"width": 320, "height": 800})
        self.assertEqual(visitor.page.evaluate(WIDE), 0, visitor.page.url)
        visitor.page.set_viewport_size({"width": 1280, "height": 800})

    def test_whoever_registers_in_german_finds_the_chat_in_german(self) -> None:
        ada = self.visitor(self.daemon(), "Ada Lovelace", locale="de-DE")
        ada.excuse(r"console: Failed to load resource: the server responded with a status of 422")
        ada.visit("/register")
        self.assertEqual(ada.page.title(), "Konto anlegen · SecureChat")
        self.assertEqual(ada.page.locator("html").get_attribute("lang"), "de")
        ada.page.get_by_label("Passwort", exact=True).fill(PASSWORD)
        ada.page.get_by_text("Nicht der Benutzername (erfüllt)").wait_for()
        for now, then in (("anzeigen", "verbergen"), ("verbergen", "anzeigen")):
            ada.page.get_by_role("button", name=f"Passwort {now}", exact=True).click()
            button = ada.page.get_by_role("button", name=f"Passwort {then}", exact=True)
            self.assertEqual(button.inner_text(), then.capitalize())
        ada.submit()
        told = ada.page.locator("#summary")
        self.assertIn("Bitte sieh dir die Felder unten an.", told.inner_text())
        self.assertIn("Benutzername: Wähle einen Benutzernamen.", told.inner_text())
        self.assertFits(ada)

        ada.register()
        ada.page.get_by_role("navigation", name="Räume").wait_for()
        ada.page.get_by_text("Noch keine Nachrichten").wait_for()
        composer = ada.page.get_by_label("Nachricht", exact=True)
        composer.fill("Guten Morgen!")
        composer.press("Enter")
        ada.reads("Guten Morgen!")
        self.assertFits(ada)
        ada.page.get_by_role("button", name="Abmelden", exact=True).click()
        ada.page.get_by_role("heading", name="Anmelden").wait_for()
        self.assertFits(ada)
