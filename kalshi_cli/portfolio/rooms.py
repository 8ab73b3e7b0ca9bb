"""What limits and cash leave for more risk, while a pass of sizing uses it up.

An event counts with its worst state, by the arithmetic of the controls: an order may stay unfilled
where that would help. What an event adds to that is what it adds to a cluster, a category and the
account; what a strategy adds to its own is at most its own orders' worst.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money, total
from kalshi_cli.portfolio.capital import Capital, Family
from kalshi_cli.portfolio.exposure import Claim, event_loss
from kalshi_cli.portfolio.leg import Leg

Order = tuple[Leg, Contracts]
CASH = "cash after the reserve"
_CENT = 10_000
"""Units of money in a cent."""


@dataclass(frozen=True, slots=True)
class Room:
    """Dollars left, the limit that leaves so few, and what others of the same pass took of it."""

    left: Money
    name: str
    taken: Money = NO_MONEY

    @property
    def told(self) -> str:
        """In words, in whole cents: what is left of one buys nothing, so it is taken."""
        left, taken = self.left.units, self.taken.units
        told = f"{self.name} leaves {Money(left - left % _CENT).spoken}"
        if taken <= 0:
            return told
        upwards = Money(taken + -taken % _CENT).spoken
        return f"{told}, after {upwards} for others proposed in this pass"


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of a family already: signed contracts by ticker, and dollars at risk there."""

    contracts: Mapping[str, Contracts]
    risk: Money


