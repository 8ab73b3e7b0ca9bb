"""Cash taken from sums equals cash replayed fill by fill, whatever happened."""

import asyncio

from fakes.desk_store import fresh_store
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_cli.adapters.store.derived import derive
from kalshi_cli.adapters.store.tape import replay
from kalshi_cli.domain.account import CashKind, CashMovement, Settlement, settlement_revenue
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price, total
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.side import Side

fills = st.lists(
    st.tuples(
        st.sampled_from(["A", "B"]),
        st.sampled_from(Side),
        st.integers(1, 9_999),
        st.integers(1, 5_000),
        st.integers(-10_000, 90_000),
        st.integers(0, 3),
    ),
    max_size=12,
)
values = st.lists(st.sampled_from([0, 3_333, 10_000]), max_size=2)


def a_history(rows, value_of):
    made = [
        Fill(f"f{n}", "o", ticker, side, Price(p), Contracts(c), True, Money(fee), at_us)
        for n, (ticker, side, p, c, fee, at_us) in enumerate(rows)
    ]
    net = Contracts(sum(f.side.sign * f.count.units for f in made if f.ticker == "A"))
    paid = [
        Settlement(
            "A",
            "E",
            Result.SCALAR,
            Price(value),
            net,
            settlement_revenue(net, Price(value)),
            NO_MONEY,
            9,
        )
        for value in value_of
    ]
    return made, paid


@settings(max_examples=25)
@given(fills, values, st.integers(-(10**9), 10**12))
def test_sums_equal_the_replay_and_the_profits(rows, value_of, opening):
    made, paid = a_history(rows, value_of)
    deposit = CashMovement("d", CashKind.DEPOSIT, Money(opening), 0)

    async def stored():
        async with await fresh_store(":memory:") as store, store.unit() as unit:
            await unit.ledger.add_cash([deposit])
            await unit.ledger.add_fills([(fill, "x") for fill in reversed(made)])
            for settlement in paid:
                await unit.ledger.add_settlements([settlement])
            return await unit.ledger.cash(), await unit.ledger.history()

    cash, history = asyncio.run(stored())
    tape = replay(history, [deposit], {})
    positions = derive(history).positions.values()
    assert tape[-1].balance == cash
    # The other way round: what was put in, and what was earned, less what is still invested.
    earned = total([p.realized - p.fees - p.cost for p in positions])
    assert cash == Money(opening) + earned
