"""Query parameters as the exchange wants them: tickers in chunks, cursors, Unix seconds."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from kalshi_cli.domain.instant import SECOND

ROWS_PER_PAGE = 1000
EVENTS_PER_PAGE = 200
TRANSFERS_PER_PAGE = 500
INCENTIVES_PER_PAGE = 10_000
TICKERS_PER_REQUEST = 100
_TICKER = re.compile(r"\w[\w.:-]{0,119}", re.ASCII)

PRIMARY = ("subaccount", 0)
"""Named in every request of the account: what an omitted one means differs by endpoint."""

Query = list[tuple[str, str | int]]


def is_ticker(text: str) -> bool:
    """Whether a text can name anything: a comma or an empty name would change the question."""
    return _TICKER.fullmatch(text) is not None


def ticker_chunks(tickers: Collection[str]) -> Iterator[tuple[str, ...]]:
    """The distinct plausible tickers, sorted, in groups that one request may name."""
    names = iter(sorted(name for name in set(tickers) if is_ticker(name)))
    while chunk := tuple(islice(names, TICKERS_PER_REQUEST)):
        yield chunk


def at_cursor(cursor: str) -> Query:
    """The page to continue at; nothing for the first one."""
    return [("cursor", cursor)] if cursor else []


def go_past(made_us: Sequence[int], min_us: int) -> bool:
    """Whether the rows of a page, by when they were made, go back further than an instant.

    For lists that cannot be asked from an instant on. Their order is documented nowhere: one that
    does not go back in time within the page has an end that proves nothing.
    """
    return bool(made_us) and made_us[0] > made_us[-1] and made_us[-1] < min_us


def since(min_us: int) -> Query:
    """`min_ts` in whole seconds, a second early, because whether it is inclusive is unknown."""
    return [("min_ts", max(0, min_us // SECOND - 1))] if min_us > 0 else []


def until(max_us: int | None) -> Query:
    """`max_ts` in whole seconds, a second late for the same reason."""
    return [] if max_us is None else [("max_ts", max_us // SECOND + 1)]
