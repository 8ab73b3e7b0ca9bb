"""Which world is behind the exchange, and how its state becomes bytes and back."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kalshi_cli.adapters.sim.files import RESET
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Money
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.generated import GeneratedState, GeneratedWorld
from kalshi_cli.engine.state import ExchangeState
from kalshi_cli.errors import StoreUnusable, UsageError

if TYPE_CHECKING:
    from kalshi_cli.engine.tape import TapeWorld

GENERATED = "generated"
TAPE = "tape"

_ENCODER = msgspec.msgpack.Encoder()
"""Keeps the order of dicts: the order of listing is part of the state. It holds no sets."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a world is made from: the same origin and commands give the same state.

    `directory` is the recording's where the kind is `tape`, else empty.
    """

    kind: str
    directory: str
    seed: int
    epoch_us: int
    opening_cash: Money

    @property
    def choice(self) -> str:
        """The world as `--world` names it."""
        return f"{TAPE}:{self.directory}" if self.kind == TAPE else GENERATED


def parse_choice(choice: str) -> tuple[str, str]:
    """Read `generated` or `tape:DIR`. Raises `UsageError` for anything else."""
    kind, _, directory = choice.partition(":")
    if kind == TAPE and directory:
        return TAPE, str(Path(directory).expanduser().resolve())
    if choice == GENERATED:
        return GENERATED, ""
    raise UsageError(f"There is no world {choice!r}.", remedy="Use generated or tape:DIR.")


def begin(origin: Origin) -> Exchange:
    """A new exchange in a new world."""
    return Exchange.open(_new_world(origin), origin.opening_cash)


def freeze(exchange: Exchange) -> tuple[bytes, bytes]:
    """The state of the exchange and of its world as bytes: equal histories, equal bytes.

    A world may bring a book up to date only when somebody looks: so look at all of them, or the
    bytes would tell which books were read.
    """
    world: Any = exchange.world
    for market in exchange.catalog.markets.values():
        if market.status is MarketStatus.ACTIVE:
            world.ladders(market.ticker)
    return _ENCODER.encode(exchange.state), _ENCODER.encode(world.state)


def thaw(origin: Origin, exchange: bytes, world: bytes) -> Exchange:
    """The exchange as it was frozen. Raises `StoreUnusable` for bytes that do not fit."""
    try:
        state = msgspec.msgpack.decode(exchange, type=ExchangeState)
        return Exchange(_old_world(origin, world), state)
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise StoreUnusable(f"A snapshot cannot be read: {error}.", remedy=RESET) from error


def _new_world(origin: Origin) -> "GeneratedWorld | TapeWorld":
    if origin.kind == GENERATED:
        return GeneratedWorld(origin.seed, origin.epoch_us)
    from kalshi_cli.adapters.sim.recording import load_recording
    from kalshi_cli.engine.tape import TapeWorld

    return TapeWorld(load_recording(Path(origin.directory)))


def _old_world(origin: Origin, frozen: bytes) -> "GeneratedWorld | TapeWorld":
    if origin.kind == GENERATED:
        return GeneratedWorld.restore(msgspec.msgpack.decode(frozen, type=GeneratedState))
    from kalshi_cli.adapters.sim.recording import load_recording
    from kalshi_cli.engine.tape import TapeState, TapeWorld

    recording = load_recording(Path(origin.directory))
    return TapeWorld.restore(recording, msgspec.msgpack.decode(frozen, type=TapeState))
