"""What every strategy must keep, whoever wrote it, tried on markets that look like real ones."""

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.forecast import Forecast, Probability
from kalshi_cli.domain.grid import LINEAR_CENT
from kalshi_cli.domain.instant import DAY, HOUR, SECOND
from kalshi_cli.domain.market import Event, Market, MarketStatus, Quote
from kalshi_cli.domain.money import NO_CONTRACTS, NO_COST, Contracts, Price
from kalshi_cli.strategies._base import Candidate, Strategy, View
from kalshi_cli.strategies._judging import nonsense

NOW = 1_800_000_000 * SECOND
QUOTES = (("0.4000", "0.4400"), ("0.0100", "0.0300"), ("0.9700", "0.9900"), ("0.3000", None),
          (None, "0.7000"), (None, None), ("0.5000", "0.5100"))  # fmt: skip
FORECASTS = (0.70, 0.02, 0.985, 0.20, None, 0.50, 0.10)


def example_view() -> View:
    """Seven markets: wide and narrow, near both ends, with one side or none, most with a forecast.

    The first one's forecast says 0.70, where YES costs 0.44.
    """
    cases = zip(QUOTES, FORECASTS, strict=True)
    return View(NOW, tuple(_candidate(f"KXSHOW-{n}", *case) for n, case in enumerate(cases)))


def breaches(strategy: Strategy) -> tuple[str, ...]:
    """What a strategy does that it must not; empty for a good one."""
    view = example_view()
    proposed = strategy.propose(view)
    found = []
    wrong = nonsense(proposed, view)
    if wrong is not None:
        found.append(wrong)
    if strategy.propose(view) != proposed:
        found.append("the same view gave other proposals: a strategy keeps nothing in mind")
    if strategy.propose(View(view.now_us, ())):
        found.append("it proposes where there is nothing")
    turned = View(view.now_us, view.candidates[::-1])
    if wrong is None and set(strategy.propose(turned)) != set(proposed):
        found.append("the order of the markets changed what it proposes")
    return tuple(found)


def _candidate(ticker: str, sides: tuple[str | None, str | None], fair: float | None) -> Candidate:
    event = Event("KXSHOW", "KXSHOW", "What is shown", "Economics")
    market = Market(
        ticker=ticker,
        event_ticker=event.event_ticker,
        title="Will it be shown?",
        status=MarketStatus.ACTIVE,
        open_us=NOW - DAY,
        close_us=NOW + DAY,
        latest_expiration_us=NOW + 2 * DAY,
        grid=LINEAR_CENT,
    )
    bid, ask = (None if price is None else _level(price) for price in sides)
    many = Contracts.parse("1000.00")
    return Candidate(
        event=event,
        market=market,
        quote=Quote(ticker, bid, ask, None, many, many, many, NOW),
        fees=FeeTerms("quadratic"),
        forecast=None if fair is None else _forecast(ticker, fair),
        held=NO_CONTRACTS,
        is_working=False,
    )


def _level(price: str) -> Level:
    return Level(Price.parse(price), Contracts.parse("200.00"))


def _forecast(ticker: str, fair: float) -> Forecast:
    return Forecast(
        forecast_id=f"shown {ticker}",
        run_id="shown",
        ticker=ticker,
        event_ticker="KXSHOW",
        category="Economics",
        forecaster="grok",
        model="grok-4",
        made_us=NOW - HOUR,
        probability=Probability(fair),
        low=Probability(max(0.001, fair - 0.05)),
        high=Probability(min(0.999, fair + 0.05)),
        logit_error=0.0,
        weight=1.0,
        market=Probability(fair),
        blended=Probability(fair),
        cost=NO_COST,
        rationale="",
    )
