"""Whatever is lost, doubled, late or out of order: once all is told, one pass makes the books true.

The truth is computed here by arithmetic of its own, in integers, never by the code under test.
"""

import asyncio
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fakes.floor import A, B, open_floor
from fakes.postgres import emptied
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_cli.domain.account import (
    CashKind,
    CashMovement,
    ExchangePosition,
    Settlement,
    settlement_revenue,
)
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.side import Side
from kalshi_cli.ports.exchange import Page

OPENING = 1_000_000_000

trades = st.lists(
    st.tuples(
        st.sampled_from([A, B]),
        st.sampled_from(Side),
        st.integers(1, 99),  # cents
        st.integers(1, 2_000),  # hundredths of a contract
        st.integers(0, 90_000),  # fee, in $0.000001
        st.integers(0, 30),  # hours
    ),
    min_size=1,
    max_size=14,
)
payouts = st.lists(st.sampled_from([0, 2_500, 10_000]), max_size=4)
cash = st.lists(st.integers(-(10**8), 10**8).filter(bool), max_size=4)
tellings = st.lists(st.randoms(use_true_random=False), min_size=1, max_size=3)


@dataclass
class Told:
    """The exchange, telling the chosen part of a history in a chosen order, some of it twice."""

    exchange: object
    fills_told: list[Fill]
    settlements_told: list[Settlement]
    movements_told: list[CashMovement]
    nets: dict[str, int]
    cash: int

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def fills(self, *, min_us=0, cursor=""):
        return _page([f for f in self.fills_told if f.at_us >= min_us], cursor)

    async def settlements(self, *, min_us=0, cursor=""):
        return _page([s for s in self.settlements_told if s.settled_us >= min_us], cursor)

    async def cash_movements(self, *, min_us=0, cursor=""):
        return _page([m for m in self.movements_told if m.at_us >= min_us], cursor)

    async def positions(self, cursor=""):
        held = [ExchangePosition(t, Contracts(n)) for t, n in sorted(self.nets.items()) if n]
        return Page(tuple(held))

    async def balance(self):
        return replace(await self.exchange.balance(), cash=Money(self.cash), by_shard=())


def _page(rows, cursor):
    """Three rows at a time, of a list whose first row comes once.

    A later page that begins as the first did is a circle: such a list is read no further.
    """
    rows = rows[:1] + [row for row in rows[1:] if row != rows[0]]
    start = int(cursor or 0)
    return Page(tuple(rows[start : start + 3]), str(start + 3) if start + 3 < len(rows) else "")


def a_history(rows, values, amounts, start_us):
    """Fills, the settlements of A (each revision as it came), and movements."""
    fills = [
        Fill(
            f"f{n}",
            f"o{n}",
            ticker,
            side,
            Price(cents * 100),
            Contracts(count),
            True,
            Money(fee),
            start_us + hour * HOUR,
        )
        for n, (ticker, side, cents, count, fee, hour) in enumerate(rows)
    ]
    net = Contracts(sum(f.side.sign * f.count.units for f in fills if f.ticker == A))
    end_us = start_us + 31 * HOUR
    paid = [
        Settlement(
            A,
            "KXT-1",
            Result.SCALAR,
            Price(value),
            net,
            settlement_revenue(net, Price(value)),
            NO_MONEY,
            end_us,
        )
        for value in values
    ]
    moved = [
        CashMovement(f"m{n}", CashKind.DEPOSIT, Money(units), start_us)
        for n, units in enumerate(amounts)
    ]
    return fills, paid, moved


def truth(fills, paid, moved):
    """Cash, net positions and profit by hand: every contract pays p for YES, 1 - p for NO."""
    cash_units = OPENING + sum(m.amount.units for m in moved)
    nets: dict[str, int] = defaultdict(int)
    for fill in sorted(fills, key=lambda f: (f.at_us, f.fill_id)):
        cash_units -= fill.fee.units
        count = fill.count.units
        held, sign = nets[fill.ticker], fill.side.sign
        closing = min(abs(held), count) if held * sign < 0 else 0
        price, other = fill.price.units, 10_000 - fill.price.units
        # closing gives back the outcome held, opening buys the outcome of this side
        cash_units += closing * (other if sign > 0 else price)
        cash_units -= (count - closing) * (price if sign > 0 else other)
        nets[fill.ticker] += sign * count
    if paid:
        value = paid[-1].value.units
        net = nets.pop(A, 0)
        cash_units += net * value if net > 0 else -net * (10_000 - value)
    return cash_units, {ticker: net for ticker, net in nets.items() if net}


def spoilt(random, rows, *, drop):
    """Some rows left out, some twice, in any order."""
    kept = [row for row in rows if not (drop and random.random() < 0.4)]
    kept += [row for row in kept if random.random() < 0.3]
    random.shuffle(kept)
    return kept


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(trades, payouts, cash, tellings)
def test_one_pass_after_everything_is_told_makes_the_books_true(rows, values, amounts, randoms):
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(_converges(Path(home), rows, values, amounts, randoms))


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(trades, payouts, cash, tellings)
def test_and_so_it_does_on_postgresql(postgres_server, rows, values, amounts, randoms):
    asyncio.run(_converges(emptied(postgres_server), rows, values, amounts, randoms))


async def _converges(place, rows, values, amounts, randoms):
    async with open_floor(place) as floor:
        fills, paid, moved = a_history(rows, values, amounts, floor.clock.now())
        plain = floor.exchange
        floor.exchange = Told(plain, [], [], [], {}, OPENING)
        await floor.reconcile()  # the books are opened before anything happened
        floor.clock.now_us += 40 * HOUR
        cash_units, nets = truth(fills, paid, moved)
        for random in randoms:  # whatever is told on the way, each settlement once at most
            some = paid[: random.randint(0, len(paid))]
            floor.exchange = Told(
                plain,
                spoilt(random, fills, drop=True),
                some[-1:],
                spoilt(random, moved, drop=True),
                nets,
                cash_units,
            )
            await floor.reconcile()
        floor.exchange = Told(
            plain,
            spoilt(randoms[0], fills, drop=False),
            paid[-1:],
            spoilt(randoms[0], moved, drop=False),
            nets,
            cash_units,
        )
        found = await floor.reconcile()
        assert (found.complete, found.differences, found.doubt) == (True, (), "")
        async with floor.store.unit() as unit:
            positions = await unit.ledger.positions(open_only=False)
            assert (await unit.ledger.cash()).units == cash_units
            assert (await unit.ledger.paid_in()).units == OPENING + sum(amounts)
        assert {p.ticker: p.net.units for p in positions if p.net} == nets
        # what was earned is what cash grew by, less what was put in, plus what is still held
        earned = sum(p.realized.units - p.fees.units for p in positions)
        held = sum(p.cost.units for p in positions)
        assert cash_units - OPENING - sum(amounts) + held == earned
        trips = await floor.store.reports.round_trips()
        flat = {p.ticker for p in positions if not p.net}
        realized = sum(p.realized.units for p in positions if p.ticker in flat)
        gross = sum(
            t.trip.proceeds.units - t.trip.entry_cost.units for t in trips if t.trip.ticker in flat
        )
        assert gross == realized
        again = await floor.reconcile()
        assert (again.new_fills, again.settlements) == ((), ())
        assert (await floor.store.audit.check()).findings == ()
