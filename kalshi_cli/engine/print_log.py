"""Every public trade that the exchange told, packed: newest first for all, and for one market."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from struct import Struct

from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side

_ROW = Struct("<qqIIIH")
"""at_us; units, negative where the taker sold; market; number within it; earlier; price."""
_NONE = 0
"""In `earlier`, which counts from 1: the market has no earlier trade."""


@dataclass(frozen=True, slots=True)
class Print:
    """A trade and its position in the log, which only ever grows."""

    position: int
    trade: Trade


@dataclass(slots=True)
class PrintLog:
    """Trades in the order in which they happened, 30 bytes each.

    Positions count from 0 and stay what they are when the oldest trades are dropped. A trade's id
    is kept where it is not TICKER.NUMBER.
    """

    rows: bytearray = field(default_factory=bytearray)
    dropped: int = 0
    tickers: dict[str, int] = field(default_factory=dict)
    newest: list[int] = field(default_factory=list)
    odd_ids: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows) // _ROW.size

    @property
    def end(self) -> int:
        """The position that the next trade will have."""
        return self.dropped + len(self)

    @property
    def starts_us(self) -> int | None:
        """When the oldest trade happened that is still kept, if any were dropped."""
        return self._at(0) if self.dropped and self.rows else None

    def append(self, trade: Trade, *, most: int) -> None:
        """Add the newest trade; the oldest go when there are far more than `most`."""
        market = self.tickers.setdefault(trade.ticker, len(self.tickers))
        if market == len(self.newest):
            self.newest.append(_NONE)
        sign = Side(trade.taker_side).sign
        number = _number(trade)
        if not number:
            self.odd_ids[self.end] = trade.trade_id
        self.rows += _ROW.pack(
            trade.at_us,
            sign * trade.count.units,
            market,
            number,
            self.newest[market],
            trade.price.units,
        )
        self.newest[market] = self.end
        if len(self) > most + most // 8:
            self._drop(len(self) - most)

    def _drop(self, count: int) -> None:
        del self.rows[: count * _ROW.size]
        self.dropped += count
        for position in [p for p in self.odd_ids if p < self.dropped]:
            del self.odd_ids[position]

    def counts(self) -> dict[str, int]:
        """How many trades of each market are kept."""
        found = Counter(row[2] for row in _ROW.iter_unpack(self.rows))
        return {ticker: found[market] for ticker, market in self.tickers.items()}

    def since(self, at_us: int) -> int:
        """The position of the first kept trade at an instant or later."""
        return self.dropped + bisect_left(range(len(self)), at_us, key=self._at)

    def last_price(self, ticker: str, at_us: int) -> Price | None:
        """The price of the market's newest trade at an instant; None where there was none yet."""
        market = self.tickers.get(ticker)
        position = -1 if market is None else self.newest[market] - 1
        while position >= self.dropped:
            row = self._row(position)
            if row[0] <= at_us:
                return Price(row[5])
            position = row[4] - 1
        return None

    def newest_first(self, ticker: str = "", before: int | None = None) -> Iterator[Print]:
        """Trades before a position, of one market or of all."""
        end = self.end if before is None else min(before, self.end)
        if not ticker:
            names = list(self.tickers)
            for position in range(end - 1, self.dropped - 1, -1):
                yield self._print(position, names)
        elif ticker in self.tickers:
            yield from self._of(ticker, end)

    def _of(self, ticker: str, end: int) -> Iterator[Print]:
        market = self.tickers[ticker]
        names = {market: ticker}
        position = self._entry(market, end)
        while position >= self.dropped:
            yield self._print(position, names)
            position = self._row(position)[4] - 1

    def _entry(self, market: int, end: int) -> int:
        """The market's newest trade before a position; from one of its own the way is short."""
        if self.dropped <= end < self.end:
            row = self._row(end)
            if row[2] == market:
                return row[4] - 1
        position = self.newest[market] - 1
        while position >= max(end, self.dropped):
            position = self._row(position)[4] - 1
        return position

    def _print(self, position: int, names: Mapping[int, str] | list[str]) -> Print:
        at_us, units, market, number, _, price = self._row(position)
        ticker = names[market]
        trade_id = f"{ticker}.{number - 1}" if number else self.odd_ids[position]
        side = Side.BID if units > 0 else Side.ASK
        trade = Trade(trade_id, ticker, Price(price), Contracts(abs(units)), side.value, at_us)
        return Print(position, trade)

    def _at(self, index: int) -> int:
        return self._row(self.dropped + index)[0]

    def _row(self, position: int) -> tuple[int, int, int, int, int, int]:
        row: tuple[int, int, int, int, int, int] = _ROW.unpack_from(
            self.rows, (position - self.dropped) * _ROW.size
        )
        return row


def _number(trade: Trade) -> int:
    """One more than the number in a trade's id; 0 where the id is not TICKER.NUMBER."""
    prefix, _, digits = trade.trade_id.rpartition(".")
    if prefix != trade.ticker or not digits.isdecimal() or str(int(digits)) != digits:
        return 0
    number = int(digits) + 1
    return number if number < 2**32 else 0
