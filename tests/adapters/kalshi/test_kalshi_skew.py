"""This machine's clock against the exchange's: measured, narrowed, void after a jump, obeyed."""

import json
from dataclasses import dataclass, field
from email.utils import formatdate

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from fakes.clock import START_US, FakeClock
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.adapters.kalshi.connection import KalshiConnection, connect
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.kalshi.skew import Bounds, Moment, Skew, refusal_of, warning_of
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import OrderIntent, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import ConfigError, Halted, Unavailable
from kalshi_cli.ports.exchange import CancellationKind, OutcomeKind, PlacementKind
from kalshi_cli.ports.groups import OrderGroup

S = SECOND
ways = st.integers(0, S)


@given(
    skew_us=st.integers(-20 * S, 20 * S),
    answers=st.lists(st.tuples(st.integers(0, 5 * S), ways, ways), min_size=1, max_size=30),
)
def test_the_truth_lies_within_the_bounds(skew_us: int, answers: list[tuple[int, int, int]]):
    """Each answer is asked for after a pause, made after one way, and here after the other."""
    skew, now = Skew(lambda: now * 1_000), START_US
    narrowest = None
    for pause, out, back in answers:
        sent_us = now + pause
        made_us, now = sent_us + out, sent_us + out + back
        date_us = (made_us + skew_us) // S * S
        skew.measure(date_us, Moment(sent_us, sent_us), Moment(now, now))
        bounds = skew.bounds(Moment(now, now))
        assert bounds is not None
        assert bounds.low_us <= skew_us <= bounds.high_us
        width = bounds.high_us - bounds.low_us
        assert width <= S + out + back
        narrowest = width if narrowest is None else min(width, narrowest)
        assert width <= narrowest + 31 * 7 * S * 100 // S, "no more than the clocks may part"


