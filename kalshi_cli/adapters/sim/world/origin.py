"""Which world is behind the exchange: what it is made from, and what somebody asks for."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Self

from kalshi_cli.domain.instant import to_rfc3339
from kalshi_cli.domain.money import Money
from kalshi_cli.engine.plan_document import difference, read_plan
from kalshi_cli.engine.world_plan import WorldPlan
from kalshi_cli.errors import ConfigError, InvalidValue, UsageError

GENERATED = "generated"
TAPE = "tape"
BOOKS = "books"
DEFAULT_SEED = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """What a world is made from: the same origin and commands give the same state.

    `directory` is where the recording is, for `tape` and `books`, or the file that `plan` was read
    from, else empty. A generated world without a plan of its own has the default one.
    """

    kind: str
    directory: str
    seed: int
    epoch_us: int
    opening_cash: Money
    plan: WorldPlan | None = None

    @property
    def choice(self) -> str:
        """The world as `--world` names it."""
        if self.plan is not None:
            return self.directory
        return f"{self.kind}:{self.directory}" if self.directory else self.kind


@dataclass(frozen=True, slots=True)
class Choice:
    """A world as `--world` names it: `directory` and `plan` are an origin's."""

    kind: str
    directory: str
    plan: WorldPlan | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `generated`, `tape:DIR`, `books:PATH` or a plan's `FILE.toml`.

        Raises `UsageError` for anything else, and `ConfigError` for a plan that cannot be played:
        a file that is named and cannot be used ends alike, whichever option names it.
        """
        kind, _, path = text.partition(":")
        if kind in {TAPE, BOOKS} and path:
            return cls(kind, str(Path(path).expanduser().resolve()), None)
        if text == GENERATED:
            return cls(GENERATED, "", None)
        if text.endswith(".toml"):
            file = Path(text).expanduser().resolve()
            return cls(GENERATED, str(file), _load_plan(file))
        remedy = "Use generated, tape:DIR, books:PATH or a plan's FILE.toml."
        raise UsageError(f"There is no world {text!r}.", remedy=remedy)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which world somebody asks for; None where any will do."""

    seed: int | None
    world: Choice | None
    epoch_us: int | None

    @classmethod
    def chosen(cls, seed: int | None, world: str | None, epoch_us: int | None) -> Self:
        """Raises `UsageError` for a world that there is not, `ConfigError` for its file."""
        return cls(seed, None if world is None else Choice.parse(world), epoch_us)


def new_origin(wanted: Wanted, default_epoch_us: int, cash: Money) -> Origin:
    """Of what to make a world. Raises `UsageError` for an epoch of a recorded one."""
    world = wanted.world or Choice(GENERATED, "", None)
    if wanted.epoch_us is not None and world.kind != GENERATED:
        remedy = "Leave out --epoch."
        raise UsageError("A recorded world begins where its recording begins.", remedy=remedy)
    return Origin(
        kind=world.kind,
        directory=world.directory,
        seed=DEFAULT_SEED if wanted.seed is None else wanted.seed,
        epoch_us=default_epoch_us if wanted.epoch_us is None else wanted.epoch_us,
        opening_cash=cash,
        plan=world.plan,
    )


def check_same(found: Origin, wanted: Wanted) -> None:
    """Refuse, with `UsageError`, to continue a world as if it were another."""
    seed, epoch_us = wanted.seed, wanted.epoch_us
    if seed is not None and seed != found.seed:
        _refuse(f"A world with seed {found.seed} exists, not {seed}.")
    if epoch_us is not None and (found.kind != GENERATED or epoch_us != found.epoch_us):
        _refuse(f"The world that exists did not begin at {to_rfc3339(epoch_us)}.")
    if wanted.world is not None:
        _check_same_world(found, wanted.world)


def _check_same_world(found: Origin, world: Choice) -> None:
    is_other = (world.kind, world.directory) != (found.kind, found.directory)
    if is_other and world.kind != GENERATED and not Path(world.directory).exists():
        remedy = "Name a recording that is there."
        raise UsageError(f"There is nothing at {world.directory}.", remedy=remedy)
    if world.kind != found.kind or (world.plan is None) != (found.plan is None):
        _refuse(f"The world that exists is {found.choice}.")
    if world.plan is None or found.plan is None:
        if world.directory != found.directory:
            _refuse(f"The world that exists is {found.choice}.")
        return
    differs = difference(found.plan, world.plan)
    if differs:
        told = f"The world that exists was made from another plan than {world.directory}"
        _refuse(f"{told}: they differ in {differs}.")


def _refuse(why: str) -> NoReturn:
    remedy = "Continue it without --seed, --world and --epoch, or begin anew with --fresh."
    raise UsageError(why, remedy=remedy)


def _load_plan(file: Path) -> WorldPlan:
    remedy = "docs/worlds/ has an example, and says what a plan may hold."
    try:
        return read_plan(tomllib.loads(file.read_text("utf-8")))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", remedy=remedy) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}.", remedy=remedy) from error
    except InvalidValue as error:
        raise ConfigError(f"{file}: {error}", remedy=remedy) from error
