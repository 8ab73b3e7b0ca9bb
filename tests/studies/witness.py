"""What a desk has at risk, by the exchange's own lists and by arithmetic of no part of the desk.

Of the desk's books one thing is believed: which strategy is behind an order, and for what. Numbers
are exact fractions of dollars and contracts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from kalshi_cli.domain.instant import DAY, HOUR, MINUTE
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import Fill, OrderIntent, OrderReport, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.settings.sections import Settings

CENT = Fraction(1, 100)
"""What a limit may be off by, for fees."""
NOTHING = Fraction(0)


@dataclass(frozen=True)
class Claim:
    """What may be lost in one market: contracts of YES (above zero) or NO, and their dollars."""

    ticker: str
    owner: str
    net: Fraction
    cost: Fraction
    rests: bool

    def lost(self, *, yes: bool) -> Fraction:
        """Dollars lost where the market ends so. What pays then is no cushion: it may be left, and
        what rests may stay unfilled.
        """
        return NOTHING if (self.net > 0) is yes else self.cost


@dataclass(frozen=True)
class Place:
    """Where a market belongs, and when it is expected to end (UTC days)."""

    event: str
    category: str
    series: str
    day: int
    is_exclusive: bool


@dataclass(frozen=True)
class Seen:
    """The exchange's lists at one instant; `intents` by the exchange's id of their order, `over`
    the markets that have settled.
    """

    orders: Sequence[OrderReport]
    fills: Sequence[Fill]
    over: frozenset[str]
    cash: Fraction
    intents: Mapping[str, OrderIntent]
    places: Mapping[str, Place]


@dataclass
class Witness:
    """What is remembered from one look to the next; `peak` is the most the desk may be worth."""

    settings: Settings
    peak: Fraction = NOTHING
    orders: int = 0
    fills: int = 0
    owners: set[str] = field(default_factory=set)

    def look(self, seen: Seen) -> list[str]:
        """What is wrong."""
        claims = [*held(seen), *resting(seen)]
        own = [claim for claim in claims if not claim.rests]
        most = sum((max(claim.cost, abs(claim.net)) for claim in own), NOTHING)
        self.orders, self.fills = len(seen.orders), len(seen.fills)
        self.owners |= {intent.strategy for intent in seen.intents.values()}
        self.peak = max(self.peak, seen.cash + most)
        return [
            *self.of_owners(claims, seen),
            *self.of_money(claims, seen),
            *self.of_counts(claims, seen),
        ]

    @property
    def bankroll(self) -> Fraction:
        limit = self.settings.trading.capital_limit
        return self.peak if limit is None else min(self.peak, dollars(limit))

    def of_owners(self, claims: Sequence[Claim], seen: Seen) -> Iterator[str]:
        """Markets of more than one, now or at any fill on the way."""
        owners: dict[str, set[str]] = defaultdict(set)
        for claim in claims:
            owners[claim.ticker].add(claim.owner)
        for ticker, found in owners.items():
            if len(found) != 1:
                yield f"{ticker} belongs to {', '.join(sorted(found))}"
        nets: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        for fill in in_turn(seen.fills):
            own = nets[fill.ticker]
            own[seen.intents[fill.order_id].strategy] += signed(fill)
            holders = sorted(name for name, net in own.items() if net)
            if len(holders) > 1:
                yield f"{fill.ticker} was held by {', '.join(holders)} at {fill.at_us}"

    def of_money(self, claims: Sequence[Claim], seen: Seen) -> Iterator[str]:
        """More at risk than there is, or than a limit has it."""
        committed = sum((claim.cost for claim in claims if claim.rests), NOTHING)
        if committed > seen.cash:
            yield f"what rests may take ${float(committed):.2f} of ${float(seen.cash):.2f}"
        for name, own, share in self._bounds(claims, seen):
            lost, most = worst(own, seen.places), Fraction(share or 0) * self.bankroll
            if share is not None and lost > most + CENT:
                yield f"{name} may lose ${float(lost):.2f}, at most ${float(most):.2f} may be"
        largest = self.settings.trading.max_single_position
        for order in seen.orders:
            cost = price(order.side, order.price.units) * Fraction(order.initial.units, 100)
            is_exit = seen.intents[order.order_id].purpose is Purpose.EXIT
            if largest is not None and not is_exit and cost > largest * self.bankroll + CENT:
                yield f"an order in {order.ticker} may cost ${float(cost):.2f}"

    def _bounds(
        self, claims: Sequence[Claim], seen: Seen
    ) -> Iterator[tuple[str, Sequence[Claim], float | None]]:
        """What together may lose at most a share of the bankroll."""
        risk, shares = self.settings.risk, self.settings.allocation.shares
        yield "the account", claims, risk.max_account_exposure
        if self.settings.portfolio.lend_unused_shares:
            yield "all shares", claims, sum(shares.values())
        else:
            for name, share in shares.items():
                yield name, [each for each in claims if each.owner == name], share
        groups: tuple[tuple[Callable[[str], str], float | None], ...] = (
            (lambda ticker: ticker, risk.max_market_exposure),
            (lambda ticker: seen.places[ticker].event, risk.max_event_exposure),
            (lambda ticker: seen.places[ticker].category, risk.max_category_exposure),
            (lambda ticker: seen.places[ticker].series, risk.max_cluster_exposure),
            (lambda ticker: f"day {seen.places[ticker].day}", risk.max_cluster_exposure),
        )
        for group, share in groups:
            for name in sorted({group(ticker) for ticker in seen.places}):
                yield name, [each for each in claims if group(each.ticker) == name], share

    def of_counts(self, claims: Sequence[Claim], seen: Seen) -> Iterator[str]:
        """More markets, or more orders in a time, than a limit has it."""
        risk = self.settings.risk
        markets = {claim.ticker for claim in claims}
        if risk.max_positions is not None and len(markets) > risk.max_positions:
            yield f"{len(markets)} markets, at most {risk.max_positions} may be"
        entries: dict[tuple[str, str], list[int]] = defaultdict(list)
        for order in seen.orders:
            intent = seen.intents[order.order_id]
            if intent.purpose is Purpose.ENTRY:
                entries[intent.strategy, intent.ticker].append(order.created_us)
        every = [at_us for own in entries.values() for at_us in own]
        counts = [
            ("entries an hour", most_within(every, HOUR), risk.max_trades_per_hour),
            ("orders a minute", most_with_an_entry(seen, MINUTE), risk.max_orders_per_minute),
            *(
                (f"entries of {name} a day in {ticker}", most_within(own, DAY), most)
                for (name, ticker), own in entries.items()
                for most in (risk.max_entries_per_market,)
            ),
        ]
        for what, count, most in counts:
            if most is not None and count > most:
                yield f"{count} {what}, at most {most} may be"


def held(seen: Seen) -> Iterator[Claim]:
    """What each owner's fills have left in markets that are not over."""
    found: dict[tuple[str, str], tuple[Fraction, Fraction]] = {}
    for fill in in_turn(seen.fills):
        if fill.ticker in seen.over:
            continue
        key = (fill.ticker, seen.intents[fill.order_id].strategy)
        net, cost = found.get(key, (NOTHING, NOTHING))
        sign, count = fill.side.sign, Fraction(fill.count.units, 100)
        if net * sign < 0:
            closed = min(count, abs(net))
            cost -= cost * closed / abs(net)
            net, count = net + sign * closed, count - closed
        found[key] = (net + sign * count, cost + price(fill.side, fill.price.units) * count)
    for key, (net, cost) in found.items():
        if net:
            yield Claim(*key, net, cost, rests=False)