def test_answers_at_different_parts_of_a_second_narrow_it_down():
    """The exchange is 0.3 s ahead: asked each 0.9 s, its seconds turn at ours plus 0.7."""
    skew = Skew(lambda: 0)
    for n in range(11):
        at = START_US + n * 900_000
        skew.measure((at + 300_000) // S * S, Moment(at, at), Moment(at, at))
    bounds = skew.bounds(Moment(at, at))
    assert bounds is not None
    assert bounds.high_us - bounds.low_us <= 102_000
    assert bounds.low_us <= 300_000 <= bounds.high_us


def test_a_clock_that_was_set_right_is_measured_anew():
    """The clock of the day jumps by 8 s: what was measured before says nothing any more."""
    skew = Skew(lambda: 0)
    skew.measure(START_US + 8 * S, Moment(START_US, 0), Moment(START_US, 0))
    assert skew.bounds(Moment(START_US + S, S)) is not None
    after = Moment(START_US + 9 * S, S)
    assert skew.bounds(after) is None
    skew.measure(START_US + 9 * S, after, after)
    assert skew.bounds(after) == Bounds(0, S)


def test_an_answer_across_a_jump_or_too_slow_says_nothing():
    skew = Skew(lambda: 0)
    skew.measure(START_US, Moment(START_US, 0), Moment(START_US + 9 * S, S))
    skew.measure(START_US, Moment(START_US, 0), Moment(START_US + 3 * S, 3 * S))
    assert skew.bounds(Moment(START_US, 0)) is None


@pytest.mark.parametrize(
    ("low_us", "high_us", "warned", "refused"),
    [
        (-S, S, False, False),
        (500_000, 1_500_000, False, False),
        (S, 2 * S, True, False),
        (-2 * S, -S, True, False),
        (2_400_000, 3_400_000, True, False),
        (2_500_000, 3_500_000, True, True),
        (-4 * S, -3 * S, True, True),
    ],
)
def test_a_second_is_told_and_three_are_refused(low_us, high_us, warned, refused):
    bounds = Bounds(low_us, high_us)
    assert (warning_of(bounds) != "") is warned
    assert (refusal_of(bounds) is not None) is refused


def test_the_words_say_which_way_and_what_to_do():
    assert warning_of(Bounds(1_600_000, 1_600_000)).startswith(
        "this machine's clock is 1.6 s behind the exchange's; set it"
    )
    refusal = refusal_of(Bounds(-4 * S, -4 * S))
    assert refusal is not None
    assert str(refusal) == (
        "This machine's clock is 4.0 s ahead of the exchange's: nothing is sent but cancels."
    )
    assert "NTP" in refusal.remedy
    assert (warning_of(None), refusal_of(None)) == ("", None)


@dataclass(slots=True)
class Exchange:
    """Answers every request, `ahead_us` of our clock; down where it is None."""

    clock: FakeClock
    ahead_us: int | None
    asked: list[str]
    headers: dict[str, str | None] = field(default_factory=dict)
    """Other headers than the right date, or none."""
    status: int = 200
    takes_us: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path.removeprefix('/trade-api/v2')}")
        if self.ahead_us is None:
            raise httpx.ConnectError("refused", request=request)
        self.clock.wall_us += self.takes_us
        date = formatdate((self.clock.wall_us + self.ahead_us) // S, usegmt=True)
        order_id = request.url.path.rpartition("/")[2]
        sent = json.loads(request.content) if request.content else {}
        body = {
            "order_id": order_id,
            "client_order_id": sent.get("client_order_id"),
            "fill_count": "0.00",
            "remaining_count": "1.00",
            "reduced_by": "1.00",
            "exchange_active": True,
            "trading_active": True,
            "ts_ms": 1,
        }
        headers = {"date": date} | self.headers
        told = {name: text for name, text in headers.items() if text is not None}
        return httpx.Response(self.status, json=body, headers=told)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def exchange(clock: FakeClock) -> Exchange:
    return Exchange(clock, 0, [])


@pytest.fixture
def connection(clock: FakeClock, exchange: Exchange) -> KalshiConnection:
    found = connect(
        base_url="http://exchange.test",
        signer=Signer("key", ed25519.Ed25519PrivateKey.generate()),
        clock=clock,
        transport=httpx.MockTransport(exchange),
        paced=False,
    )
    found._rest.skew.monotonic = lambda: (clock.wall_us - START_US) * 1_000
    return found


INTENT = OrderIntent(
    ticker="KXA-1",
    event_ticker="KXA",
    strategy="directional",
    purpose=Purpose.ENTRY,
    side=Side.BID,
    count=Contracts.parse("1.00"),
    limit=Price.parse("0.5000"),
    time_in_force=TimeInForce.GTC,
    reason="because",
)


@pytest.mark.parametrize("ahead_us", [-9 * S, -4 * S, 4 * S, 9 * S])
async def test_by_a_wrong_clock_nothing_is_sent_but_cancels(
    connection: KalshiConnection, exchange: Exchange, ahead_us: int
):
    exchange.ahead_us = ahead_us
    assert connection.trading is not None
    async with connection:
        await connection.market_data.exchange_status()
        placed = await connection.trading.place("c1", INTENT)
        assert (placed.kind, placed.code) == (PlacementKind.NOT_SENT, "clock_off")
        assert "nothing is sent but cancels" in placed.message
        with pytest.raises(ConfigError, match="clock is"):
            await connection.check_clock()
        cancelled = await connection.trading.cancel("o1", "KXA-1", 0)
        assert cancelled.kind is CancellationKind.CANCELED
        group = OrderGroup("g1", 0, None, triggered=False)
        assert (await connection.groups.trigger(group)).kind is OutcomeKind.DONE
        assert (await connection.groups.reset(group)).code == "clock_off"
        await connection.market_data.exchange_status()
    assert not [asked for asked in exchange.asked if asked.startswith("POST")]


async def test_a_clock_that_is_near_enough_trades(connection: KalshiConnection, exchange: Exchange):
    exchange.ahead_us = 2 * S
    assert connection.trading is not None
    async with connection:
        await connection.market_data.exchange_status()
        assert (await connection.trading.place("c1", INTENT)).kind is PlacementKind.ACCEPTED
        assert connection.skew is not None
        assert warning_of(connection.skew)


async def test_a_machine_that_slept_measures_before_it_trades(
    connection: KalshiConnection, exchange: Exchange, clock: FakeClock
):
    """An hour's sleep: the steady clock stood still, and the clock of the day came back wrong."""
    assert connection.trading is not None
    async with connection:
        await connection.market_data.exchange_status()
        clock.wall_us += 3_600 * S
        connection._rest.skew.monotonic = lambda: 0
        exchange.ahead_us = 5 * S
        exchange.asked.clear()
        placed = await connection.trading.place("c1", INTENT)
        assert placed.kind is PlacementKind.NOT_SENT
        assert exchange.asked == ["GET /portfolio/balance"]
        exchange.ahead_us = 0
        clock.wall_us += 5 * S
        placed = await connection.trading.place("c1", INTENT)
        assert placed.kind is PlacementKind.ACCEPTED
        assert exchange.asked[1:] == ["GET /portfolio/balance", "POST /portfolio/events/orders"]


async def test_a_machine_that_slept_and_cannot_ask_does_not_trade(
    connection: KalshiConnection, exchange: Exchange, clock: FakeClock
):
    assert connection.trading is not None

    async def no_nap(_: float) -> None: ...

    connection._rest.sleep = no_nap
    async with connection:
        await connection.market_data.exchange_status()
        clock.wall_us += 3_600 * S
        connection._rest.skew.monotonic = lambda: 0
        exchange.ahead_us = None
        assert (await connection.trading.place("c1", INTENT)).kind is PlacementKind.NOT_SENT
        with pytest.raises(Unavailable):
            await connection.check_clock()


async def test_a_connection_measures_before_its_first_order(
    connection: KalshiConnection, exchange: Exchange
):
    assert connection.trading is not None
    async with connection:
        assert (await connection.trading.place("c1", INTENT)).kind is PlacementKind.ACCEPTED
        assert (await connection.trading.place("c2", INTENT)).kind is PlacementKind.ACCEPTED
    order = "POST /portfolio/events/orders"
    assert exchange.asked == ["GET /portfolio/balance", order, order]


async def test_a_refused_signature_tells_the_time_too(
    connection: KalshiConnection, exchange: Exchange
):
    exchange.status, exchange.ahead_us = 401, 40 * S
    assert connection.trading is not None
    async with connection:
        placed = await connection.trading.place("c1", INTENT)
        assert "40.5 s behind" in placed.message
    assert exchange.asked == ["GET /portfolio/balance"]


MONTHS_LATER = "Thu, 26 Nov 2026 09:59:99999999999999999999 GMT"
UNTOLD = [
    {"age": "0"},
    {"date": None},
    {"date": ""},
    {"date": "yesterday"},
    {"date": MONTHS_LATER},
    {"date": "Thu, 26 Nov 99999999999999999999 09:59:22 GMT"},
    {"date": "Thu, 26 Nov 9999 23:59:59 -2359"},
    {"date": "Thu, 26 Nov 2026 09:59:22 +99999999999"},
    {"date": "Thu, 26 Nov 2026 09:59:22 -0000"},
]


@pytest.mark.parametrize("headers", UNTOLD, ids=str)
async def test_by_a_clock_that_cannot_be_measured_nothing_is_sent_but_cancels(
    connection: KalshiConnection, exchange: Exchange, headers: dict[str, str | None]
):
    exchange.headers = headers
    assert connection.trading is not None
    async with connection:
        await connection.market_data.exchange_status()
        placed = await connection.trading.place("c1", INTENT)
        assert (placed.kind, placed.code) == (PlacementKind.NOT_SENT, "unavailable")
        assert "did not tell its time" in placed.message
        with pytest.raises(Unavailable, match="did not tell its time"):
            await connection.check_clock()
        cancelled = await connection.trading.cancel("o1", "KXA-1", 0)
        assert cancelled.kind is CancellationKind.CANCELED
    assert not [asked for asked in exchange.asked if asked.startswith("POST")]


async def test_after_a_jump_a_slow_answer_lets_no_order_through(
    connection: KalshiConnection, exchange: Exchange, clock: FakeClock
):
    assert connection.trading is not None
    async with connection:
        await connection.market_data.exchange_status()
        clock.wall_us += 3_600 * S
        connection._rest.skew.monotonic = lambda: (clock.wall_us - START_US - 3_600 * S) * 1_000
        exchange.takes_us = 2 * S + 1
        assert (await connection.trading.place("c1", INTENT)).kind is PlacementKind.NOT_SENT
        exchange.takes_us = 0
        assert (await connection.trading.place("c2", INTENT)).kind is PlacementKind.ACCEPTED


async def test_an_unreadable_date_does_not_hide_what_became_of_an_order(
    connection: KalshiConnection, exchange: Exchange
):
    assert connection.trading is not None
    async with connection:
        await connection.market_data.exchange_status()
        exchange.headers = {"date": MONTHS_LATER}
        assert (await connection.trading.place("c1", INTENT)).kind is PlacementKind.ACCEPTED


async def test_what_happens_while_an_order_waits_can_keep_it_here(
    connection: KalshiConnection, exchange: Exchange
):
    """The permit is asked after the read that measures the clock, and just before the order."""
    seen: list[list[str]] = []

    async def halted() -> None:
        seen.append(list(exchange.asked))
        raise Halted("The desk is halted.")

    assert connection.trading is not None
    async with connection:
        placed = await connection.trading.place("c1", INTENT, permit=halted)
    assert (placed.kind, placed.code) == (PlacementKind.NOT_SENT, "halted")
    assert seen == [exchange.asked] == [["GET /portfolio/balance"]]
