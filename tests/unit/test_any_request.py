"""Whatever a browser, or whoever says to be one, sends: an answer of ours, or the end."""

from __future__ import annotations

from urllib.parse import quote_from_bytes

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from securechat.core.settings import Limits
from securechat.web.headers import CONTENT_SECURITY_POLICY

from .fakes_browser import Browser
from .fakes_web import Web
from .fakes_wire import Response, parse
from .nearly import nearly

HOST = b"Host: localhost:8080\r\n"
REQUESTS = (
    b"GET /login HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /?a=b&c=%ff HTTP/1.1\r\n" + HOST + b"Cookie: securechat_session=x; a=b\r\n\r\n",
    b"GET /healthz HTTP/1.0\r\n\r\n",
    b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\ncsrf=a&b=",
    b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n",
)
HTTP_PIECES = (
    *(
        b"",
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b" ",
        b"\t",
        b":",
        b"\0",
        b"\x0b",
        b"%",
        b"%00",
        b"?",
    ),
    *(b"/", b"//", b"/..", b"/%2e%2e/", b"*", b"http://evil.example/", b"\xff", b"\xc3\xa9", b"#"),
    *(b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.10", b"http/1.1", b"PRI * HTTP/2.0\r\n\r\n"),
    *(b"GET ", b"OPTIONS ", b"CONNECT ", b"get ", b"POST ", b"X" * 20_000, b"A: b\r\n" * 300),
    *(b"Host: evil.example\r\n", HOST, b"Host:\r\n", b"Host: [::1\r\n", b"Host: a:b:c\r\n"),
    *(
        b"Content-Length: 5\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length: x\r\n",
    ),
    *(b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n"),
    *(b"Origin: null\r\n", b"Accept-Language: de;q=x,,;;=\r\n", b"Range: bytes=0-5\r\n"),
    *(
        b"Cookie: a\r\n",
        b'Cookie: a="\\\r\n',
        b"X-Forwarded-For: \xff, 1\r\n",
        b"Forwarded: for=\r\n",
    ),
    *(b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"5;a=b\r\nhello\r\n", b"-1\r\n"),
)

SMUGGLED = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
BODY = b"5\r\nhello\r\n0\r\n\r\n"
LENGTH = str(len(BODY)).encode()
# Each leaves it open where the body ends, or lets two readers find two different ends.
AMBIGUOUS = (
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: " + LENGTH + b"\r\n",
    b"Content-Length: 5\r\nContent-Length: " + LENGTH + b"\r\n",
    b"Content-Length: " + LENGTH + b"\r\nContent-Length: " + LENGTH + b"\r\n",
    b"Content-Length: 5, " + LENGTH + b"\r\n",
    *(
        b"Content-Length: " + value + b"\r\n"
        for value in (b"+15", b"-15", b"0xf", b"1_5", b"15.0", b"1 5", b"15;", b"\xb9\xb5", b'"15"')
    ),
    *(
        b"Transfer-Encoding: " + value + b"\r\n"
        for value in (
            *(b"gzip, chunked", b"chunked, identity", b"identity", b"xchunked", b"chunked;q=1"),
            *(
                b'"chunked"',
                b"\x0bchunked",
                b"chunked\x0b",
                b"chunked\0",
                b"chunk",
                b",chunked",
                b"",
            ),
        )
    ),
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    b"Transfer-Encoding : chunked\r\n",
    b"Transfer-Encoding:\r\n chunked\r\n",
    b"X: y\r\n Transfer-Encoding: chunked\r\n",
    b"X: y\rTransfer-Encoding: chunked\r\n",
    b"Content-Length : " + LENGTH + b"\r\n",
    b"Content-Length\x00: " + LENGTH + b"\r\n",
)
SIZES = (
    b"0x5",
    b"+5",
    b"-5",
    b" 5",
    b"5 ",
    b"5_",
    b"0_5",
    b"5h",
    b"",
    b"\xb5",
    b"5\n",
    b"5\0",
    b'"5"',
)

FORM_PIECES = (
    *(b"&", b"=", b"%", b"%zz", b"%ff", b"%00", b"%ED%A0%80", b"+", b"\xff", b"\0", b";", b"[]"),
    *(b"csrf=x&", b"username=eve&", b"a=b&" * 20, "é\u202e".encode(), b"<script>", b"{{7*7}}"),
    *(b"x" * 1_100, b"x" * 70_000, b"password=&", b"full%5fname=&", b"\r\n"),
)
PATHS = st.sampled_from(["/login", "/register", "/settings", "/setup", "/qr", "/logout"])
NAMES = (
    "Origin Sec-Fetch-Site Cookie Accept-Language Content-Type User-Agent Accept Referer "
    "X-Forwarded-For X-Forwarded-Proto Forwarded If-None-Match Accept-Encoding Range "
    "Upgrade Connection Sec-WebSocket-Key Sec-WebSocket-Version Sec-WebSocket-Protocol"
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(NAMES.split()),
        st.one_of(
            st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=30),
            st.sampled_from(
                [
                    *(
                        "null",
                        "http://localhost:8080",
                        "http://localhost:8080.evil.example",
                        "q=0;",
                    ),
                    *("securechat_session=", "a=b; a=c", '"', "de-DE,de;q=0.9", "de;q=1e999", "*"),
                    *("application/x-www-form-urlencoded; charset=utf-16", "multipart/form-data"),
                    *("websocket", "Upgrade", "13", "securechat.v1", "dGhlIHNhbXBsZSBub25jZQ=="),
                    *("for=[::1]:x", "1.2.3.4, ::1", "gzip;q=0, *", "x" * 3_000, "cross-site"),
                ]
            ),
        ),
    ),
    max_size=4,
    unique_by=lambda pair: pair[0],
)


