"""Where markets and events are in the exchange's lists, so that a page costs what is on it.

Keys are (instant, ticker). The exchange lists markets by creation, newest first, and closed ones by
their close (as recorded on its demo); here those asked for by change come by that.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence

from kalshi_cli.domain.market import FILTER_OF, Event, Market, MarketStatus

Key = tuple[int, str]
CLOSED = "closed"


class SortedKeys:
    """Keys in ascending order: put in order when first read, kept in order from then on."""

    __slots__ = ("_keys", "_ordered")

    def __init__(self) -> None:
        self._keys: list[Key] = []
        self._ordered = False

    def add(self, key: Key) -> None:
        if self._ordered and self._keys and key < self._keys[-1]:
            insort(self._keys, key)
        else:
            self._keys.append(key)

    def discard(self, key: Key) -> None:
        keys = self.all()
        index = bisect_left(keys, key)
        if index < len(keys) and keys[index] == key:
            del self._keys[index]

    def drop(self, tickers: set[str]) -> None:
        self._keys = [key for key in self._keys if key[1] not in tickers]

    def all(self) -> Sequence[Key]:
        if not self._ordered:
            self._keys.sort()
            self._ordered = True
        return self._keys


class MarketLists:
    """Markets by creation, status and change, those archived apart; events by series."""

    __slots__ = ("_settled", "archived", "by_word", "events_of", "live", "updated")

    def __init__(self) -> None:
        self.live, self.updated, self.archived = SortedKeys(), SortedKeys(), SortedKeys()
        self.by_word = {word: SortedKeys() for word in FILTER_OF.values()}
        self._settled = SortedKeys()
        self.events_of: dict[str, list[str]] = {}

    def add_event(self, event: Event) -> None:
        self.events_of.setdefault(event.series_ticker, []).append(event.event_ticker)

    def add(self, market: Market, created_us: int) -> None:
        self.live.add((created_us, market.ticker))
        self._enter(market, created_us)

    def change(self, before: Market, after: Market, created_us: int) -> None:
        """Follow a market that is not as it was."""
        word = FILTER_OF[before.status]
        self.by_word[word].discard(_place(before, word, created_us))
        self.updated.discard((before.updated_us or created_us, before.ticker))
        self._enter(after, created_us)

    def archive(self, cutoff_us: int) -> None:
        """Move markets that settled before an instant out of the live lists."""
        settled = self._settled.all()
        gone = {ticker for _, ticker in settled[: bisect_left(settled, (cutoff_us, ""))]}
        if not gone:
            return
        for key in self.live.all():
            if key[1] in gone:
                self.archived.add(key)
        for keys in (self.live, self.updated, self._settled, *self.by_word.values()):
            keys.drop(gone)

    def _enter(self, market: Market, created_us: int) -> None:
        word = FILTER_OF[market.status]
        self.by_word[word].add(_place(market, word, created_us))
        self.updated.add((market.updated_us or created_us, market.ticker))
        if market.status is MarketStatus.FINALIZED:
            self._settled.add((market.settlement_us or 0, market.ticker))


def _place(market: Market, word: str, created_us: int) -> Key:
    return (market.close_us if word == CLOSED else created_us, market.ticker)
