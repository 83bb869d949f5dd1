"""Where the pages' templates and static files lie, in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

import securechat


def templates_dir() -> Path:
    """The folder of the Jinja2 templates; FileNotFoundError when the installation is broken."""
    return _folder("templates")


def static_dir() -> Path:
    """The folder of the static files; FileNotFoundError when the installation is broken."""
    return _folder("static")


def _folder(name: str) -> Path:
    package = Path(securechat.__file__).resolve().parent
    # A wheel carries the folders inside the package; in a checkout they lie beside it.
    for folder in (package / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"{name}/ is neither in {package} nor beside it: install again")
