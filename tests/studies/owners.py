"""Desks with all their strategies on many worlds: no limit is broken, no dollar is spent twice, and
all that is held has one owner.

The seed chooses the world (`harbour.toml`), the order of the strategies, shares, stakes, limits,
the forecaster's error and the pace. What is checked is told by the exchange's own lists after each
cycle, and added up by `witness.py`. A new desk flips nothing for days; that these do from the first
pass on, their record begins with trials as if all had hit: what flips earn is for another study.
"""

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from kalshi_cli.bootstrap.desk import OpenDesk
from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import HOUR, SECOND, day_of
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trial import Ending, Trial, Verdict
from kalshi_cli.evaluation.flips import ALIKE, LEAST_TRIALS
from kalshi_cli.scheduler.lanes import Loop, Ran, Stop
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import (
    Allocation,
    Intervals,
    Portfolio,
    QuickFlip,
    Risk,
    Settings,
    Trading,
)
from kalshi_cli.steps.paging import collect
from kalshi_cli.steps.track import TrackResult
from kalshi_cli.steps.trade import TradeResult
from tests.studies.witness import Place, Seen, Witness, dollars

PLAN = Path(__file__).with_name("harbour.toml")
FLIPS = "quick_flip_scalping"
STRATEGIES = ("directional_trading", "market_making", FLIPS)
CATEGORIES = ("Newsroom", "Sailing")
NEEDED = range(11, 15)
"""Flips there need between half and seven tenths of their trials to hit, in steps of `ALIKE`."""


@dataclass(frozen=True)
class OwnersRun:
    """One world: what was sent and filled, who ever ordered anything, how often a strategy was
    denied another's market, and what was wrong.
    """

    seed: int
    orders: int
    fills: int
    owners: tuple[str, ...]
    contested: int
    wrong: tuple[str, ...]


def drawn(seed: int) -> Settings:
    """A desk of all strategies, whose shares come to at most the whole."""
    dice = random.Random(seed)
    parts = [dice.uniform(0.1, 1.0) for _ in STRATEGIES]
    whole = dice.uniform(0.3, 1.0) / sum(parts)
    shares = {name: part * whole for name, part in zip(STRATEGIES, parts, strict=True)}
    return Settings(
        home=Path("unused"),
        trading=Trading(
            strategies=tuple(dice.sample(STRATEGIES, len(STRATEGIES))),
            forecaster="oracle",
            oracle_error=dice.choice([0.0, 0.15, 0.5]),
            kelly_fraction=dice.uniform(0.1, 1.0),
            max_single_position=dice.uniform(0.01, 0.1),
            min_net_edge=dice.uniform(0.01, 0.06),
            capital_limit=dice.choice(["unlimited", "300", "900"]),
        ),
        allocation=Allocation(**shares),
        portfolio=Portfolio(
            method=dice.choice(["kelly", "kelly", "risk_parity", "fixed"]),
            contracts=dice.choice(["whole", "fractional"]),
            lend_unused_shares=dice.random() < 0.3,
        ),
        risk=Risk(
            max_market_exposure=dice.uniform(0.01, 0.1),
            max_event_exposure=dice.uniform(0.02, 0.15),
            max_cluster_exposure=dice.uniform(0.05, 0.5),
            max_category_exposure=dice.uniform(0.1, 0.6),
            max_account_exposure=dice.uniform(0.2, 0.9),
            max_positions=dice.randint(2, 20),
            max_trades_per_hour=dice.randint(2, 30),
            max_orders_per_minute=dice.randint(5, 60),
            max_entries_per_market=dice.randint(1, 4),
        ),
        quick_flip=QuickFlip(push_minutes=dice.choice([5.0, 10.0])),
        intervals=Intervals(sim_cycle_s=dice.choice([300.0, 300.0, 420.0, 900.0])),
    )


def plan(seed: int) -> str:
    """A world of a dozen markets or so."""
    dice = random.Random(-1 - seed)
    return Template(PLAN.read_text("utf-8")).substitute(
        markets=dice.randint(8, 16),
        news=round(dice.uniform(1.0, 4.0), 2),
        cash=dice.choice(["400.00", "2000.00", "10000.00"]),
        error=round(dice.uniform(0.1, 0.6), 2),
        half_spread=dice.choice([0.015, 0.02, 0.03, 0.05]),
        trades=round(dice.uniform(4.0, 40.0), 1),
        informed=round(dice.uniform(0.0, 0.6), 2),
    )


