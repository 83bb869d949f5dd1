"""Where a setting came from: file, environment or flag, each stronger than the one before."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.settings import limit_names

PREFIX = "SECURECHAT_"
SINGLE = (
    "data-dir",
    "database",
    "database-password-file",
    "database-ca",
    "keyring",
    "public-url",
    "tls-cert",
    "tls-key",
    "tls-minimum",
    "plain-listen",
    "registration",
    "bus",
    "bus-password-file",
    "bus-ca",
    "metrics-listen",
    "log-format",
)
MANY = ("listen", "behind-proxy")
NAMES = SINGLE + MANY
# Variables that share our prefix and are no settings: the test suite's switch is inherited by the
# daemons that it starts.
FOREIGN_VARIABLES = frozenset({"SECURECHAT_TESTS"})


class ConfigError(Exception):
    """Settings that cannot be used: `reasons` says for each its source, fault and remedy."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True)
class Given:
    """One setting as somebody wrote it; `base` is the folder that its relative paths start from."""

    values: tuple[str, ...]
    source: str
    base: Path

    @property
    def value(self) -> str:
        """The last value, which wins where only one is meant."""
        return self.values[-1]


Layer = dict[str, Given]  # by setting name; a limit is under "limit <name>"


def limit_key(name: str) -> str:
    """The key of the limit `name` (with hyphens) in a layer."""
    return f"limit {name}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` for the nearest of the `known` names, or nothing."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def from_flags(flags: Mapping[str, Sequence[str]], base: Path) -> tuple[Layer, list[str]]:
    """The layer of `flags`, by name without dashes; `limit` holds NAME=VALUE texts.

    Returns it with one reason for each flag that was not understood.
    """
    layer: Layer = {}
    reasons: list[str] = []
    for name, values in flags.items():
        if name == "limit":
            reasons += _limit_flags(layer, values, base)
        elif values:
            texts = _split(values) if name == "behind-proxy" else tuple(values)
            layer[name] = Given(texts, f"--{name}", base)
    return layer, reasons


def _limit_flags(layer: Layer, values: Iterable[str], base: Path) -> list[str]:
    reasons = []
    for text in values:
        name, equals, value = text.partition("=")
        if not equals:
            reasons.append(f"--limit {text}: write NAME=VALUE, for example --limit posts=20")
        elif name not in limit_names():
            reasons.append(f"--limit {name}: no such limit{_limit_hint(name)}")
        else:
            layer[limit_key(name)] = Given((value,), f"--limit {name}", base)
    return reasons


def _limit_hint(name: str) -> str:
    return suggestion(name, limit_names()) or f"; there are {', '.join(limit_names())}"


def from_environment(environ: Mapping[str, str], base: Path) -> tuple[Layer, list[str]]:
    """The layer of the `SECURECHAT_…` variables, with one reason for each that is unknown."""
    layer: Layer = {}
    reasons: list[str] = []
    known = {_variable(name): name for name in NAMES}
    known |= {_variable(f"limit-{name}"): limit_key(name) for name in limit_names()}
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable in FOREIGN_VARIABLES | {PREFIX + "CONFIG"}:
            continue
        name = known.get(variable)
        if name is None:
            reasons.append(f"{variable}: no such setting{_variable_hint(variable, known)}")
        elif text:  # an empty variable is how unit files and containers leave one out
            values = _split([text]) if name in MANY else (text,)
            layer[name] = Given(values, variable, base)
    return layer, reasons


def _variable_hint(variable: str, known: Iterable[str]) -> str:
    if "PASSWORD" in variable:
        # No secret belongs into the environment, where every child process inherits it.
        whose = "BUS" if "BUS" in variable else "DATABASE"
        return f"; write the password into a file and name it in {PREFIX}{whose}_PASSWORD_FILE"
    return suggestion(variable, known)


def from_file(path: Path) -> tuple[Layer, list[str]]:
    """The layer of the TOML file `path`, with one reason for each key that cannot be used."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return {}, [f"--config: {path} cannot be read: {error.strerror}"]
    except UnicodeDecodeError:
        return {}, [f"--config: {path} is not UTF-8 text"]
    except tomllib.TOMLDecodeError as error:
        return {}, [f"--config: {path} is not valid TOML: {error}"]
    except RecursionError:
        return {}, [f"--config: {path} is not valid TOML: it is nested too deeply"]
    layer: Layer = {}
    reasons: list[str] = []
    for key, value in document.items():
        if key == "limits" and isinstance(value, dict):
            reasons += _limit_table(layer, value, path)
        else:
            reasons += _file_key(layer, key, value, path)
    return layer, reasons


def _file_key(layer: Layer, key: str, value: object, path: Path) -> list[str]:
    source = f"{path}: {key}"
    if key not in NAMES:
        return [f"{source}: no such setting{suggestion(key, (*NAMES, 'limits'))}"]
    if isinstance(value, str):
        texts = _split([value]) if key == "behind-proxy" else (value,)
        layer[key] = Given(texts, source, path.parent)
        return []
    is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
    if key in MANY and isinstance(value, list) and is_list:
        layer[key] = Given(tuple(value), source, path.parent)
        return []
    wanted = "a text or a list of texts" if key in MANY else "a text"
    return [f"{source}: must be {wanted}, in double quotes"]


def _limit_table(layer: Layer, table: Mapping[str, object], path: Path) -> list[str]:
    reasons = []
    for name, value in table.items():
        source = f"{path}: limits.{name}"
        if name not in limit_names():
            reasons.append(f"{source}: no such limit{_limit_hint(name)}")
        elif isinstance(value, bool) or not isinstance(value, int):
            reasons.append(f"{source}: must be a whole number, without quotes")
        else:
            layer[limit_key(name)] = Given((str(value),), source, path.parent)
    return reasons


def _variable(name: str) -> str:
    return PREFIX + name.upper().replace("-", "_")


def _split(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())
