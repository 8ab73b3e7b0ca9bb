"""What the account risks already, and what one more intent would make of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from kalshi_cli.domain.fees import WORST_KNOWN, most_fees
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price, total
from kalshi_cli.domain.order import Order, OrderIntent, OrderState, Purpose
from kalshi_cli.domain.position import Position, outcome_cost
from kalshi_cli.domain.side import Side
from kalshi_cli.portfolio.exposure import (
    Claim,
    event_loss,
    exposure,
    order_claim,
    orders_claim,
    position_claim,
)
from kalshi_cli.risk._base import AtRisk, Denial, Group, RiskState

Belongs = Callable[[str, str], bool]
"""Whether (ticker, owner) counts toward the exposure asked about."""


def everything(_ticker: str, _owner: str) -> bool:
    return True


def live_claims(state: RiskState, belongs: Belongs = everything) -> list[Claim]:
    """Positions, explained or not, and live orders as if filled: resting and unknown ones alike.

    Of an order that may have been changed, the larger size and the worse price count. What an
    owner's orders close of its holding loses nothing; where they are more, entries and exits alike,
    the rest opens.
    """
    return [claim for owner, claim in _owned_claims(state) if belongs(claim.ticker, owner)]


def _owned_claims(state: RiskState) -> Iterator[tuple[str, Claim]]:
    """Owners, and what they may lose."""
    for position in (*state.positions, *state.unexplained):
        if position.net:
            yield position.owner, position_claim(position)
    resting: dict[tuple[str, str, Side], list[Order]] = {}
    for order in state.orders:
        key = order.intent.ticker, order.intent.strategy, order.intent.side
        resting.setdefault(key, []).append(order)
    for (ticker, owner, side), orders in resting.items():
        closing = _closable(state, ticker, owner, side)
        yield owner, orders_claim(ticker, side, _priced(orders), closing)


def _priced(orders: Iterable[Order]) -> list[tuple[Price, Contracts]]:
    return [(order.worst_limit, order.remaining) for order in orders]


def _closable(state: RiskState, ticker: str, owner: str, side: Side) -> Contracts:
    """Contracts of what an owner holds that its orders on a side close."""
    return Contracts(
        sum(
            abs(position.net).units
            for position in _held(state, ticker, owner)
            if position.net and position.side is side.opposite
        )
    )


def _own_claim(intent: OrderIntent, state: RiskState) -> Claim:
    """What one more entry may lose, beside its owner's other orders in the market."""
    ticker, owner, side = intent.ticker, intent.strategy, intent.side
    closing = _closable(state, ticker, owner, side)
    if not closing:
        return order_claim(ticker, side, intent.limit, intent.count)
    own = (ticker, owner, side)
    others = _priced(
        o for o in state.orders if (o.intent.ticker, o.intent.strategy, o.intent.side) == own
    )
    before = orders_claim(ticker, side, others, closing)
    after = orders_claim(ticker, side, [*others, (intent.limit, intent.count)], closing)
    return Claim(ticker, after.if_yes - before.if_yes, after.if_no - before.if_no)


def _held(state: RiskState, ticker: str, owner: str) -> Sequence[Position]:
    """An owner's positions in a market, sorted out at the first question."""
    if not state.held:
        for position in state.positions:
            state.held.setdefault((position.ticker, position.owner), []).append(position)
    return state.held.get((ticker, owner), ())


def _at_risk(state: RiskState, group: Group) -> AtRisk:
    """What a group may lose, worked out for all groups at the first question."""
    if not state.at_risk:
        grouped: dict[Group, dict[str, list[Claim]]] = {("account", ""): {}}
        for owner, claim in _owned_claims(state):
            event = state.event_of[claim.ticker]
            for own in _groups(state, claim.ticker, owner):
                grouped.setdefault(own, {}).setdefault(event, []).append(claim)
        for own, claims in grouped.items():
            lost = [_event_loss(found, event, state) for event, found in claims.items()]
            state.at_risk[own] = AtRisk(claims, total(lost))
    return state.at_risk.get(group, AtRisk({}, NO_MONEY))


