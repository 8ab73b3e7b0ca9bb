"""How many contracts of each proposal: the stake rule, within every room that is left.

A stake is a target for the whole position: what a market risks already counts toward it. The
all-in cost is that of the size actually wanted, so a taker's size shrinks until its own walk
through the book leaves the edge asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms, fill_fee
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import OrderIntent, Purpose, TimeInForce
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.portfolio.capital import Capital, Footing
from kalshi_cli.portfolio.costing import depth, maker_cost, taker_cost
from kalshi_cli.portfolio.edge import SLACK, chance, outcome_price
from kalshi_cli.portfolio.kelly import fair_error, stake_share

_WHOLE = 100


@dataclass(frozen=True, slots=True)
class Unsized:
    """A proposal that got no contracts: a stable code, and the numbers that say why."""

    proposal: Proposal
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Sizing:
    """Every proposal is in one of the two, the most valuable first."""

    intents: tuple[OrderIntent, ...]
    unsized: tuple[Unsized, ...]


def size(proposals: Sequence[Proposal], books: Mapping[str, OrderBook], capital: Capital) -> Sizing:
    """Turn proposals of entries into intents; each leaves less room for those after it.

    Room is scarce. It goes first to what trades now, since a resting order may take up room in vain
    and fills most easily when it should not; then to the best ratio of edge to risk.
    """
    intents: list[OrderIntent] = []
    unsized: list[Unsized] = []
    cases = [_case(p, books.get(p.ticker), capital) for p in proposals]
    for first in sorted(cases, key=_rank):
        proposal = first.proposal
        case = _case(proposal, books.get(proposal.ticker), capital)
        outcome = case if isinstance(case, Unsized) else case.sized()
        if isinstance(outcome, Unsized):
            unsized.append(outcome)
        else:
            intents.append(outcome)
            capital = _after(capital, outcome)
    return Sizing(tuple(intents), tuple(unsized))


def _rank(case: "_Case | Unsized") -> tuple[bool, float, str]:
    worth = 0.0 if isinstance(case, Unsized) else case.worth()
    return case.proposal.resting, -worth, case.proposal.ticker


def _case(proposal: Proposal, book: OrderBook | None, capital: Capital) -> "_Case | Unsized":
    """Everything the stake needs, or what is missing."""
    if proposal.purpose is not Purpose.ENTRY:
        return Unsized(proposal, "NOT_AN_ENTRY", f"{proposal.purpose} orders are not staked")
    footing = capital.footings.get(proposal.ticker)
    if footing is None:
        return Unsized(proposal, "NO_MARKET", "nothing is known of the market")
    if footing.forecast is None:
        return Unsized(proposal, "NO_FORECAST", "a stake needs a forecast and its error")
    if not footing.fees.is_known:
        return Unsized(proposal, "UNKNOWN_FEES", f"fee type {footing.fees.fee_type!r}")
    if book is None and not proposal.resting:
        return Unsized(proposal, "NO_BOOK", "the order book could not be read")
    return _Case(proposal, book, capital, footing, footing.forecast)


@dataclass(frozen=True, slots=True)
class _Case:
    proposal: Proposal
    book: OrderBook | None
    capital: Capital
    footing: Footing
    forecast: Forecast

    def worth(self) -> float:
        """Growth that the first contract promises, e^2 / (c (1 - c)): its squared Sharpe ratio."""
        total = self._cost(1)
        if total is None or not 0 < total.units < 1_000_000:
            return 0.0
        cost = float(total)
        edge = max(0.0, chance(self.proposal.side, self.proposal.fair) - cost)
        return edge * edge / (cost * (1.0 - cost))

    def sized(self) -> OrderIntent | Unsized:
        room = self.capital.room(self.proposal.ticker)
        price = outcome_price(self.proposal.side, self.proposal.limit)
        most = room.left.units // price.units // _WHOLE
        if most <= 0:
            return Unsized(self.proposal, "NO_ROOM", f"{room.name} leaves ${room.left}")
        if self.book is not None and not self.proposal.resting:
            most = min(most, self._depth().units // _WHOLE)
        if most <= 0:
            detail = f"the book offers {self._depth()} contracts up to {self.proposal.limit}"
            return Unsized(self.proposal, "NO_DEPTH", detail)
        if self.capital.limits.max_order_contracts is not None:
            most = min(most, self.capital.limits.max_order_contracts)
        if self.proposal.max_contracts is not None:
            most = min(most, self.proposal.max_contracts.units // _WHOLE)
        count = self._largest(most)
        if count == 0:
            return Unsized(self.proposal, "NO_STAKE", self._why_nothing())
        return self._intent(Contracts(count * _WHOLE))

    def _depth(self) -> Contracts:
        if self.book is None:
            return Contracts(0)
        return depth(self.book, self.proposal.side, self.proposal.limit)

    def _largest(self, most: int) -> int:
        """Cost rises with size, so the sizes that are worth it are a prefix: bisect."""
        low, high = 0, most
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._is_worth(middle) else (low, middle - 1)
        return low

    def _is_worth(self, whole: int) -> bool:
        """Whether this many contracts keep the edge, the stake rule and the cash."""
        total = self._cost(whole)
        committed = self._committed(whole)
        if total is None or max(total, committed) > self.capital.spendable(self.proposal.ticker):
            return False
        largest = self.capital.limits.max_single_position
        if largest is not None and committed > self.capital.bankroll.scaled(largest):
            return False
        cost = float(total) / whole
        edge = chance(self.proposal.side, self.proposal.fair) - cost
        risked = float(total) + float(self.capital.at_risk(self.proposal.ticker))
        return edge >= self.capital.limits.min_net_edge - SLACK and risked <= self._stake(cost)

    def _cost(self, whole: int) -> Money | None:
        side, limit, terms = self.proposal.side, self.proposal.limit, self.footing.fees
        count = Contracts(whole * _WHOLE)
        if self.proposal.resting:
            return maker_cost(side, count, limit, terms)
        return None if self.book is None else taker_cost(self.book, side, count, limit, terms)

    def _committed(self, whole: int) -> Money:
        """Dollars that the order may take at its limit: what the cash control will hold it to."""
        intent = self._intent(Contracts(whole * _WHOLE))
        return _risk(intent) + _fee_at_limit(intent, self.footing.fees)

    def _stake(self, cost: float) -> float:
        """Dollars to have at risk in the market at this all-in cost a contract."""
        share = stake_share(
            win=chance(self.proposal.side, self.proposal.fair),
            cost=cost,
            error=fair_error(self.forecast, self.proposal.fair),
            kelly_fraction=self.capital.kelly_fraction,
        )
        caps = (self.capital.limits.max_single_position, self.capital.probation_stake)
        return min([share, *(cap for cap in caps if cap is not None)]) * float(
            self.capital.bankroll
        )

    def _why_nothing(self) -> str:
        total = self._cost(1)
        if total is None:
            return "the book holds less than one contract"
        cost, win = float(total), chance(self.proposal.side, self.proposal.fair)
        return (
            f"one contract costs ${cost:.4f} all in for a chance of {win:.4f}; "
            f"stake ${self._stake(cost):.2f}, ${self.capital.at_risk(self.proposal.ticker)} of it "
            "at risk already"
        )

    def _intent(self, count: Contracts) -> OrderIntent:
        proposal = self.proposal
        return OrderIntent(
            strategy=self.capital.strategy,
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


def _after(capital: Capital, intent: OrderIntent) -> Capital:
    """The capital once the intent counts as filled at its limit."""
    fee = _fee_at_limit(intent, capital.footings[intent.ticker].fees)
    return capital.after(intent.ticker, risk=_risk(intent), cash=_risk(intent) + fee)


def _risk(intent: OrderIntent) -> Money:
    return outcome_cost(intent.side, intent.limit, intent.count)


def _fee_at_limit(intent: OrderIntent, terms: FeeTerms) -> Money:
    return fill_fee(
        terms,
        side=intent.side,
        price=intent.limit,
        count=intent.count,
        is_taker=not intent.post_only,
    )
