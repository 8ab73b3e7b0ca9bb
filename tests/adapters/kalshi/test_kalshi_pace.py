"""The account's budget: never overspent, whatever we ask and however slow the network is.

The judge is the embedded exchange's own account of tokens, on the same virtual clock.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import httpx
import pytest
from answering import measured
from cryptography.hazmat.primitives.asymmetric import ed25519
from fakes.clock import FakeClock
from fakes.virtual_time import run_virtual, virtual_loop
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from kalshi_cli.adapters.kalshi.bucket import LONGEST_FLIGHT_S, TokenBucket, sleep_monotonic
from kalshi_cli.adapters.kalshi.client import RestClient
from kalshi_cli.adapters.kalshi.connection import KalshiConnection, connect
from kalshi_cli.adapters.kalshi.costs import EndpointCosts
from kalshi_cli.adapters.kalshi.pace import ANONYMOUS, BALANCE, BASIC, Pace
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.sim.access.budgets import COSTS, Budgets, bill_of
from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.engine.limits import Allowance, Tier, limits_of, take_all
from kalshi_cli.engine.limits import TokenBucket as ServersBucket
from kalshi_cli.errors import Refused, Unavailable
from kalshi_cli.ports.access import AccountLimits, Budget

ORDERS = "/portfolio/events/orders"
ONE = f"{ORDERS}/{{order_id}}"
BATCHED = f"{ORDERS}/batched"
TRIGGER = "/portfolio/order_groups/{order_group_id}/trigger"
GET_ORDER = "/portfolio/orders/{order_id}"
LISTED = EndpointCosts(
    10,
    {
        (method, tuple(path.replace("{", ":").replace("}", "").strip("/").split("/"))): cost
        for (method, path), cost in COSTS.items()
    },
)


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    simulation = open_simulation(None, seed=7)
    yield simulation
    simulation.close()


def limits(tier: Tier) -> AccountLimits:
    known = limits_of(tier)
    read, write = known.read, known.write
    return AccountLimits(tier, Budget(read.rate, read.capacity), Budget(write.rate, write.capacity))


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A request: when it is asked for, what it is, and how long each way takes, in seconds."""

    at: float
    method: str
    route: str
    out: float = 0.0
    back: float = 0.0
    items: int = 1
    signed: bool = True


@dataclass(slots=True)
class Judge:
    """The exchange: counts each request when it arrives."""

    budgets: Budgets
    refused: list[Call] = field(default_factory=list)
    spent: list[tuple[float, str, int]] = field(default_factory=list)

    def arrives(self, call: Call, now_s: float) -> bool:
        now_us, operation = int(now_s * 1e6), (call.method, call.route)
        if call.method != "GET":
            orders = ",".join(["{}"] * call.items)
            body = f'{{"exchange_index": 0, "orders": [{orders}]}}'.encode()
            bill = bill_of(operation, QueryParams("exchange_index=0"), body)
            bucket, tokens = "write", bill.tokens
            admitted = self.budgets.admits_write(bill, now_us)
        elif call.signed:
            bucket = "balance" if call.route == BALANCE else "read"
            tokens = COSTS.get(operation, 10)
            admitted = self.budgets.admits_read(operation, now_us)
        else:
            bucket, tokens = "stranger", 10
            admitted = self.budgets.admits_stranger("us", operation, now_us)
        self.spent.append((now_s, bucket, tokens))
        if not admitted:
            self.refused.append(call)
        return admitted


def traffic(
    calls: list[Call], tier: Tier = Tier.BASIC, *, told_at: float = 0.0
) -> tuple[Judge, dict[Call, float]]:
    """Send all calls at their times; what the exchange thought of it, and how long each waited.

    The exchange tells its limits and costs at `told_at`.
    """
    return run_virtual(_traffic(calls, tier, told_at))


