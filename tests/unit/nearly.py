"""What is nearly right: good texts with a few pieces cut out, doubled, or put in."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st


@st.composite
def nearly(draw: st.DrawFn, good: st.SearchStrategy[bytes], pieces: Sequence[bytes]) -> bytes:
    """A good text after up to four changes, each with one of ``pieces`` or with any bytes."""
    text = draw(good)
    for _ in range(draw(st.integers(0, 4))):
        begin = draw(st.integers(0, len(text)))
        end = draw(st.integers(begin, min(len(text), begin + 40)))
        piece = draw(st.sampled_from(pieces) | st.just(text[begin:end] * 2) | st.binary(max_size=4))
        text = text[:begin] + piece + text[end:]
    return text


JSON_PIECES = (
    b"",
    b"{",
    b"}",
    b"[",
    b"[" * 3_000,
    b'{"a":' * 3_000,
    b",",
    b":",
    b'"',
    b"\\",
    b"null",
    b"true",
    b"-1",
    b"-0",
    b"1.0",
    b"1e999",
    b"9" * 5_000,
    b"9007199254740993",
    b"NaN",
    b"Infinity",
    b'""',
    b'"\\u0000"',
    b'"\\ud800"',
    b"\xed\xa0\x80",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x00",
    "\u202e".encode(),
    b'"type":"hello",',
    b'"id":"x",',
)
"""What readers of JSON stumble over."""
