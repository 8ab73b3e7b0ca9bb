"""A client's subscription: a channel, what of it is wanted, and how far its frames have come."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from kalshi_cli.adapters.sim.stream.channels import UNSEQUENCED, Channel
from kalshi_cli.adapters.sim.wire.markets import Wire

ALL = "all"


@dataclass(slots=True)
class Topics:
    """The indices or underlyings chosen on a feed; `all` chooses every one."""

    chosen: dict[str, None] = field(default_factory=dict)
    everything: bool = False

    def add(self, names: Iterable[str]) -> None:
        self.chosen.update(dict.fromkeys(name for name in names if name != ALL))
        self.everything |= ALL in names

    def remove(self, names: Iterable[str]) -> None:
        """Leaving `all` keeps those that were chosen by name."""
        for name in names:
            self.chosen.pop(name, None)
        self.everything &= ALL not in names

    @property
    def shown(self) -> list[str]:
        return [ALL] if self.everything else list(self.chosen)


@dataclass(slots=True)
class Subscription:
    """`markets` are tickers, each with the UUID by which it was named, if it was; None is all.

    `seq` is the number of the last frame that carried one; `waiting` counts frames not yet sent.
    `updates` came in the second `second`.
    """

    sid: int
    channel: Channel
    markets: dict[str, str] | None
    use_yes_price: bool = False
    skip_ticker_ack: bool = False
    topics: Topics = field(default_factory=Topics)
    seq: int = 0
    waiting: int = 0
    second: int = 0
    updates: int = 0

    @property
    def is_sequenced(self) -> bool:
        return self.channel not in UNSEQUENCED

    def wants(self, ticker: str) -> bool:
        return self.markets is None or ticker in self.markets

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    @property
    def listing(self) -> Wire:
        """Its markets, as an answer to an update lists them."""
        if self.skip_ticker_ack or self.markets is None:
            return {}
        ids = [named for named in self.markets.values() if named]
        tickers = [ticker for ticker, named in self.markets.items() if not named]
        wire: Wire = {"market_tickers": tickers} if tickers or not ids else {}
        return wire | ({"market_ids": ids} if ids else {})
