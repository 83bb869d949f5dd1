"""Whatever stands in a configuration or a keyring file: it is read, or refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from securechat import keyfile
from securechat.config import Config, ConfigError, load_config
from securechat.config.sources import NAMES, PREFIX
from securechat.core.encoding import b64url
from securechat.core.errors import Misconfigured
from securechat.core.keys import RootKeys
from securechat.core.settings import limit_names

from .nearly import JSON_PIECES, nearly

PIECES = (
    "tcp: unix: systemd: ssl: 8080 65536 -1 interface= 127.0.0.1 0.0.0.0 \\:\\: :: :backlog=5 "
    "mysql:// sqlite: redis:// rediss:// https:// http:// user:word@ @ / ? # [ ] [::1] % %2F "
    "unix_socket= db= ~ ~nobody-at-all/ .. \0 \n é ² ١ 1_0 0x1 10.0.0.0/8 /33 , = open invite "
    "closed 1.2 json text localhost chat.example.org xn-- \ud800 posts posts=5"
)
VALUES = st.one_of(
    st.text(max_size=20),
    st.lists(st.sampled_from(PIECES.split(" ")), max_size=6).map("".join),
    st.integers().map(str),
    st.just("9" * 5_000),
)
SETTINGS = st.sampled_from([*NAMES, *(f"limit-{name}" for name in limit_names()), "nonsense"])
FLAGS = st.dictionaries(
    st.sampled_from([*NAMES, "limit"]), st.lists(VALUES, max_size=3), max_size=5
)
VARIABLES = st.dictionaries(
    SETTINGS.map(lambda name: PREFIX + name.upper().replace("-", "_")), VALUES, max_size=5
)
TOML = b"""data-dir = "here"
listen = ["tcp:8080:interface=127.0.0.1"]
behind-proxy = "10.0.0.0/8, 127.0.0.1"
public-url = "http://localhost:8080"
registration = "closed"
[limits]
posts = 20
"""
TOML_PIECES = (
    *JSON_PIECES,
    *(f"{name} = ".encode() for name in NAMES),
    b"=",
    b"\n",
    b"'''",
    b"[limits]\n",
    b"[[limits]]\n",
    b"1979-05-27T07:32:00Z",
    b"0x10",
    b"inf",
    b"{ a = 1 }",
    b"a.b.c = 1\n",
)
KEYRING = json.dumps(
    {
        "version": 1,
        "database": "of-this-database",
        "keys": {"1": b64url(b"1" * 32), "2": b64url(b"2" * 32)},
        "made": {"1": 1_700_000_000_000, "2": 1_800_000_000_000},
    }
).encode()
BOUNDLESS = KEYRING.replace(b"1700000000000", b"Infinity")


class AnySettings(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)

    def load(
        self,
        flags: dict[str, list[str]],
        environ: dict[str, str],
        file: Path | None = None,
    ) -> None:
        """Whole and valid, or refused with every reason; each names its source and says why."""
        try:
            config = load_config(flags, environ, str(file) if file else None, self.folder)
        except ConfigError as error:
            self.assertTrue(error.reasons)
            for reason in error.reasons:
                source, _, why = reason.partition(": ")
                self.assertTrue(source and why, reason)
        else:
            self.assertIsInstance(config, Config)
            self.assertTrue(config.data_dir.is_absolute() and config.keyring.is_absolute())

    @settings(max_examples=150)
    @given(FLAGS, VARIABLES)
    @example({"data-dir": ["9" * 5_000]}, {})
    def test_any_flags_and_variables_are_read_or_refused(
        self, flags: dict[str, list[str]], environ: dict[str, str]
    ) -> None:
        self.load(flags, environ)

    @settings(max_examples=100)
    @given(nearly(st.just(TOML), TOML_PIECES) | st.binary(max_size=60))
    @example(b"listen = " + b"[" * 3_000)
    def test_any_file_is_read_or_refused(self, content: bytes) -> None:
        file = self.folder / "chat.toml"
        file.write_bytes(content)
        self.load({}, {}, file)

    def test_the_good_file_is_read(self) -> None:
        file = self.folder / "chat.toml"
        file.write_bytes(TOML)
        self.assertEqual(load_config({}, {}, str(file)).data_dir, self.folder / "here")

    @settings(max_examples=150)
    @given(nearly(st.just(KEYRING), JSON_PIECES) | st.binary(max_size=60))
    @example(KEYRING)
    @example(BOUNDLESS)
    @example(b"[" * 3_000)
    def test_any_keyring_is_read_or_refused(self, content: bytes) -> None:
        path = self.folder / "keyring.json"
        path.touch(0o600)
        path.write_bytes(content)
        try:
            roots = keyfile.read(path)
        except Misconfigured as refused:
            self.assertIn(str(path), str(refused))
        else:
            self.assertIsInstance(roots, RootKeys)
            self.assertEqual({len(key) for key in roots.keys.values()}, {32})
            self.assertGreaterEqual(min(roots.keys), 1)
