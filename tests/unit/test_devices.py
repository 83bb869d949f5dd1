"""What a browser says of itself, in two words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from securechat.core.devices import BROWSERS, PLATFORMS, device_of
from securechat.core.model import Device

GECKO = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36"
ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT}"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
KNOWN = {
    GECKO: ("Firefox", "Linux"),
    WINDOWS: ("Chrome", "Windows"),
    f"{WINDOWS} Edg/140.0.0.0": ("Edge", "Windows"),
    f"{WINDOWS} OPR/121.0.0.0": ("Opera", "Windows"),
    f"{MAC} Version/18.5 Safari/605.1.15": ("Safari", "macOS"),
    f"{IPHONE} Version/18.5 Mobile/15E148 Safari/604.1": ("Safari", "iPhone"),
    f"{IPHONE} CriOS/140.0 Mobile/15E148 Safari/604.1": ("Chrome", "iPhone"),
    f"{IPHONE} FxiOS/140.0 Mobile/15E148 Safari/605.1.15": ("Firefox", "iPhone"),
    f"{ANDROID} Chrome/140.0.0.0 Mobile Safari/537.36": ("Chrome", "Android"),
    f"{ANDROID} SamsungBrowser/28.0 Chrome/130.0 Safari/537.36": ("Samsung Internet", "Android"),
    f"Mozilla/5.0 (X11; CrOS x86_64) {WEBKIT} Chrome/140.0 Safari/537.36": ("Chrome", "ChromeOS"),
    "curl/8.14.1": ("", ""),
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 Safari/605.1.15": ("", "Linux"),
}


class Devices(SynchronousTestCase):
    def test_common_browsers_are_known_by_their_own_names(self) -> None:
        for sent, (browser, platform) in KNOWN.items():
            self.assertEqual(device_of(sent), Device(browser, platform), sent)

    def test_nothing_and_what_stands_too_far_behind_is_unknown(self) -> None:
        for sent in (None, "", "x" * 600 + GECKO):
            self.assertEqual(device_of(sent), Device())

    @given(st.text() | st.lists(st.sampled_from([*KNOWN, "\x00", "<b>", "Firefox/"])).map("".join))
    def test_whatever_is_sent_only_words_of_ours_are_kept(self, sent: str) -> None:
        device = device_of(sent)
        self.assertIn(device.browser, {"", "Safari", *(word for _, word in BROWSERS)})
        self.assertIn(device.platform, {"", *(word for _, word in PLATFORMS)})
