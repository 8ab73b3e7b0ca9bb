"""How many contracts a quote may be: no stake, only room. A quote has no forecast to bet on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kalshi_cli.domain.fees import most_fees
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money
from kalshi_cli.domain.order import OrderIntent, TimeInForce
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.portfolio.capital import Capital
from kalshi_cli.portfolio.edge import outcome_price
from kalshi_cli.portfolio.exposure import order_claim
from kalshi_cli.portfolio.rooms import CASH, Room
from kalshi_cli.portfolio.sizing import Sizing, Unsized, Unstaked

_WHOLE = 100


def size_quotes(proposals: Sequence[Proposal], capital: Capital) -> Sizing:
    """Turn proposals of quotes into intents, in their order; each leaves less room for the next.

    Quotes are whole contracts and the part of one that they close: the exchange takes hundredths in
    every market, and whoever trades in them leaves a maker with some.

    Both sides of a market reserve collateral in full, as the exchange holds it. What a quote closes
    takes no room, since it can only lower what the market may lose.
    """
    intents: list[OrderIntent] = []
    unsized: list[Unsized] = []
    for proposal in proposals:
        count, why = _largest(proposal, capital)
        if not count:
            unsized.append(Unsized(proposal, *why))
            continue
        intent = _intent(proposal, capital, count)
        intents.append(intent)
        capital = _after(capital, proposal, intent)
    return Sizing(tuple(intents), tuple(unsized))


def _largest(proposal: Proposal, capital: Capital) -> tuple[Contracts, tuple[Unstaked, str]]:
    """Contracts, and the reason where there are none."""
    footing = capital.footings.get(proposal.ticker)
    if footing is None:
        return NO_CONTRACTS, (Unstaked.NO_MARKET, Unstaked.NO_MARKET.means)
    if not footing.fees.is_known:
        return NO_CONTRACTS, (Unstaked.UNKNOWN_FEES, f"fee type {footing.fees.fee_type!r}")
    price, room = outcome_price(proposal.side, proposal.limit), _room(proposal.ticker, capital)
    opening = max(0, room.left.units // price.units // _WHOLE) * _WHOLE
    most = [opening + proposal.closes.units]
    if proposal.max_contracts is not None:
        most.append(proposal.max_contracts.units)
    if capital.limits.max_order_contracts is not None:
        most.append(capital.limits.max_order_contracts * _WHOLE)
    odd = proposal.closes.units % _WHOLE
    if min(most) < odd or not _is_affordable(proposal, capital, Contracts(odd)):
        odd = 0
    low, high = 0, max(0, min(most) - odd) // _WHOLE
    while low < high:  # what it costs grows with its size
        middle = (low + high + 1) // 2
        fits = _is_affordable(proposal, capital, Contracts(middle * _WHOLE + odd))
        low, high = (middle, high) if fits else (low, middle - 1)
    return Contracts(low * _WHOLE + odd), (Unstaked.NO_ROOM, room.told)


def _is_affordable(proposal: Proposal, capital: Capital, count: Contracts) -> bool:
    cost = _cost(proposal, capital, count)
    largest = capital.limits.max_single_position
    if largest is not None and cost > capital.bankroll.scaled(largest):
        return False
    return all(cost <= room.left for room in _cash(proposal.ticker, capital))


def _cost(proposal: Proposal, capital: Capital, count: Contracts) -> Money:
    """Dollars that a quote may take at most, with the maker's fees."""
    fees = most_fees(
        capital.footings[proposal.ticker].fees,
        side=proposal.side,
        limit=proposal.limit,
        count=count,
        is_taker=False,
    )
    return outcome_cost(proposal.side, proposal.limit, count) + fees


def _room(ticker: str, capital: Capital) -> Room:
    """The tightest room for more risk in a market."""
    rooms = [
        Room(share.bound - share.used, share.name)
        for share in capital.shares(ticker)
        if share.bound is not None
    ]
    return min([*_cash(ticker, capital), *rooms], key=lambda room: room.left)


def _cash(ticker: str, capital: Capital) -> list[Room]:
    """Cash above the reserve that entries never touch, and that of the market's shard."""
    above = capital.cash - capital.bankroll.scaled(capital.limits.min_cash_reserve)
    shard = capital.footings[ticker].exchange_index
    if shard not in capital.by_shard:
        return [Room(above, CASH)]
    return [Room(above, CASH), Room(capital.by_shard[shard], f"cash on shard {shard}")]


def _after(capital: Capital, proposal: Proposal, intent: OrderIntent) -> Capital:
    """What is left once a quote counts as filled."""
    ticker, footing = proposal.ticker, capital.footings[proposal.ticker]
    opening = max(NO_CONTRACTS, intent.count - proposal.closes)
    risk = outcome_cost(proposal.side, proposal.limit, opening)
    cost = _cost(proposal, capital, intent.count)
    event, shard, free = footing.event_ticker, footing.exchange_index, capital.by_shard
    claim = order_claim(ticker, proposal.side, proposal.limit, opening)
    return replace(
        capital,
        cash=capital.cash - cost,
        by_shard={at: cash - cost if at == shard else cash for at, cash in free.items()},
        by_ticker=_grown(capital.by_ticker, (ticker,), risk),
        by_cluster=_grown(capital.by_cluster, footing.clusters, risk),
        by_category=_grown(capital.by_category, (footing.category,), risk),
        by_strategy=capital.by_strategy + risk,
        by_account=capital.by_account + risk,
        claims={**capital.claims, event: (*capital.claims.get(event, ()), claim)},
    )


def _grown(used: Mapping[str, Money], keys: Iterable[str], risk: Money) -> Mapping[str, Money]:
    return {**used, **{key: used.get(key, NO_MONEY) + risk for key in keys}}


def _intent(proposal: Proposal, capital: Capital, count: Contracts) -> OrderIntent:
    footing = capital.footings[proposal.ticker]
    return OrderIntent(
        strategy=capital.strategy,
        ticker=proposal.ticker,
        event_ticker=footing.event_ticker,
        side=proposal.side,
        limit=proposal.limit,
        count=count,
        time_in_force=TimeInForce.GTC,
        purpose=proposal.purpose,
        reason=proposal.reason,
        post_only=True,
        fair=proposal.fair,
        expires_us=proposal.expires_us,
        exchange_index=footing.exchange_index,
    )
