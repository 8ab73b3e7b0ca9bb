"""Desks with all their strategies on many worlds: no limit is broken, no dollar is spent twice, and
all that is held has one owner.

The seed chooses shares, stakes, limits, the forecaster's error and the pace. What is checked is
told by the exchange's own lists of orders, fills, settlements and cash after each cycle, and added
up here. Of the desk's books only two things are believed: which strategy is behind an order, and
which events can have one outcome alone.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from kalshi_cli.bootstrap.desk import OpenDesk
from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import Fill, OrderIntent, OrderReport, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.scheduler.lanes import Loop, Stop
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Allocation, Intervals, Risk, Settings, Trading

STRATEGIES = ("directional_trading", "market_making", "quick_flip_scalping")
CENT = Fraction(1, 100)
"""What a limit may be off by, for fees."""
NOTHING = Fraction(0)


@dataclass(frozen=True)
class OwnersRun:
    """One world: what was sent and filled, who ever held or ordered anything, what was wrong."""

    seed: int
    orders: int
    fills: int
    owners: frozenset[str]
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """What may be lost in one market: contracts of YES (above zero) or NO, and their dollars."""

    ticker: str
    owner: str
    net: Fraction
    cost: Fraction
    rests: bool

    def lost(self, *, yes: bool) -> Fraction:
        """Dollars lost where the market ends so; what rests is filled only where that hurts."""
        pays = abs(self.net) if (self.net > 0) is yes else NOTHING
        return max(NOTHING, self.cost - pays) if self.rests else self.cost - pays


@dataclass
class Witness:
    """What is remembered from one look to the next; `peak` is the most the desk may be worth."""

    settings: Settings
    peak: Fraction = NOTHING
    orders: int = 0
    fills: int = 0
    owners: set[str] = field(default_factory=set)


def drawn(seed: int) -> Settings:
    """A desk of all strategies, whose shares come to at most the whole."""
    dice = random.Random(seed)
    parts = [dice.uniform(0.1, 1.0) for _ in STRATEGIES]
    whole = dice.uniform(0.3, 1.0) / sum(parts)
    return Settings(
        home=Path("unused"),
        trading=Trading(
            strategies=STRATEGIES,
            forecaster="oracle",
            oracle_error=dice.choice([0.0, 0.15, 0.5]),
            kelly_fraction=dice.uniform(0.1, 1.0),
            max_single_position=dice.uniform(0.01, 0.1),
            capital_limit=dice.choice(["unlimited", "300", "900"]),
        ),
        allocation=Allocation(
            **{name: part * whole for name, part in zip(STRATEGIES, parts, strict=True)}
        ),
        risk=Risk(
            max_market_exposure=dice.uniform(0.01, 0.1),
            max_account_exposure=dice.uniform(0.2, 0.9),
            max_positions=dice.randint(2, 20),
            max_trades_per_hour=dice.randint(2, 30),
        ),
        intervals=Intervals(sim_cycle_s=dice.choice([300.0, 900.0, 3_600.0])),
    )


async def run_owners(seed: int, *, cycles: int) -> OwnersRun:
    """One desk on one world, held to account after each cycle."""
    witness = Witness(drawn(seed))
    environment = Environment(Env.SIM, "a study", Path("unused"), seed=seed, in_memory=True)
    wrong: list[str] = []
    opened = open_desk(
        environment,
        witness.settings,
        command="study",
        trades=True,
        forecasts=True,
        single_step=False,
    )
    async with opened as desk:
        for _ in range(cycles):
            stop = Stop()
            await Loop(
                desk.lanes(stop), desk.clock, stop=stop, report=lambda _: None, cycles=1
            ).run()
            wrong += await _found(desk, witness)
    owners = frozenset(witness.owners)
    return OwnersRun(seed, witness.orders, witness.fills, owners, tuple(wrong))


async def _found(desk: OpenDesk, witness: Witness) -> list[str]:
    """What is wrong by the exchange's lists, which fit on a page each."""
    orders, fills = await desk.trading.orders(), await desk.trading.fills()
    settled, balance = await desk.trading.settlements(), await desk.trading.balance()
    assert not any(page.cursor for page in (orders, fills, settled))
    async with desk.store.unit(reads=True) as unit:
        known = await unit.journal.find(order_ids=[order.order_id for order in orders.items])
        entries = await unit.catalog.entries(tickers={order.ticker for order in orders.items})
    intents = {order.order_id or "": order.intent for order in known}
    cash = _dollars(balance.cash)
    over = {each.ticker for each in settled.items}
    claims = [*_held(fills.items, intents, over), *_resting(orders.items, fills.items, intents)]
    held = sum((claim.cost for claim in claims if not claim.rests), NOTHING)
    contracts = sum((abs(claim.net) for claim in claims if not claim.rests), NOTHING)
    witness.orders, witness.fills = len(orders.items), len(fills.items)
    witness.owners |= {claim.owner for claim in claims}
    witness.peak = max(witness.peak, cash + max(held, contracts))
    exclusive = {
        entry.market.ticker: entry.event.event_ticker
        for entry in entries
        if entry.event.mutually_exclusive
    }
    return list(_wrong(witness, claims, exclusive, cash))


