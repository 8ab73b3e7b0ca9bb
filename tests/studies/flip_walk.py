"""Quick flips walked over a generated world: what the strategy sees, says and would have made.

No desk, no orders: the strategy looks every five minutes, its trials are judged by the world's
prints as a desk judges them. Each flip that it proposes, and that leaves the edge that a desk asks
for, is bought at the ask and sold at its target, at the print that stopped it, or at the bid once
its time is over, takers' fees included. Of prints beyond the target, that is all that counts.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kalshi_cli.bootstrap.strategies import strategy
from kalshi_cli.domain.fees import FeeTerms, fee_per_contract
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, day_of
from kalshi_cli.domain.market import Event, Market, Trade
from kalshi_cli.domain.money import NO_CONTRACTS, Money, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trial import ALIKE_US, Ending, HitRate, Trial, Verdict, verdict
from kalshi_cli.engine.generated import EPOCH_US, GeneratedWorld
from kalshi_cli.engine.plan_document import read_plan
from kalshi_cli.engine.recording import Recording
from kalshi_cli.engine.tape import TapeWorld
from kalshi_cli.engine.world import Listed, Printed
from kalshi_cli.evaluation.flips import LEAST_TRIALS, Spans
from kalshi_cli.forecasting.momentum import BEFORE, LEAST_PRINTS
from kalshi_cli.portfolio.edge import net_edge
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.looking import TRIALS_US
from kalshi_cli.strategies._base import Candidate, Strategy, View
from tests.fakes.decisions import proposed
from tests.studies.walked import candidate

PLAN = Path(__file__).parents[2] / "docs" / "worlds" / "late-news.toml"
NAME = "quick_flip_scalping"
LOOK_US = 5 * MINUTE
HOURS = 144
"""How long a world of the study lasts, in hours: days more than it takes until a signal has the
trials that a flip asks for.
"""
BANKROLL = Money.parse("10000.00")
LATE, NOISE = "late", "noise"
IN_TIME = {"underreaction": "0.9", "informed_share": "0.7"}
"""What makes the documented world what it is; without them prices are in time and takers noise."""


def plan(kind: str) -> str:
    """The documented world, or the same with prices in time and takers who know nothing."""
    text = PLAN.read_text("utf-8")
    if kind == LATE:
        return text
    for word, value in IN_TIME.items():
        assert text.count(f"{word} = {value}") == 1
        text = text.replace(f"{word} = {value}", f"{word} = 0.0")
    return text


@dataclass(frozen=True)
class Flip:
    """A flip that would have been made: how it ended, dollars that it brought a contract, and the
    day (UTC days) on which it began.
    """

    ending: Ending
    gain: float
    day: int


@dataclass(frozen=True)
class Walk:
    """What one world came to. `needed` is the hit rate that its trials needed on average. Those of
    one signal tell as much as `most` of their own, at most; as much as a flip asks for after
    `ready` hours, and None where never. `pushes` are what all trials would have made, and `flips`
    those that were traded.
    """

    seed: int
    record: HitRate
    most: float
    needed: float
    pushes: tuple[Flip, ...]
    flips: tuple[Flip, ...]
    ready: float | None


@dataclass
class _Walker:
    """`markets` are those open now; `needed` has the hit rate that each trial needed; at `ready_us`
    there were enough of one signal.
    """

    world: GeneratedWorld | TapeWorld
    flipper: Strategy
    least_edge: float
    markets: dict[str, tuple[Event, Market, FeeTerms]] = field(default_factory=dict)
    tapes: dict[str, list[Trade]] = field(default_factory=lambda: defaultdict(list))
    trying: dict[str, Trial] = field(default_factory=dict)
    judged: list[Verdict] = field(default_factory=list)
    needed: list[float] = field(default_factory=list)
    bought: set[tuple[str, int]] = field(default_factory=set)
    pushes: list[Flip] = field(default_factory=list)
    flips: list[Flip] = field(default_factory=list)
    most: float = 0.0
    ready_us: int | None = None

    def look(self, now_us: int) -> None:
        self._move(now_us)
        for event, trial in tuple(self.trying.items()):
            if trial.until_us < now_us:
                self._judge(self.trying.pop(event))
        candidates = tuple(
            self._candidate(*each, now_us)
            for ticker, each in self.markets.items()
            if self._is_printed(ticker, now_us)
        )
        rates = self._rates(now_us - TRIALS_US)
        self.most = max(self.most, most_told(rates.values()))
        if self.ready_us is None and self.most >= LEAST_TRIALS:
            self.ready_us = now_us
        view = View(now_us, candidates, BANKROLL, hit_rates=rates, trying=frozenset(self.trying))
        proposals = proposed(self.flipper, view)
        begun = {trial.ticker: trial for trial in self.flipper.tries(view)}
        for trial in begun.values():
            self.trying[trial.event_ticker] = trial
            known = rates.get(trial.signal)
            self.needed.append(self._needed(trial, 0.0 if known is None else known.slip))
        for proposal in proposals:
            edge = net_edge(
                proposal.side,
                fair=proposal.fair,
                price=proposal.limit,
                terms=self._fees(proposal.ticker),
                is_taker=True,
            )
            if edge >= self.least_edge:
                self.bought.add((proposal.ticker, begun[proposal.ticker].at_us))

    def _is_printed(self, ticker: str, now_us: int) -> bool:
        """Whether enough was printed of late for a push; where not, none is looked for."""
        recent = self.tapes[ticker][-LEAST_PRINTS:]
        window_us = self.flipper.tape_us // (1 + BEFORE)
        return len(recent) == LEAST_PRINTS and recent[0].at_us > now_us - window_us

    def _move(self, now_us: int) -> None:
        for occurrence in self.world.advance(now_us):
            if isinstance(occurrence, Listed):
                for market in occurrence.markets:
                    fees = occurrence.series.fees
                    self.markets[market.ticker] = occurrence.event, market, fees
            elif isinstance(occurrence, Printed):
                self.tapes[occurrence.trade.ticker].append(occurrence.trade)
        over = [t for t, (_, market, _) in self.markets.items() if market.close_us <= now_us]
        for ticker in over:
            del self.markets[ticker]

    def _candidate(self, event: Event, market: Market, fees: FeeTerms, now_us: int) -> Candidate:
        return candidate(
            self.world,
            event,
            market,
            fees,
            self.tapes[market.ticker],
            NO_CONTRACTS,
            since_us=now_us - self.flipper.tape_us,
            now_us=now_us,
        )

    def _judge(self, trial: Trial) -> None:
        found = verdict(trial, self.tapes[trial.ticker])
        self.judged.append(found)
        push = Flip(found.ending, self._gain(found), day_of(trial.at_us))
        self.pushes.append(push)
        if (trial.ticker, trial.at_us) in self.bought:
            self.flips.append(push)

    def _gain(self, found: Verdict) -> float:
        trial, is_hit = found.trial, found.ending is Ending.HIT
        left = trial.target if is_hit else found.left or self._bid(trial)
        fees = self._fees(trial.ticker)
        paid = float(trial.entry) + fee_per_contract(fees, trial.entry, is_taker=True)
        return float(left) - fee_per_contract(fees, left, is_taker=not is_hit) - paid

    def _bid(self, trial: Trial) -> Price:
        """What is bid for the outcome at the end of its time; nothing where nobody bids."""
        bids, asks = self.world.ladders(trial.ticker)
        levels = bids if trial.side is Side.BID else asks
        if not levels:
            return Price(0)
        return levels[0].price if trial.side is Side.BID else levels[0].price.complement

    def _fees(self, ticker: str) -> FeeTerms:
        return self.markets[ticker][2]

    def _needed(self, trial: Trial, slip: float) -> float:
        fees = self._fees(trial.ticker)
        cost = float(trial.entry) + fee_per_contract(fees, trial.entry, is_taker=True)
        lost = float(trial.stop) - slip - fee_per_contract(fees, trial.stop, is_taker=True)
        won = float(trial.target) - fee_per_contract(fees, trial.target, is_taker=False)
        return (cost - lost) / (won - lost)

    @property
    def record(self) -> HitRate:
        return _rate(self.judged)

    def _rates(self, since_us: int) -> dict[str, HitRate]:
        """What trials since an instant came to by their signal."""
        by_signal: dict[str, list[Verdict]] = defaultdict(list)
        for each in self.judged:
            if each.trial.at_us >= since_us:
                by_signal[each.trial.signal].append(each)
        return {signal: _rate(each) for signal, each in by_signal.items()}


def most_told(rates: Iterable[HitRate]) -> float:
    """How many trials of their own those of one signal are as good as, at most."""
    return max((rate.effective for rate in rates), default=0.0)


def _rate(judged: Sequence[Verdict]) -> HitRate:
    stopped = [each for each in judged if each.ending is Ending.STOPPED]
    hits = sum(each.ending is Ending.HIT for each in judged)
    slips = sum(each.slipped for each in stopped)
    spans: dict[int, list[int]] = defaultdict(list)
    for each in judged:
        spans[each.trial.at_us // ALIKE_US].append(each.ending is Ending.HIT)
    alike = Spans.of((len(own), sum(own)) for own in spans.values()).alike if judged else 1.0
    return HitRate(len(judged), hits, slips / len(stopped) if stopped else 0.0, alike)


def walk(kind: str, seed: int, *, hours: int = HOURS) -> Walk:
    """Walk the strategy over so many hours of a world."""
    world = GeneratedWorld(seed, plan=read_plan(tomllib.loads(plan(kind))))
    return _walked(seed, world, range(EPOCH_US, EPOCH_US + hours * HOUR + 1, LOOK_US))


def walk_tape(recording: Recording, *, days: int | None = None) -> Walk:
    """Walk it over a recording, or its first days."""
    end_us = max(event.finalized_us for event in recording.events)
    if days is not None:
        end_us = min(end_us, recording.start_us + days * DAY)
    return _walked(0, TapeWorld(recording), range(recording.start_us, end_us, LOOK_US))


def _walked(seed: int, world: GeneratedWorld | TapeWorld, looks: range) -> Walk:
    settings = Settings(home=Path("unused"))
    walker = _Walker(world, strategy(NAME, settings), settings.trading.min_net_edge)
    for now_us in looks:
        walker.look(now_us)
    needed = sum(walker.needed) / max(1, len(walker.needed))
    return Walk(
        seed=seed,
        record=walker.record,
        most=walker.most,
        needed=needed,
        pushes=tuple(walker.pushes),
        flips=tuple(walker.flips),
        ready=None if walker.ready_us is None else (walker.ready_us - looks.start) / HOUR,
    )
