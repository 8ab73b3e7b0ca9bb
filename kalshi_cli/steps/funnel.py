"""Where each market that a strategy was shown came to its end in a pass, and by which number."""

from collections.abc import Collection, Iterator, Sequence

from kalshi_cli.domain.order import OrderState
from kalshi_cli.domain.stop import At, End, Stop, tallied
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.isolating import one_line
from kalshi_cli.steps.session import Session
from kalshi_cli.strategies._base import Abstention, Strategy, View

AT_ONCE = 200
"""Stops that one transaction writes, so that whoever journals an exit meanwhile waits little."""
_UNSENT = {OrderState.REJECTED: End.REJECTED, OrderState.NOT_SENT: End.NOT_SENT}


def stops(session: Session, strategies: Sequence[Strategy]) -> tuple[Stop, ...]:
    """One stop for each strategy and each market it was shown, or would have been shown.

    Of several quotes in a market the one that came farthest counts.
    """
    return tuple(stop for strategy in strategies for stop in _of(session, strategy))


async def keep_stops(
    store: Store, stopped: Sequence[Stop], names: Collection[str], *, run_id: str, at_us: int
) -> None:
    """Put a pass of the strategies named on record, some of its stops at a time.

    Each says of which pass it is: where this one is cut off, the stops of two passes stand there
    until the next is done, and the counts of the day know nothing of it.
    """
    for first in range(0, len(stopped), AT_ONCE):
        async with store.unit() as unit:
            some = stopped[first : first + AT_ONCE]
            await unit.funnel.keep_stops(some, run_id=run_id, at_us=at_us)
            await unit.commit()
    async with store.unit() as unit:
        await unit.funnel.end_pass(tallied(stopped), names, run_id=run_id, at_us=at_us)
        await unit.commit()


def _of(session: Session, strategy: Strategy) -> Iterator[Stop]:
    name, view = strategy.name, session.views.get(strategy.name)
    everywhere = _everywhere(session, name)
    if everywhere is not None:
        code, told = everywhere
        for ticker in session.view.eligible:
            yield Stop(name, ticker, At.STRATEGY, code, detail=told)
    elif view is not None:
        yield from _each(session, strategy, view)


def _everywhere(session: Session, name: str) -> tuple[str, str] | None:
    """What keeps a strategy out of every market: a code, and the words for it."""
    for broken in session.broken:
        if broken.strategy == name:
            return End.BROKEN, one_line(broken.error)
    if session.policy.allocations.get(name):
        return None
    line = f"others.{name} = 0.05"
    return End.NO_SHARE, f"it has no share of the capital: write {line} under [allocation]"


def _each(session: Session, strategy: Strategy, view: View) -> Iterator[Stop]:
    """The end of each market that it was shown, and of those that it could not be shown."""
    name = strategy.name
    reached = _reached(session, name)
    why = session.abstentions.get(name, {})
    for candidate in view.candidates:
        ticker = candidate.market.ticker
        if ticker in reached:
            yield reached[ticker]
        elif candidate.is_working:
            yield Stop(name, ticker, At.SENT, End.WORKING, detail=End.WORKING.means)
        elif ticker in why and why[ticker].code == End.NO_FORECAST:
            yield _without_forecast(session, name, ticker)
        else:
            yield of_silence(name, ticker, why.get(ticker))
    shown = {candidate.market.ticker for candidate in view.candidates}
    for ticker in (each for each in session.view.eligible if each not in shown):
        yield Stop(name, ticker, At.STRATEGY, End.FEES, detail=End.FEES.means)


def _reached(session: Session, name: str) -> dict[str, Stop]:
    """Markets that it proposed something in, by how far that came."""
    found: dict[str, Stop] = {}
    for each in session.unsized:
        if each.strategy == name:
            it = each.unsized
            ticker = it.proposal.ticker
            found[ticker] = Stop(name, ticker, At.STAKE, it.reason, detail=it.detail)
    for denied in session.denied:
        intent, denial = denied.intent, denied.denial
        if intent.strategy == name:
            found[intent.ticker] = Stop(
                name,
                intent.ticker,
                At.CONTROL,
                denial.code,
                denial.value,
                denial.limit,
                denial.detail,
            )
    for order in session.orders:
        intent = order.intent
        if intent.strategy == name:
            code = _UNSENT.get(order.state, End.SENT)
            found[intent.ticker] = Stop(name, intent.ticker, At.SENT, code, detail=order.message)
    return found


def _without_forecast(session: Session, name: str, ticker: str) -> Stop:
    """No forecast at all, or one too unsure to be shown."""
    forecast, least = session.view.forecasts.get(ticker), session.policy.min_confidence
    if forecast is None:
        code = End.NO_FORECAST
        return Stop(name, ticker, At.STRATEGY, code, detail=code.means)
    sure = f"{forecast.confidence:.3f}"
    told = f"the forecast is {forecast.confidence:.1%} sure, "
    told += f"at least {least:.1%} is asked of a candidate"
    return Stop(name, ticker, At.STRATEGY, End.MIN_CONFIDENCE, sure, f"{least:.3f}", told)


def of_silence(strategy: str, ticker: str, why: Abstention | None) -> Stop:
    """The end of a market in which a strategy proposes nothing; None where it does not say why."""
    if why is None:
        code = End.NOT_PROPOSED
        return Stop(strategy, ticker, At.STRATEGY, code, detail=code.means)
    value, limit, detail = (one_line(text) for text in (why.value, why.limit, why.detail))
    return Stop(strategy, ticker, At.STRATEGY, why.code, value, limit, detail)
