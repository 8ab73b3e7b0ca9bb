"""The account's money: cash, one net position a market, fills and settlements.

Nothing here decides: it books what happened. Cash is the opening deposit plus every cash effect,
less every fee, and the sum is exact.
"""

from dataclasses import dataclass, field

from kalshi_cli.domain.account import Settlement, settlement_revenue
from kalshi_cli.domain.market import Market, Result
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Money, Price
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.position import Position, apply_fill, apply_settlement, cash_effect

OWNER = "account"


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement with the cost of what was held, as the exchange reports it."""

    settlement: Settlement
    cost: Money


@dataclass(slots=True)
class Account:
    """`deposit` is what the account opened with, at `opened_us`."""

    deposit: Money
    opened_us: int
    cash: Money
    positions: dict[str, Position] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    settlements: list[Settled] = field(default_factory=list)

    def net(self, ticker: str) -> Contracts:
        held = self.positions.get(ticker)
        return NO_CONTRACTS if held is None else held.net

    def book_fill(self, fill: Fill) -> None:
        """Pay for a fill, and hold what it bought."""
        held = self.positions.get(fill.ticker) or Position(fill.ticker, OWNER)
        paid = cash_effect(held.net, side=fill.side, price=fill.price, count=fill.count)
        self.cash = self.cash + paid - fill.fee
        self.positions[fill.ticker] = apply_fill(
            held,
            side=fill.side,
            price=fill.price,
            count=fill.count,
            fee=fill.fee,
            at_us=fill.at_us,
        )
        self.fills.append(fill)

    def settle(self, market: Market, result: Result, value: Price, at_us: int) -> bool:
        """Pay what a market is worth; False where nothing was held."""
        held = self.positions.get(market.ticker)
        if held is None or held.is_flat:
            return False
        revenue = settlement_revenue(held.net, value)
        self.cash += revenue
        self.positions[market.ticker] = apply_settlement(held, value, at_us)
        self.settlements.append(
            Settled(
                Settlement(
                    ticker=market.ticker,
                    event_ticker=market.event_ticker,
                    result=result,
                    value=value,
                    net=held.net,
                    revenue=revenue,
                    fee=held.fees,
                    settled_us=at_us,
                ),
                cost=held.cost,
            )
        )
        return True
