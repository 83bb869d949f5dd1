"""Markup and script are text wherever people can type them."""

from __future__ import annotations

from urllib.parse import quote

from playwright.sync_api import Route

from tests.browser.cases import BrowserCase
from tests.support.browser import PASSWORD, Visitor
from tests.support.daemon import NO_PACE

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
MARKED = (
    "**<img src=x onerror=alert(1)>** _<svg onload=alert(1)>_ ~~<b>~~ `<script>alert(1)</script>`",
    "> <iframe src=javascript:alert(1)>\n- <math><style>\n1. <base href=//evil.example/>",
    "```html onload=alert(1)\n<script>alert(1)</script>\n```",
    '```"><script>\nalert(1)\n```',
    "```html\n</code></pre><script>alert(1)</script>\n```",
    "[<img src=x onerror=alert(1)>](https://a.example/?<script>)",
    '[x](https://a.example/"onmouseover="alert(1)) https://a.example/"onclick="alert(1)"',
    "[x](JAVASCRIPT:alert(1)) [x](java\tscript:alert(1)) [x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=) [x](vbscript:x) [x](blob:https://a.example/x)",
    "[x](javascript://a.example/%0aalert(1)) <javascript:alert(1)> [x](//evil.example)",
    "[https://bank.example](https://evil.example/) https://bank.example@evil.example/",
    "https://a.example/\u202egnp.exe [x\u202e](https://a.example)",
    "@<script>alert(1)</script> @ada.lovelace<img src=x onerror=alert(1)>",
)
"""Payloads in the markup that messages do have: links may come of them, and nothing else."""
FOREIGN = (
    "#rows :is(script, img, svg, iframe, math, style, link, base, meta, form, input, object, "
    "video, details, template, b)"
)
WORDS = "strong, em, s, code, pre, a, span, bdi, p, div, blockquote, ol, ul, li, button"
ATTRIBUTES = """(nodes) => [...new Set(nodes.flatMap((node) => node.getAttributeNames()))].sort()"""
LINK_ATTRIBUTES = ["dir", "href", "referrerpolicy", "rel", "target", "title"]


def may_be_called(most: int) -> list[str]:
    """The payloads that people and rooms may be called, as names of at most so many characters."""
    return [text for text in PAYLOADS if len(text) <= most and "\u202e" not in text]