def _dollars(money: Money) -> Fraction:
    return Fraction(money.units, 1_000_000)


def _held(fills: Sequence[Fill], intents: Mapping[str, OrderIntent], over: set[str]) -> list[Claim]:
    """What each owner's fills have left in markets that are not over."""
    held: dict[tuple[str, str], tuple[Fraction, Fraction]] = {}
    for fill in sorted(fills, key=lambda each: (each.at_us, each.fill_id)):
        if fill.ticker in over:
            continue
        key = (fill.ticker, intents[fill.order_id].strategy)
        net, cost = held.get(key, (NOTHING, NOTHING))
        sign, count = fill.side.sign, Fraction(fill.count.units, 100)
        if net * sign < 0:
            closed = min(count, abs(net))
            cost -= cost * closed / abs(net)
            net, count = net + sign * closed, count - closed
        held[key] = (net + sign * count, cost + _price(fill.side, fill.price.units) * count)
    return [Claim(*key, net, cost, rests=False) for key, (net, cost) in held.items() if net]


def _resting(
    orders: Sequence[OrderReport], fills: Sequence[Fill], intents: Mapping[str, OrderIntent]
) -> list[Claim]:
    """What rests beyond what it closes."""
    nets: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for fill in fills:
        key = (fill.ticker, intents[fill.order_id].strategy)
        nets[key] += fill.side.sign * Fraction(fill.count.units, 100)
    found = []
    for order in orders:
        intent, left = intents[order.order_id], Fraction(order.remaining.units, 100)
        if intent.purpose is Purpose.EXIT or not left:
            continue
        closes = max(NOTHING, -order.side.sign * nets[order.ticker, intent.strategy])
        opens = max(NOTHING, left - closes)
        cost = _price(order.side, order.price.units) * opens
        net = order.side.sign * opens
        found.append(Claim(order.ticker, intent.strategy, net, cost, rests=True))
    return found


def _price(side: Side, units: int) -> Fraction:
    """Dollars for a contract of what the side buys."""
    yes = Fraction(units, 10_000)
    return yes if side is Side.BID else 1 - yes


def _wrong(
    witness: Witness, claims: Sequence[Claim], exclusive: Mapping[str, str], cash: Fraction
) -> Iterator[str]:
    """Everything that is not as it must be."""
    owners: dict[str, set[str]] = defaultdict(set)
    for claim in claims:
        owners[claim.ticker].add(claim.owner)
    for ticker, found in owners.items():
        if len(found) != 1:
            yield f"{ticker} belongs to {', '.join(sorted(found))}"
    committed = sum((claim.cost for claim in claims if claim.rests), NOTHING)
    if committed > cash:
        yield f"what rests may take ${float(committed):.2f} of ${float(cash):.2f}"
    settings = witness.settings
    risk, limit = settings.risk, settings.trading.capital_limit
    bankroll = witness.peak if limit is None else min(witness.peak, _dollars(limit))
    bounds = [("the account", lambda _: True, risk.max_account_exposure)]
    for name, share in settings.allocation.shares.items():
        bounds.append((name, lambda claim, name=name: claim.owner == name, share))
    for ticker in owners:
        own = risk.max_market_exposure
        bounds.append((ticker, lambda claim, ticker=ticker: claim.ticker == ticker, own))
    for name, belongs, share in bounds:
        lost = worst([claim for claim in claims if belongs(claim)], exclusive)
        if share is not None and lost > Fraction(share) * bankroll + CENT:
            most = float(Fraction(share) * bankroll)
            yield f"{name} may lose ${float(lost):.2f}, at most ${most:.2f} may be"
    if risk.max_positions is not None and len(owners) > risk.max_positions:
        yield f"{len(owners)} markets, at most {risk.max_positions} may be"


def worst(claims: Sequence[Claim], exclusive: Mapping[str, str]) -> Fraction:
    """Dollars lost where each event ends worst: an exclusive one has one market at most that is
    YES, any other as many as may be.
    """
    events: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        events[exclusive.get(claim.ticker, claim.ticker)].append(claim)
    total = NOTHING
    for own in events.values():
        tickers = {claim.ticker for claim in own}
        ends = [sum((c.lost(yes=c.ticker == won) for c in own), NOTHING) for won in (*tickers, "")]
        total += max(NOTHING, *ends)
    return total


def told(runs: Sequence[OwnersRun]) -> str:
    """One line for all runs."""
    orders, fills = sum(run.orders for run in runs), sum(run.fills for run in runs)
    several = sum(1 for run in runs if len(run.owners) > 1)
    wrong = sum(1 for run in runs if run.wrong)
    return (
        f"{len(runs)} worlds, {orders} orders, {fills} fills; in {several} more than one strategy "
        f"traded; {wrong} worlds with anything wrong"
    )
