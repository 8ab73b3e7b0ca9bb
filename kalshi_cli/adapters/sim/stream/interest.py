"""What all clients together want to know, so that nothing else is looked up."""

from collections import Counter
from collections.abc import Iterable, KeysView

from kalshi_cli.adapters.sim.stream.channels import Channel


class Interest:
    """How many subscriptions want a channel as a whole, and how many each market of it."""

    def __init__(self) -> None:
        self._whole: Counter[Channel] = Counter()
        self._named: dict[Channel, Counter[str]] = {channel: Counter() for channel in Channel}

    def add(self, channel: Channel, tickers: Iterable[str] | None) -> None:
        if tickers is None:
            self._whole[channel] += 1
        else:
            self._named[channel].update(tickers)

    def drop(self, channel: Channel, tickers: Iterable[str] | None) -> list[str]:
        """Somebody wants these no more; those markets of them that nobody wants by name."""
        if tickers is None:
            self._whole[channel] -= 1
            return []
        named, gone = self._named[channel], []
        for ticker in tickers:
            named[ticker] -= 1
            if not named[ticker]:
                del named[ticker]
                gone.append(ticker)
        return gone

    def whole(self, channel: Channel) -> bool:
        """Whether somebody wants all of it."""
        return self._whole[channel] > 0

    def named(self, channel: Channel) -> KeysView[str]:
        return self._named[channel].keys()

    def wants(self, channel: Channel, ticker: str) -> bool:
        return self._whole[channel] > 0 or ticker in self._named[channel]

    def has(self, channel: Channel) -> bool:
        return self.whole(channel) or bool(self._named[channel])