async def _traffic(
    calls: list[Call], tier: Tier, told_at: float
) -> tuple[Judge, dict[Call, float]]:
    loop = virtual_loop()
    budgets = Budgets(0)
    budgets.enforce(tier, 0)
    judge, waits = Judge(budgets), dict[Call, float]()
    pace = Pace(monotonic=loop.monotonic_ns)
    loop.call_later(told_at, pace.learn, limits(tier), LISTED)

    async def one(call: Call) -> None:
        await sleep_monotonic(call.at)
        asked = loop.time()
        path = call.route.replace("{order_id}", "0f3a-91")
        charge = (
            await pace.read(path, signed=call.signed)
            if call.method == "GET"
            else await pace.write(call.method, path, call.items)
        )
        waits[call] = loop.time() - asked
        await sleep_monotonic(call.out)
        admitted = judge.arrives(call, loop.time())
        await sleep_monotonic(call.back)
        charge.settle(throttled=not admitted)

    await asyncio.gather(*(one(call) for call in calls))
    return judge, waits


latency = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.0, 1.0))
times = st.one_of(st.sampled_from([0.0, 0.5, 0.99]), st.floats(0.0, 4.0))
kinds = st.sampled_from(
    [
        ("GET", "/portfolio/orders", 1, True),
        ("GET", "/portfolio/orders", 1, True),
        ("GET", GET_ORDER, 1, True),
        ("GET", BALANCE, 1, True),
        ("GET", "/markets", 1, False),
        ("POST", ORDERS, 1, True),
        ("POST", ORDERS, 1, True),
        ("POST", BATCHED, 3, True),
        ("DELETE", ONE, 1, True),
        ("DELETE", BATCHED, 7, True),
    ]
)


@st.composite
def call(draw: st.DrawFn) -> Call:
    method, route, items, signed = draw(kinds)
    return Call(draw(times), method, route, draw(latency), draw(latency), items, signed)


bursts = st.lists(call(), min_size=1, max_size=60).flatmap(
    lambda some: st.integers(1, 4).map(lambda times: some * times)
)


@given(calls=bursts, tier=st.sampled_from(list(Tier)), told_at=times)
@settings(max_examples=150, deadline=None)
def test_alone_we_are_never_throttled(calls: list[Call], tier: Tier, told_at: float):
    judge, _ = traffic(calls, tier, told_at=told_at)
    assert judge.refused == []
    assert len(judge.spent) == len(calls)


@given(calls=bursts, tier=st.sampled_from([Tier.BASIC, Tier.EXPERT]))
@settings(max_examples=60, deadline=None)
def test_no_window_holds_more_than_the_budget(calls: list[Call], tier: Tier):
    """Counted by hand: between any two arrivals, the capacity and what came back in between."""
    judge, _ = traffic(calls, tier)
    known = limits_of(tier)
    allowed = {"read": known.read, "write": known.write, "balance": known.balance}
    allowed["stranger"] = limits_of(Tier.BASIC).read
    for name, allowance in allowed.items():
        spent = [(at, tokens) for at, bucket, tokens in judge.spent if bucket == name]
        for first, (start, _) in enumerate(spent):
            total = 0
            for at, tokens in spent[first:]:
                total += tokens
                assert total <= allowance.capacity + allowance.rate * (at - start) + 1e-6


@st.composite
def orders_and_cancels(draw: st.DrawFn) -> list[Call]:
    def some(method: str, route: str, most: int) -> list[Call]:
        moments = draw(st.lists(st.tuples(times, latency, latency), max_size=most))
        return [Call(at, method, route, out, back) for at, out, back in moments]

    return some("POST", ORDERS, 60) + some("DELETE", ONE, 60)


@given(calls=orders_and_cancels())
@settings(max_examples=100, deadline=None)
def test_cancels_wait_no_longer_than_if_nothing_else_were_sent(calls: list[Call]):
    """The bound is a bucket as large as the reserve that serves cancels alone."""
    _, waits = traffic(calls)
    cancels = [each for each in calls if each.method == "DELETE"]
    bound = run_virtual(_alone(cancels, Budget(BASIC.write.rate, 30)))
    for each in cancels:
        assert waits[each] <= bound[each] + 0.002 * len(cancels)


async def _alone(calls: list[Call], budget: Budget) -> Mapping[Call, float]:
    loop = virtual_loop()
    bucket, waits = TokenBucket(budget, monotonic=loop.monotonic_ns), dict[Call, float]()

    async def one(call: Call) -> None:
        await sleep_monotonic(call.at)
        asked = loop.time()
        charge = await bucket.admit(2)
        waits[call] = loop.time() - asked
        await sleep_monotonic(call.out + call.back)
        charge.settle()

    await asyncio.gather(*(one(call) for call in calls))
    return waits


