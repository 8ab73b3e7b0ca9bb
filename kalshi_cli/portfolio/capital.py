"""What a strategy may stake: its bankroll, what is at risk already, and what it knows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money
from kalshi_cli.portfolio.exposure import Claim, event_loss
from kalshi_cli.portfolio.states import Rung

Family = tuple[str, ...]
"""Markets whose outcomes are known to hang together: an exclusive event, a ladder, or one alone."""


@dataclass(frozen=True, slots=True)
class Footing:
    """One market as sizing sees it: where it belongs, its fees, its newest forecast.

    `exclusive` tells of its event; `ladder` is which ladder of the event it is on and where. `fair`
    is the chance of YES as of now by the best that is known, which is the market's where there is
    no forecast; None where there is neither. `market` is the market's own, where there is one.
    """

    event_ticker: str
    category: str
    clusters: frozenset[str]
    fees: FeeTerms
    forecast: Forecast | None
    exchange_index: int = 0
    exclusive: bool = False
    ladder: tuple[str, Rung] | None = None
    fair: float | None = None
    market: float | None = None

    def family(self, ticker: str) -> Family:
        """What the market is a member of."""
        if self.exclusive:
            return (self.event_ticker,)
        return (self.event_ticker, ticker if self.ladder is None else self.ladder[0])


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
    (absent means nothing); shares and fractions are of `bankroll`. `claims` are what positions and
    live orders may lose, by event, and `held` the signed contracts they come to, orders as if
    filled. `probation_stake` caps a stake until the strategy has evidence; None where none is
    needed. `allotted` is what the strategy may have at risk where that is not its share alone:
    others may have lent to it, or owe it.
    """

    strategy: str
    bankroll: Money
    cash: Money
    limits: Limits
    kelly_fraction: float
    probation_stake: float | None
    footings: Mapping[str, Footing]
    by_ticker: Mapping[str, Money]
    by_cluster: Mapping[str, Money]
    by_category: Mapping[str, Money]
    by_strategy: Money
    by_account: Money = NO_MONEY
    by_shard: Mapping[int, Money] = field(default_factory=dict)
    claims: Mapping[str, tuple[Claim, ...]] = field(default_factory=dict)
    held: Mapping[str, Contracts] = field(default_factory=dict)
    allotted: Money | None = None

    @property
    def allocation(self) -> Money | None:
        """Most that the strategy may have at risk; None where nothing bounds it."""
        return self._of(self.limits.strategy_allocation) if self.allotted is None else self.allotted

    def _of(self, share: float | None) -> Money | None:
        return None if share is None else self.bankroll.scaled(share)

    def shares(self, ticker: str) -> list[Share]:
        """Every limit on what may be at risk that holds for a market."""
        footing, limits = self.footings[ticker], self.limits
        claims = self.claims.get(footing.event_ticker, ())
        event = event_loss(claims, exclusive=footing.exclusive)
        category = self.by_category.get(footing.category, NO_MONEY)
        market, cluster = (
            self._of(limits.max_market_exposure),
            self._of(limits.max_cluster_exposure),
        )
        return [
            Share("the market's limit", self.by_ticker.get(ticker, NO_MONEY), market),
            Share("the event's limit", event, self._of(limits.max_event_exposure)),
            *(
                Share(f"the limit of {name}", self.by_cluster.get(name, NO_MONEY), cluster)
                for name in sorted(footing.clusters)
            ),
            Share("the category's limit", category, self._of(limits.max_category_exposure)),
            Share("the strategy's allocation", self.by_strategy, self.allocation),
            Share("the account's limit", self.by_account, self._of(limits.max_account_exposure)),
        ]
