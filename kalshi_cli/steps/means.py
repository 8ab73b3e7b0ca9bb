"""What a strategy may stake now, from the view of the desk."""

from collections.abc import Iterable, Mapping

from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.money import Money, total
from kalshi_cli.domain.order import Order, Purpose
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.portfolio.capital import Capital, Footing
from kalshi_cli.portfolio.exposure import Claim, event_loss, exposure, order_claim, position_claim
from kalshi_cli.steps.desk_view import DeskView, clusters


def means(
    view: DeskView,
    *,
    strategy: str,
    bankroll: Money,
    cash: Money,
    limits: Limits,
    kelly_fraction: float,
    probation_stake: float | None,
) -> Capital:
    """One strategy's capital: every owner's positions and orders count against shared rooms."""
    claims = _claims(view)
    by_event = _grouped(claims, {t: (e.event.event_ticker,) for t, e in view.entries.items()})
    exclusive = {e.event.event_ticker for e in view.entries.values() if e.event.mutually_exclusive}
    return Capital(
        strategy=strategy,
        bankroll=bankroll,
        cash=cash - committed(view.orders),
        limits=limits,
        kelly_fraction=kelly_fraction,
        probation_stake=probation_stake,
        footings={ticker: _footing(view, ticker) for ticker in view.entries},
        by_ticker={
            ticker: event_loss(own, exclusive=False)
            for ticker, own in _grouped(claims, {t: (t,) for t in view.entries}).items()
        },
        by_event={e: event_loss(own, exclusive=e in exclusive) for e, own in by_event.items()},
        by_cluster=_worst(view, claims, {t: clusters(e) for t, e in view.entries.items()}),
        by_category=_worst(view, claims, {t: (e.category,) for t, e in view.entries.items()}),
        by_strategy=_exposed(view, _claims(view, strategy)),
    )


def committed(orders: Iterable[Order]) -> Money:
    """Dollars that live orders may still take out of cash; exits give cash back."""
    return total(
        [
            outcome_cost(order.intent.side, order.intent.limit, order.remaining)
            for order in orders
            if order.intent.purpose is not Purpose.EXIT
        ]
    )


def _claims(view: DeskView, owner: str | None = None) -> list[Claim]:
    held = [position_claim(p) for p in view.positions if owner in {None, p.owner}]
    wanted = [
        order_claim(o.intent.ticker, o.intent.side, o.intent.limit, o.remaining)
        for o in view.orders
        if owner in {None, o.intent.strategy} and o.intent.purpose is not Purpose.EXIT
    ]
    return held + wanted


def _footing(view: DeskView, ticker: str) -> Footing:
    entry = view.entries[ticker]
    return Footing(
        event_ticker=entry.event.event_ticker,
        category=entry.category,
        clusters=clusters(entry),
        fees=view.terms(ticker),
        forecast=view.forecasts.get(ticker),
        exchange_index=entry.market.exchange_index,
    )


def _grouped(
    claims: Iterable[Claim], groups_of: Mapping[str, Iterable[str]]
) -> dict[str, list[Claim]]:
    grouped: dict[str, list[Claim]] = {}
    for claim in claims:
        for group in groups_of[claim.ticker]:
            grouped.setdefault(group, []).append(claim)
    return grouped


def _exposed(view: DeskView, claims: Iterable[Claim]) -> Money:
    events = {t: e.event.event_ticker for t, e in view.entries.items()}
    exclusive = {e.event.event_ticker for e in view.entries.values() if e.event.mutually_exclusive}
    return exposure(claims, events, exclusive)


def _worst(
    view: DeskView, claims: Iterable[Claim], groups_of: Mapping[str, Iterable[str]]
) -> dict[str, Money]:
    grouped = _grouped(claims, groups_of)
    return {group: _exposed(view, own) for group, own in grouped.items()}
