"""Writing a strategy, and its test, for a person to change."""

import keyword
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.cli.start import configured
from kalshi_cli.errors import ConfigError, UsageError

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST = 40


@dataclass(frozen=True, slots=True)
class Scaffold:
    """The two files that were written, and what runs and enables them."""

    strategy: str
    path: str
    test: str
    config_line: str


def write_strategy(invocation: Invocation, name: str) -> Scaffold:
    """Write `strategies/NAME.py` and its test. Raises `UsageError` for a name that cannot be one,
    and where one of the files is there, and `ConfigError` where nothing can be written.
    """
    from kalshi_cli.settings.strategies import folder, names

    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or len(name) > LONGEST:
        raise UsageError(
            f"{name[:60]!r} is no name for a strategy.",
            remedy=f"Use small letters, digits and _, such as weather_drift; {LONGEST} at most.",
        )
    settings = configured(invocation).settings
    if name in names(settings):
        raise UsageError(f"There is a strategy {name!r}.", remedy="Choose another name.")
    into = folder(settings)
    paths = (into / f"{name}.py", into / f"test_{name}.py")
    try:
        into.mkdir(parents=True, exist_ok=True)
        for path, template in zip(paths, ("strategy.py.txt", "test.py.txt"), strict=True):
            _write(path, _filled(template, name))
    except OSError as error:
        raise ConfigError(
            f"{error.filename or into} cannot be written: {error.strerror}.",
            remedy="Check --home or KALSHI_HOME, and the free space there.",
        ) from error
    return Scaffold(name, str(paths[0]), str(paths[1]), f"others.{name} = 0.05")


def _filled(template: str, name: str) -> str:
    title = "".join(part.capitalize() for part in name.split("_"))
    text = files("kalshi_cli.cli.templates").joinpath(template).read_text(encoding="utf-8")
    return text.replace("NAME", name).replace("TITLE", title)


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path} is there.", remedy="Choose another name.") from error