class Markup(BrowserCase):
    def assert_nothing_was_injected(self, visitor: Visitor) -> None:
        page = visitor.page
        self.assertEqual(page.locator(FOREIGN).count(), 0)
        self.assertEqual(page.locator("script:not([src])").count(), 0)
        self.assertEqual(
            page.locator(f".body *:not({WORDS}), .author *, h1 *:not(bdi, span[dir=auto])").count(),
            0,
        )
        self.assert_links_are_harmless(visitor)
        self.assertEqual(visitor.unexcused, [])

    def assert_links_are_harmless(self, visitor: Visitor) -> None:
        links = visitor.page.locator("#rows a")
        self.assertLessEqual(set(links.evaluate_all(ATTRIBUTES)), set(LINK_ATTRIBUTES))
        for link in links.all():
            self.assertRegex(link.get_attribute("href") or "", r"\A(https?://|mailto:)")
            self.assertEqual(link.get_attribute("rel"), "noopener noreferrer")
            self.assertEqual(link.get_attribute("target"), "_blank")

    def test_markup_in_messages_is_shown_as_text_to_everybody(self) -> None:
        daemon = self.daemon()
        mallory = self.person(daemon, "<b>Mallory</b>")
        ada = self.person(daemon, "Ada Lovelace")
        for payload in PAYLOADS:
            mallory.say(payload)
        ada.reads(PAYLOADS[-1].replace("**", ""))
        mallory.reads(PAYLOADS[-1].replace("**", ""))
        shown = [payload.replace("**", "") for payload in PAYLOADS]
        self.shows(ada, *(("<b>Mallory</b>", words) for words in shown))
        self.shows(mallory, *(("You", words) for words in shown))
        self.assert_nothing_was_injected(ada)
        self.assert_nothing_was_injected(mallory)
        ada.page.reload()
        ada.reads(shown[-1])
        self.shows(ada, *(("<b>Mallory</b>", words) for words in shown))
        self.assert_nothing_was_injected(ada)

    def test_markup_within_the_marks_of_messages_stays_text(self) -> None:
        daemon = self.daemon()
        mallory = self.person(daemon, "Mallory")
        ada = self.person(daemon, "Ada Lovelace")
        for payload in MARKED:
            mallory.say(payload)
        mallory.say("the end")
        for visitor in (ada, mallory):
            visitor.reads("the end")
            self.assertEqual(len(visitor.rows()), len(MARKED) + 1)
            self.assert_nothing_was_injected(visitor)
        hosts = [a.get_attribute("href") or "" for a in ada.page.locator("#rows a").all()]
        self.assertEqual([one for one in hosts if "evil" in one], ["https://evil.example/"])
        self.assertEqual(ada.page.locator(".real").all_inner_texts(), ["(evil.example)"])
        ada.message("the end").hover()
        for payload in MARKED[:2]:
            mallory.say(f"@{ada.username} {payload}")
        mallory.choose("the end", "Reply")
        mallory.say(MARKED[0])
        ada.page.locator(".quote").wait_for()
        self.assert_nothing_was_injected(ada)

    def test_markup_in_names_is_shown_as_text_on_every_page(self) -> None:
        daemon = self.daemon()
        ada, mallory = self.person(daemon, "Ada Lovelace"), self.person(daemon, "Mallory")
        mallory.say("it is me")
        ada.reads("it is me")
        settings = self.visitor(daemon, "Mallory")
        settings.username = mallory.username
        settings.log_in()
        for name in may_be_called(80)[::4]:
            settings.visit("/settings")
            settings.page.locator("input[name=fullname]").fill(name)
            settings.page.locator(
                "button[value=name], form:has(input[name=fullname]) button"
            ).click()
            ada.page.locator("#rows .author").get_by_text(name, exact=True).wait_for()
            self.assertIn(name, settings.page.locator("main").inner_text() + self.typed(settings))
            for one in (ada, mallory, settings):
                self.assert_nothing_was_injected(one)
        ada.details().get_by_text(name, exact=True).first.wait_for()
        mallory.page.reload()
        account = mallory.page.locator(".account-name > span").first
        self.until(lambda: account.text_content() == name, mallory)
        for one in (ada, mallory):
            self.assert_nothing_was_injected(one)

    def typed(self, visitor: Visitor) -> str:
        """What stands in the field of the full name."""
        return visitor.page.locator("input[name=fullname]").input_value()

    def test_markup_in_rooms_topics_and_invites_is_shown_as_text(self) -> None:
        daemon = self.daemon(*NO_PACE)
        ada, mallory = self.person(daemon, "Ada Lovelace"), self.person(daemon, "Mallory")
        names = may_be_called(64)[::3]
        for name in names:
            mallory.create_room(name, "Public")
            self.assertEqual(mallory.page.locator("h1").first.inner_text(), name)
            self.set_topic(mallory, "".join(MARKED)[:100] + name)
            self.assertEqual(mallory.page.title().count(name), 1)
        self.assert_nothing_was_injected(mallory)
        ada.page.get_by_role("button", name="New conversation").click()
        dialog = ada.dialog("New conversation")
        for name in (names[0], names[-1]):
            dialog.get_by_role("searchbox").fill(name)
            dialog.get_by_role("button", name=f"Join {name}", exact=True).wait_for()
            self.assert_nothing_was_injected(ada)
        dialog.get_by_role("button", name=f"Join {names[-1]}").click()
        ada.in_room(names[-1])
        self.until(lambda: names[-1] in ada.page.locator("#room-topic").inner_text(), ada)
        ada.details()
        self.assert_nothing_was_injected(ada)

        stranger = self.visitor(daemon, "Eve")
        stranger.visit(self.invite(mallory))
        self.assertIn(names[-1], stranger.page.locator("h1").inner_text())
        self.assertIn(names[-1], stranger.page.locator("main").inner_text())
        self.assert_nothing_was_injected(stranger)

    def set_topic(self, visitor: Visitor, topic: str) -> None:
        visitor.details().get_by_role("button", name="Topic").click()
        dialog = visitor.dialog("Topic")
        dialog.get_by_label("What this room is about").fill(topic)
        dialog.get_by_role("button", name="Save").click()
        dialog.wait_for(state="hidden")

    def invite(self, visitor: Visitor) -> str:
        """The path of a link into the open room."""
        visitor.details().get_by_role("button", name="Invite by link").click()
        dialog = visitor.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Make a link").click()
        link = dialog.locator("#invite-link")
        link.wait_for()
        return link.input_value().removeprefix(visitor.url)

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

    def test_a_script_that_comes_with_the_page_itself_does_not_run(self) -> None:
        # A page without a service worker, which would fetch it past the one who injects.
        visitor = self.visitor(self.daemon(), "Ada Lovelace")
        visitor.excuse(r"policy: (script|img)-src", r"console: .*Content Security Policy")
        visitor.excuse(r"/x\b", r"console: Failed to load resource")

        def with_scripts(route: Route) -> None:
            page = route.fetch()
            injected = "<script>window.injected = 1</script><img src=x onerror='window.injected=2'>"
            body = page.text().replace("<body", f"<body onload='window.injected=3'>{injected}<p", 1)
            route.fulfill(response=page, body=body)

        visitor.page.route("**/login", with_scripts)
        visitor.visit("/login")
        told = "policy: script-src"
        self.until(lambda: any(told in one for one in visitor.troubles), visitor)
        self.assertIn("window.injected", visitor.page.content())
        self.assertIsNone(visitor.page.evaluate("window.injected ?? null"))

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
