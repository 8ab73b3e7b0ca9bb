"""Which markets a subscription covers, and what a client is sent of those that are new to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kalshi_cli.adapters.sim.stream.channels import Channel, Complaint
from kalshi_cli.adapters.sim.stream.commands import Selection
from kalshi_cli.adapters.sim.stream.outbox import Outbox
from kalshi_cli.adapters.sim.stream.reporter import Reporter
from kalshi_cli.adapters.sim.stream.subscription import Subscription


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """`markets` is how many a subscription may name: whoever wants more subscribes to the whole
    channel. The exchange has such a limit and does not tell it; this one keeps a command under a
    second. `waiting` is how many frames a subscription may leave unread before the next command.

    `looks` is how many markets are looked at after a command for quotes that only time has moved:
    of more than that, each has its turn. Markets in which something happened are looked at anyway.
    """

    markets: int = 10_000
    updates_a_second: int = 10_000
    waiting: int = 20_000
    looks: int = 1_000


@dataclass(frozen=True, slots=True)
class Coverage:
    """Markets come into subscriptions and leave them only here, so that the reporter knows."""

    reporter: Reporter
    outbox: Outbox
    most: int

    def named(self, selection: Selection) -> dict[str, str] | None:
        """The markets selected, with the UUIDs by which they were; None where none are."""
        if selection.ids is not None:
            return self.reporter.tickers_of(selection.ids)
        return None if selection.tickers is None else dict.fromkeys(selection.tickers, "")

    def admit(self, subscription: Subscription | None, named: dict[str, str] | None) -> None:
        """Error 26 where a subscription would have too many markets; nothing is done for it."""
        held = (subscription.markets if subscription else None) or {}
        if named is not None and len(held.keys() | named.keys()) > self.most:
            raise Complaint(26)

    def add(self, subscription: Subscription, named: dict[str, str] | None) -> list[str]:
        """Widen a subscription to these markets, or to all; the ones that are new in it."""
        held = subscription.markets
        if held is None:
            return []
        if named is None:
            self.reporter.release(subscription.channel, list(held))
            subscription.markets = None
            self.reporter.watch(subscription.channel, None)
            return []
        added = [ticker for ticker in named if ticker not in held]
        held.update({ticker: named[ticker] for ticker in added})
        self.reporter.watch(subscription.channel, added)
        return added

    def remove(self, subscription: Subscription, tickers: Iterable[str]) -> None:
        held = subscription.markets or {}
        gone = [ticker for ticker in tickers if held.pop(ticker, None) is not None]
        self.reporter.release(subscription.channel, gone)

    def end(self, subscription: Subscription) -> None:
        """A subscription is over."""
        held = subscription.markets
        self.reporter.release(subscription.channel, None if held is None else list(held))

    def greet(self, subscription: Subscription, tickers: Sequence[str], *, snapshot: bool) -> None:
        """Send the books of new markets; their tickers where that was asked for."""
        if subscription.channel is Channel.ORDERBOOK:
            self.send_books(subscription, tickers)
        if subscription.channel is Channel.TICKER and snapshot:
            for ticker in tickers:
                body = self.reporter.ticker(ticker)
                if body:
                    self.outbox.put(
                        "ticker", body, about=subscription, ticker=ticker, sequenced=False
                    )

    def send_books(
        self, subscription: Subscription, tickers: Sequence[str], command_id: int = 0
    ) -> None:
        for ticker in tickers:
            body = self.reporter.snapshot(ticker, yes_prices=subscription.use_yes_price)
            self.outbox.put(
                "orderbook_snapshot",
                body,
                about=subscription,
                ticker=ticker,
                command_id=command_id,
            )
