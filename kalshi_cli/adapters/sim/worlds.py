"""Which world is behind the exchange, and how its state becomes bytes and back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kalshi_cli.adapters.sim.files import RESET
from kalshi_cli.domain.money import Money
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.generated import GeneratedState, GeneratedWorld
from kalshi_cli.engine.state import ExchangeState
from kalshi_cli.engine.world import World
from kalshi_cli.engine.world_plan import DEFAULT_PLAN, WorldPlan
from kalshi_cli.errors import InvalidValue, StoreUnusable, UsageError

GENERATED = "generated"
TAPE = "tape"
BOOKS = "books"

State = TypeVar("State")
_ENCODER = msgspec.msgpack.Encoder()
"""Keeps the order of dicts: the order of listing is part of the state. It holds no sets."""


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


def parse_choice(choice: str) -> tuple[str, str, WorldPlan | None]:
    """Read `generated`, `tape:DIR`, `books:PATH` or a plan's `FILE.toml`: kind, path and plan.

    Raises `UsageError` for anything else, and for a plan that cannot be played.
    """
    kind, _, path = choice.partition(":")
    if kind in {TAPE, BOOKS} and path:
        return kind, str(Path(path).expanduser().resolve()), None
    if choice == GENERATED:
        return GENERATED, "", None
    if choice.endswith(".toml"):
        file = Path(choice).expanduser().resolve()
        return GENERATED, str(file), _load_plan(file)
    remedy = "Use generated, tape:DIR, books:PATH or a plan's FILE.toml."
    raise UsageError(f"There is no world {choice!r}.", remedy=remedy)


def _load_plan(file: Path) -> WorldPlan:
    import tomllib

    from kalshi_cli.engine.plan_document import read_plan

    remedy = "docs/worlds/ has an example, and says what a plan may hold."
    try:
        return read_plan(tomllib.loads(file.read_text("utf-8")))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", remedy=remedy) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not TOML: {error}.", remedy=remedy) from error
    except InvalidValue as error:
        raise UsageError(f"{file}: {error}", remedy=remedy) from error


def begin(origin: Origin) -> Exchange:
    """A new exchange in a new world."""
    plan = origin.plan
    if plan is None:
        return Exchange.open(_new_world(origin), origin.opening_cash)
    exchange = Exchange.open(_new_world(origin), plan.cash or origin.opening_cash)
    exchange.catalog.archive = plan.archive
    return exchange


def freeze(exchange: Exchange) -> tuple[bytes, bytes]:
    """The state of the exchange and of its world as bytes: equal histories, equal bytes."""
    world: Any = exchange.world
    return _ENCODER.encode(exchange.state), _ENCODER.encode(world.state)


def thaw(origin: Origin, exchange: bytes, world: bytes) -> Exchange:
    """The exchange as it was frozen. Raises `StoreUnusable` for bytes that do not fit."""
    try:
        state = msgspec.msgpack.decode(exchange, type=ExchangeState)
        return Exchange(_old_world(origin, world), state)
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise StoreUnusable(f"A snapshot cannot be read: {error}.", remedy=RESET) from error


def _new_world(origin: Origin) -> World:
    if origin.kind == GENERATED:
        return GeneratedWorld(origin.seed, origin.epoch_us, origin.plan or DEFAULT_PLAN)
    return _recorded_world(origin, None)


def _old_world(origin: Origin, frozen: bytes) -> World:
    if origin.kind == GENERATED:
        state = msgspec.msgpack.decode(frozen, type=GeneratedState)
        return GeneratedWorld.restore(state, origin.plan or DEFAULT_PLAN)
    return _recorded_world(origin, frozen)


def _recorded_world(origin: Origin, frozen: bytes | None) -> World:
    path = Path(origin.directory)
    if origin.kind == BOOKS:
        from kalshi_cli.adapters.sim.book_recording import load_books
        from kalshi_cli.engine.book_world import BookState, BookWorld

        return BookWorld(load_books(path), state=_decoded(frozen, BookState))
    from kalshi_cli.adapters.sim.recording import load_recording
    from kalshi_cli.engine.tape import TapeState, TapeWorld

    return TapeWorld(load_recording(path), state=_decoded(frozen, TapeState))


def _decoded(frozen: bytes | None, kind: type[State]) -> State | None:
    return None if frozen is None else msgspec.msgpack.decode(frozen, type=kind)
