"""What a strategy may stake: its bankroll, the room under each limit, and what it knows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.money import NO_MONEY, Money


@dataclass(frozen=True, slots=True)
class Footing:
    """One market as the stake rule sees it: where it belongs, its fees, its newest forecast."""

    event_ticker: str
    category: str
    clusters: frozenset[str]
    fees: FeeTerms
    forecast: Forecast | None
    exchange_index: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """Dollars left, and the limit that leaves so few."""

    left: Money
    name: str


@dataclass(frozen=True, slots=True)
class Share:
    """A limit by name: dollars used of it, and its bound; None where it was removed."""

    name: str
    used: Money
    bound: Money | None


@dataclass(frozen=True, slots=True)
class Capital:
    """One strategy's means, in dollars.

    `cash` is free: after the collateral of live orders; so is `by_shard`, of the parts of the
    exchange that share no cash, where it is told. Exposures are what is at risk already
    (absent means nothing); shares and fractions are of `bankroll`. `probation_stake` caps a stake
    until the strategy has evidence; None where none is needed.
    """

    strategy: str
    bankroll: Money
    cash: Money
    limits: Limits
    kelly_fraction: float
    probation_stake: float | None
    footings: Mapping[str, Footing]
    by_ticker: Mapping[str, Money]
    by_event: Mapping[str, Money]
    by_cluster: Mapping[str, Money]
    by_category: Mapping[str, Money]
    by_strategy: Money
    by_account: Money = NO_MONEY
    by_shard: Mapping[int, Money] = field(default_factory=dict)

    def spendable(self, ticker: str) -> Money:
        """Free cash for a market: above the reserve that entries never touch, and on its shard."""
        return min(room.left for room in self._cash(ticker))

    def _cash(self, ticker: str) -> list[Room]:
        above = self.cash - self.bankroll.scaled(self.limits.min_cash_reserve)
        rooms = [Room(above, "cash after the reserve")]
        shard = self.footings[ticker].exchange_index
        if shard in self.by_shard:
            rooms.append(Room(self.by_shard[shard], f"cash on shard {shard}"))
        return rooms

    def at_risk(self, ticker: str) -> Money:
        return self.by_ticker.get(ticker, NO_MONEY)

    def room(self, ticker: str) -> Room:
        """The tightest room for more risk in a market; cash apart from its fees."""
        rooms = self._cash(ticker)
        rooms += [
            Room(share.bound - share.used, share.name)
            for share in self.shares(ticker)
            if share.bound is not None
        ]
        return min(rooms, key=lambda room: room.left)

    def shares(self, ticker: str) -> list[Share]:
        """Every limit on what may be at risk that holds for a market."""
        return [
            Share(name, used, None if share is None else self.bankroll.scaled(share))
            for name, share, used in self._shares(ticker)
        ]

    def _shares(self, ticker: str) -> list[tuple[str, float | None, Money]]:
        footing, limits = self.footings[ticker], self.limits
        event, category = footing.event_ticker, footing.category
        own = self.by_strategy
        return [
            ("the market's limit", limits.max_market_exposure, self.at_risk(ticker)),
            ("the event's limit", limits.max_event_exposure, self.by_event.get(event, NO_MONEY)),
            *(
                (f"the limit of {name}", limits.max_cluster_exposure, used)
                for name in sorted(footing.clusters)
                for used in (self.by_cluster.get(name, NO_MONEY),)
            ),
            (
                "the category's limit",
                limits.max_category_exposure,
                self.by_category.get(category, NO_MONEY),
            ),
            ("the strategy's allocation", limits.strategy_allocation, own),
            ("the account's limit", limits.max_account_exposure, self.by_account),
        ]

    def after(self, ticker: str, *, risk: Money, cash: Money) -> "Capital":
        """The capital left once an order that risks `risk` and costs `cash` counts as filled."""
        footing = self.footings[ticker]
        return replace(
            self,
            cash=self.cash - cash,
            by_shard={
                shard: free - cash if shard == footing.exchange_index else free
                for shard, free in self.by_shard.items()
            },
            by_ticker=_grown(self.by_ticker, (ticker,), risk),
            by_event=_grown(self.by_event, (footing.event_ticker,), risk),
            by_cluster=_grown(self.by_cluster, footing.clusters, risk),
            by_category=_grown(self.by_category, (footing.category,), risk),
            by_strategy=self.by_strategy + risk,
            by_account=self.by_account + risk,
        )


def _grown(used: Mapping[str, Money], keys: Iterable[str], risk: Money) -> Mapping[str, Money]:
    return {**used, **{key: used.get(key, NO_MONEY) + risk for key in keys}}