class AnyRequest(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web(limits=Limits(logins_per_address=0))
        self.member = Browser(self.web)
        self.member.register()
        self.token = self.member.get("/settings").csrf

    def assert_ours(self, response: Response) -> None:
        """With our headers, whole, and saying nothing of the inside."""
        self.assertLess(response.status, 504)
        self.assertNotEqual(response.status, 500)
        self.assertEqual(response.header("Content-Security-Policy"), CONTENT_SECURITY_POLICY)
        self.assertEqual(response.header("X-Content-Type-Options"), "nosniff")
        self.assertIsNone(response.header("Server"))
        self.assertNotIn(b"Traceback", response.body)
        self.assertEqual(self.flushLoggedErrors(), [])

    def said(self, raw: bytes, cuts: list[int]) -> list[Response]:
        """The answers to ``raw``, which comes in pieces; in the end the connection is let go."""
        channel, wire = self.web.connect()
        begin = 0
        for end in [*sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]:
            if not wire.disconnecting:
                channel.dataReceived(raw[begin:end])
            begin = end
        for _ in range(60):
            if not wire.disconnecting:
                self.web.clock.advance(2)
        self.assertTrue(wire.disconnecting, "it waits for ever")
        channel.connectionLost(Failure(ConnectionDone()))
        written = wire.value().replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
        return parse(written)

    @settings(max_examples=120)
    @given(
        nearly(st.sampled_from(REQUESTS), HTTP_PIECES) | st.binary(max_size=60),
        st.lists(st.integers(0, 1 << 16), max_size=3),
    )
    def test_any_bytes_are_answered_or_the_connection_ends(
        self, raw: bytes, cuts: list[int]
    ) -> None:
        for response in self.said(raw, cuts):
            self.assert_ours(response)

    @settings(max_examples=80)
    @given(
        st.sampled_from(AMBIGUOUS),
        st.sampled_from([b"", b"X: y\r\n", b"Connection: keep-alive\r\n"]),
        st.sampled_from([b"POST", b"GET", b"PUT"]),
        st.lists(st.integers(0, 1 << 16), max_size=3),
    )
    def test_no_second_request_comes_out_of_one_whose_end_is_open(
        self, ambiguous: bytes, other: bytes, method: bytes, cuts: list[int]
    ) -> None:
        top = method + b" /login HTTP/1.1\r\n" + HOST + other + ambiguous + b"\r\n"
        [refused] = self.said(top + BODY + SMUGGLED, cuts)
        self.assertEqual(refused.status, 400)
        self.assert_ours(refused)

    @settings(max_examples=40)
    @given(st.sampled_from(SIZES), st.lists(st.integers(0, 1 << 16), max_size=3))
    def test_no_second_request_comes_out_of_a_chunk_whose_size_is_no_number(
        self, size: bytes, cuts: list[int]
    ) -> None:
        top = b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
        [refused] = self.said(top + size + b"\r\nhello\r\n0\r\n\r\n" + SMUGGLED, cuts)
        self.assertEqual(refused.status, 400)
        self.assert_ours(refused)

    @settings(max_examples=60)
    @given(
        PATHS,
        nearly(st.just(b"username=ada&password=a+long+secret&fullname=Ada"), FORM_PIECES),
        HEADERS,
        st.sampled_from(["from elsewhere", "from our page", "from a member"]),
    )
    @example("/login", b"username=ada", [("X-Forwarded-For", "\xff")], "from our page")
    def test_any_form_is_answered_with_a_page_of_ours(
        self, path: str, body: bytes, headers: list[tuple[str, str]], whose: str
    ) -> None:
        browser = self.member if whose == "from a member" else Browser(self.web)
        if whose == "from our page":
            body = b"csrf=" + browser.get("/login").csrf.encode() + b"&" + body
        elif whose == "from a member":
            body = b"csrf=" + self.token.encode() + b"&" + body
        self.assert_ours(browser.post(path, body, *headers))

    @settings(max_examples=60)
    @given(
        st.sampled_from(
            ["/", "/login", "/join/", "/reset/", "/setup", "/static/", "/session", "/ws", "/nope"]
        ),
        st.binary(max_size=20),
        st.binary(max_size=20),
        HEADERS,
        st.sampled_from(["GET", "HEAD", "OPTIONS"]),
    )
    def test_any_address_is_answered_with_a_page_of_ours(
        self, path: str, more: bytes, query: bytes, headers: list[tuple[str, str]], method: str
    ) -> None:
        address = f"{path}{quote_from_bytes(more)}?{quote_from_bytes(query, safe='&=+%')}"
        self.assert_ours(self.web.request(method, address, headers=[h for h in headers if h[1]]))

    @settings(max_examples=40)
    @given(st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=30))
    def test_any_host_is_answered_with_a_page_of_ours(self, host: str) -> None:
        self.assert_ours(self.web.request("GET", "/login", host=host))