async def run_owners(seed: int, *, cycles: int) -> OwnersRun:
    """One desk on one world, held to account after each cycle."""
    settings = drawn(seed)
    witness, wrong, contested = Witness(settings), [], 0

    def report(ran: Ran) -> None:
        nonlocal contested
        if isinstance(ran.result, TradeResult):
            contested += sum(each.denial.code == "MARKET_OWNED" for each in ran.result.denied)
        if isinstance(ran.result, TrackResult):
            wrong.extend(map(str, ran.result.reconciled.differences))

    with ExitStack() as stack:
        world = Path(stack.enter_context(TemporaryDirectory())) / "world.toml"
        world.write_text(plan(seed), "utf-8")
        environment = Environment(
            Env.SIM, "a study", Path("unused"), seed=seed, in_memory=True, world=str(world)
        )
        opened = open_desk(
            environment,
            settings,
            command="study",
            trades=True,
            forecasts=True,
            single_step=False,
        )
        async with opened as desk:
            await _prove(desk)
            for _ in range(cycles):
                pace_us = int(settings.intervals.sim_cycle_s * SECOND)
                await desk.clock.sleep_until(desk.clock.now() + pace_us)
                lanes = desk.lanes(stop := Stop())
                await Loop(lanes, desk.clock, stop=stop, report=report, cycles=1).run()
                wrong += witness.look(await _seen(desk))
    owners = tuple(sorted(witness.owners))
    return OwnersRun(seed, witness.orders, witness.fills, owners, contested, tuple(wrong))


async def _prove(desk: OpenDesk) -> None:
    """Put trials of flips on record as if all had hit, of every signal that there may be."""
    signals = [f"{each}, up to {step * ALIKE:.2f}" for each in CATEGORIES for step in NEEDED]
    now_us = desk.clock.now()
    trials = [
        _trial(each, now_us - (n + 2) * HOUR) for each in signals for n in range(LEAST_TRIALS)
    ]
    verdicts = [Verdict(trial, Ending.HIT, trial.until_us) for trial in trials]
    async with desk.store.unit() as unit:
        await unit.trials.begin(trials)
        await unit.trials.judge(verdicts)
        await unit.commit()


def _trial(signal: str, at_us: int) -> Trial:
    """One an hour: those of one hour may be about one move, and would count as one."""
    market = f"{signal}, {at_us}"
    prices = (Price(5_000), Price(6_000), Price(4_000), Price(100))
    return Trial(FLIPS, signal, market, market, Side.BID, *prices, at_us, at_us + HOUR)


async def _seen(desk: OpenDesk) -> Seen:
    """What the exchange lists of the account, and whose orders these are by the desk's books."""
    trading = desk.trading
    orders = await collect(lambda cursor: trading.orders(cursor=cursor))
    fills = await collect(lambda cursor: trading.fills(cursor=cursor))
    settled = await collect(lambda cursor: trading.settlements(cursor=cursor))
    assert all((orders.complete, fills.complete, settled.complete))
    balance = await trading.balance()
    async with desk.store.unit(reads=True) as unit:
        known = await unit.journal.find(order_ids=[order.order_id for order in orders.items])
        entries = await unit.catalog.entries(tickers={order.ticker for order in orders.items})
    return Seen(
        orders=orders.items,
        fills=fills.items,
        over=frozenset(each.ticker for each in settled.items),
        cash=dollars(balance.cash),
        intents={order.order_id or "": order.intent for order in known},
        places={
            entry.market.ticker: Place(
                event=entry.event.event_ticker,
                category=entry.event.category,
                series=entry.event.series_ticker,
                day=day_of(entry.market.expires_us),
                is_exclusive=entry.event.mutually_exclusive,
            )
            for entry in entries
        },
    )


def kept(log: Path) -> Mapping[int, OwnersRun]:
    """The runs that a log has, by seed; those of another version of the code as well."""
    if not log.exists():
        return {}
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    runs = [
        OwnersRun(**{**line, "owners": tuple(line["owners"]), "wrong": tuple(line["wrong"])})
        for line in lines
    ]
    return {run.seed: run for run in runs}


def keeping(log: Path, runs: Iterable[OwnersRun]) -> Iterator[OwnersRun]:
    """The same runs, each in the log before it is told of."""
    with log.open("a", encoding="utf-8") as file:
        for run in runs:
            file.write(json.dumps(asdict(run)) + "\n")
            file.flush()
            yield run


def told(runs: Sequence[OwnersRun]) -> str:
    """All runs, in a few lines."""
    orders, fills = sum(run.orders for run in runs), sum(run.fills for run in runs)
    traded = {name: sum(name in run.owners for run in runs) for name in STRATEGIES}
    several = sum(len(run.owners) > 1 for run in runs)
    contested = sum(run.contested > 0 for run in runs)
    wrong = sum(bool(run.wrong) for run in runs)
    return (
        f"{len(runs)} worlds, {orders} orders, {fills} fills; "
        + ", ".join(f"{name} ordered in {count}" for name, count in traded.items())
        + f"\nmore than one strategy in {several}; in {contested} one was denied another's market\n"
        f"{wrong} worlds with anything wrong"
    )
