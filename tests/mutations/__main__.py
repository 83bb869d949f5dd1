"""``python -m tests.mutations [--markdown FILE] [PROMISE …]``: take each protection out once.

Each mutation is made in a copy of the checkout, where its tests run; exit status 1 where one of
them does not notice. Not part of ``script/test``: it takes a quarter of an hour.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .mutation import Mutation
from .page import put
from .table import MUTATIONS

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 300


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("promises", nargs="*", metavar="PROMISE", help="only these, as S13")
    parser.add_argument("--markdown", type=Path, help="put the table into this document")
    asked = parser.parse_args(arguments)
    chosen = [one for one in MUTATIONS if not asked.promises or one.promise in asked.promises]
    with tempfile.TemporaryDirectory(prefix="securechat-mutations-") as folder:
        copy = Path(folder) / "checkout"
        _copy(copy)
        unnoticed = [one for one in chosen if not _noticed(copy, one)]
    if asked.markdown is not None and not unnoticed:
        put(asked.markdown, MUTATIONS)
    print(f"{len(chosen) - len(unnoticed)} of {len(chosen)} were noticed")
    return 1 if unnoticed else 0


def _copy(to: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    for shared in ("node_modules", ".cache"):
        if (ROOT / shared).exists():
            (to / shared).symlink_to(ROOT / shared)


def _noticed(copy: Path, mutation: Mutation) -> bool:
    """Whether the tests pass as the code is, and one of them fails once it is mutated."""
    file = copy / mutation.file
    whole = file.read_text(encoding="utf-8")
    sound = _run(copy, mutation.tests)
    file.write_text(whole.replace(mutation.old, mutation.new, 1), encoding="utf-8")
    try:
        mutated = _run(copy, mutation.tests)
    finally:
        file.write_text(whole, encoding="utf-8")
    good = sound.returncode == 0 and _has_failed(mutated)
    words = "noticed" if good else "NOT NOTICED" if sound.returncode == 0 else "fails as it is"
    print(f"{mutation.promise}  {words}: {mutation.taken_out}", flush=True)
    if not good:
        print((sound if sound.returncode else mutated).stdout[-4_000:])
    return good


def _has_failed(ran: subprocess.CompletedProcess[str]) -> bool:
    # A test that cannot even be imported has noticed nothing.
    broken = "ModuleNotFound" in ran.stdout or "SyntaxError" in ran.stdout
    return ran.returncode != 0 and not broken


def _run(copy: Path, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(tests),
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy), "SECURECHAT_TESTS": "all"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


def _command(tests: Sequence[str]) -> list[str]:
    if tests[0].startswith("rules/"):
        semgrep = ROOT / ".cache" / "semgrep" / "bin" / "semgrep"
        offline = ("--metrics", "off", "--disable-version-check", "--quiet", "--no-git-ignore")
        return [str(semgrep), "scan", *offline, "--error", "--config", tests[0], "securechat"]
    if tests[0].endswith(".js"):
        return ["node", "--test", *tests]
    return [sys.executable, "-m", "twisted.trial", "--temp-directory=_mutation", *tests]


if __name__ == "__main__":
    sys.exit(main())