def resting(seen: Seen) -> Iterator[Claim]:
    """What rests beyond what it closes."""
    nets: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for fill in seen.fills:
        nets[fill.ticker, seen.intents[fill.order_id].strategy] += signed(fill)
    for order in seen.orders:
        intent, left = seen.intents[order.order_id], Fraction(order.remaining.units, 100)
        if intent.purpose is Purpose.EXIT or not left:
            continue
        closes = max(NOTHING, -order.side.sign * nets[order.ticker, intent.strategy])
        opens = max(NOTHING, left - closes)
        cost = price(order.side, order.price.units) * opens
        yield Claim(order.ticker, intent.strategy, order.side.sign * opens, cost, rests=True)


def worst(claims: Sequence[Claim], places: Mapping[str, Place]) -> Fraction:
    """Dollars lost where each event ends worst: an exclusive one has one market at most that is
    YES, any other as many as may be.
    """
    events: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        place = places[claim.ticker]
        events[place.event if place.is_exclusive else claim.ticker].append(claim)
    total = NOTHING
    for own in events.values():
        tickers = {claim.ticker for claim in own}
        ends = [sum((c.lost(yes=c.ticker == won) for c in own), NOTHING) for won in (*tickers, "")]
        total += max(ends)
    return total


def most_within(instants: Sequence[int], span_us: int) -> int:
    """The most of some instants that lie within a span."""
    ordered = sorted(instants)
    first, most = 0, 0
    for last, at_us in enumerate(ordered):
        while at_us - ordered[first] >= span_us:
            first += 1
        most = max(most, last - first + 1)
    return most


def most_with_an_entry(seen: Seen, span_us: int) -> int:
    """The most orders within a span of which the last is no exit: exits count, and never wait."""
    oldest_first = list(reversed(seen.orders))
    oldest_first.sort(key=lambda order: order.created_us)
    most = 0
    for number, last in enumerate(oldest_first, 1):
        if seen.intents[last.order_id].purpose is not Purpose.EXIT:
            recent = [o for o in oldest_first[:number] if last.created_us - o.created_us < span_us]
            most = max(most, len(recent))
    return most


def in_turn(fills: Sequence[Fill]) -> Sequence[Fill]:
    """Oldest first; of one instant as well, by the exchange's list, which has the newest first."""
    oldest_first = list(reversed(fills))
    return sorted(oldest_first, key=lambda each: each.at_us)


def signed(fill: Fill) -> Fraction:
    return fill.side.sign * Fraction(fill.count.units, 100)


def dollars(money: Money) -> Fraction:
    return Fraction(money.units, 1_000_000)


def price(side: Side, units: int) -> Fraction:
    """Dollars for a contract of what the side buys."""
    yes = Fraction(units, 10_000)
    return yes if side is Side.BID else 1 - yes
