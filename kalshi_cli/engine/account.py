"""The account's money: cash on each shard, one net position a market, fills and settlements.

Nothing here decides: it books what happened. All cash together, with what is on its way between
shards, is every deposit less every withdrawal, plus every cash effect, less every fee: exactly.
"""

from dataclasses import dataclass, field, replace

from kalshi_cli.domain.account import CashKind, CashMovement, Settlement, settlement_revenue
from kalshi_cli.domain.market import Market, Result
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money, Price, total
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.position import (
    Position,
    apply_fill,
    apply_settlement,
    cash_effect,
    outcome_cost,
)

OWNER = "account"


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement with the cost of what was held, as the exchange reports it."""

    settlement: Settlement
    cost: Money
    shard: int = 0


@dataclass(frozen=True, slots=True)
class ShardTransfer:
    """Cash on its way from one shard to another; it left at once and arrives later."""

    transfer_id: str
    client_transfer_id: str
    source: int
    destination: int
    amount: Money
    created_us: int
    arrives_us: int
    arrived: bool = False


@dataclass(frozen=True, slots=True)
class Turnover:
    """What was ever traded in a market: dollars for the outcomes bought, without fees."""

    dollars: Money = NO_MONEY
    count: Contracts = NO_CONTRACTS


@dataclass(slots=True)
class Account:
    """Cash by shard, what moved it, and what is held. Lists are oldest first."""

    cash_on: dict[int, Money] = field(default_factory=dict)
    movements: list[CashMovement] = field(default_factory=list)
    transfers: list[ShardTransfer] = field(default_factory=list)
    positions: dict[str, Position] = field(default_factory=dict)
    turnover: dict[str, Turnover] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    settlements: list[Settled] = field(default_factory=list)

    @property
    def cash(self) -> Money:
        """Dollars on all shards together; what is on its way is on none."""
        return total(list(self.cash_on.values()))

    def net(self, ticker: str) -> Contracts:
        held = self.positions.get(ticker)
        return NO_CONTRACTS if held is None else held.net

    def credit(self, shard: int, amount: Money) -> None:
        """Add dollars to a shard's cash; negative ones are taken off."""
        self.cash_on[shard] = self.cash_on.get(shard, NO_MONEY) + amount

    def deposit(self, movement_id: str, amount: Money, shard: int, at_us: int) -> None:
        """Money comes from outside, or leaves."""
        kind = CashKind.DEPOSIT if amount.units > 0 else CashKind.WITHDRAWAL
        self.movements.append(CashMovement(movement_id, kind, amount, at_us))
        self.credit(shard, amount)

    def send(self, transfer: ShardTransfer) -> None:
        """Cash leaves a shard for another."""
        self.credit(transfer.source, -transfer.amount)
        self.transfers.append(transfer)

    def arrive(self, until_us: int) -> None:
        """Credit the transfers that have arrived by an instant."""
        for index, transfer in enumerate(self.transfers):
            if not transfer.arrived and transfer.arrives_us <= until_us:
                self.credit(transfer.destination, transfer.amount)
                self.transfers[index] = replace(transfer, arrived=True)

    def book_fill(self, fill: Fill) -> None:
        """Pay for a fill, and hold what it bought."""
        held = self.positions.get(fill.ticker) or Position(fill.ticker, OWNER)
        paid = cash_effect(held.net, side=fill.side, price=fill.price, count=fill.count)
        self.credit(fill.exchange_index, paid - fill.fee)
        self.positions[fill.ticker] = apply_fill(
            held,
            side=fill.side,
            price=fill.price,
            count=fill.count,
            fee=fill.fee,
            at_us=fill.at_us,
        )
        before = self.turnover.get(fill.ticker, Turnover())
        cost = outcome_cost(fill.side, fill.price, fill.count)
        self.turnover[fill.ticker] = Turnover(before.dollars + cost, before.count + fill.count)
        self.fills.append(fill)

    def settle(self, market: Market, result: Result, value: Price, at_us: int) -> bool:
        """Pay what a market is worth; False where nothing was held."""
        held = self.positions.get(market.ticker)
        if held is None or held.is_flat:
            return False
        revenue = settlement_revenue(held.net, value)
        self.credit(market.exchange_index, revenue)
        self.positions[market.ticker] = apply_settlement(held, value, at_us)
        settlement = Settlement(
            ticker=market.ticker,
            event_ticker=market.event_ticker,
            result=result,
            value=value,
            net=held.net,
            revenue=revenue,
            fee=held.fees,
            settled_us=at_us,
        )
        self.settlements.append(Settled(settlement, held.cost, market.exchange_index))
        return True
