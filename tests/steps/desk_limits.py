"""Every limit, held against each order by arithmetic of its own: no measure of the gate takes part.

What is held and what rests is the exchange's own word, what may be risked besides is on record as
not known. Money is in units of $0.000001 and exact. What a test cannot tell to the cent, since
others trade on the account meanwhile or reads show the past, counts in the desk's favour.
"""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from fakes.exchange import FakeExchange
from steps.desk_truths import DEAD, DOLLAR, STRANGER, UNRESOLVED, Row, journal

from kalshi_cli.domain.identity import EXTERNAL, Env
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.side import Side

WHOLE = 100
FEE = Fraction(7, 100)
FORBIDDEN_US = 6 * HOUR


@dataclass(frozen=True)
class Held:
    """Signed hundredths of a contract and what they cost."""

    net: int = 0
    cost: Fraction = Fraction(0)

    def after(self, side: str, limit: int, count: int) -> "Held":
        """Closing takes its share of the cost along; what it brought in is no cushion."""
        signed = count if side == "bid" else -count
        closed = min(abs(self.net), count) if self.net * signed < 0 else 0
        kept = self.cost - (self.cost * closed / abs(self.net) if closed else 0)
        return Held(self.net + signed, kept + paid(side, limit) * (count - closed))

    def lost(self, *, yes: bool) -> Fraction:
        return Fraction(0) if yes is (self.net > 0) else self.cost


@dataclass(frozen=True)
class Live:
    """An order that may still trade."""

    name: str
    owner: str
    ticker: str
    side: str
    limit: int
    left: int
    leaves: bool
    shard: int = 0


def paid(side: str, limit: int) -> int:
    """Of what it buys: YES at the limit, or NO at the rest of $1."""
    return limit if side == "bid" else DOLLAR - limit


