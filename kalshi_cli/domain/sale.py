"""What a sale of a position brought, told from the position before and after it."""

from collections.abc import Iterable
from dataclasses import dataclass

from kalshi_cli.domain.money import ZERO_PRICE, Contracts, Money
from kalshi_cli.domain.position import Position, each_of
from kalshi_cli.domain.side import Outcome, held_terms


@dataclass(frozen=True, slots=True)
class Sale:
    """Of `held` contracts of an outcome, `sold` were sold for `proceeds`, which cost `fee`.

    `average` is dollars a contract sold, None where none was; `realized` is what was earned or lost
    on those: proceeds less what they had cost and this fee. `left` is still held.
    """

    ticker: str
    owner: str
    outcome: Outcome
    held: Contracts
    sold: Contracts
    average: Money | None
    proceeds: Money
    fee: Money
    realized: Money
    left: Contracts


def sale(before: Position, after: Position) -> Sale:
    """Exact, where nothing but exits came between the two."""
    outcome, held, _ = held_terms(before.net, ZERO_PRICE)
    left = abs(after.net)
    sold = held - left
    fee, gross = after.fees - before.fees, after.realized - before.realized
    proceeds = gross + before.cost - after.cost
    return Sale(
        ticker=before.ticker,
        owner=before.owner,
        outcome=outcome,
        held=held,
        sold=sold,
        average=each_of(proceeds, sold) if sold else None,
        proceeds=proceeds,
        fee=fee,
        realized=gross - fee,
        left=left,
    )


def sales(before: Iterable[Position], after: Iterable[Position]) -> tuple[Sale, ...]:
    """A sale of each position that was held; `after` has flat ones too."""
    now = {(position.ticker, position.owner): position for position in after}
    return tuple(sale(each, now[each.ticker, each.owner]) for each in before if not each.is_flat)
