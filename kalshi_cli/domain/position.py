"""Positions and round trips, folded from fills and settlements.

One signed position a market: + is YES, - is NO. The fold is exact: a partial close takes the
floor of its share of the cost and leaves the remainder in the position, so realised profit over a
whole round trip is the sum of its cash flows to the last $0.000001.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kalshi_cli.domain.money import (
    NO_CONTRACTS,
    NO_MONEY,
    ONE_DOLLAR,
    Contracts,
    Money,
    Price,
)
from kalshi_cli.domain.side import Side


@dataclass(frozen=True, slots=True)
class Position:
    """What one owner holds in one market.

    `cost` is dollars paid for what is still held (NO contracts cost 1 - p each), without fees;
    `realized` is profit of what was closed, before fees; `fees` are all fees paid.
    """

    ticker: str
    owner: str
    net: Contracts = NO_CONTRACTS
    cost: Money = NO_MONEY
    realized: Money = NO_MONEY
    fees: Money = NO_MONEY
    opened_us: int | None = None
    updated_us: int | None = None

    @property
    def is_flat(self) -> bool:
        return not self.net

    @property
    def side(self) -> Side:
        """The side that opened the position: bid when YES is held, ask when NO is."""
        return Side.BID if self.net.units >= 0 else Side.ASK

    @property
    def average(self) -> Money | None:
        """Average cost of a contract of the outcome held; None when flat."""
        return None if self.is_flat else each_of(self.cost, abs(self.net))


def net_by_ticker(positions: Iterable[Position]) -> dict[str, Contracts]:
    """Signed YES contracts of every owner together, where there are any."""
    totals: dict[str, Contracts] = {}
    for position in positions:
        totals[position.ticker] = totals.get(position.ticker, NO_CONTRACTS) + position.net
    return {ticker: net for ticker, net in totals.items() if net}


def each_of(amount: Money, count: Contracts) -> Money:
    """What comes to one contract of so many, to the nearest $0.000001."""
    a_hundred_units = 100 * amount.units
    return Money((2 * a_hundred_units + count.units) // (2 * count.units))


def outcome_cost(side: Side, price: Price, count: Contracts) -> Money:
    """Dollars to open `count` on `side`: p a YES contract, 1 - p a NO contract."""
    return (price if side is Side.BID else price.complement) * count


def apply_fill(
    position: Position, *, side: Side, price: Price, count: Contracts, fee: Money, at_us: int
) -> Position:
    """The position after a fill; one that crosses zero closes first and opens the rest."""
    held = position.net.units
    closing = min(abs(held), count.units) if held * side.sign < 0 else 0
    after = replace(position, fees=position.fees + fee, updated_us=at_us)
    if closing:
        after = _close(after, price, Contracts(closing))
    opening = Contracts(count.units - closing)
    if not opening:
        return after
    return replace(
        after,
        net=after.net + side.signed(opening),
        cost=after.cost + outcome_cost(side, price, opening),
        opened_us=at_us if after.is_flat else after.opened_us,
    )


def apply_settlement(position: Position, value: Price, at_us: int) -> Position:
    """The position after the market pays `value` dollars a YES contract: flat."""
    if position.is_flat:
        return position
    return _close(replace(position, updated_us=at_us), value, abs(position.net))


def _close(position: Position, price: Price, count: Contracts) -> Position:
    held = abs(position.net)
    share = Money(position.cost.units * count.units // held.units)
    opened = position.side
    proceeds = outcome_cost(opened, price, count)
    left = position.net - opened.signed(count)
    return replace(
        position,
        net=left,
        cost=position.cost - share,
        realized=position.realized + proceeds - share,
        opened_us=position.opened_us if left else None,
    )


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A closed trade, from first fill to flat. `pnl` is net of `fees`."""

    round_trip_id: str
    ticker: str
    owner: str
    side: Side
    count: Contracts
    entry_cost: Money
    proceeds: Money
    fees: Money
    opened_us: int
    closed_us: int
    reason: str

    @property
    def pnl(self) -> Money:
        return self.proceeds - self.entry_cost - self.fees


def cash_effect(before: Contracts, *, side: Side, price: Price, count: Contracts) -> Money:
    """Change of cash by a fill before fees, given the net position before it.

    Cash pays p for a YES contract and 1 - p for a NO contract; a closing fill returns the price of
    the outcome held. In one formula: the YES cash flow, plus $1 for each NO contract released.
    """
    after = before + side.signed(count)
    short_before = max(0, -before.units)
    short_after = max(0, -after.units)
    flow = -side.sign * price.units * count.units
    return Money(flow + ONE_DOLLAR.units * (short_before - short_after))