def carry(before: RiskState, after: RiskState, order: Order) -> RiskState:
    """Let a state that is another with one more live order know what the other knew.

    What an entry adds to what groups may lose is added to that, not worked out anew: a pass sends
    many, and each is held against what those before it may lose.
    """
    if not before.at_risk or order.intent.purpose is Purpose.EXIT:
        return after
    ticker, owner = order.intent.ticker, order.intent.strategy
    own, event = _own_claim(order.at_worst, before), before.event_of[ticker]
    after.held.update(before.held)
    after.at_risk.update(before.at_risk)
    for group in _groups(before, ticker, owner):
        known = _at_risk(before, group)
        claims = known.claims.get(event, [])
        more = [*claims, own]
        added = _event_loss(more, event, before) - _event_loss(claims, event, before)
        after.at_risk[group] = AtRisk({**known.claims, event: more}, known.worst + added)
    return after


def at_risk_of(state: RiskState, group: Group) -> Money:
    """Dollars that a group may lose."""
    return _at_risk(state, group).worst


def owners(state: RiskState) -> frozenset[str]:
    """Whoever has anything at risk."""
    _at_risk(state, ("account", ""))
    return frozenset(name for kind, name in state.at_risk if kind == "strategy")


def _groups(state: RiskState, ticker: str, owner: str) -> Iterator[Group]:
    yield "account", ""
    yield "market", ticker
    yield "event", state.event_of[ticker]
    yield "category", state.category_of[ticker]
    yield "strategy", owner
    for name in state.clusters_of[ticker]:
        yield "cluster", name


def _event_loss(claims: Sequence[Claim], event: str, state: RiskState) -> Money:
    return event_loss(claims, exclusive=event in state.exclusive_events)


def in_or_entering(state: RiskState) -> set[str]:
    """Markets that we hold or have a live order in."""
    held = {p.ticker for p in state.positions if p.net and p.owner != EXTERNAL}
    return held | {o.intent.ticker for o in state.orders if o.intent.strategy != EXTERNAL}


def unknown_orders(state: RiskState) -> list[Order]:
    """Our orders of which nobody knows what became."""
    return [
        order
        for order in state.orders
        if order.state is OrderState.UNKNOWN and order.intent.strategy != EXTERNAL
    ]


def worst(claims: Iterable[Claim], state: RiskState) -> Money:
    """Dollars lost in the worst states of all events together."""
    return exposure(claims, state.event_of, state.exclusive_events)


def over_share(
    code: str,
    what: str,
    intent: OrderIntent,
    state: RiskState,
    *,
    share: float | None,
    group: Group,
) -> Denial | None:
    """Deny an intent that makes a group's exposure larger than its share of the bankroll.

    One that leaves the worst state as it was adds nothing, and passes.
    """
    bound = None if share is None else state.bankroll.scaled(share)
    return over_bound(code, what, intent, state, bound=bound, group=group)


def over_bound(
    code: str,
    what: str,
    intent: OrderIntent,
    state: RiskState,
    *,
    bound: Money | None,
    group: Group,
) -> Denial | None:
    """The same against dollars."""
    if bound is None:
        return None
    known, event = _at_risk(state, group), state.event_of[intent.ticker]
    claims = known.claims.get(event, [])
    own = _own_claim(intent, state)
    before, after = (_event_loss(each, event, state) for each in (claims, [*claims, own]))
    lost = known.worst - before + after
    if lost <= bound or after <= before:
        return None
    return Denial(
        code, f"{what} could lose {lost.spoken}, at most {bound.spoken} may", str(lost), str(bound)
    )


def worst_cost(intent: OrderIntent, count: Contracts, state: RiskState) -> Money:
    """Dollars that `count` of an intent may take at most, in however many fills, fees included.

    Where the fees of a market are not known, they are the worst that are.
    """
    facts = state.facts.get(intent.ticker)
    fees = most_fees(
        WORST_KNOWN if facts is None else facts.fees_of(intent),
        side=intent.side,
        limit=intent.limit,
        count=count,
        is_taker=not intent.post_only,
    )
    return outcome_cost(intent.side, intent.limit, count) + fees


def reserved(state: RiskState, exchange_index: int | None = None) -> Money:
    """Dollars that live orders may still take, on one shard or all; exits only give back.

    Fees are included.
    """
    return total(
        [
            worst_cost(order.at_worst, order.remaining, state)
            for order in state.orders
            if order.intent.purpose is not Purpose.EXIT
            and exchange_index in {None, order.intent.exchange_index}
        ]
    )


def shard_cash(state: RiskState, exchange_index: int) -> Money | None:
    """Dollars on a shard that no live order may take; None where the exchange does not tell."""
    if not state.cash_by_shard:
        return None
    cash = state.cash_by_shard.get(exchange_index, NO_MONEY)
    return cash - reserved(state, exchange_index)
