"""The page that shows the pictures side by side; it needs nothing but them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .table import State

HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src 'self' file:; style-src 'self' file:">
<title>SecureChat, all pages and states</title>
<link rel="stylesheet" href="index.css">
<h1>SecureChat, all pages and states</h1>
"""
STYLE = """body { margin: 1rem; font: 1rem/1.4 system-ui, sans-serif; }
nav { columns: 14rem; }
section > div { display: flex; gap: 1rem; overflow-x: auto; align-items: start; }
figure { margin: 0; }
img { height: 26rem; width: auto; border: 1px solid GrayText; }
.wrong { border-inline-start: 0.25rem solid crimson; padding-inline-start: 1rem; }
"""


def page(shown: Sequence[tuple[State, Sequence[str]]], troubles: Sequence[str]) -> str:
    """The gallery: each state with the names of its pictures, after all that was wrong."""
    parts = [HEAD]
    if troubles:
        lines = "".join(f"<li>{escape(trouble)}\n" for trouble in troubles)
        parts.append(f'<div class="wrong">\n<h2>Wrong</h2>\n<ul>\n{lines}</ul>\n</div>\n')
    names = [escape(state.name) for state, _ in shown]
    links = "".join(f'<li><a href="#{name}">{name}</a>\n' for name in names)
    parts.append(f"<nav>\n<ul>\n{links}</ul>\n</nav>\n")
    parts += [_section(state, pictures) for state, pictures in shown]
    return "".join(parts)


def _section(state: State, pictures: Sequence[str]) -> str:
    name = escape(state.name)
    words = escape((state.reach.__doc__ or "").strip())
    figures = "".join(_figure(picture) for picture in pictures)
    head = f'<section id="{name}">\n<h2>{name}</h2>\n<p>{words}</p>\n'
    return f"{head}<div>\n{figures}</div>\n</section>\n"


def _figure(picture: str) -> str:
    file = escape(f"{picture}.png")
    return (
        f'<figure><a href="{file}"><img src="{file}" alt="" loading="lazy"></a>'
        f"<figcaption>{escape(picture)}</figcaption></figure>\n"
    )
