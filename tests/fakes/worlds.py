"""Generated worlds that begin as another one began: making one takes forty times as long. And what
a world's files come to.

For tests of what is done in a world; those of worlds themselves make their own. A desk in a
world that its process made and one in such a world are compared in `test_simulated_desk.py`.
"""

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kalshi_cli.adapters.sim import simulation
from kalshi_cli.adapters.sim.world import host, making
from kalshi_cli.adapters.sim.world.files import WorldFiles
from kalshi_cli.adapters.sim.world.origin import GENERATED, Origin
from kalshi_cli.adapters.sim.world.store import WorldStore
from kalshi_cli.engine.exchange import Exchange

_begin = making.begin


def begin_once(put: Callable[[Any, str, Any], object], kept: Path) -> None:
    """From now on a world begins as it did when it was first made, by whichever process.

    `put` is `setattr`, or that of pytest's monkeypatch.
    """

    def begin(origin: Origin) -> Exchange:
        if origin.kind != GENERATED:
            return _begin(origin)
        name = hashlib.blake2b(repr(origin).encode(), digest_size=16).hexdigest()
        exchange, world = (kept / f"{name}.{part}" for part in ("exchange", "world"))
        if not world.exists():
            _keep(_begin(origin), exchange, world)
        return making.thaw(origin, exchange.read_bytes(), world.read_bytes())

    for module in (simulation, host):
        assert hasattr(module, "begin"), "whoever begins a world calls it otherwise now"
        put(module, "begin", begin)


def _keep(made: Exchange, *places: Path) -> None:
    for place, content in zip(places, making.freeze(made), strict=True):
        unfinished = place.with_name(f"{place.name}.{os.getpid()}")
        unfinished.write_bytes(content)
        unfinished.rename(place)


def kept_worlds() -> Path:
    """Where this test session keeps how worlds began."""
    if not _KEPT:
        _KEPT.append(Path(tempfile.mkdtemp(prefix="kalshi-worlds-")))
        atexit.register(shutil.rmtree, _KEPT[0], ignore_errors=True)
    return _KEPT[0]


_KEPT: list[Path] = []


def frozen_world(home: Path, *, from_log: bool) -> tuple[bytes, bytes]:
    """The state of a closed world, by its newest snapshot or by its whole log."""
    store = WorldStore(WorldFiles.under(home).world)
    origin = store.origin()
    assert origin is not None
    if not from_log:
        opened = host.Host(store, origin, snapshots=False)
        found = making.freeze(opened.exchange)
        opened.close()
        return found
    exchange = _begin(origin)
    for _, command in store.commands_after(0):
        exchange.apply(command)
    store.close()
    return making.freeze(exchange)