def test_a_queue_of_orders_does_not_delay_fifteen_cancels():
    """30 tokens of the 100 are kept: fifteen cancels go at once, each further one in 2/98 s."""
    orders = [Call(0.0, "POST", ORDERS, 0.001 * n) for n in range(100)]
    cancels = [Call(1.0, "DELETE", ONE, 0.0, 0.0001 * n) for n in range(25)]
    judge, waits = traffic(orders + cancels)
    assert judge.refused == []
    waited = sorted(waits[each] for each in cancels)
    assert waited[:15] == [0.0] * 15
    assert 0 < waited[-1] < 10 * 2 / 98 + 0.03
    assert max(waits.values()) > 10 * len(orders) / 100 - 1.1


def test_a_queue_of_orders_does_not_delay_the_trigger_of_a_group_nor_the_cancels_after_it():
    """A halt begins with it: 10 of the 30 tokens, which leaves enough for ten cancels."""
    orders = [Call(0.0, "POST", ORDERS, 0.001 * n) for n in range(100)]
    halt = [Call(1.0, "PUT", TRIGGER)]
    halt += [Call(1.0, "DELETE", ONE, 0.0, 0.0001 * n) for n in range(10)]
    judge, waits = traffic(orders + halt)
    assert judge.refused == []
    assert [waits[each] for each in halt] == [0.0] * 11


def test_requests_that_dawdle_and_arrive_together_are_within_the_budget():
    """A bucket that counted at sending would have grown full again for the second seven."""
    slow = [Call(0.0, "POST", ORDERS, 1.0) for _ in range(7)]
    fast = [Call(0.99, "POST", ORDERS) for _ in range(7)]
    judge, waits = traffic(slow + fast)
    assert judge.refused == []
    assert max(waits[each] for each in fast) > 0.1


def test_hung_requests_do_not_hold_their_tokens_for_ever():
    """Seven orders hang, fifteen cancels as well: the next cancel waits until those count as sent.

    They were all set aside at once, so that nothing is left for two seconds.
    """
    hung = [Call(0.0, "POST", ORDERS, 0.0, 60.0 + n) for n in range(7)]
    hung += [Call(0.0, "DELETE", ONE, 0.0, 60.0 + n) for n in range(15)]
    late = Call(0.1, "DELETE", ONE)
    judge, waits = traffic([*hung, late])
    assert judge.refused == []
    assert waits[late] == pytest.approx(LONGEST_FLIGHT_S + 2 / 98 - 0.1, abs=0.05)


def test_a_throttled_request_empties_the_bucket_and_pays_nothing():
    """Somebody else used the account: 10 tokens then take 10/98 s, and are not paid twice."""

    async def main() -> None:
        loop = virtual_loop()
        bucket = TokenBucket(Budget(100, 100), monotonic=loop.monotonic_ns)
        (await bucket.admit(10)).settle(throttled=True)
        assert bucket.free == 0
        (await bucket.admit(10)).settle()
        assert loop.time() == pytest.approx(10 / 98, abs=0.002)

    run_virtual(main())


def test_a_bucket_that_changes_size_keeps_what_was_spent():
    async def main() -> None:
        bucket = TokenBucket(Budget(200, 600), monotonic=virtual_loop().monotonic_ns)
        (await bucket.admit(50)).settle()
        bucket.become(Budget(300, 900))
        assert bucket.free == 850
        bucket.become(Budget(10, 30))
        assert bucket.free == -20

    run_virtual(main())


def test_what_can_never_be_paid_is_refused_at_once():
    async def main() -> None:
        pace = Pace(monotonic=virtual_loop().monotonic_ns)
        with pytest.raises(Refused, match="80 tokens can never be sent"):
            await pace.write("POST", BATCHED, items=8)
        await pace.write("POST", BATCHED, items=7)

    run_virtual(main())


