"""A world's history depends on its seed and our commands: not on hops, looks or restarts."""

from dataclasses import dataclass
from functools import cache

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_cli.domain.instant import DAY, HOUR, MINUTE
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.generated import EPOCH_US, GeneratedState, GeneratedWorld
from kalshi_cli.engine.schedule import in_weekly_pause
from kalshi_cli.engine.series_plan import SERIES
from kalshi_cli.engine.world import Occurrence, Printed
from kalshi_cli.engine.world_plan import Upsets, WorldPlan
from kalshi_cli.errors import InvalidValue, NotFound

SEED = 3
START = EPOCH_US + 3 * DAY + 7 * HOUR
"""An hour before the weekly pause."""
PLAN = WorldPlan(
    tuple(p for p in SERIES if p.ticker in {"KXETHD", "KXHOOPGAME", "KXLAUNCH"}),
    upsets=Upsets(scalar=0.1, pauses=0.8, disputes=0.5),
)
SPAN = 5 * HOUR


@cache
def _encoded_start() -> bytes:
    world = GeneratedWorld(SEED, START, PLAN)
    world.advance(START)
    return msgspec.msgpack.encode(world.state)


def thawed(frozen: bytes) -> GeneratedWorld:
    return GeneratedWorld.restore(msgspec.msgpack.decode(frozen, type=GeneratedState), PLAN)


def frozen(world: GeneratedWorld) -> bytes:
    return msgspec.msgpack.encode(world.state)


@cache
def tickers() -> tuple[str, ...]:
    return tuple(sorted(thawed(_encoded_start())._pits))


@dataclass(frozen=True)
class Act:
    """What we do at an instant: take, rest, leave, shrink, pause or resume a market."""

    after: int
    kind: str
    market: int
    side: Side
    cents: int
    count: int

    def do(self, world: GeneratedWorld) -> object:
        ticker, price = tickers()[self.market % len(tickers())], Price(100 * self.cents)
        count, name = Contracts(100 * self.count), f"{self.market}-{self.cents % 2}"
        try:
            match self.kind:
                case "take":
                    return world.take(ticker, self.side, price, count)
                case "join" | "shrink":
                    if not _crosses(world, ticker, self.side, price):
                        world.join(ticker, name, self.side, price, count)
                        if self.kind == "shrink":
                            world.reduce(ticker, name, Contracts(100))
                    return None
                case "leave":
                    return world.leave(ticker, name)
                case _:
                    return world.set_trading(ticker, active=self.kind == "resume")
        except (NotFound, InvalidValue) as error:
            return str(error)


def _crosses(world: GeneratedWorld, ticker: str, side: Side, price: Price) -> bool:
    against = world.ladders(ticker)[1 if side is Side.BID else 0]
    return bool(against) and side.sign * (price.units - against[0].price.units) >= 0


ACTS = st.lists(
    st.builds(
        Act,
        st.integers(0, SPAN),
        st.sampled_from(("take", "join", "join", "join", "shrink", "leave", "pause", "resume")),
        st.one_of(st.just(0), st.integers(0, 12)),
        st.sampled_from(Side),
        st.integers(1, 99),
        st.integers(1, 400),
    ),
    max_size=12,
).map(lambda acts: sorted(acts, key=lambda act: act.after))
STOPS = st.lists(
    st.tuples(st.integers(0, SPAN // MINUTE).map(lambda m: m * MINUTE), st.booleans()), max_size=6
)


def lived(
    acts: list[Act], stops: list[tuple[int, bool]]
) -> tuple[tuple[Occurrence, ...], list[object], bytes]:
    """What happens and what we get until the end; at each stop we look, and perhaps restart."""
    world = thawed(_encoded_start())
    happened: list[Occurrence] = []
    answers: list[object] = []
    todo: list[tuple[int, int, Act | bool]] = [(act.after, 1, act) for act in acts]
    todo += [(at, 0, restart) for at, restart in stops]
    for after, _, what in sorted(todo, key=lambda entry: entry[:2]):
        happened.extend(world.advance(START + after))
        if isinstance(what, Act):
            answers.append(what.do(world))
            continue
        for ticker in tickers():
            if ticker in world._pits:
                world.ladders(ticker), world.tally(ticker), world.truth(ticker)
        world.quotes_at(tickers()[0], START)
        if what:
            world = thawed(frozen(world))
    happened.extend(world.advance(START + SPAN))
    return tuple(happened), answers, frozen(world)


@settings(max_examples=20, deadline=None)
@given(ACTS, STOPS)
def test_hops_looks_and_restarts_change_nothing(
    acts: list[Act], stops: list[tuple[int, bool]]
) -> None:
    assert lived(acts, stops) == lived(acts, [])


@settings(max_examples=15, deadline=None)
@given(ACTS)
def test_our_acts_shift_nobody_elses_noise(acts: list[Act]) -> None:
    touched = {tickers()[act.market % len(tickers())] for act in acts}
    ours, alone = thawed(_encoded_start()), thawed(_encoded_start())
    for act in acts:
        ours.advance(START + act.after)
        act.do(ours)
    ours.advance(START + SPAN)
    alone.advance(START + SPAN)
    assert list(ours._pits) == list(alone._pits)
    for ticker in ours._pits:
        assert ours.truth(ticker) == alone.truth(ticker)
        assert ours.quotes_at(ticker, START + SPAN) == alone.quotes_at(ticker, START + SPAN)
        if ticker not in touched:
            assert ours.ladders(ticker) == alone.ladders(ticker)
            assert ours.tally(ticker) == alone.tally(ticker)


def test_nothing_trades_in_the_weekly_pause_and_books_stand_still() -> None:
    world = thawed(_encoded_start())
    before = world.advance(START + HOUR - 1)
    assert any(isinstance(o, Printed) for o in before)
    open_now = [t for t in world._pits if world._pits[t].is_open(world.now_us)]
    shown = {ticker: world.ladders(ticker) for ticker in open_now}
    paused = world.advance(START + HOUR)
    for minute in range(0, 120, 13):
        assert in_weekly_pause(START + HOUR + minute * MINUTE)
        paused += world.advance(START + HOUR + minute * MINUTE)
        still = [t for t in open_now if world._pits[t].is_open(world.now_us)]
        assert {t: world.ladders(t) for t in still} == {t: shown[t] for t in still}
        assert all(not world.take(t, Side.BID, Price(9_900), Contracts(100)) for t in still)
    paused += world.advance(START + 3 * HOUR - 1)
    assert not [o for o in paused if isinstance(o, Printed)]
    after = world.advance(START + 4 * HOUR)
    assert any(isinstance(o, Printed) for o in after)
    assert sum(world.ladders(t) == shown[t] for t in still) < len(still)


def test_an_order_in_a_market_that_nobody_visited_lately_waits_from_now_on() -> None:
    lived_on = thawed(_encoded_start())
    for minute in (42, 46, 50):
        lived_on.advance(START + minute * MINUTE)
    restarted = thawed(frozen(lived_on))
    joined = 0
    for ticker in tickers():
        for best in lived_on.ladders(ticker)[0][:1]:  # where there is a bid
            for world in (lived_on, restarted):
                world.join(ticker, ticker, Side.BID, best.price, Contracts(9_900))
                joined += 1
    assert joined >= 6
    happened = lived_on.advance(START + 59 * MINUTE)
    assert happened == restarted.advance(START + 59 * MINUTE)
    assert all(o.at_us > START + 50 * MINUTE for o in happened)
    assert frozen(lived_on) == frozen(restarted)
