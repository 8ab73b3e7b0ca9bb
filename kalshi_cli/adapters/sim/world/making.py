"""Makes the exchange in its world from an origin, and its state into bytes and back."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kalshi_cli.adapters.sim.world.files import RESET
from kalshi_cli.adapters.sim.world.origin import BOOKS, GENERATED, Origin
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.generated import GeneratedState, GeneratedWorld
from kalshi_cli.engine.state import ExchangeState
from kalshi_cli.engine.world import World
from kalshi_cli.engine.world_plan import DEFAULT_PLAN
from kalshi_cli.errors import StoreUnusable

State = TypeVar("State")
_ENCODER = msgspec.msgpack.Encoder()
"""Keeps the order of dicts: the order of listing is part of the state. It holds no sets."""


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
        from kalshi_cli.adapters.sim.recordings.books import load_books
        from kalshi_cli.engine.book_world import BookState, BookWorld

        return BookWorld(load_books(path), state=_decoded(frozen, BookState))
    from kalshi_cli.adapters.sim.recordings.tape import load_recording
    from kalshi_cli.engine.tape import TapeState, TapeWorld

    return TapeWorld(load_recording(path), state=_decoded(frozen, TapeState))


def _decoded(frozen: bytes | None, kind: type[State]) -> State | None:
    return None if frozen is None else msgspec.msgpack.decode(frozen, type=kind)
