"""A copy of the checkout, environments to install it into, and the daemon run from there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from twisted.trial.unittest import SkipTest

ROOT = Path(__file__).resolve().parents[2]
TWISTD = "import sys; sys.argv[0] = 'twistd'; from twisted.scripts.twistd import run; run()"
START_TIMEOUT_S = 60.0
INSTALL_TIMEOUT_S = 600.0
STOP_TIMEOUT_S = 15.0
LEFT_BEHIND = (".git", ".venv*", ".cache", "node_modules", "__pycache__", "*.egg-info", "build")


def need_all_tools() -> None:
    """Skip unless everything may be used: these tests install packages and take many seconds."""
    if os.environ.get("SECURECHAT_TESTS") != "all":
        raise SkipTest("installs packages: SECURECHAT_TESTS=all runs it, as script/test does")


def copy_of_checkout(folder: Path) -> Path:
    """The checkout as a clone would bring it, in `folder`."""
    ignore = shutil.ignore_patterns(*LEFT_BEHIND, "securechat-data", "dropin.cache", "_trial_temp*")
    shutil.copytree(ROOT, folder, ignore=ignore)
    return folder


def environment_in(folder: Path) -> Path:
    """The python of a new environment that borrows our dependencies, but not SecureChat itself."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    # A path entry does not run the .pth files that lie in it, so our editable install stays behind.
    (Path(site) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def pip(*words: str | Path) -> None:
    """Run our own pip; its output is in the error when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def clean_environment() -> dict[str, str]:
    """Our environment without settings of SecureChat or another place to import from."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SECURECHAT_", "PYTHON", "COVERAGE"))
    }


def answer(url: str) -> tuple[int, str]:
    """Status and text of a page."""
    try:
        with urlopen(url, timeout=5) as response:
            return response.status, response.read().decode("utf-8")
    except HTTPError as error:
        return error.code, ""


class RunningDaemon:
    """A daemon started by `command` in `folder`; its output goes to `<folder>/output.txt`.

    Leaves the `with` block stopped. `url` is where it answers.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        port: int,
        more_environ: dict[str, str] | None = None,
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        self._command = command
        self._start_timeout_s = start_timeout_s
        self._folder = folder
        self._environ = clean_environment() | (more_environ or {})
        self.url = f"http://127.0.0.1:{port}"

    def __enter__(self) -> RunningDaemon:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._output = (self._folder / "output.txt").open("wb")
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"it ended:\n{self.output}"
            try:
                if answer(self.url + "/readyz")[0] == 200:
                    return
            except (URLError, OSError):
                pass  # not listening yet
            time.sleep(0.1)
        raise AssertionError(f"not ready after {self._start_timeout_s} s:\n{self.output}")

    @property
    def output(self) -> str:
        """What the daemon said so far."""
        return (self._folder / "output.txt").read_text(encoding="utf-8", errors="replace")

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
                raise
            finally:
                self._output.close()
        else:
            self._output.close()