def test_a_batch_is_cut_to_what_can_ever_be_paid():
    """100 tokens, 30 of them for cancels alone: 7 orders at 10; 10 cancels at 10, or 50 at 2."""
    batch, pace = "/portfolio/events/orders/batched", Pace()
    assert (pace.largest_batch("POST", batch), pace.largest_batch("DELETE", batch)) == (7, 10)
    cancels = ("DELETE", ("portfolio", "events", "orders", "batched"))
    pace.learn(None, EndpointCosts(10, {cancels: 2}))
    assert (pace.largest_batch("POST", batch), pace.largest_batch("DELETE", batch)) == (7, 50)
    pace.learn(None, EndpointCosts(1000, {cancels: 0}))
    assert (pace.largest_batch("POST", batch), pace.largest_batch("DELETE", batch)) == (1, 100)


def test_one_order_fits_into_the_smallest_bucket():
    async def main() -> None:
        pace = Pace(monotonic=virtual_loop().monotonic_ns)
        pace.learn(AccountLimits("small", Budget(10, 10), Budget(10, 10)), None)
        await pace.write("POST", ORDERS)

    run_virtual(main())


@pytest.mark.parametrize(("tier", "calls"), [("basic", 1), ("expert", 5), ("unheard of", 1)])
def test_the_balance_is_asked_for_as_often_as_the_tier_allows(tier: str, calls: int):
    async def main() -> None:
        loop = virtual_loop()
        pace = Pace(monotonic=loop.monotonic_ns)
        pace.learn(AccountLimits(tier, BASIC.read, BASIC.write), None)
        for _ in range(20 + calls):
            (await pace.read(BALANCE, signed=True)).settle()
        assert loop.time() == pytest.approx(20 / calls / 0.98, rel=0.02)

    run_virtual(main())


class Exchange:
    """Answers over httpx as the judge decides, after a moment on the way."""

    def __init__(self, budgets: Budgets) -> None:
        self.judge = Judge(budgets)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        loop = asyncio.get_running_loop()
        await sleep_monotonic(0.02)
        path = request.url.path.removeprefix("/trade-api/v2")
        known = path if path in {ORDERS, "/portfolio/orders"} else ONE
        call = Call(0, request.method, known, signed="kalshi-access-key" in request.headers)
        admitted = self.judge.arrives(call, loop.time())
        await sleep_monotonic(0.02)
        return httpx.Response(200 if admitted else 429, json={"error": "too many requests"})


def test_others_on_the_account_cost_us_time_and_nothing_else():
    """Somebody takes every token at the start: reads and cancels get through all the same."""

    async def main() -> tuple[list[int], int]:
        loop = virtual_loop()
        budgets = Budgets(0)
        budgets.enforce(Tier.BASIC, 0)
        exchange = Exchange(budgets)
        while budgets.admits_read(("GET", "/portfolio/orders"), 0):
            pass
        while budgets.admits_write(bill_of(("DELETE", ONE), QueryParams(""), b""), 0):
            pass
        core = client_of(exchange, Pace(monotonic=loop.monotonic_ns))
        reads = [core.get("/portfolio/orders", signed=True) for _ in range(10)]
        writes = [core.write("DELETE", f"{ORDERS}/0f3a-9{n}", body=None) for n in range(10)]
        await asyncio.gather(*reads)
        answers = await asyncio.gather(*writes)
        await core.http.aclose()
        return [answer.status for answer in answers], len(exchange.judge.refused)

    statuses, refused = run_virtual(main())
    assert statuses == [200] * 10
    assert refused > 0


def test_an_exchange_that_has_nothing_for_us_is_unavailable_after_five_tries():
    async def main() -> None:
        handler = Script429()
        core = client_of(handler, Pace(monotonic=virtual_loop().monotonic_ns))
        with pytest.raises(Unavailable, match="429"):
            await core.get("/portfolio/orders", signed=True)
        answer = await core.write("POST", ORDERS, body=b"{}")
        assert (answer.status, handler.asked) == (429, 6), "a new order is the caller's to repeat"
        answer = await core.write("DELETE", f"{ORDERS}/0f-3a", body=None)
        assert (answer.status, handler.asked) == (429, 11)
        answer = await core.write("PUT", "/portfolio/order_groups/0f-3a/trigger", body=b"{}")
        assert (answer.status, handler.asked) == (429, 16)
        answer = await core.write("PUT", "/portfolio/order_groups/0f-3a/reset", body=b"{}")
        assert (answer.status, handler.asked) == (429, 17)
        await core.http.aclose()

    run_virtual(main())


