"""A market of a walked world as a strategy is shown it, no desk between."""

from collections.abc import Sequence

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.market import Event, Market, Quote, Trade
from kalshi_cli.domain.money import Contracts
from kalshi_cli.engine.generated import GeneratedWorld
from kalshi_cli.engine.tape import TapeWorld
from kalshi_cli.strategies._base import Candidate

MOST_PRINTS = 400
"""Of a tape, as many as a desk reads in one page or two."""


def candidate(
    world: GeneratedWorld | TapeWorld,
    event: Event,
    market: Market,
    fees: FeeTerms,
    tape: Sequence[Trade],
    held: Contracts,
    *,
    since_us: int,
    now_us: int,
) -> Candidate:
    """Its book and its prints since an instant; before it opens nobody quotes."""
    bids, asks = world.ladders(market.ticker) if market.open_us <= now_us else ((), ())
    tally = world.tally(market.ticker)
    return Candidate(
        event=event,
        market=market,
        quote=Quote(
            ticker=market.ticker,
            bid=bids[0] if bids else None,
            ask=asks[0] if asks else None,
            last=tally.last,
            volume=tally.volume,
            volume_24h=tally.volume_24h,
            open_interest=tally.open_interest,
            at_us=now_us,
        ),
        fees=fees,
        forecast=None,
        held=held,
        is_working=False,
        book=OrderBook(market.ticker, bids, asks, now_us),
        trades=tuple(each for each in tape[-MOST_PRINTS:] if each.at_us >= since_us),
    )
