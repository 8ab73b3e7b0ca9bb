"""The instructions of the roles: those that the program comes with, and those that a person wrote.

A directory has them as `forecaster.md`, `critic.md`, `trader.md` and `all_in_one.md`; what is not
there is the program's own. A single file is that of the role whose name it bears, or of whoever is
asked first.
"""

from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path

from kalshi_cli.domain.deliberation import Role, Template
from kalshi_cli.domain.identity import short_hash
from kalshi_cli.errors import ConfigError
from kalshi_cli.forecasting import prompts

LONGEST = 20_000
"""Characters of instructions: they are paid for with each call."""
_NAMES = ", ".join(f"{role}.md" for role in Role)
_REMEDY = f"Give --prompt a text file, or a directory with some of {_NAMES}."


def templates(roles: Iterable[Role], place: Path | None) -> Mapping[Role, Template]:
    """The instructions of these roles, the first of them asked first.

    Raises `ConfigError` for a place that has none.
    """
    wanted = tuple(roles)
    written = {} if place is None else _written(place.expanduser(), wanted[0])
    return {role: Template(role, text, short_hash(text)) for role, text in _texts(wanted, written)}


def _texts(roles: Iterable[Role], written: Mapping[Role, str]) -> Iterable[tuple[Role, str]]:
    for role in roles:
        if role in written:
            yield role, written[role]
        else:
            yield role, files(prompts).joinpath(f"{role}.md").read_text(encoding="utf-8")


def _written(place: Path, first: Role) -> Mapping[Role, str]:
    if place.is_dir():
        found = {path.stem: path for path in sorted(place.glob("*.md")) if path.stem != "README"}
        unknown = sorted(set(found) - set(Role))
        if unknown:
            raise ConfigError(f"{place / unknown[0]}.md is no role's prompt.", remedy=_REMEDY)
        if not found:
            raise ConfigError(f"There is no prompt in {place}.", remedy=_REMEDY)
        return {Role(name): _read(path) for name, path in found.items()}
    role = Role(place.stem) if place.stem in set(Role) else first
    return {role: _read(place)}


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"The prompt {path} cannot be read: {error}", remedy=_REMEDY) from error
    if not text.strip():
        raise ConfigError(f"The prompt {path} is empty.", remedy=_REMEDY)
    if len(text) > LONGEST:
        raise ConfigError(
            f"The prompt {path} has {len(text)} characters, more than {LONGEST}.",
            remedy="Shorten it: it is paid for with each call.",
        )
    return text
