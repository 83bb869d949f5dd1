"""The proxies in front of two daemons, with the very configuration that the handbook shows."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tests.support.certificates import Certificates
from tests.support.daemon import ROOT, free_port

Kind = Literal["haproxy", "nginx"]
START_WITHIN_S = 20.0
NGINX_TEMP = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def missing(kind: Kind) -> str | None:
    """Why a test that wants this proxy must be skipped; None where it can run."""
    if os.environ.get("SECURECHAT_TESTS") != "all":
        return f"set SECURECHAT_TESTS=all to test behind {kind}"
    if shutil.which(kind, path=_path()) is None:
        return f"{kind} is not installed (Debian's package {kind})"
    return None


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin"


def documented(kind: Kind) -> str:
    """The configuration of several daemons that docs/operations.md shows for this proxy."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.partition("\n## Several daemons\n")[2].partition("\n## ")[0]
    [block] = re.findall(rf"```{kind}\n(.*?)```", section, re.DOTALL)
    assert isinstance(block, str)
    return block


class Front:
    """One proxy on a port of its own; only places and ports differ from what is documented."""

    def __init__(self, kind: Kind, certificates: Certificates) -> None:
        self.kind = kind
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"securechat-{kind}-"))
        self._certificates = certificates
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address that people type."""
        return f"https://localhost:{self.port}"

    def start(self, ports: Sequence[int]) -> Front:
        """Stand before two daemons on these ports, and wait until it listens."""
        file = self.folder / "config"
        file.write_text(self._config(ports))
        command = {
            "haproxy": ["haproxy", "-db", "-f", str(file)],
            "nginx": ["nginx", "-e", "stderr", "-p", str(self.folder), "-c", str(file)],
        }[self.kind]
        program = shutil.which(command[0], path=_path())
        assert program is not None
        self._process = subprocess.Popen(
            [program, *command[1:]],
            stdout=(self.folder / "log").open("ab"),
            stderr=subprocess.STDOUT,
            cwd=self.folder,
        )
        deadline_s = time.monotonic() + START_WITHIN_S
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"{self.kind} did not start:\n{self.log()}")
            time.sleep(0.05)
        return self

    def log(self) -> str:
        """What it has written."""
        return (self.folder / "log").read_text(errors="replace")

    def remove(self) -> None:
        """End it, and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
        except OSError:
            return False
        return True

    def _config(self, ports: Sequence[int]) -> str:
        text = documented(self.kind)
        both = self.folder / "chat.pem"
        both.write_bytes(
            self._certificates.chain.read_bytes() + self._certificates.key.read_bytes()
        )
        places = {f"10.0.0.{11 + n}:8080": f"127.0.0.1:{port}" for n, port in enumerate(ports)}
        if self.kind == "haproxy":
            places |= {
                "bind :443 ": f"bind 127.0.0.1:{self.port} ",
                "/etc/haproxy/chat.pem": str(both),
            }
        else:
            places |= {
                "listen 443 ": f"listen 127.0.0.1:{self.port} ",
                "chat.example.org": "localhost",
                "/etc/ssl/chat/fullchain.pem": str(self._certificates.chain),
                "/etc/ssl/chat/privkey.pem": str(self._certificates.key),
            }
        for documented_place, place in places.items():
            assert text.count(documented_place) == 1, documented_place
            text = text.replace(documented_place, place)
        return text if self.kind == "haproxy" else self._whole_nginx(text)

    def _whole_nginx(self, http: str) -> str:
        temp = "".join(f"{name}_temp_path {self.folder}/{name};\n" for name in NGINX_TEMP)
        user = "user root;\n" if os.getuid() == 0 else ""
        return (
            f"{user}daemon off;\npid {self.folder}/pid;\nerror_log stderr;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{temp}{http}}}\n"
        )
