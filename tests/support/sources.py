"""Python files as they are written, parsed once however many tests ask."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from .daemon import ROOT


@cache
def parsed(path: Path) -> ast.Module:
    """The file's syntax tree, which nobody changes."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def names_within(node: ast.AST) -> dict[str | None, ast.AST]:
    """What is defined directly in a module or class, by name."""
    return {getattr(child, "name", None): child for child in ast.iter_child_nodes(node)}


@cache
def is_a_test(name: str) -> bool:
    """Whether ``tests/…`` is a file, or ``tests.a.B.test_c`` such a module, class and test."""
    if "/" in name:
        return (ROOT / name).is_file()
    parts = name.split(".")
    files = {n: ROOT.joinpath(*parts[:n]).with_suffix(".py") for n in range(1, len(parts) + 1)}
    modules = [n for n, file in files.items() if file.is_file()]
    if not modules:
        return False
    node: ast.AST = parsed(files[modules[-1]])
    for part in parts[modules[-1] :]:
        inside = names_within(node)
        if part not in inside:
            return False
        node = inside[part]
    return True
