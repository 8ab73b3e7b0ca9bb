"""Looking again at what a maker's quotes traded: whether it was paid or picked off."""

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.markout import Horizon, Markout, half_spread, middle
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.ports.making import Unmarked
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.desk_view import DeskView

LATE_US = HOUR
"""A fill that was not looked at within this time after it was due is not looked at any more."""


async def mark_out(data: MarketData, store: Store, view: DeskView) -> tuple[Markout, ...]:
    """Put on record what fills of quotes are worth by now, others' orders alone told.

    One without a price on both sides waits for one, for a while.
    """
    due: list[Unmarked] = []
    async with store.unit(reads=True) as unit:
        for horizon in Horizon:
            until_us = view.now_us - horizon
            due += await unit.making.unmarked(horizon, until_us - LATE_US, until_us)
    if not due:
        return ()
    books = await data.books(sorted({each.fill.ticker for each in due}))
    others = {ticker: view.book_of_others(book) for ticker, book in books.items()}
    found = [
        mark
        for each in due
        if each.fill.ticker in others
        and (mark := _markout(each, others[each.fill.ticker], view.now_us)) is not None
    ]
    async with store.unit() as unit:
        await unit.making.save_markouts(found)
        await unit.commit()
    return tuple(found)


def _markout(due: Unmarked, book: OrderBook, now_us: int) -> Markout | None:
    fill, sign = due.fill, due.fill.side.sign
    value, half = middle(book), half_spread(book)
    if value is None or half is None:
        return None
    return Markout(
        fill_id=fill.fill_id,
        ticker=fill.ticker,
        owner=due.owner,
        horizon=due.horizon,
        given=sign * (due.fair - float(fill.price)),
        kept=sign * (value - float(fill.price)),
        half=half,
        filled_us=fill.at_us,
        looked_us=now_us,
    )