class Rooms:
    """The rooms of one pass: `take` leaves less for whatever comes next."""

    def __init__(self, capital: Capital) -> None:
        self.capital = capital
        self._above = capital.cash - capital.bankroll.scaled(capital.limits.min_cash_reserve)
        self._cash = self._above
        self._by_shard = dict(capital.by_shard)
        self._by_ticker = dict(capital.by_ticker)
        self._by_cluster = dict(capital.by_cluster)
        self._by_category = dict(capital.by_category)
        self._by_strategy, self._by_account = capital.by_strategy, capital.by_account
        self._by_event: dict[str, Money] = {}
        """What the orders of the pass add to the worst state of each event."""
        self._claims = {event: list(claims) for event, claims in capital.claims.items()}
        self._contracts = {ticker: held for ticker, held in capital.held.items() if held}

    def at_risk(self, ticker: str) -> Money:
        return self._by_ticker.get(ticker, NO_MONEY)

    def held(self) -> dict[Family, Held]:
        """What is held by family, of markets that something is known of."""
        contracts: dict[Family, dict[str, Contracts]] = defaultdict(dict)
        claims: dict[Family, list[Claim]] = defaultdict(list)
        footings = self.capital.footings
        for ticker, count in self._contracts.items():
            if ticker in footings:
                contracts[footings[ticker].family(ticker)][ticker] = count
        for claim in (claim for own in self._claims.values() for claim in own):
            if claim.ticker in footings:
                claims[footings[claim.ticker].family(claim.ticker)].append(claim)
        return {
            family: Held(contracts[family], event_loss(claims[family], exclusive=len(family) == 1))
            for family in contracts.keys() | claims.keys()
        }

    def cash(self, leg: Leg) -> Room:
        """Free cash for a market: above the reserve that entries never touch, and on its shard."""
        shard, above = leg.footing.exchange_index, self._free()
        if shard not in self._by_shard:
            return above
        return min(above, self._on(shard), key=lambda room: room.left)

    def _free(self) -> Room:
        return Room(self._cash, CASH, self._above - self._cash)

    def _on(self, shard: int) -> Room:
        left = self._by_shard[shard]
        return Room(left, f"cash on shard {shard}", self.capital.by_shard[shard] - left)

    def market(self, leg: Leg) -> Room | None:
        """What the market may still lose; None without such a limit."""
        share = self.capital.limits.max_market_exposure
        if share is None:
            return None
        left = self.capital.bankroll.scaled(share) - self.at_risk(leg.ticker)
        return Room(left, "the market's limit", self._taken_in(leg.ticker))

    def stake(self, leg: Leg) -> Room | None:
        """What may still be staked on the market; None without such a limit."""
        capital = self.capital
        caps = (capital.limits.max_single_position, capital.probation_stake)
        known = [cap for cap in caps if cap is not None]
        if not known:
            return None
        left = capital.bankroll.scaled(min(known)) - self.at_risk(leg.ticker)
        return Room(left, "the largest stake", self._taken_in(leg.ticker))

    def _taken_in(self, ticker: str) -> Money:
        return self.at_risk(ticker) - self.capital.by_ticker.get(ticker, NO_MONEY)

    def strain(self, orders: Sequence[Order]) -> tuple[float, Room]:
        """How many times over the orders of one event fit, by the room that fits them least."""
        found = [
            (room.left.units / need.units, room)
            for need, room in self._needs(orders)
            if need.units > 0
        ]
        return min(found, key=lambda each: each[0], default=(math.inf, Room(NO_MONEY, "")))

    def _needs(self, orders: Sequence[Order]) -> list[tuple[Money, Room]]:
        """What the orders need of each room they share."""
        legs = [leg for leg, count in orders if count]
        if not legs:
            return []
        own = [leg.claim(count) for leg, count in orders if count]
        limits, bankroll, first = self.capital.limits, self.capital.bankroll, self.capital
        footing, before = legs[0].footing, self._claims.get(legs[0].footing.event_ticker, [])
        rise = _rise(before, own, exclusive=footing.exclusive)
        shares = [
            (
                "the event's limit",
                limits.max_event_exposure,
                self._loss(legs[0]),
                self._by_event.get(footing.event_ticker, NO_MONEY),
                rise,
            ),
            (
                "the category's limit",
                limits.max_category_exposure,
                used := self._by_category.get(footing.category, NO_MONEY),
                used - first.by_category.get(footing.category, NO_MONEY),
                rise,
            ),
            (
                "the account's limit",
                limits.max_account_exposure,
                self._by_account,
                self._by_account - first.by_account,
                rise,
            ),
        ]
        for name in sorted({name for leg in legs for name in leg.footing.clusters}):
            used = self._by_cluster.get(name, NO_MONEY)
            more = self._rise_in(name, before, own, exclusive=footing.exclusive)
            taken = used - first.by_cluster.get(name, NO_MONEY)
            shares.append((f"the limit of {name}", limits.max_cluster_exposure, used, taken, more))
        return [
            *self._cash_needs(orders),
            *self._allocation_needs(event_loss(own, exclusive=footing.exclusive)),
            *(
                (need, Room(bankroll.scaled(share) - used, name, taken))
                for name, share, used, taken, need in shares
                if share is not None
            ),
        ]

    def _allocation_needs(self, need: Money) -> list[tuple[Money, Room]]:
        allocation = self.capital.allocation
        if allocation is None:
            return []
        taken = self._by_strategy - self.capital.by_strategy
        left = allocation - self._by_strategy
        return [(need, Room(left, "the strategy's allocation", taken))]

    def _cash_needs(self, orders: Sequence[Order]) -> list[tuple[Money, Room]]:
        shards: dict[int, list[Money]] = defaultdict(list)
        for leg, count in orders:
            shards[leg.footing.exchange_index].append(leg.committed(count))
        every = total([cost for costs in shards.values() for cost in costs])
        return [
            (every, self._free()),
            *(
                (total(costs), self._on(shard))
                for shard, costs in shards.items()
                if shard in self._by_shard
            ),
        ]

    def _loss(self, leg: Leg) -> Money:
        claims = self._claims.get(leg.footing.event_ticker, [])
        return event_loss(claims, exclusive=leg.footing.exclusive)

    def _rise_in(
        self, cluster: str, before: Sequence[Claim], own: Sequence[Claim], *, exclusive: bool
    ) -> Money:
        """What the orders add to the worst state of the event's markets in a cluster."""
        footings = self.capital.footings

        def within(claims: Sequence[Claim]) -> list[Claim]:
            known = [claim for claim in claims if claim.ticker in footings]
            return [claim for claim in known if cluster in footings[claim.ticker].clusters]

        return _rise(within(before), within(own), exclusive=exclusive)

    def take(self, orders: Sequence[Order]) -> None:
        """Count the orders of one event as filled at their limits."""
        own = [leg.claim(count) for leg, count in orders if count]
        if not own:
            return
        footing = orders[0][0].footing
        before = self._claims.setdefault(footing.event_ticker, [])
        rise = _rise(before, own, exclusive=footing.exclusive)
        for name in {name for leg, count in orders if count for name in leg.footing.clusters}:
            more = self._rise_in(name, before, own, exclusive=footing.exclusive)
            self._by_cluster[name] = self._by_cluster.get(name, NO_MONEY) + more
        event, category = footing.event_ticker, footing.category
        self._by_event[event] = self._by_event.get(event, NO_MONEY) + rise
        self._by_category[category] = self._by_category.get(category, NO_MONEY) + rise
        self._by_strategy += event_loss(own, exclusive=footing.exclusive)
        self._by_account += rise
        before += own
        for leg, count in orders:
            self._take_one(leg, count)

    def _take_one(self, leg: Leg, count: Contracts) -> None:
        ticker, shard, cost = leg.ticker, leg.footing.exchange_index, leg.committed(count)
        held = self._contracts.get(ticker, NO_CONTRACTS) + leg.proposal.side.signed(count)
        self._contracts[ticker] = held
        self._by_ticker[ticker] = self.at_risk(ticker) + leg.risk(count)
        self._cash -= cost
        if shard in self._by_shard:
            self._by_shard[shard] -= cost


def _rise(before: Collection[Claim], own: Collection[Claim], *, exclusive: bool) -> Money:
    """What claims add to the worst state of an event."""
    worst = event_loss(before, exclusive=exclusive)
    return event_loss([*before, *own], exclusive=exclusive) - worst