def fee(limit: int, count: int) -> Fraction:
    """A taker's: 7 % of p(1 - p), charged in full $0.0001."""
    exact = FEE * count * limit * (DOLLAR - limit) / DOLLAR
    return Fraction(-(-exact // 100) * 100)


@dataclass(frozen=True)
class Beginning:
    """What a pass begins with: `strangers` are orders of others that it can know of, `fills` and
    `settlements` are how many there had been.
    """

    at_us: int
    is_true: bool
    strangers: frozenset[str]
    fills: int
    settlements: int
    state: str
    equity: Fraction
    bankroll: Fraction


class Ledger:
    """The account as the exchange has it, held against the limits of whoever trades on it."""

    def __init__(self, exchange: FakeExchange, books: sqlite3.Connection) -> None:
        self.exchange, self.books, self.env = exchange, books, Env.SIM
        self.limits: Limits | None = None
        self.shares: Mapping[str, float] = {}
        self.lenders: frozenset[str] = frozenset()
        self.cooling_until = self.paid_in = 0
        self.richest = Fraction(0)
        self.began: Beginning | None = None

    def begins(
        self,
        limits: Limits,
        shares: Mapping[str, float],
        *,
        is_true: bool,
        lenders: frozenset[str] = frozenset(),
    ) -> None:
        """A pass begins that is held to these limits; `is_true` where its reads show what is.

        `lenders` are asked in it, and lend each other what they leave of their shares.
        """
        self.limits, self.shares, self.lenders = limits, shares, lenders
        names = frozenset(r.order_id for r in self._foreign()) if is_true else frozenset()
        state = self._one("SELECT state FROM desk_states ORDER BY change_id DESC") or "active"
        now = self.exchange.clock.now()
        fills, settlements = len(self.exchange.all_fills), len(self.exchange.all_settlements)
        worth = self.equity(), self.bankroll()
        self.began = Beginning(now, is_true, names, fills, settlements, str(state), *worth)

    # What is there.

    def _one(self, query: str, *given: object):
        row = self.books.execute(f"{query} LIMIT 1", given).fetchone()
        return None if row is None else row[0]

    def _foreign(self):
        return [
            report
            for report in self.exchange.reports.values()
            if (report.client_order_id or "").startswith(STRANGER)
        ]

    def _owner(self, rows: Mapping[str, Row], order_id: str) -> str:
        name = self.exchange.reports[order_id].client_order_id or ""
        return rows[name].owner if name in rows else EXTERNAL

    def held(
        self,
        rows: Mapping[str, Row],
        strangers: Collection[str],
        fills: Iterable[Fill] | None = None,
    ) -> dict[tuple[str, str], Held]:
        """By market and owner, after these fills or all; of strangers what these orders brought."""
        settled = {each.ticker for each in self.exchange.all_settlements}
        found: dict[tuple[str, str], Held] = {}
        for fill in self.exchange.all_fills if fills is None else fills:
            owner = self._owner(rows, fill.order_id)
            if fill.ticker in settled or (owner == EXTERNAL and fill.order_id not in strangers):
                continue
            key = fill.ticker, owner
            before = found.get(key, Held())
            found[key] = before.after(fill.side.value, fill.price.units, fill.count.units)
        return {key: held for key, held in found.items() if held.net}

    def live(self, rows: Mapping[str, Row], strangers: Collection[str]) -> Iterator[Live]:
        """What rests, and what is on record and nobody knows of."""
        there = set()
        for report in self.exchange.reports.values():
            name = report.client_order_id or ""
            there.add(name)
            known = name in rows or report.order_id in strangers
            if report.status == "resting" and known:
                owner, leaves = EXTERNAL, False
                if name in rows:
                    owner, leaves = rows[name].owner, rows[name].purpose == "exit"
                yield Live(
                    name, owner, report.ticker, report.side.value, report.price.units,
                    report.remaining.units, leaves, report.exchange_index,
                )  # fmt: skip
        for row in rows.values():
            if row.state in UNRESOLVED and row.client_order_id not in there:
                yield Live(
                    row.client_order_id, row.owner, row.ticker, row.side, row.limit, row.left,
                    row.purpose == "exit",
                )  # fmt: skip

    def equity(self) -> Fraction:
        """Cash and what others bid for what is held: the better of now and of the last quote."""
        worth = Fraction(self.exchange.cash.units)
        for ticker, net in self.exchange.nets.items():
            if not net:
                continue
            yes = net.units > 0
            ladder = self.exchange._ladders[ticker][Side.BID if yes else Side.ASK]
            column = "bid_price_units" if yes else "ask_price_units"
            quoted = self._one(f"SELECT {column} FROM quotes WHERE ticker = ?", ticker)
            told = [level.price.units for level in ladder[:1]]
            told += [] if quoted is None else [quoted]
            bids = [price if yes else DOLLAR - price for price in told]
            worth += max(bids, default=0) * abs(net.units)
        return worth

    def bankroll(self) -> Fraction:
        """At the most: what everything would be worth if all of it paid, under its limit."""
        assert self.limits is not None
        most = self.exchange.cash.units + sum(
            DOLLAR * abs(net.units) for net in self.exchange.nets.values()
        )
        capital = self.limits.capital_limit
        return Fraction(most if capital is None else min(most, capital.units))

    # What may be lost.

    def worst(
        self, held: Mapping[tuple[str, str], Held], live: Collection[Live], tickers: set[str],
        owners: Collection[str] = (),
    ) -> Fraction:  # fmt: skip
        """In the worst state of each event, filled as it hurts most; what pays there is no cushion,
        since an exit may take it away.
        """
        keys = {*held, *((o.ticker, o.owner) for o in live)}
        keys = {key for key in keys if key[0] in tickers and (not owners or key[1] in owners)}
        markets = self.exchange.markets
        events = {markets[ticker].event_ticker for ticker, _ in keys}
        lost = Fraction(0)
        for event in events:
            own = [key for key in keys if markets[key[0]].event_ticker == event]
            lost += max(
                sum((_lost_in(key, held, live, yes=state[key[0]]) for key in own), Fraction(0))
                for state in self._states(event)
            )
        return lost

    def _states(self, event: str) -> Iterator[dict[str, bool]]:
        own = [m.ticker for m in self.exchange.markets.values() if m.event_ticker == event]
        for way in product((True, False), repeat=len(own)):
            if sum(way) <= 1 or not self.exchange.events[event].mutually_exclusive:
                yield dict(zip(own, way, strict=True))

    def hold(self, limits: Limits, tickers: set[str]) -> None:
        """Nothing that became of what was let pass takes these markets past a limit later.

        Nobody else trades in them.
        """
        self.limits = limits
        self.richest = max(self.richest, self.bankroll())
        rows = journal(self.books)
        held, live = self.held(rows, ()), list(self.live(rows, ()))
        groups = [("MARKET_EXPOSURE", limits.max_market_exposure, {each}) for each in tickers]
        groups.append(("EVENT_EXPOSURE", limits.max_event_exposure, tickers))
        for code, share, own in groups:
            if share is not None:
                worst, most = self.worst(held, live, own), self.richest * Fraction(str(share))
                assert worst <= most + 1_000, (code, own, worst, most)

    # Whether it is within every limit.

    def entry(self, client_order_id: str) -> None:
        """An order that the controls let pass, just written down and not sent yet."""
        rows = journal(self.books)
        row = rows[client_order_id]
        for check in (self._may_trade, self._is_in_shape, self._comes_once, self._is_worth_it,
                      self._is_explained, self._loses_little, self._can_be_paid):  # fmt: skip
            check(row, rows)

    def _may_trade(self, row: Row, rows: Mapping[str, Row]) -> None:
        assert self.began is not None
        assert self.limits is not None
        assert self.began.state == "active", "HALT_STATE"
        now = self.exchange.clock.now()
        assert now >= self.cooling_until, "COOLING"
        assert self.exchange.status.trading_active, "EXCHANGE_PAUSED"
        groups = self.books.execute("SELECT state FROM order_groups").fetchall()
        assert ("triggered",) not in groups, "ORDER_GROUP_TRIGGERED"
        recent = self.books.execute(
            "SELECT client_order_id FROM orders WHERE message LIKE 'forbidden%' AND created_us > ?",
            (now - FORBIDDEN_US,),
        ).fetchall()
        assert not recent, "CATEGORY_FORBIDDEN"
        known = self._one("SELECT status FROM markets WHERE ticker = ?", row.ticker)
        assert known == MarketStatus.ACTIVE, "INELIGIBLE"
        assert now < self.exchange.markets[row.ticker].close_us, "INELIGIBLE"
        quoted = self._one("SELECT at_us FROM quotes WHERE ticker = ?", row.ticker)
        assert row.purpose == "quote" or now - quoted <= self.limits.max_quote_age_us, "STALE"
        maker = self._one(
            "SELECT forecaster FROM forecasts WHERE ticker = ? ORDER BY made_us DESC", row.ticker
        )
        assert maker != "oracle" or self.env is Env.SIM, "ENVIRONMENT"

    def _is_in_shape(self, row: Row, rows: Mapping[str, Row]) -> None:
        assert self.limits is not None
        limits = self.limits
        assert row.limit % 100 == 0, "SHAPE"
        assert row.count > 0, "SHAPE"
        most = limits.max_order_contracts
        assert most is None or row.count <= most * WHOLE, "ORDER_SIZE"
        share = limits.max_single_position
        if share is not None:
            assert self._cost(row) <= self._of(share), "ORDER_SIZE"
        mids = [self._mid(row.ticker, where) for where in ("now", "quoted")]
        gaps = [abs(row.limit - mid) for mid in mids if mid is not None]
        assert not gaps or min(gaps) <= limits.max_price_gap * DOLLAR + 1, "PRICE_COLLAR"

    def _mid(self, ticker: str, where: str) -> Fraction | None:
        if where == "now":
            ladders = self.exchange._ladders[ticker]
            best = [ladders[side][0].price.units for side in Side if ladders[side]]
        else:
            query = "SELECT bid_price_units, ask_price_units FROM quotes WHERE ticker = ?"
            best = [x for x in self.books.execute(query, (ticker,)).fetchone() if x is not None]
        return Fraction(sum(best), 2) if len(best) == 2 else None

    def _comes_once(self, row: Row, rows: Mapping[str, Row]) -> None:
        """How often, by what is on record; whose market it is."""
        assert self.limits is not None
        limits, now = self.limits, self.exchange.clock.now()
        made = dict(self.books.execute("SELECT client_order_id, created_us FROM orders"))
        entries = [r for r in rows.values() if r.purpose == "entry" and r.state != "not_sent"]
        if row.purpose == "entry":
            self._within(
                sum(made[r.client_order_id] > now - HOUR for r in entries),
                limits.max_trades_per_hour, "RATE",
            )  # fmt: skip
            own = [r for r in entries if (r.owner, r.ticker) == (row.owner, row.ticker)]
            self._within(
                sum(made[r.client_order_id] > now - DAY for r in own),
                limits.max_entries_per_market, "REPEATED",
            )  # fmt: skip
            left = self._one(
                "SELECT closed_us FROM round_trips WHERE owner = ? AND ticker = ? "
                "ORDER BY closed_us DESC", row.owner, row.ticker,
            )  # fmt: skip
            assert left is None or now - left >= limits.reentry_cooldown_us, "COOLDOWN"
        self._within(
            sum(at > now - MINUTE for at in made.values()),
            limits.max_orders_per_minute, "ORDER_RATE",
        )  # fmt: skip
        others = [r for r in rows.values() if r is not row and r.state not in DEAD]
        same = [r for r in others if (r.owner, r.ticker, r.purpose) == row_key(row)]
        same = [r for r in same if r.purpose != "quote" or r.side == row.side]
        assert not same, "DUPLICATE"
        held = self.held(rows, ())
        owners = {owner for ticker, owner in held if ticker == row.ticker}
        owners |= {r.owner for r in others if r.ticker == row.ticker}
        assert owners <= {row.owner}, "MARKET_OWNED"
        crossed = [
            r for r in others
            if r.ticker == row.ticker and r.side != row.side and _reaches(row, r.limit)
        ]  # fmt: skip
        assert not crossed, "SELF_CROSS"

    @staticmethod
    def _within(count: int, most: int | None, code: str) -> None:
        assert most is None or count <= most, code

    def _is_worth_it(self, row: Row, rows: Mapping[str, Row]) -> None:
        """By the fair value that it names, and the forecast, where it has one."""
        assert self.limits is not None
        if row.purpose != "entry":
            return
        if row.forecast_id is not None:
            query = "SELECT high - low FROM forecasts WHERE forecast_id = ?"
            width = self._one(query, row.forecast_id)
            assert 1.0 - width >= self.limits.min_confidence_to_trade - 1e-9, "CONFIDENCE"
        fair = self._one("SELECT fair FROM orders WHERE client_order_id = ?", row.client_order_id)
        price = row.limit / DOLLAR
        edge = fair - price if row.side == "bid" else price - fair
        edge -= float(FEE) * price * (1 - price) * self._takes(row)
        assert edge >= self.limits.min_net_edge - 1e-6, "NET_EDGE"

    def _is_explained(self, row: Row, rows: Mapping[str, Row]) -> None:
        assert self.limits is not None
        assert self.began is not None
        unknown = [r for r in rows.values() if r.state == "unknown"]
        assert row.ticker not in {r.ticker for r in unknown}, "UNRESOLVED"
        self._within(len(unknown), self.limits.max_unresolved_orders, "UNRESOLVED_ACCOUNT")
        if not self.began.is_true:
            return
        assert self._explained() == self.exchange.cash.units, "BOOKS_INCOMPLETE"
        fills = self.exchange.all_fills[: self.began.fills]
        known = self.held(rows, self.began.strangers, fills)
        foreign = known.get((row.ticker, EXTERNAL), Held()).net
        own = self.held(rows, ()).get((row.ticker, row.owner), Held()).net
        sign = own or (1 if row.side == "bid" else -1)
        assert sign * foreign >= 0, "MARKET_FROZEN"

    def _explained(self) -> int:
        """The cash that the exchange's own record of fills, payments and settlements makes up."""
        cash = self.paid_in + sum(each.revenue.units for each in self.exchange.all_settlements)
        nets: Counter[str] = Counter()
        for fill in self.exchange.all_fills:
            signed = fill.side.sign * fill.count.units
            cash -= signed * fill.price.units + fill.fee.units
            nets[fill.ticker] += signed
        return cash - sum(DOLLAR * max(0, -net) for net in nets.values())

    def _on_record(self) -> list[Fill]:
        ours = {name for (name,) in self.books.execute("SELECT fill_id FROM fills")}
        return [fill for fill in self.exchange.all_fills if fill.fill_id in ours]

    def _loses_little(self, row: Row, rows: Mapping[str, Row]) -> None:
        """By what is held, or by what it can know of that."""
        assert self.began is not None
        assert self.limits is not None
        known = self.began.strangers if self.began.is_true else ()
        found = []
        for strangers, fills in product({(), tuple(known)}, (None, self._on_record())):
            live = list(self.live(rows, strangers))
            before = [each for each in live if each.name != row.client_order_id]
            found.append((self.held(rows, strangers, fills), live, before))
        for code, share, tickers, owners in self._groups(row):
            if share is None:
                continue
            worst = [
                (self.worst(held, live, tickers, owners), self.worst(held, before, tickers, owners))
                for held, live, before in found
            ]
            most = self._of(share) + 1_000  # a tenth of a cent, for what a fold leaves over
            assert any(after <= max(most, before) for after, before in worst), (code, worst, most)
        self._counts_markets(row, rows)
        self._lost_little(row)

    def _groups(self, row: Row) -> Iterable[tuple[str, float | None, set[str], Collection[str]]]:
        assert self.limits is not None
        limits, markets = self.limits, self.exchange.markets
        # all markets of the stage are of one category and settle on one day
        everything, event = set(markets), markets[row.ticker].event_ticker
        legs = {t for t in everything if markets[t].event_ticker == event}
        series = {t for t in everything if t.partition("-")[0] == row.ticker.partition("-")[0]}
        # what is lent is somebody's who left it: all that lend are held to all their shares
        sharing = tuple(sorted(self.lenders)) or (row.owner,)
        allotted = sum(self.shares.get(name, 0.0) for name in sharing)
        return (
            ("MARKET_EXPOSURE", limits.max_market_exposure, {row.ticker}, ()),
            ("EVENT_EXPOSURE", limits.max_event_exposure, legs, ()),
            ("CLUSTER_EXPOSURE", limits.max_cluster_exposure, series, ()),
            ("CLUSTER_EXPOSURE", limits.max_cluster_exposure, everything, ()),
            ("CATEGORY_EXPOSURE", limits.max_category_exposure, everything, ()),
            ("ACCOUNT_EXPOSURE", limits.max_account_exposure, everything, ()),
            ("STRATEGY_ALLOCATION", allotted, everything, sharing),
        )

    def _counts_markets(self, row: Row, rows: Mapping[str, Row]) -> None:
        assert self.began is not None
        assert self.limits is not None
        inside = {ticker for ticker, _ in self.held(rows, ())}
        inside |= {o.ticker for o in self.live(rows, ()) if o.name != row.client_order_id}
        new = self.exchange.all_settlements[self.began.settlements :]
        left = {each.ticker for each in new if each.net}  # for all that the pass can know, it is
        left |= {ticker for ticker, _ in self.held(rows, (), self._on_record())}  # still in these
        if row.ticker not in inside | left:
            self._within(len(inside) + 1, self.limits.max_positions, "MAX_POSITIONS")

    def _lost_little(self, row: Row) -> None:
        """Against what is on record of the day and of the best day."""
        assert self.began is not None
        assert self.limits is not None
        marks = self.books.execute(
            "SELECT at_us, liquidation_units - paid_in_units FROM balance_snapshots ORDER BY at_us"
        ).fetchall()
        paid_in = self._one("SELECT sum(amount_units) FROM cash_movements") or 0
        equity = max(self.equity(), self.began.equity)
        day = self.exchange.clock.now() // DAY * DAY
        first = [] if not marks or marks[0][0] < day else [marks[0][1] + paid_in]
        ever = [worth + paid_in for _, worth in marks]
        limits = (
            (self.limits.max_daily_loss, first, "DAILY_LOSS"),
            (self.limits.max_drawdown, ever, "DRAWDOWN"),
        )
        for share, known, code in limits:
            if share is not None and known and self.began.is_true:
                reference = max(known)
                assert reference - equity <= reference * Fraction(str(share)) + 1, code

    def _can_be_paid(self, row: Row, rows: Mapping[str, Row]) -> None:
        """Cash, once everything that rests is paid for."""
        assert self.began is not None
        assert self.limits is not None
        if not self.began.is_true or any(
            report.order_id not in self.began.strangers for report in self._foreign()
        ):
            return
        live = [o for o in self.live(rows, self.began.strangers) if not o.leaves]
        least = min(self.bankroll(), Fraction(self.exchange.cash.units))
        reserve = least * Fraction(str(self.limits.min_cash_reserve))
        assert self.exchange.cash.units - sum(map(_taken, live)) >= reserve, "CASH_RESERVE"
        own = [o for o in live if o.shard == 0]
        assert self.exchange.on_shard(0).units >= sum(map(_taken, own)), "SHARD_COLLATERAL"

    def _cost(self, row: Row) -> Fraction:
        charged = fee(row.limit, row.count) if self._takes(row) else 0
        return row.count * paid(row.side, row.limit) + charged

    def _takes(self, row: Row) -> bool:
        """Whether it may trade with what rests: in the markets of the stage no maker pays a fee."""
        post_only = "SELECT post_only FROM orders WHERE client_order_id = ?"
        return not self._one(post_only, row.client_order_id)

    def _of(self, share: float) -> Fraction:
        """Of the bankroll, or of the one that the pass began with, where it has lost some since."""
        assert self.began is not None
        return max(self.bankroll(), self.began.bankroll) * Fraction(str(share))


def row_key(row: Row) -> tuple[str, str, str]:
    return row.owner, row.ticker, row.purpose


def _taken(order: Live) -> int:
    return order.left * paid(order.side, order.limit)


def _reaches(row: Row, limit: int) -> bool:
    return row.limit >= limit if row.side == "bid" else row.limit <= limit


def _lost_in(
    key: tuple[str, str], held: Mapping[tuple[str, str], Held], live: Iterable[Live], *, yes: bool
) -> Fraction:
    """What buys the outcome that does not come fills: exits first, the cheapest entries next."""
    side = "ask" if yes else "bid"
    own = held.get(key, Held())
    lost = [own.lost(yes=yes)]
    against = [o for o in live if (o.ticker, o.owner, o.side) == (*key, side)]
    for order in sorted(against, key=lambda o: (not o.leaves, paid(o.side, o.limit))):
        own = own.after(order.side, order.limit, order.left)
        lost.append(own.lost(yes=yes))
    return max(lost)
