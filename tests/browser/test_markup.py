"""Markup and script are text wherever people can type them."""

from __future__ import annotations

from urllib.parse import quote

from tests.browser.cases import BrowserCase
from tests.support.browser import PASSWORD, Visitor

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    '"><script>alert(1)</script>',
    "'\"><img src=x onerror=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>click</a>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)></style></mglyph></math>",
    "<details open ontoggle=alert(1)>",
    "<body onload=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<style>@import 'http://evil.example/x.css';</style>",
    "<style>*{display:none}</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'>",
    "<form action=//evil.example/><input type=submit>",
    "<object data=javascript:alert(1)></object>",
    "<video><source onerror=alert(1)></video>",
    "<template><img src=x onerror=alert(1)></template>",
    "<!--><img src=x onerror=alert(1)>-->",
    "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#60;",
    "{{ 7 * 7 }} {% raw %} ${7*7} #{7*7} <%= 7*7 %>",
    "constructor.constructor('alert(1)')()",
    "\u003cimg src=x onerror=alert(1)\u003e\\u003cscript\\u003e",
    "＜script＞alert(1)＜/script＞ \u2066\u202e<b>\u202c\u2069",
    "[x](javascript:alert(1)) ![x](//evil.example/x.png) **<b>bold</b>**",
)
FOREIGN = (
    "#rows :is(script, img, svg, iframe, a, math, style, link, base, meta, form, input, object, "
    "video, details, template, b)"
)


class Markup(BrowserCase):
    def assert_nothing_was_injected(self, visitor: Visitor) -> None:
        page = visitor.page
        self.assertEqual(page.locator(FOREIGN).count(), 0)
        self.assertEqual(page.locator("script:not([src])").count(), 0)
        self.assertEqual(page.locator("p.body *:not(button), .author *, h1 *").count(), 0)
        self.assertEqual(visitor.unexcused, [])

    def test_markup_in_messages_is_shown_as_text_to_everybody(self) -> None:
        daemon = self.daemon()
        mallory = self.person(daemon, "<b>Mallory</b>")
        ada = self.person(daemon, "Ada Lovelace")
        for payload in PAYLOADS:
            mallory.say(payload)
        ada.reads(PAYLOADS[-1])
        mallory.reads(PAYLOADS[-1])
        self.assertEqual(ada.rows(), [("<b>Mallory</b>", payload) for payload in PAYLOADS])
        self.assertEqual(mallory.rows(), [("You", payload) for payload in PAYLOADS])
        self.assert_nothing_was_injected(ada)
        self.assert_nothing_was_injected(mallory)
        ada.page.reload()
        ada.reads(PAYLOADS[-1])
        self.assertEqual(ada.rows(), [("<b>Mallory</b>", payload) for payload in PAYLOADS])
        self.assert_nothing_was_injected(ada)

    def test_markup_in_names_is_shown_as_text_on_every_page(self) -> None:
        daemon = self.daemon()
        ada = self.person(daemon, "Ada Lovelace")
        names = [text for text in PAYLOADS if len(text) <= 80 and "\u202e" not in text][:3]
        for number, name in enumerate(names):
            mallory = self.visitor(daemon, name)
            mallory.username = f"mallory{number}"
            mallory.register()
            mallory.say(f"message {number}")
            mallory.reads(f"message {number}")
            account = mallory.page.locator(".account-name > span").first
            self.assertEqual(account.text_content(), name)
            self.assert_nothing_was_injected(mallory)
        ada.reads(f"message {len(names) - 1}")
        self.until(lambda: [author for author, _ in ada.rows()] == names, ada)
        self.assert_nothing_was_injected(ada)

    def test_markup_in_forms_and_addresses_comes_back_as_text(self) -> None:
        visitor = self.visitor(self.daemon(), "Mallory")
        visitor.excuse(r"console: Failed to load resource: the server responded with a status of 4")
        visitor.visit("/register")
        for payload in PAYLOADS:
            visitor.fill(fullname=payload, username=payload, password=PASSWORD, confirm="other")
            visitor.submit()
            for name in ("fullname", "username"):
                field = visitor.page.locator(f"main input[name={name}]")
                self.assertEqual(field.input_value(), payload)
        for payload in PAYLOADS[:6]:
            for path in ("/", "/login?ended=", "/static/", "/login#"):
                visitor.visit(path + quote(payload, safe=""))
                self.assertNotIn(payload, visitor.page.content())
        self.assert_nothing_was_injected(visitor)

    def test_a_script_that_somebody_injects_does_not_run(self) -> None:
        ada = self.person(self.daemon(), "Ada Lovelace")
        ada.excuse(r"policy: script-src", r"console: .*Content Security Policy")
        ada.excuse(r"policy: require-trusted-types-for", r"console: .*requires 'Trusted")
        ada.page.evaluate(
            """() => {
              const script = document.createElement('script');
              script.append(document.createTextNode('window.injected = true'));
              document.body.append(script);
            }"""
        )
        refusal = ada.page.evaluate(
            """() => {
              try { document.body.innerHTML = '<b>bold</b>'; } catch (error) { return error.name; }
            }"""
        )
        self.assertEqual(refusal, "TypeError")
        self.until(lambda: any("policy:" in one for one in ada.troubles), ada)
        self.assertIsNone(ada.page.evaluate("window.injected ?? null"))
