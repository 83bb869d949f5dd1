"""The chat as an installed app: what it keeps, how it starts without a server, when it is old."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.browser.cases import BrowserCase
from tests.support import axe
from tests.support.browser import Visitor
from tests.support.daemon import ROOT, DaemonProcess

KEPT = """async () => {
  const kept = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const text = await (await cache.match(request)).text();
      kept.push([new URL(request.url).pathname, text]);
    }
  }
  return kept;
}"""
OFFLINE_IS_KEPT = f"""async () => {{
  const kept = await ({KEPT})();
  return kept.some(([path]) => path.endsWith('/offline.html'));
}}"""


class Installed(BrowserCase):
    is_cold = True

    def provided(self, daemon: DaemonProcess, name: str, locale: str = "en-GB") -> Visitor:
        """Somebody in a chat whose service worker has laid in what it needs."""
        visitor = self.person(daemon, name, locale=locale)
        visitor.excuse_lost_connections()
        visitor.excuse(r"console: Failed to load resource: .* status of (503|401)")
        self.until(lambda: visitor.page.evaluate(OFFLINE_IS_KEPT), visitor)
        return visitor

    def test_a_browser_may_install_it_and_finds_its_icons(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        devtools = ada.context.new_cdp_session(ada.page)
        errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
        # A context of its own counts as incognito, where nothing can be installed.
        self.assertEqual([one["errorId"] for one in errors if one["errorId"] != "in-incognito"], [])
        answer = devtools.send("Page.getAppManifest")
        self.assertEqual(answer["errors"], [])
        manifest = answer["manifest"]
        self.assertEqual(
            [manifest[name] for name in ("id", "scope", "startUrl")], [daemon.url + "/"] * 3
        )
        self.assertEqual(len(manifest["icons"]), 2)
        for icon in manifest["icons"]:
            self.assertEqual(ada.page.request.get(icon["url"]).status, 200, icon)

    def test_the_browser_keeps_static_files_and_no_page_or_word(self) -> None:
        daemon = self.daemon()
        ada = self.provided(daemon, "Ada Lovelace")
        ada.say("words that nobody keeps")
        ada.reads("words that nobody keeps")
        ada.details()
        ada.page.reload()
        ada.reads("words that nobody keeps")
        kept = ada.page.evaluate(KEPT)
        self.assertGreater(len(kept), 30)
        self.assertEqual({path.split("/")[1] for path, _ in kept}, {"static"})
        self.assertEqual(len({path.split("/")[2] for path, _ in kept}), 1)
        for path, text in kept:
            # Scripts and texts are not served letter by letter as they were written.
            self.assertEqual(text, ada.page.request.get(daemon.url + path).text(), path)

    def test_a_start_without_a_server_says_so_and_ends_by_itself(self) -> None:
        daemon = self.daemon()
        ada = self.provided(daemon, "Ada Lovelace")
        ada.say("before")
        ada.reads("before")
        daemon.stop()
        ada.page.goto(f"{daemon.url}/#room=general")
        ada.page.reload()
        ada.page.get_by_role("heading", name="No connection to the server").wait_for()
        self.assertEqual(ada.page.url, f"{daemon.url}/#room=general")
        self.assertTrue(ada.page.title().startswith("No connection to the server"))
        self.assertEqual(axe.violations(ada.page, least_passes=5), [])
        ada.page.get_by_role("button", name="Try again now").click()
        ada.page.get_by_role("heading", name="No connection to the server").wait_for()
        daemon.start()
        ada.reads("before")

    def test_it_says_so_in_german_as_well(self) -> None:
        daemon = self.daemon()
        ada = self.provided(daemon, "Ada Lovelace", "de-AT")
        daemon.stop()
        ada.page.reload()
        ada.page.get_by_role("heading", name="Keine Verbindung zum Server").wait_for()
        self.assertEqual(ada.page.locator("html").get_attribute("lang"), "de")
        daemon.start()
        ada.page.locator("#composer-text").wait_for()

    def test_an_open_page_that_the_server_has_outgrown_offers_the_new_one(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        ada.excuse_lost_connections()
        ada.say("before")
        ada.reads("before")
        banner = ada.page.locator("#banner")
        self.restart(daemon)
        ada.say("the same as before")
        ada.reads("the same as before")
        self.until(lambda: not banner.is_visible(), ada)
        ada.composer.fill("half a thought")
        daemon.environ["PYTHONPATH"] = str(self.newer())
        self.restart(daemon)
        banner.get_by_text("SecureChat was updated on the server").wait_for()
        banner.get_by_role("button", name="Reload the page").click()
        ada.reads("before")
        self.assertEqual(ada.composer.input_value(), "half a thought")
        self.assertFalse(banner.get_by_text("updated").is_visible())

    def restart(self, daemon: DaemonProcess) -> None:
        daemon.stop()
        daemon.start()

    def newer(self) -> Path:
        """A checkout in which one static file is another."""
        folder = Path(self.mktemp()).resolve()
        for name in ("securechat", "twisted", "templates", "static"):
            shutil.copytree(ROOT / name, folder / name)
        with (folder / "static" / "app.css").open("a") as styles:
            styles.write("/* newer */\n")
        return folder
