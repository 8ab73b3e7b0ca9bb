"""What each request costs, in tokens, as the exchange lists it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kalshi_cli.adapters.kalshi.access_wire import CostsWire, CostWire
from kalshi_cli.adapters.kalshi.rows import convert_rows, identity
from kalshi_cli.ports.exchange import Unusable

_ROOT = "/trade-api/v2"
_WORD = re.compile(r"[a-z_]+")
"""A part that is no id: the name of another route, which has a cost of its own."""
Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndpointCosts:
    """Costs by method and path. A batch costs this much for each of its items.

    `listed` has paths in parts; a part `:name` stands for any one, `*name` for any number.
    """

    default: int
    listed: Mapping[tuple[str, Parts], int]
    unusable: tuple[Unusable, ...] = ()

    def of(self, method: str, path: str) -> int:
        """The cost of a request; `path` begins below the root, as `/markets/trades`."""
        parts = _parts(path)
        exact = self.listed.get((method, parts))
        if exact is not None:
            return exact
        fitting = (
            cost
            for (verb, known), cost in self.listed.items()
            if verb == method and _fits(known, parts)
        )
        return max(fitting, default=self.default)


def to_costs(wire: CostsWire) -> EndpointCosts:
    rows, unusable = convert_rows(wire.endpoint_costs, CostWire, _to_cost)
    return EndpointCosts(wire.default_cost, dict(rows), unusable)


def _to_cost(wire: CostWire) -> tuple[tuple[str, Parts], int]:
    method, path = identity(wire.method, "method"), identity(wire.path, "path")
    return (method.upper(), _parts(path.removeprefix(_ROOT))), wire.cost


def _parts(path: str) -> Parts:
    return tuple(path.strip("/").split("/"))


def _fits(known: Parts, parts: Parts) -> bool:
    if known and known[-1].startswith("*"):
        return len(parts) >= len(known) and _fits(known[:-1], parts[: len(known) - 1])
    return len(known) == len(parts) and all(
        part == asked or (part.startswith(":") and not _WORD.fullmatch(asked))
        for part, asked in zip(known, parts, strict=True)
    )
