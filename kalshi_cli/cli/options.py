"""The options that work before and after the command's name.

They are declared once and added to every command. Each parsed value is noted in the invocation, so
the later position wins. Options that change what a command does to the simulated world are taken
only by commands that name them in `TAKES`.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalshi_cli.errors import UsageError

if TYPE_CHECKING:
    from kalshi_cli.domain.identity import Env

MOST = 1_000_000_000
"""More rows than any store has; a number the database takes."""
EVERY = frozenset(
    {"env", "sim", "paper", "live", "json", "config", "home", "quiet", "verbose", "no_color", "yes"}
)
"""Taken by every command."""
STEPPING = ("seed", "world", "fresh", "no_advance", "faults")
"""What a command takes in `TAKES` when it may create or move the simulated world."""
TRADING = (*STEPPING, "limits_reason")
"""The same for a command that trades: it keeps changes of its limits on record."""
_LARGEST_SEED = 2**63 - 1
"""The file of the world keeps numbers of 64 bits."""


def declared(
    *,
    env: Annotated[
        list[str] | None, typer.Option("--env", metavar="ENV", help="sim, paper, demo or prod.")
    ] = None,
    sim: Annotated[bool, typer.Option("--sim", help="Short for --env sim.")] = False,
    paper: Annotated[bool, typer.Option("--paper", help="Short for --env paper.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Real money: --env prod.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    config: Annotated[
        str | None, typer.Option("--config", metavar="FILE", help="Read this config file.")
    ] = None,
    home: Annotated[
        str | None, typer.Option("--home", metavar="DIR", help="Keep everything here.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Results and errors only.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log to stderr too, with tracebacks.")
    ] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Answer yes where no one can be asked.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Create the world from this seed.")
    ] = None,
    world: Annotated[
        str | None,
        typer.Option(
            "--world", metavar="WORLD", help="tape:DIR, books:PATH or a plan's FILE.toml."
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Set the old world and its store aside first.")
    ] = False,
    no_advance: Annotated[
        bool, typer.Option("--no-advance", help="Leave the world's clock where it is.")
    ] = False,
    faults: Annotated[
        str | None,
        typer.Option("--faults", metavar="FILE", help="Let the simulated exchange go wrong so."),
    ] = None,
    forecaster: Annotated[
        str | None, typer.Option("--forecaster", metavar="NAME", help="grok, baseline or oracle.")
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option("--prompt", metavar="PATH", help="Ask the AI with these instructions."),
    ] = None,
    limits_reason: Annotated[
        str | None,
        typer.Option("--limits-reason", metavar="TEXT", help="Why limits differ from last time."),
    ] = None,
) -> None:
    """Declare the options; never called."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said. `env` is None where it said nothing."""

    env: "Env | None" = None
    json: bool = False
    config: Path | None = None
    home: Path | None = None
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False
    yes: bool = False
    seed: int | None = None
    world: str | None = None
    fresh: bool = False
    advance: bool = True
    faults: Path | None = None
    forecaster: str | None = None
    prompt: Path | None = None
    limits_reason: str | None = None


def resolved(given: dict[str, object]) -> Options:
    """The options from what was parsed. Raises `UsageError` where they contradict each other."""
    values = {name: value for name, value in given.items() if name in Options.__slots__}
    for name in ("config", "home", "faults", "prompt"):
        if name in values:
            if not str(values[name]).strip():
                raise UsageError(f"--{name} is empty.", remedy="Name a path, or leave it out.")
            values[name] = Path(str(values[name])).expanduser()
    seed = given.get("seed", 0)
    if not isinstance(seed, int) or abs(seed) > _LARGEST_SEED:
        raise UsageError(f"--seed {seed} is too large.", remedy="Any number of 64 bits will do.")
    return Options(
        **{**values, "env": _env(given), "advance": not given.get("no_advance", False)}  # type: ignore[arg-type]
    )


def _env(given: dict[str, object]) -> "Env | None":
    """The one environment that was asked for."""
    from kalshi_cli.domain.identity import Env  # 6 ms that `--help` need not pay

    flags = {"sim": Env.SIM, "paper": Env.PAPER, "live": Env.PROD}
    asked = {env for name, env in flags.items() if given.get(name)}
    if "env" in given:
        asked.add(Env(_known(str(given["env"]), [env.value for env in Env])))
    if len(asked) > 1:
        raise contradiction(*asked)
    return next(iter(asked), None)


def contradiction(*asked: str) -> UsageError:
    """The complaint about more than one environment."""
    both = " and ".join(sorted(asked))
    return UsageError(f"The command line asks for {both} at once.", remedy="Name one of them.")


def _known(text: str, known: list[str]) -> str:
    if text in known:
        return text
    close = get_close_matches(text, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"Use one of {', '.join(known)}."
    raise UsageError(f"There is no environment {text!r}.", remedy=hint)
