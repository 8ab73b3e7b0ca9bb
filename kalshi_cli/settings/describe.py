"""The settings as a config file writes them, and the example file with all of them."""

import ast
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import get_args

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from kalshi_cli.domain.money import Money
from kalshi_cli.settings.load import keys
from kalshi_cli.settings.sections import Settings
from kalshi_cli.settings.values import NONE_WORDS

WIDTH = 98
UNSET = "unset"
_HEADER = """\
# Settings of kalshi. Every line is the default: uncomment what you change.
#
# An option on the command line wins over a KALSHI_ variable (KALSHI_RISK__MAX_POSITIONS), that over
# .env, that over this file. "unlimited" is the only word that removes a limit, "off" the only one
# that turns a rule off. Keys and other secrets do not belong here: set them as variables."""


def written(key: str, value: object) -> str:
    """A value as TOML writes it; None as the word that made it so, or `unset`."""
    if value is None:
        word = _none_word(field_of(key))
        return UNSET if word is None else json.dumps(word)
    if key == "database":
        return json.dumps(without_password(str(value)))
    if isinstance(value, Money):
        return json.dumps(str(value) if value.units % 10_000 else f"{value.decimal:.2f}")
    if isinstance(value, Enum):
        return json.dumps(value.value)
    if isinstance(value, dict):
        pairs = ", ".join(f"{_key(name)} = {json.dumps(each)}" for name, each in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return json.dumps(str(value) if isinstance(value, Path) else value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def without_password(url: str) -> str:
    """A database's address as it may be shown."""
    return re.sub(r"(?<=://)([^:/@]*):[^/]*@", r"\1:********@", url)


def example() -> str:
    """A config file with every setting, its meaning and its default, commented out."""
    top, sections = [], []
    meanings = meanings_of(Settings)
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            entries = _entries(section, f"{name}.")
            sections.append(f"[{name}]\n" + "\n".join(entries))
        else:
            top.append(_entry(name, name, field, meanings[name]))
    return "\n\n".join([_HEADER, "\n".join(top), *sections]) + "\n"


def unlimited(settings: Settings) -> tuple[str, ...]:
    """The limits that a person has removed; an account used whole is no removed limit."""
    return tuple(
        key
        for key, value in keys(settings)
        if value is None
        and _none_word(field_of(key)) == "unlimited"
        and field_of(key).default is not None
    )


HELD_BY_TRADING = (
    "kelly_fraction",
    "max_single_position",
    "min_net_edge",
    "min_confidence_to_trade",
    "probation_stake",
    "capital_limit",
)
"""What of `[trading]` bounds the orders; all of `[portfolio]`, `[risk]` and `[allocation]` does."""


def limits_in_force(settings: Settings) -> Mapping[str, str]:
    """Every limit that orders are held to, as a config file writes it."""
    wanted = {f"trading.{name}" for name in HELD_BY_TRADING}
    return {
        key: written(key, value)
        for key, value in keys(settings)
        if key in wanted or key.startswith(("portfolio.", "risk.", "allocation."))
    }


def field_of(key: str) -> FieldInfo:
    """The declaration of `section.key`."""
    head, _, leaf = key.partition(".")
    field = Settings.model_fields[head]
    section = field.annotation
    if not leaf:
        return field
    assert isinstance(section, type)  # noqa: S101 - for the type checker
    assert issubclass(section, BaseModel)  # noqa: S101
    return section.model_fields[leaf]


def _entries(section: type[BaseModel], prefix: str) -> Iterator[str]:
    meanings = meanings_of(section)
    return (
        _entry(prefix + key, key, field, meanings[key])
        for key, field in section.model_fields.items()
    )


def meanings_of(section: type[BaseModel]) -> Mapping[str, str]:
    """What the text below each field says.

    Read here alone: the library would read it at every start, which costs 20 ms.
    """
    (declared,) = ast.parse(inspect.getsource(section)).body
    assert isinstance(declared, ast.ClassDef)  # noqa: S101 - for the type checker
    found: dict[str, str] = {}
    for field, text in pairwise(declared.body):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(said))),
            ):
                found[name] = " ".join(said.split())
            case _:
                pass
    return found


def _entry(key: str, name: str, field: FieldInfo, meaning: str) -> str:
    lines = [f"# {line}" for line in wrap(meaning, WIDTH)]
    shown = written(key, field.default)
    if shown == UNSET:
        shown = f"{json.dumps(_choices(field)[0])}  # unset by default"
    return "\n".join([*lines, f"# {name} = {shown}"])


def _none_word(field: FieldInfo) -> str | None:
    checks = [each.func for each in field.metadata if isinstance(each, BeforeValidator)]
    return next((word for check, word in NONE_WORDS if check in checks), None)


def _choices(field: FieldInfo) -> list[str]:
    """The words that an unset choice could be set to."""
    first = get_args(field.annotation)[0]
    is_enum = isinstance(first, type) and issubclass(first, Enum)
    values: list[object] = list(first) if is_enum else list(get_args(first))
    return [str(getattr(value, "value", value)) for value in values]
