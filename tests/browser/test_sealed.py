"""Keys stay in the worker, and a message that was tampered with is never shown as text."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.browser.cases import BrowserCase
from tests.support.browser import Visitor
from tests.support.daemon import DaemonProcess

WATCH_PAGE = """
  window.crypto_used = [];
  for (const name of Object.getOwnPropertyNames(SubtleCrypto.prototype)) {
    const original = SubtleCrypto.prototype[name];
    if (typeof original !== 'function' || name === 'constructor') continue;
    SubtleCrypto.prototype[name] = function (...words) {
      window.crypto_used.push(name);
      return original.apply(this, words);
    };
  }
  window.from_worker = [];
  const Original = Worker;
  window.Worker = class extends Original {
    constructor(...words) {
      super(...words);
      this.addEventListener('message', ({ data }) => window.from_worker.push(data));
    }
  };
"""
WATCH_WORKER = """() => {
  self.kept = [];
  self.exported = [];
  for (const name of ['unwrapKey', 'deriveKey', 'importKey', 'generateKey', 'exportKey']) {
    const original = crypto.subtle[name];
    crypto.subtle[name] = async function (...words) {
      const value = await original.apply(this, words);
      if (name === 'exportKey') self.exported.push([words[1].type, words[1].algorithm.name]);
      else for (const key of value.privateKey ? [value.privateKey] : [value])
        self.kept.push([name, key.algorithm.name, key.extractable]);
      return value;
    };
  }
}"""
FLIPPED = 3
BASE64 = r"[A-Za-z0-9_-]{24}"


def shapes(messages: list[object]) -> set[tuple[str, ...]]:
    """The field names of each answer's value, as told by the worker."""
    found: set[tuple[str, ...]] = set()
    for message in messages:
        assert isinstance(message, dict)
        value = message.get("value", {})
        found.add(tuple(sorted(value)) if value else ())
    return found


class Sealed(BrowserCase):
    def flip_a_byte(self, daemon: DaemonProcess, seq: int) -> None:
        """As somebody with a write to the disk would; the daemon is stopped."""
        with closing(sqlite3.connect(daemon.data_dir / "securechat.sqlite3")) as database:
            (sealed,) = database.execute(
                "SELECT ciphertext FROM events WHERE room_id = 'general' AND seq = ?", (seq,)
            ).fetchone()
            flipped = bytes([sealed[0] ^ 1]) + sealed[1:]
            database.execute("UPDATE events SET ciphertext = ? WHERE seq = ?", (flipped, seq))
            database.commit()

    def assert_keys_stay_in_the_worker(self, ada: Visitor) -> None:
        worker = ada.page.workers[0]
        kept = {tuple(one) for one in worker.evaluate("self.kept")}
        # The content key passes through bytes inside the worker: WebCrypto cannot split it.
        self.assertEqual({name for _, name, extractable in kept if extractable}, {"HMAC"})
        self.assertIn(("unwrapKey", "AES-KW", False), kept)
        self.assertIn(("deriveKey", "AES-KW", False), kept)
        self.assertIn(("generateKey", "ECDH", False), kept)
        exported = {tuple(one) for one in worker.evaluate("self.exported")}
        self.assertEqual(exported, {("public", "ECDH"), ("secret", "HMAC")})
        self.assertEqual(ada.page.evaluate("window.crypto_used"), [])
        told = ada.page.evaluate("window.from_worker")
        self.assertEqual(shapes(told), {(), ("key", "nonce"), ("content", "header"), ("refused",)})
        points = [one["value"]["key"] for one in told if "key" in (one.get("value") or {})]
        # 0x04 begins an uncompressed public point: what leaves is the public half.
        self.assertTrue(all(point.startswith("B") and len(point) == 87 for point in points))

    def test_keys_stay_in_the_worker_and_a_flipped_byte_is_told_in_words(self) -> None:
        daemon = self.daemon()
        ada = self.visitor(daemon, "Ada Lovelace")
        ada.excuse_lost_connections()
        ada.context.add_init_script(WATCH_PAGE)
        ada.register()
        texts = ["one", "two", "three", "four", "five"]
        for text in texts:
            ada.say(text)
        ada.reads(*texts)
        daemon.stop()
        self.flip_a_byte(daemon, FLIPPED)
        daemon.start()
        eve = self.person(daemon, "Eve Moneypenny")
        # Her page may come to rest, and load what it waited with, while the daemon is away.
        eve.excuse_lost_connections()
        damaged = "This message cannot be opened: it is damaged. Copy details"
        eve.reads("five")
        self.assertEqual([body for _, body in eve.rows()], ["one", "two", damaged, "four", "five"])
        self.assertNotRegex(eve.page.locator("#timeline").inner_text(), BASE64)
        eve.say("six")
        # What the page has opened before stays; what it asks for anew does not open.
        ada.reads("six")
        self.assertEqual([body for _, body in ada.rows()], [*texts, "six"])
        ada.page.reload()
        ada.reads("six")
        self.assertEqual(ada.rows()[FLIPPED - 1][1], damaged)

        # A connection made under the eyes of the test: its keys are agreed and unwrapped anew.
        ada.page.workers[0].evaluate(WATCH_WORKER)
        daemon.stop()
        daemon.start()
        ada.say("seven")
        ada.reads("seven")
        self.assert_keys_stay_in_the_worker(ada)
