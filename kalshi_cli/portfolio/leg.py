"""A proposal with all that sizing needs of its market: what its contracts cost, step by step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kalshi_cli.domain.book import Level, OrderBook, reaches
from kalshi_cli.domain.fees import fee_per_contract, most_fees
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.money import Contracts, Money, Price, spoken_cents
from kalshi_cli.domain.order import OrderIntent, Purpose, TimeInForce
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.portfolio.capital import Capital, Family, Footing
from kalshi_cli.portfolio.edge import SLACK, chance, outcome_price
from kalshi_cli.portfolio.exposure import Claim, order_claim
from kalshi_cli.portfolio.sizing import Unsized, Unstaked

_UNITS = 100


@dataclass(frozen=True, slots=True)
class Leg:
    """One purchase that may be made.

    `steps` are (contracts, dollars a contract with its fee), the cheapest first, each with the edge
    that is asked for; `win` is the chance that what is bought pays, `fair_error` its standard
    deviation.
    """

    proposal: Proposal
    footing: Footing
    fair_error: float
    steps: tuple[tuple[float, float], ...]

    @property
    def ticker(self) -> str:
        return self.proposal.ticker

    @property
    def family(self) -> Family:
        return self.footing.family(self.proposal.ticker)

    @property
    def win(self) -> float:
        return chance(self.proposal.side, self.proposal.fair)

    def spent(self, contracts: float) -> float:
        """Dollars that so many contracts take, by the steps."""
        left, dollars = contracts, 0.0
        for count, price in self.steps:
            part = min(left, count)
            dollars += part * price
            left -= part
        return dollars

    def affordable(self, dollars: float) -> float:
        """Contracts that so many dollars buy, by the steps."""
        left, contracts = dollars, 0.0
        for count, price in self.steps:
            if count * price >= left:
                return contracts + max(0.0, left) / price
            contracts += count
            left -= count * price
        return contracts

    def claim(self, count: Contracts) -> Claim:
        """What an order of this size may lose."""
        return order_claim(self.ticker, self.proposal.side, self.proposal.limit, count)

    def risk(self, count: Contracts) -> Money:
        """Dollars that an order may lose at its limit, before its fee."""
        return outcome_cost(self.proposal.side, self.proposal.limit, count)

    def committed(self, count: Contracts) -> Money:
        """Dollars that an order may take at most: what the cash control will hold it to."""
        fees = most_fees(
            self.footing.fees,
            side=self.proposal.side,
            limit=self.proposal.limit,
            count=count,
            is_taker=not self.proposal.resting,
        )
        return self.risk(count) + fees

    def intent(self, count: Contracts, strategy: str) -> OrderIntent:
        proposal = self.proposal
        return OrderIntent(
            strategy=strategy,
            ticker=proposal.ticker,
            event_ticker=self.footing.event_ticker,
            side=proposal.side,
            limit=proposal.limit,
            count=count,
            time_in_force=TimeInForce.GTC if proposal.resting else TimeInForce.IOC,
            purpose=proposal.purpose,
            reason=proposal.reason,
            post_only=proposal.resting,
            fair=proposal.fair,
            forecast_id=proposal.forecast_id,
            expires_us=proposal.expires_us if proposal.resting else None,
            exchange_index=self.footing.exchange_index,
        )


def leg(proposal: Proposal, book: OrderBook | None, capital: Capital, step: int) -> Leg | Unsized:
    """Everything sizing needs of a proposal, or what is missing. `step` is in contract units."""
    if proposal.purpose is not Purpose.ENTRY:
        return Unsized(proposal, Unstaked.NOT_AN_ENTRY, f"{proposal.purpose} orders are not staked")
    footing = capital.footings.get(proposal.ticker)
    if footing is None:
        return Unsized(proposal, Unstaked.NO_MARKET, Unstaked.NO_MARKET.means)
    error = _error(proposal, footing)
    if error is None:
        return Unsized(proposal, Unstaked.NO_FORECAST, Unstaked.NO_FORECAST.means)
    if not footing.fees.is_known:
        return Unsized(proposal, Unstaked.UNKNOWN_FEES, f"fee type {footing.fees.fee_type!r}")
    levels: Sequence[tuple[float, Price]] = [(math.inf, proposal.limit)]
    if not proposal.resting:
        reached = _reached(proposal, book)
        depth = Contracts(sum(level.count.units for level in reached))
        if book is None or depth.units < step:
            return _no_depth(proposal, book, depth)
        levels = [(level.count.units / _UNITS, level.price) for level in reached]
    return _with_edge(proposal, footing, error, levels, capital.limits.min_net_edge)


def _error(proposal: Proposal, footing: Footing) -> float | None:
    """Standard deviation of the fair value: its own, or the forecast's; None without either."""
    if proposal.fair_error is not None or footing.forecast is None:
        return proposal.fair_error
    return fair_error(footing.forecast, proposal.fair, footing.market)


def fair_error(forecast: Forecast, fair: float, market: float | None) -> float:
    """Standard deviation of p* beside a market, by the delta method on its log-odds.

    z = slope m + w (a - m) moves by w for each logit of the forecast's own error, and by m, the
    market's log-odds, for each of the slope's; p* by p* (1 - p*) for each of z. What has no market
    has no slope either.
    """
    by_slope = 0.0
    if market is not None:
        by_slope = forecast.slope_error * (math.log(market) - math.log1p(-market))
    by_forecast = forecast.weight * forecast.logit_error
    return math.hypot(by_forecast, by_slope) * fair * (1.0 - fair)


def _reached(proposal: Proposal, book: OrderBook | None) -> list[Level]:
    levels = () if book is None else book.against(proposal.side)
    return [x for x in levels if reaches(proposal.side, proposal.limit, x.price)]


def _no_depth(proposal: Proposal, book: OrderBook | None, depth: Contracts) -> Unsized:
    if book is None:
        return Unsized(proposal, Unstaked.NO_BOOK, Unstaked.NO_BOOK.means)
    most = outcome_price(proposal.side, proposal.limit)
    detail = f"the book offers {depth.spoken} contracts up to {most.spoken}"
    return Unsized(proposal, Unstaked.NO_DEPTH, detail)


def _with_edge(
    proposal: Proposal,
    footing: Footing,
    error: float,
    levels: Sequence[tuple[float, Price]],
    least: float,
) -> Leg | Unsized:
    """The leg as far as each contract of it pays by itself."""
    win = chance(proposal.side, proposal.fair)
    priced = [
        (
            count,
            float(outcome_price(proposal.side, price))
            + fee_per_contract(footing.fees, price, is_taker=not proposal.resting),
        )
        for count, price in levels
    ]
    steps = tuple((count, cost) for count, cost in priced if win - cost >= least - SLACK)
    if steps and 0.0 < win < 1.0:
        return Leg(proposal, footing, error, steps)
    detail = f"{spoken_terms_of(priced[0][1], win)}; an edge of {spoken_cents(least)} is asked"
    return Unsized(proposal, Unstaked.NO_STAKE, detail)


def spoken_terms_of(cost: float, win: float) -> str:
    """What a contract costs with its fee and is worth (a chance of $1), for people."""
    return f"a contract costs {spoken_cents(cost)} all in and is worth {spoken_cents(win)}"
