"""What trading is held to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.limits import Lending, Limits
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.shares import Rebalanced, Shares, in_force
from kalshi_cli.exits._base import Exit
from kalshi_cli.exits._planning import ExitRules
from kalshi_cli.filters._base import Filter
from kalshi_cli.portfolio.methods._base import Method
from kalshi_cli.risk._base import Control
from kalshi_cli.strategies._base import Strategy


@dataclass(frozen=True, slots=True)
class TradePolicy:
    """What trading is held to. `allocations` are shares of the bankroll by strategy.

    Forecasts below `min_confidence` are on record but no candidates. Resting entries ask the
    exchange to cancel them in a pause where `cancel_on_pause`. A strategy is not asked again after
    `max_strategy_faults` in a row. `ai_charged_to` is the strategy whose profit pays for the
    forecasts. Denials are dropped after `keep_denials_us`; None keeps them. Where it `lends`, what
    one strategy that runs leaves of its share may be used by another. `exits` are what a position
    may be left for, and `exit_rules` what is planned at entry, by strategy.
    """

    env: Env
    strategies: tuple[Strategy, ...]
    controls: tuple[Control, ...]
    filters: tuple[Filter, ...]
    limits: Limits
    allocations: Mapping[str, float]
    exits: tuple[Exit, ...]
    exit_rules: Mapping[str, ExitRules]
    sizing: Method
    kelly_fraction: float
    probation_stake: float | None
    min_confidence: float
    cancel_on_pause: bool
    max_strategy_faults: int
    ai_charged_to: str | None = None
    keep_denials_us: int | None = None
    lends: bool = False

    @property
    def shares(self) -> Shares:
        """The share of each strategy that runs; 0 for one that was given none."""
        return {each.name: self.allocations.get(each.name, 0.0) for each in self.strategies}

    def under(self, rebalanced: Rebalanced | None) -> Self:
        """The same with the shares in force, where others than the config file's are."""
        if rebalanced is None:
            return self
        shares = in_force(rebalanced, self.shares)
        return replace(self, allocations={**self.allocations, **shares})

    def held_to(self, strategy: str, wanted: Mapping[str, Money] | None = None) -> Limits:
        """One strategy's limits; `wanted` is what those who were asked did not get."""
        return replace(
            self.limits,
            strategy_allocation=self.allocations.get(strategy, 0.0),
            lending=Lending(self.shares, wanted) if self.lends else None,
        )
