"""The account as the exchange's API writes it: money in dollars with six decimals.

Three amounts are whole cents, cut off, as at the exchange: `balance`, `portfolio_value` and a
settlement's `revenue` and `value`.
"""

from collections.abc import Mapping
from operator import attrgetter

from kalshi_cli.adapters.sim.wire.markets import Wire, amounts, cents, outcome, when
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import Market, MarketStatus
from kalshi_cli.domain.marks import mark
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money, total
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.position import Position
from kalshi_cli.engine.account import Account, Settled, Turnover
from kalshi_cli.engine.exchange import Exchange


def balance_wire(exchange: Exchange, account: Account, shard: int | None) -> Wire:
    """Cash in hand, on one shard or on all; what resting orders may still cost is not taken off."""
    cash = account.cash if shard is None else account.cash_on.get(shard, NO_MONEY)
    return {
        "balance": cents(cash),
        "balance_dollars": str(cash),
        "portfolio_value": cents(_portfolio_value(exchange, account, shard)),
        "updated_ts": exchange.now_us // SECOND,
        "balance_breakdown": balance_rows(account),
    }


def balance_rows(account: Account) -> list[Wire]:
    """Cash by shard, the first shard always among them."""
    on_shard = {0: NO_MONEY, **account.cash_on}
    return [
        {"exchange_index": index, "balance": str(on_shard[index])} for index in sorted(on_shard)
    ]


def _portfolio_value(exchange: Exchange, account: Account, shard: int | None) -> Money:
    """What positions are worth: the result where it is known, else what the book says."""
    markets = exchange.catalog.markets
    return total(
        [
            _value(exchange, held)
            for held in account.positions.values()
            if held.net and shard in {None, markets[held.ticker].exchange_index}
        ]
    )


def _value(exchange: Exchange, held: Position) -> Money:
    market = exchange.catalog.markets[held.ticker]
    if market.payout is not None:
        price = market.payout if held.net.units > 0 else market.payout.complement
        return price * abs(held.net)
    if market.status is not MarketStatus.ACTIVE:
        return NO_MONEY
    bids, asks = exchange.world.ladders(held.ticker)
    return mark(held.net, bids[0] if bids else None, asks[0] if asks else None).value


def fill_wire(fill: Fill) -> Wire:
    return {
        "fill_id": fill.fill_id,
        "trade_id": fill.fill_id,
        "order_id": fill.order_id,
        "ticker": fill.ticker,
        "market_ticker": fill.ticker,
        "outcome_side": outcome(fill.side),
        "book_side": fill.side,
        "is_taker": fill.is_taker,
        "fee_cost": str(fill.fee),
        "created_time": when(fill.at_us),
        "ts": fill.at_us // SECOND,
        "subaccount_number": 0,
        "exchange_index": fill.exchange_index,
        **amounts(fill.price, fill.count),
    }


def settlement_wire(settled: Settled) -> Wire:
    """A settlement in its mixed units. `fee_cost` repeats fees that the fills paid already."""
    settlement = settled.settlement
    net, long = settlement.net, settlement.net.units > 0
    return {
        "ticker": settlement.ticker,
        "event_ticker": settlement.event_ticker,
        "market_result": settlement.result,
        "yes_count_fp": str(net if long else NO_CONTRACTS),
        "yes_total_cost_dollars": str(settled.cost if long else NO_MONEY),
        "no_count_fp": str(NO_CONTRACTS if long else -net),
        "no_total_cost_dollars": str(NO_MONEY if long else settled.cost),
        "revenue": cents(settlement.revenue),
        "value": settlement.value.units // 100,
        "fee_cost": str(settlement.fee),
        "settled_time": when(settlement.settled_us),
        "exchange_index": settled.shard,
    }


def positions_wire(account: Account, markets: Mapping[str, Market], found: list[Position]) -> Wire:
    """Positions by market, and those of one event together."""
    by_event: dict[str, list[Position]] = {}
    for held in found:
        by_event.setdefault(markets[held.ticker].event_ticker, []).append(held)
    turnover = account.turnover
    return {
        "market_positions": [
            position_wire(held, turnover[held.ticker], markets[held.ticker].exchange_index)
            for held in found
        ],
        "event_positions": [
            event_position_wire(event, held, [turnover[each.ticker] for each in held])
            for event, held in by_event.items()
        ],
    }


def position_wire(held: Position, traded: Turnover, shard: int) -> Wire:
    return {
        "ticker": held.ticker,
        "exchange_index": shard,
        "position_fp": str(held.net),
        "market_exposure_dollars": str(held.cost),
        "total_traded_dollars": str(traded.dollars),
        "realized_pnl_dollars": str(held.realized),
        "fees_paid_dollars": str(held.fees),
        "last_updated_ts": when(held.updated_us),
    }


def event_position_wire(event_ticker: str, held: list[Position], traded: list[Turnover]) -> Wire:
    """Positions of one event together."""
    return {
        "event_ticker": event_ticker,
        "total_cost_dollars": str(total([each.dollars for each in traded])),
        "total_cost_shares_fp": str(Contracts(sum(each.count.units for each in traded))),
        "event_exposure_dollars": _sum(held, "cost"),
        "realized_pnl_dollars": _sum(held, "realized"),
        "fees_paid_dollars": _sum(held, "fees"),
    }


def _sum(held: list[Position], name: str) -> str:
    return str(total([attrgetter(name)(position) for position in held]))
