"""The account's cash and positions by the exchange's word, against the books.

Whether the exchange's balance still contains the collateral of resting orders is documented nowhere
("available balance" may mean either). So a balance that lies below the ledger by exactly what rests
is one that leaves it out: it is told here as it is before, which is what the ledger has. If cash is
missing by chance in just that amount, that is told once something else rests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from kalshi_cli.domain.account import Balance
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money, total
from kalshi_cli.domain.order import ExchangeOrderStatus, OrderReport
from kalshi_cli.domain.position import net_by_ticker, outcome_cost
from kalshi_cli.ports.exchange import Trading
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.paging import Collected, collect
from kalshi_cli.steps.positions import Compared, compare_positions

OPENED = "books_opened"


@dataclass(frozen=True, slots=True)
class Weighed:
    """`cash` is the ledger's, which means nothing before the books are `opened`."""

    balance: Balance
    compared: Compared
    cash: Money
    opened: bool

    @property
    def agrees(self) -> bool:
        return not self.compared.differences and self.balance.cash == self.cash


async def resting_orders(trading: Trading) -> Collected[OrderReport]:
    """All that rests in the account, foreign orders too."""
    return await collect(lambda cursor: trading.orders(resting_only=True, cursor=cursor))


async def weigh(trading: Trading, store: Store) -> Weighed:
    """Read cash and positions; where cash is missing, what rests may have taken it."""
    balance = await trading.balance()
    compared = await compare_positions(trading, store)
    cash, opened = await _ledger(store)
    if opened and balance.cash < cash:
        resting = await resting_orders(trading)
        async with store.unit(reads=True) as unit:
            held = net_by_ticker(await unit.ledger.positions())
        if resting.complete:
            balance = before_collateral(balance, cash, resting.items, held)
    return Weighed(balance, compared, cash, opened)


async def _ledger(store: Store) -> tuple[Money, bool]:
    """The ledger's cash, and whether the books are open."""
    async with store.unit(reads=True) as unit:
        return await unit.ledger.cash(), await unit.catalog.marker(OPENED) is not None


def before_collateral(
    balance: Balance,
    cash: Money,
    orders: Iterable[OrderReport],
    held: Mapping[str, Contracts],
) -> Balance:
    """The balance with the collateral of resting orders put back; as told where that is no reason.

    It is one only if it makes up all of what is missing from the ledger's `cash`. Contracts that
    close what is `held`, by ticker, may need none.
    """
    resting = [each for each in orders if each.status is ExchangeOrderStatus.RESTING]
    for by_shard in (_collateral(resting, {}), _collateral(resting, held)):
        if total(list(by_shard.values())) == cash - balance.cash:
            shards = ((at, told + by_shard.get(at, NO_MONEY)) for at, told in balance.by_shard)
            return replace(balance, cash=cash, by_shard=tuple(shards))
    return balance


def _collateral(orders: Iterable[OrderReport], held: Mapping[str, Contracts]) -> dict[int, Money]:
    """What the orders cost at their limits, by shard; those that close what is held come first."""
    closable = dict(held)
    found: dict[int, Money] = {}
    for order in sorted(orders, key=lambda each: (each.created_us, each.order_id)):
        net = closable.get(order.ticker, NO_CONTRACTS)
        closes = max(0, min(order.remaining.units, -order.side.sign * net.units))
        closable[order.ticker] = net + order.side.signed(Contracts(closes))
        cost = outcome_cost(order.side, order.price, order.remaining - Contracts(closes))
        found[order.exchange_index] = found.get(order.exchange_index, NO_MONEY) + cost
    return found
