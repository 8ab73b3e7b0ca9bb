"""The prices that a market accepts: its own `price_ranges`, never the structure's name."""

from dataclasses import dataclass, field

from kalshi_cli.domain.money import ONE_DOLLAR, Price
from kalshi_cli.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class PriceRange:
    """Prices from `start` to `end`, both included, in steps of `step` (dollars)."""

    start: Price
    end: Price
    step: Price


@dataclass(frozen=True, slots=True)
class PriceGrid:
    """Contiguous, ascending price ranges. An order's price lies strictly between $0 and $1.

    Raises `InvalidValue` for ranges that are empty, overlap, leave a gap or do not fit their step.
    """

    ranges: tuple[PriceRange, ...]
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.ranges:
            raise InvalidValue("A price grid needs at least one range.")
        end = self.ranges[0].start
        for part in self.ranges:
            width = part.end.units - part.start.units
            if part.start != end or part.step.units <= 0 or width <= 0 or width % part.step.units:
                raise InvalidValue(f"Price ranges that do not join or fit their step: {part}.")
            end = part.end
        if self.ranges[0].start.units < 0 or end > ONE_DOLLAR:
            raise InvalidValue("Price ranges reach outside $0 to $1.")
        object.__setattr__(self, "_hash", hash(self.ranges))

    def __hash__(self) -> int:
        """Taken once: a handful of grids are looked up for every market there is."""
        return self._hash

    def contains(self, price: Price) -> bool:
        """Whether an order may carry this price."""
        return 0 < price.units < ONE_DOLLAR.units and any(
            part.start <= price <= part.end
            and (price.units - part.start.units) % part.step.units == 0
            for part in self.ranges
        )

    def floor(self, price: float | Price) -> Price | None:
        """The highest valid price at or below, if any. The only road from a float."""
        return self._best_below(_units(price, up=False))

    def ceil(self, price: float | Price) -> Price | None:
        """The lowest valid price at or above, if any. The only road from a float."""
        return self._best_above(_units(price, up=True))

    def below(self, price: Price) -> Price | None:
        """The next valid price strictly below."""
        return self._best_below(price.units - 1)

    def above(self, price: Price) -> Price | None:
        """The next valid price strictly above."""
        return self._best_above(price.units + 1)

    def _best_below(self, units: int) -> Price | None:
        for part in reversed(self.ranges):
            if units >= part.start.units:
                top = min(units, part.end.units)
                snapped = top - (top - part.start.units) % part.step.units
                if snapped >= ONE_DOLLAR.units:
                    snapped -= part.step.units
                return Price(snapped) if snapped > 0 else None
        return None

    def _best_above(self, units: int) -> Price | None:
        for part in self.ranges:
            if units <= part.end.units:
                low = max(units, part.start.units)
                snapped = low + (part.start.units - low) % part.step.units
                if snapped <= 0:
                    snapped += part.step.units
                return Price(snapped) if snapped < ONE_DOLLAR.units else None
        return None


def _units(price: float | Price, *, up: bool) -> int:
    if isinstance(price, Price):
        return price.units
    scaled = price * ONE_DOLLAR.units
    nearest = round(scaled)
    if abs(scaled - nearest) < 1e-6:
        return nearest
    return int(scaled // 1) + (1 if up else 0)


LINEAR_CENT = PriceGrid((PriceRange(Price(0), Price(10_000), Price(100)),))
DECI_CENT = PriceGrid((PriceRange(Price(0), Price(10_000), Price(10)),))
TAPERED_DECI_CENT = PriceGrid(
    (
        PriceRange(Price(0), Price(1_000), Price(10)),
        PriceRange(Price(1_000), Price(9_000), Price(100)),
        PriceRange(Price(9_000), Price(10_000), Price(10)),
    )
)
