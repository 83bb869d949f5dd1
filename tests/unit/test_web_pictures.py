"""QR codes of invite links."""

from __future__ import annotations

from .test_web_pages import PagesCase

TOKEN = "t" * 43


class InvitePictures(PagesCase):
    def setUp(self) -> None:
        super().setUp()
        self.browser.register()
        self.fields = {"csrf": self.browser.get("/").csrf, "token": TOKEN}

    def test_whoever_is_signed_in_gets_a_picture_that_nobody_keeps(self) -> None:
        response = self.browser.post("/qr", self.fields)
        self.assertEqual(response.status, 200)
        self.assertEqual(response.header("Content-Type"), 'image/svg+xml; charset="utf-8"')
        self.assertEqual(response.header("Cache-Control"), "no-store")
        self.assertRegex(response.text, r'<svg xmlns="http://www.w3.org/2000/svg"[^>]* viewBox=')
        self.assertTrue(response.text.rstrip().endswith("</svg>"))

    def test_each_token_and_each_of_our_addresses_has_its_own(self) -> None:
        pictures = {
            self.browser.post("/qr", self.fields | {"token": token}, ("Origin", origin)).body
            for token in (TOKEN, "u" * 43)
            for origin in ("http://localhost:8080", "http://127.0.0.1:8080")
        }
        self.assertEqual(len(pictures), 4)

    def test_nobody_else_gets_one(self) -> None:
        evil = ("Origin", "http://evil.example")
        self.assertEqual(self.browser.post("/qr", self.fields, evil).status, 403)
        self.assertEqual(self.browser.post("/qr", {"token": TOKEN}).status, 403)
        self.assertEqual(self.browser.get("/qr").status, 405)
        self.browser.cookies.clear()
        self.assertEqual(self.browser.post("/qr", self.fields).status, 401)

    def test_only_tokens_are_drawn(self) -> None:
        for token in ("", "t" * 42, "t" * 44, "../" + "t" * 40, "é" * 43):
            response = self.browser.post("/qr", self.fields | {"token": token})
            self.assertEqual(response.status, 422, token)

    def test_too_many_are_throttled(self) -> None:
        statuses = [self.browser.post("/qr", self.fields).status for _ in range(61)]
        self.assertEqual((statuses[0], statuses[-1]), (200, 429))