class Script429:
    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, _: httpx.Request) -> httpx.Response:
        self.asked += 1
        return httpx.Response(429, json={"error": "too many requests"})


def client_of(handler, pace: Pace) -> RestClient:
    return RestClient(
        httpx.AsyncClient(transport=httpx.MockTransport(handler)),
        httpx.URL("http://exchange.test/trade-api/v2"),
        FakeClock(),
        Signer("key", ed25519.Ed25519PrivateKey.generate()),
        pace,
        skew=measured(),
    )


@pytest.mark.parametrize("rate", [200, 50, 30])
@pytest.mark.parametrize("workers", [1, 10])
def test_a_stingy_exchange_slows_strangers_down_and_refuses_none(rate: int, workers: int):
    """Nobody tells the anonymous budget: whatever it is, every page is read, at nearly its rate."""

    async def main() -> tuple[int, float]:
        loop = virtual_loop()
        theirs, refused = ServersBucket(Allowance(rate, 50), 0), 0

        async def answer(_: httpx.Request) -> httpx.Response:
            nonlocal refused
            await sleep_monotonic(0.05)
            admitted = take_all([theirs], 10, int(loop.time() * 1e6))
            refused += not admitted
            return httpx.Response(200 if admitted else 429)

        core = client_of(answer, Pace(monotonic=loop.monotonic_ns))

        async def crawl() -> None:
            for _ in range(200 // workers):
                await core.get("/markets")

        await asyncio.gather(*(crawl() for _ in range(workers)))
        await core.http.aclose()
        return refused, loop.time()

    refused, took_s = run_virtual(main())
    assert refused < 20
    assert took_s < 1.4 * 200 * 10 / min(rate, 98) + 1


def test_the_anonymous_budget_is_apart_from_the_accounts():
    async def main() -> None:
        loop = virtual_loop()
        pace = Pace(monotonic=loop.monotonic_ns)
        for _ in range(60):
            (await pace.read("/portfolio/orders", signed=True)).settle()
        assert loop.time() == 0.0
        for _ in range(ANONYMOUS.capacity // 10):
            (await pace.read("/markets", signed=False)).settle()
        assert loop.time() == 0.0
        (await pace.read("/markets", signed=False)).settle()
        assert loop.time() == pytest.approx(10 / 98, abs=0.002)

    run_virtual(main())


async def test_a_connection_learns_what_the_exchange_tells(simulation: Simulation):
    simulation.budgets.enforce(Tier.EXPERT, simulation.clock.wall())
    async with connection(simulation) as exchange:
        assert exchange.limits is None
        await exchange.learn_limits()
        assert exchange.limits is not None
        assert (exchange.limits.tier, exchange.limits.write) == ("expert", Budget(600, 1_800))
        pace = exchange._rest.pace
        assert pace is not None
        assert pace._write.free == pytest.approx(1_800, abs=1)
        await exchange._rest.write("DELETE", f"{ORDERS}/0f-3a", body=None)
        assert pace._write.free == pytest.approx(1_798, abs=1)


@pytest.mark.parametrize("answer", [{"usage_tier": "prime"}, "nonsense", None])
async def test_what_cannot_be_learnt_leaves_the_smallest_tier(answer: object):
    """Neither budgets without numbers nor a failing exchange stop a command that cancels."""
    status = 200 if answer else 500
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=answer))
    signer = Signer("key", ed25519.Ed25519PrivateKey.generate())
    exchange = connect(
        base_url="http://exchange.test", signer=signer, clock=FakeClock(), transport=transport
    )
    async with exchange:
        await exchange.learn_limits()
        assert exchange.limits is None
        pace = exchange._rest.pace
        assert pace is not None
        assert pace._write.free == BASIC.write.capacity
        charge = await pace.write("DELETE", f"{ORDERS}/0f-3a")
        assert charge.parts == 10 * 10**9


def connection(simulation: Simulation) -> KalshiConnection:
    return connect(
        base_url=simulation.origin,
        signer=Signer.from_pem(simulation.key_id, simulation.private_key_pem),
        clock=simulation.clock,
        transport=simulation.transport(),
    )
