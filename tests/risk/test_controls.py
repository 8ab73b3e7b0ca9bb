"""Every control passes at its limit and denies one step beyond; numbers are by hand.

The account is worth $1,000: 5 % is $50, 10 % $100, 15 % $150, 30 % $300, 40 % $400.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fakes.decisions import (
    NOW,
    STRATEGY,
    a_book,
    a_forecast,
    a_market,
    a_position,
    a_quote,
    an_intent,
    an_order,
    resting,
    the_facts,
    the_limits,
    the_state,
)
from hypothesis import given
from hypothesis import strategies as st

import kalshi_cli.risk as package
from kalshi_cli.cli.render.rows import against as with_numbers
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.identity import EXTERNAL, DeskState, Env
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import OrderState, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.plugins import names
from kalshi_cli.risk._gate import controls, first_denial

CONTROLS = {control.code: control for control in controls()}
BID, ASK, EXIT, QUOTE = Side.BID, Side.ASK, Purpose.EXIT, Purpose.QUOTE


@dataclass
class Case:
    """What passes, what is denied, and which control says so."""

    code: str
    name: str
    passes: tuple[Any, Any]
    denied: tuple[Any, Any]


def exit_of(count="10.00", limit="0.4000", side=ASK, **changes):
    return an_intent(side, limit, count, purpose=EXIT, fair=None, forecast_id=None, **changes)


def market(**changes):
    return the_state(facts={"T": the_facts(market=a_market(**changes))})


def facts(**changes):
    return the_state(facts={"T": the_facts(**changes)})


def holding(*positions, **changes):
    return the_state(positions=tuple(positions), **changes)


def dropped(*positions):
    return the_state(facts={"T": the_facts(rejected_by="LOW_VOLUME")}, positions=tuple(positions))


def ordered(*intents, **changes):
    orders = tuple(an_order(intent, number=n) for n, intent in enumerate(intents, start=1))
    return the_state(orders=orders, **changes)


def unknown(*tickers, resting_too=()):
    """Orders of unknown outcome in some markets, and resting ones in others."""
    lost = [an_order(at(t, "1.00"), OrderState.UNKNOWN) for t in tickers]
    return the_state(orders=(*lost, *(an_order(at(t, "1.00")) for t in resting_too)))


def on_shards(first, third, *intents):
    """$1,000 in all, as far as the account's own controls see; so much of it on shards 0 and 2."""
    return ordered(*intents, cash_by_shard={0: dollars(first), 2: dollars(third)})


def dollars(text):
    return Money.parse(text)


def at(ticker, count, price="0.5000", **changes):
    """A resting entry of another market."""
    return resting(BID, price, count, ticker=ticker, **changes)


def a_quote_of(side=BID, limit="0.4100", **changes):
    quoted = {"purpose": QUOTE, "forecast_id": None, "strategy": "market_making"}
    return resting(side, limit, **{**quoted, **changes})


RAW = re.compile(r"(?<![$\d.,])\d[\d,]*\.(?:00|\d{3,})(?!\d*[c%])")
"""A number as it is on record: a price of four decimals, contracts of two zeros."""
PLAIN = the_state()
TRADED = the_state(traded_forecasts=frozenset({("directional_trading", "T", "f1")}))
TEN = a_position("10.00", "0.4000")
MADE = a_position("10.00", "0.4000", owner="market_making")
CASES = [
    Case("HALT_STATE", "a halted desk sends nothing",
         (exit_of(), the_state(desk=DeskState.FLATTEN)),
         (exit_of(), the_state(desk=DeskState.HALTED))),
    Case("HALT_STATE", "reduce-only lets exits pass",
         (exit_of(), the_state(desk=DeskState.REDUCE_ONLY)),
         (an_intent(), the_state(desk=DeskState.REDUCE_ONLY))),
    Case("COOLING", "nothing is sent until the sweep is over",
         (exit_of(), the_state(cooling_until_us=NOW)),
         (exit_of(), the_state(cooling_until_us=NOW + 1))),
    Case("COOLING", "a sweep that is to last for longer than any was told by a wrong clock",
         (exit_of(), the_state(cooling_until_us=NOW + 2 * MINUTE + 1)),
         (exit_of(), the_state(cooling_until_us=NOW + 2 * MINUTE))),
    Case("ENVIRONMENT", "the oracle trades in sim only",
         (an_intent(), facts(forecast=a_forecast(forecaster="oracle"))),
         (an_intent(), replace(facts(forecast=a_forecast(forecaster="oracle")), env=Env.DEMO))),
    Case("ENVIRONMENT", "the baseline never trades real money",
         (an_intent(), replace(facts(forecast=a_forecast(forecaster="baseline")), env=Env.DEMO)),
         (an_intent(), replace(facts(forecast=a_forecast(forecaster="baseline")), env=Env.PROD))),
    Case("EXCHANGE_PAUSED", "the market's shard trades",
         (exit_of(), the_state(paused_shards=frozenset({1}))),
         (exit_of(), the_state(paused_shards=frozenset({0})))),
    Case("EXCHANGE_PAUSED", "an exit may try where the exchange does not tell",
         (exit_of(), the_state(paused_shards=None)),
         (an_intent(), the_state(paused_shards=None))),
    Case("ORDER_GROUP_TRIGGERED", "the group of another shard",
         (an_intent(), the_state(triggered_shards=frozenset({1}))),
         (an_intent(), the_state(triggered_shards=frozenset({0})))),
    Case("CATEGORY_FORBIDDEN", "another category",
         (an_intent(), the_state(barred=frozenset({"Sports"}))),
         (an_intent(), the_state(barred=frozenset({"Weather"})))),
    Case("INELIGIBLE", "the market trades", (exit_of(), PLAIN),
         (exit_of(), market(status=MarketStatus.INACTIVE))),
    Case("INELIGIBLE", "the close is in the future", (exit_of(), market(close_us=NOW + 1)),
         (exit_of(), market(close_us=NOW))),
    Case("INELIGIBLE", "the grid is known", (exit_of(), PLAIN), (exit_of(), market(grid=None))),
    Case("INELIGIBLE", "filters bind entries alone",
         (exit_of(), facts(rejected_by="LOW_VOLUME")),
         (an_intent(), facts(rejected_by="LOW_VOLUME"))),
    Case("INELIGIBLE", "what is held is quoted away",
         (a_quote_of(ASK, "0.4300"), dropped(MADE)),
         (a_quote_of(ASK, "0.4300", count="11.00"), dropped(MADE))),
    Case("INELIGIBLE", "a quote that adds is an entry",
         (a_quote_of(ASK, "0.4300"), dropped(MADE)), (a_quote_of(), dropped(MADE))),
    Case("INELIGIBLE", "what another holds is nobody else's to quote away",
         (a_quote_of(ASK, "0.4300"), dropped(MADE)), (a_quote_of(ASK, "0.4300"), dropped(TEN))),
    Case("INELIGIBLE", "unknown fees bind entries alone",
         (exit_of(), facts(fees=FeeTerms("flat"))), (an_intent(), facts(fees=FeeTerms("flat")))),
    Case("INELIGIBLE", "the market is known", (an_intent(), PLAIN),
         (an_intent(ticker="U"), PLAIN)),
    Case("STALE", "a book of 30 s",
         (an_intent(), facts(book=a_book(at_us=NOW - 30 * SECOND))),
         (an_intent(), facts(book=a_book(at_us=NOW - 30 * SECOND - 1)))),
    Case("STALE", "a quote of 15 minutes, for orders that wait",
         (resting(), facts(book=None, quote=a_quote(at_us=NOW - 900 * SECOND))),
         (resting(), facts(book=None, quote=a_quote(at_us=NOW - 900 * SECOND - 1)))),
    Case("STALE", "a quote of 15 minutes, for every entry: its fair value is anchored to it",
         (an_intent(), facts(quote=a_quote(at_us=NOW - 900 * SECOND))),
         (an_intent(), facts(quote=a_quote(at_us=NOW - 900 * SECOND - 1)))),
    Case("STALE", "a forecast of six hours",
         (an_intent(), facts(forecast=a_forecast(made_us=NOW - 6 * HOUR))),
         (an_intent(), facts(forecast=a_forecast(made_us=NOW - 6 * HOUR - 1)))),
    Case("STALE", "nor a forecast by a clock that was set back since",
         (an_intent(), facts(forecast=a_forecast(made_us=NOW + MINUTE))),
         (an_intent(), facts(forecast=a_forecast(made_us=NOW + MINUTE + 1)))),
    Case("STALE", "where it rests on one",
         (resting(purpose=QUOTE, forecast_id=None), facts(forecast=a_forecast(made_us=0))),
         (resting(), facts(forecast=a_forecast(made_us=0)))),
    Case("STALE", "an exit does without a quote",
         (exit_of(), replace(holding(TEN), facts={"T": the_facts(quote=a_quote(at_us=0))})),
         (exit_of(), replace(holding(TEN), facts={"T": the_facts(book=a_book(at_us=0))}))),
    Case("STALE", "taking needs a book", (resting(), facts(book=None)),
         (an_intent(), facts(book=None))),
    Case("STALE", "so does quoting", (a_quote_of(), PLAIN), (a_quote_of(), facts(book=None))),
    Case("SHAPE", "on the grid", (an_intent(limit="0.4400"), PLAIN),
         (an_intent(limit="0.4450"), PLAIN)),
    Case("SHAPE", "a fair value that can be one", (an_intent(fair=0.999), PLAIN),
         (an_intent(fair=7.0), PLAIN)),
    Case("SHAPE", "and that is a number", (an_intent(fair=None), PLAIN),
         (an_intent(fair=float("nan")), PLAIN)),
    Case("SHAPE", "something to trade", (exit_of("0.01"), PLAIN), (exit_of("0.00"), PLAIN)),
    Case("SHAPE", "a hundredth of a contract", (an_intent(count="0.01"), PLAIN),
         (an_intent(count="0.00"), PLAIN)),
    Case("SHAPE", "what waits is post-only", (resting(), PLAIN),
         (resting(post_only=False), PLAIN)),
    Case("SHAPE", "what takes is not", (an_intent(), PLAIN), (an_intent(post_only=True), PLAIN)),
    Case("SHAPE", "what waits expires", (resting(), PLAIN), (resting(expires_us=None), PLAIN)),
    Case("SHAPE", "in the future", (resting(expires_us=NOW + 1), PLAIN),
         (resting(expires_us=NOW), PLAIN)),
    Case("SHAPE", "reduce-only takes", (exit_of(reduce_only=True), PLAIN),
         (resting(ASK, purpose=EXIT, reduce_only=True), PLAIN)),
    Case("ORDER_SIZE", "25,000 contracts",
         (resting(count="25000.00"), the_state(limits=the_limits(max_single_position=None))),
         (resting(count="25001.00"), the_state(limits=the_limits(max_single_position=None)))),
    # hundredths cost 0.0048 and 0.0002 for 0.07 * 0.01 * 0.48 * 0.52 = 0.000175: 50c a contract
    Case("ORDER_SIZE", "$50 an entry, the fees of all its fills included",
         (an_intent(limit="0.4800", count="100.00"), PLAIN),
         (an_intent(limit="0.4800", count="101.00"), PLAIN)),
    Case("ORDER_SIZE", "a maker of this type pays no fee",
         (resting(count="121.00"), PLAIN), (resting(count="122.00"), PLAIN)),
    Case("PRICE_COLLAR", "20 cents above a mid of 0.42", (an_intent(limit="0.6200"), PLAIN),
         (an_intent(limit="0.6300"), PLAIN)),
    Case("PRICE_COLLAR", "20 cents below it", (an_intent(ASK, limit="0.2200"), PLAIN),
         (an_intent(ASK, limit="0.2100"), PLAIN)),
    # Without our own bid at 0.40 the mid is that of 0.10 and 0.44.
    Case("PRICE_COLLAR", "no mid rests on an order of our own",
         (an_intent(limit="0.4700"), ordered(resting(limit="0.4000", count="99.00"),
             facts={"T": the_facts(book=a_book(bids=("0.4000", "0.1000")))})),
         (an_intent(limit="0.4800"), ordered(resting(limit="0.4000", count="100.00"),
             facts={"T": the_facts(book=a_book(bids=("0.4000", "0.1000")))}))),
    Case("PRICE_COLLAR", "without a mid the fair value counts",
         (an_intent(limit="0.3000", fair=0.5), facts(book=a_book(bids=()))),
         (an_intent(limit="0.3000", fair=None), facts(book=a_book(bids=())))),
    Case("PRICE_COLLAR", "exits may keep to the price they meet",
         (exit_of(limit="0.1000"), facts(book=a_book(bids=("0.1000",), asks=()))),
         (exit_of(limit="0.1000"), facts(book=a_book(bids=(), asks=())))),
    Case("PRICE_COLLAR", "a sale that waits may ask for any price, and for no less than another",
         (resting(ASK, "0.9900", purpose=EXIT), PLAIN),
         (resting(ASK, "0.1900", purpose=EXIT), PLAIN)),
    Case("PRICE_COLLAR", "one that takes may not",
         (resting(BID, "0.0100", purpose=EXIT), PLAIN),
         (resting(BID, "0.0100", purpose=EXIT, post_only=False), PLAIN)),
    Case("DUPLICATE", "one entry a forecast", (an_intent(), PLAIN),
         (an_intent(), TRADED)),
    Case("DUPLICATE", "another forecast may be traded", (an_intent(forecast_id="f2"),
         TRADED),
         (an_intent(forecast_id="f2"), ordered(resting()))),
    Case("DUPLICATE", "one quote a side",
         (a_quote_of(), ordered(a_quote_of(ASK, "0.4300"))),
         (a_quote_of(), ordered(a_quote_of(limit="0.4000")))),
    Case("RATE", "15 entries an hour", (an_intent(), the_state(entries_last_hour=14)),
         (an_intent(), the_state(entries_last_hour=15))),
    Case("ORDER_RATE", "60 orders a minute",
         (an_intent(), the_state(orders_last_minute=59)),
         (an_intent(), the_state(orders_last_minute=60))),
    Case("REPEATED", "four entries a market and day",
         (an_intent(), the_state(entries_today={(STRATEGY, "T"): 3, (STRATEGY, "U"): 9})),
         (an_intent(), the_state(entries_today={(STRATEGY, "T"): 4}))),
    Case("MARKET_OWNED", "a market has one owner", (an_intent(), holding(TEN)),
         (an_intent(), holding(replace(TEN, owner="market_making")))),
    Case("MARKET_OWNED", "from its first intent", (an_intent(), ordered(resting())),
         (an_intent(), ordered(resting(strategy="market_making")))),
    Case("MARKET_OWNED", "what is foreign owns nothing",
         (an_intent(), holding(replace(TEN, owner=EXTERNAL))),
         (an_intent(), holding(replace(TEN, owner="quick_flip")))),
    Case("MARKET_FROZEN", "entering against a foreign position",
         (an_intent(BID), holding(replace(TEN, owner=EXTERNAL))),
         (an_intent(ASK), holding(replace(TEN, owner=EXTERNAL)))),
    Case("MARKET_FROZEN", "leaving against one",
         (exit_of(), holding(TEN, replace(TEN, owner=EXTERNAL))),
         (exit_of(), holding(TEN, a_position("-5.00", "0.4000", owner=EXTERNAL)))),
    Case("COOLDOWN", "six hours after leaving",
         (an_intent(), the_state(last_exit_us={("directional_trading", "T"): NOW - 6 * HOUR})),
         (an_intent(), the_state(last_exit_us={("directional_trading", "T"): NOW - 6 * HOUR + 1}))),
    # 0.5 - 0.47 - 0.07 * 0.47 * 0.53 = 0.0126; at 0.48: 0.5 - 0.48 - 0.0175 = 0.0025
    Case("NET_EDGE", "a cent after the fee", (an_intent(limit="0.4700"), PLAIN),
         (an_intent(limit="0.4800"), PLAIN)),
    # no maker fee: 0.5 - 0.49 = 0.01 exactly
    Case("NET_EDGE", "makers of this type pay nothing", (resting(limit="0.4900"), PLAIN),
         (resting(limit="0.5000"), PLAIN)),
    Case("NET_EDGE", "NO mirrors YES", (resting(ASK, limit="0.5100"), PLAIN),
         (resting(ASK, limit="0.5000"), PLAIN)),
    Case("NET_EDGE", "an entry comes with a fair value",
         (an_intent(), PLAIN), (an_intent(fair=None), PLAIN)),
    Case("NET_EDGE", "without a forecast it pays too",
         (an_intent(limit="0.4700", forecast_id=None), PLAIN),
         (an_intent(limit="0.4800", forecast_id=None), PLAIN)),
    Case("CONFIDENCE", "half an interval", (an_intent(), facts(
         forecast=a_forecast(low=0.25, high=0.75))),
         (an_intent(), facts(forecast=a_forecast(low=0.25, high=0.751)))),
    Case("CONFIDENCE", "of the newest forecast", (an_intent(), PLAIN),
         (an_intent(forecast_id="f0"), PLAIN)),
    Case("MARKET_EXPOSURE", "$50 a market", (an_intent(limit="0.5000", count="100.00"), PLAIN),
         (an_intent(limit="0.5000", count="101.00"), PLAIN)),
    Case("MARKET_EXPOSURE", "NO costs the rest of the dollar",
         (an_intent(ASK, limit="0.7500", count="200.00"), PLAIN),
         (an_intent(ASK, limit="0.7500", count="201.00"), PLAIN)),
    # $46 held in YES and $4 wanted: 10 at 0.40
    Case("MARKET_EXPOSURE", "with all that is held, whoever holds it",
         (an_intent(limit="0.4000"), holding(a_position("92.00", "0.5000", owner=EXTERNAL))),
         (an_intent(limit="0.4000"), holding(a_position("93.00", "0.5000", owner=EXTERNAL)))),
    Case("MARKET_EXPOSURE", "and all that is on its way",
         (an_intent(limit="0.4000"), ordered(at("T", "92.00"))),
         (an_intent(limit="0.4000"), ordered(at("T", "93.00")))),
    # $1 a contract, whatever it cost
    Case("MARKET_EXPOSURE", "and all that is held by no fill on record",
         (an_intent(limit="0.4000"), the_state(unexplained=(a_position("46.00", "1.0000"),))),
         (an_intent(limit="0.4000"), the_state(unexplained=(a_position("47.00", "1.0000"),)))),
    Case("EVENT_EXPOSURE", "$100 an event", (an_intent(limit="0.4000"), ordered(at("U", "192.00"))),
         (an_intent(limit="0.4000"), ordered(at("U", "193.00")))),
    # NO of T and NO of U cannot both lose: worst is the dearer leg
    Case("EVENT_EXPOSURE", "of exclusive NO legs one loses",
         (an_intent(ASK, limit="0.4000"), holding(a_position("-200.00", "0.5000", "U"),
                                                 exclusive_events=frozenset({"E"}))),
         (an_intent(ASK, limit="0.4000"), holding(a_position("-200.00", "0.5000", "U")))),
    Case("CLUSTER_EXPOSURE", "$150 a cluster",
         (an_intent(limit="0.4000"), ordered(at("V", "292.00"))),
         (an_intent(limit="0.4000"), ordered(at("V", "293.00")))),
    Case("CATEGORY_EXPOSURE", "$300 a category",
         (an_intent(limit="0.4000"), ordered(at("V", "592.00"))),
         (an_intent(limit="0.4000"), ordered(at("V", "593.00")))),
    Case("STRATEGY_ALLOCATION", "$400 a strategy",
         (an_intent(limit="0.4000"), ordered(at("V", "792.00"))),
         (an_intent(limit="0.4000"), ordered(at("V", "793.00")))),
    Case("STRATEGY_ALLOCATION", "its own alone",
         (an_intent(), ordered(at("V", "900.00", strategy="market_making"))),
         (an_intent(), ordered(at("V", "900.00")))),
    # $896 elsewhere, of nobody in particular, and $4 wanted
    Case("ACCOUNT_EXPOSURE", "$900 in all, whoever holds it",
         (an_intent(limit="0.4000"), ordered(at("V", "1792.00", strategy=EXTERNAL))),
         (an_intent(limit="0.4000"), ordered(at("V", "1793.00", strategy=EXTERNAL)))),
    Case("MAX_POSITIONS", "15 markets",
         (an_intent(), holding(*(a_position("1.00", "0.5000", f"M{n}") for n in range(14)))),
         (an_intent(), holding(*(a_position("1.00", "0.5000", f"M{n}") for n in range(15))))),
    Case("MAX_POSITIONS", "more of the same is no new market",
         (an_intent(), holding(*(a_position("1.00", "0.5000", t) for t in "TABCDEFGHIJKLMN"))),
         (an_intent(ticker="U"),
          holding(*(a_position("1.00", "0.5000", t) for t in "TABCDEFGHIJKLMN")))),
    # 10 at 0.44 cost 4.40, and 0.0002 for the 0.07 * 0.01 * 0.44 * 0.56 = 0.000172 of a hundredth
    Case("CASH_RESERVE", "$10 stay", (an_intent(), the_state(cash=dollars("14.600000"))),
         (an_intent(), the_state(cash=dollars("14.599999")))),
    # 10 at 0.50 take 5.00; U's fees are not known, so half of 0.07 * 0.01 * 0.25 = 0.000175 for
    # the maker: 0.0001 a hundredth
    Case("CASH_RESERVE", "after what waits, and its fees",
         (an_intent(), ordered(at("U", "10.00"), cash=dollars("19.700000"))),
         (an_intent(), ordered(at("U", "10.00"), cash=dollars("19.699999")))),
    # 4.40 and fees of 0.20, as above
    Case("SHARD_COLLATERAL", "the cash of its own shard",
         (an_intent(exchange_index=2), on_shards("100.000000", "4.600000")),
         (an_intent(exchange_index=2), on_shards("100.000000", "4.599999"))),
    Case("SHARD_COLLATERAL", "after what waits there, and its fees; not what waits elsewhere",
         (an_intent(), on_shards("9.700000", "0.000000", at("U", "10.00"),
                                 at("U", "10.00", exchange_index=2))),
         (an_intent(), on_shards("9.699999", "0.000000", at("U", "10.00")))),
    Case("SHARD_COLLATERAL", "a shard that is not told of has nothing",
         (an_intent(exchange_index=3), PLAIN),
         (an_intent(exchange_index=3), on_shards("100.000000", "100.000000"))),
    Case("DAILY_LOSS", "10 % a day", (an_intent(), the_state(equity=dollars("900.000000"))),
         (an_intent(), the_state(equity=dollars("899.999999")))),
    Case("DRAWDOWN", "15 % from the peak", (an_intent(), the_state(
         equity=dollars("935.000000"), peak_equity=dollars("1100.000000"))),
         (an_intent(), the_state(equity=dollars("934.999999"),
                                 peak_equity=dollars("1100.000000")))),
    Case("SELF_CROSS", "our own ask above", (an_intent(limit="0.4400"),
         ordered(resting(ASK, "0.4500"))),
         (an_intent(limit="0.4500"), ordered(resting(ASK, "0.4500")))),
    Case("SELF_CROSS", "our own bid below, whoever sells", (exit_of(limit="0.4200"),
         ordered(resting(BID, "0.4100", strategy="market_making"))),
         (exit_of(limit="0.4100"), ordered(resting(BID, "0.4100", strategy="market_making")))),
    Case("EXIT_REDUCES", "no more than is held", (exit_of("10.00"), holding(TEN)),
         (exit_of("10.01"), holding(TEN))),
    Case("EXIT_REDUCES", "counting exits that wait",
         (exit_of("4.00"), replace(holding(TEN), orders=(an_order(
             resting(ASK, "0.5000", "6.00", purpose=EXIT)),))),
         (exit_of("4.01"), replace(holding(TEN), orders=(an_order(
             resting(ASK, "0.5000", "6.00", purpose=EXIT)),)))),
    Case("EXIT_REDUCES", "and those of unknown outcome",
         (exit_of("4.00", side=BID), replace(holding(a_position("-10.00", "0.4000")), orders=(
             an_order(exit_of("6.00", side=BID), OrderState.UNKNOWN),))),
         (exit_of("4.01", side=BID), replace(holding(a_position("-10.00", "0.4000")), orders=(
             an_order(exit_of("6.00", side=BID), OrderState.UNKNOWN),)))),
    Case("EXIT_REDUCES", "and its owner's quotes that may sell too",
         (exit_of("4.00"), replace(holding(TEN), orders=(an_order(
             resting(ASK, "0.5000", "6.00", purpose=Purpose.QUOTE), OrderState.UNKNOWN),))),
         (exit_of("4.01"), replace(holding(TEN), orders=(an_order(
             resting(ASK, "0.5000", "6.00", purpose=Purpose.QUOTE), OrderState.UNKNOWN),)))),
    Case("EXIT_REDUCES", "but no bids, nor what others sell",
         (exit_of("10.00"), replace(holding(TEN), orders=(
             an_order(resting(BID, "0.3000", "6.00")),
             an_order(resting(ASK, "0.5000", "6.00", strategy="market_making"), number=1)))),
         (exit_of("10.01"), replace(holding(TEN), orders=(
             an_order(resting(BID, "0.3000", "6.00")),
             an_order(resting(ASK, "0.5000", "6.00", strategy="market_making"), number=1))))),
    Case("EXIT_REDUCES", "away from what is held", (exit_of(side=ASK), holding(TEN)),
         (exit_of(side=BID), holding(TEN))),
    Case("EXIT_REDUCES", "something must be held", (exit_of(), holding(TEN)), (exit_of(), PLAIN)),
    Case("UNRESOLVED_ACCOUNT", "three unknown orders elsewhere block everything",
         (an_intent(), unknown("U", "V", resting_too=("W",))),
         (an_intent(), unknown("U", "V", "W"))),
    Case("UNRESOLVED", "an unknown order blocks its market",
         (an_intent(), the_state(unresolved={"U": "why"})),
         (an_intent(), the_state(unresolved={"T": "why"}))),
    Case("BOOKS_INCOMPLETE", "books read in part take no new risk",
         (an_intent(), the_state(missing="")), (an_intent(), the_state(missing="fills"))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}: {case.name}")
def test_passes_at_the_limit_and_denies_beyond_it(case):
    control = CONTROLS[case.code]
    assert control.check(*case.passes, NOW) is None
    denial = control.check(*case.denied, NOW)
    assert denial is not None
    assert denial.code == case.code
    assert denial.detail
    assert not RAW.search(denial.detail)
    assert denial.value
    assert denial.limit


def test_every_control_has_a_case_a_code_and_a_rank_of_its_own():
    assert {case.code for case in CASES} == set(CONTROLS)
    assert len({control.rank for control in CONTROLS.values()}) == len(names(package))
    assert all(code == code.upper() and control.purposes for code, control in CONTROLS.items())


def test_the_order_of_the_controls_is_the_order_of_their_gravity():
    assert list(CONTROLS)[:16] == [
        "HALT_STATE", "COOLING", "ENVIRONMENT", "EXCHANGE_PAUSED", "ORDER_GROUP_TRIGGERED",
        "CATEGORY_FORBIDDEN", "INELIGIBLE", "STALE", "SHAPE", "ORDER_SIZE",
        "PRICE_COLLAR", "DUPLICATE", "ORDER_RATE", "RATE", "REPEATED",
        "MARKET_OWNED",
    ]  # fmt: skip
    assert list(CONTROLS)[-6:] == [
        "DRAWDOWN", "SELF_CROSS", "EXIT_REDUCES", "UNRESOLVED",
        "UNRESOLVED_ACCOUNT", "BOOKS_INCOMPLETE",
    ]  # fmt: skip


def test_an_order_in_good_order_passes_all_and_the_first_denial_counts():
    chosen = tuple(CONTROLS.values())
    assert first_denial(chosen, an_intent(), PLAIN, NOW) is None
    assert first_denial(chosen, exit_of(), holding(TEN), NOW) is None
    worse = replace(PLAIN, desk=DeskState.HALTED, entries_last_hour=99)
    assert first_denial(chosen, an_intent(), worse, NOW).code == "HALT_STATE"
    assert first_denial(chosen, exit_of(), replace(worse, positions=(TEN,)), NOW).code == (
        "HALT_STATE"
    )


def test_exits_skip_cooldowns_rates_and_losses():
    state = the_state(
        positions=(TEN,),
        equity=dollars("1.000000"),
        entries_last_hour=99,
        orders_last_minute=999,
        cash=dollars("0.000000"),
        last_exit_us={("directional_trading", "T"): NOW},
        unresolved={"T": "why"},
        facts={"T": the_facts(rejected_by="SPREAD", fees=FeeTerms("flat"), forecast=None)},
        triggered_shards=frozenset({0}),
        barred=frozenset({"Weather"}),
    )
    assert first_denial(tuple(CONTROLS.values()), exit_of(), state, NOW) is None


def test_quotes_are_flat_now_and_then_and_are_no_entries_to_be_counted():
    state = the_state(
        last_exit_us={("market_making", "T"): NOW},
        entries_last_hour=99,
        entries_today={("market_making", "T"): 99},
        facts={"T": the_facts(forecast=a_forecast(made_us=0, low=0.1, high=0.9))},
    )
    assert first_denial(tuple(CONTROLS.values()), a_quote_of(), state, NOW) is None
    for changed in (
        replace(state, orders_last_minute=60),
        replace(state, equity=dollars("899.999999")),
        replace(state, triggered_shards=frozenset({0})),
        replace(state, positions=(TEN,)),
        replace(state, unresolved={"T": "why"}),
    ):
        assert first_denial(tuple(CONTROLS.values()), a_quote_of(), changed, NOW) is not None


UNLIMITED = [
    ("RATE", {"max_trades_per_hour": None}, {"entries_last_hour": 99}),
    ("MARKET_EXPOSURE", {"max_market_exposure": None}, {}),
    ("EVENT_EXPOSURE", {"max_event_exposure": None}, {}),
    ("CLUSTER_EXPOSURE", {"max_cluster_exposure": None}, {}),
    ("CATEGORY_EXPOSURE", {"max_category_exposure": None}, {}),
    ("STRATEGY_ALLOCATION", {"strategy_allocation": None}, {}),
    ("ACCOUNT_EXPOSURE", {"max_account_exposure": None}, {}),
    ("ORDER_SIZE", {"max_single_position": None}, {}),
    ("ORDER_RATE", {"max_orders_per_minute": None}, {"orders_last_minute": 99}),
    ("UNRESOLVED_ACCOUNT", {"max_unresolved_orders": None},
     {"orders": unknown("U", "V", "W").orders}),
    ("REPEATED", {"max_entries_per_market": None}, {"entries_today": {(STRATEGY, "T"): 99}}),
    ("MAX_POSITIONS", {"max_positions": None},
     {"positions": tuple(a_position("1.00", "0.5000", f"M{n}") for n in range(99))}),
    ("DAILY_LOSS", {"max_daily_loss": None}, {"equity": dollars("1.000000")}),
    ("DRAWDOWN", {"max_drawdown": None}, {"equity": dollars("1.000000")}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "lifted", "state"), UNLIMITED)
def test_unlimited_means_unlimited(code, lifted, state):
    huge = an_intent(count="900.00")
    strict = the_limits(**{name: 0.01 for name in lifted if "exposure" in name or "alloc" in name})
    assert CONTROLS[code].check(huge, the_state(limits=strict, **state), NOW) is not None
    assert CONTROLS[code].check(huge, the_state(limits=the_limits(**lifted), **state), NOW) is None


SIZED = [code for code, control in CONTROLS.items() if Purpose.ENTRY in control.purposes]


@given(
    st.sampled_from(SIZED),
    st.sampled_from(Side),
    st.integers(1, 99),
    st.integers(1, 400),
    st.integers(1, 400),
    st.integers(-300, 300),
    st.booleans(),
)
def test_a_smaller_order_is_never_refused_where_a_larger_one_passes(
    code, side, cents, one, more, held, exclusive
):
    state = the_state(
        positions=(a_position(f"{held}.00", "0.5000", "U"),) if held else (),
        orders=(an_order(at("V", "40.00")),),
        exclusive_events=frozenset({"E"}) if exclusive else frozenset(),
        cash=dollars("300.000000"),
    )
    small = an_intent(side, f"0.{cents:02}00", f"{one}.00")
    large = replace(small, count=small.count + Contracts(100 * more))
    control = CONTROLS[code]
    if control.check(large, state, NOW) is None:
        assert control.check(small, state, NOW) is None


def test_a_quote_is_not_held_to_a_forecast():
    quoted = resting(purpose=QUOTE, forecast_id=None, fair=None)
    assert first_denial(tuple(CONTROLS.values()), quoted, facts(forecast=None), NOW) is None
    assert quoted.time_in_force is TimeInForce.GTC


def test_a_duplicate_names_what_it_duplicates_and_when_it_may_trade():
    live = ordered(resting(expires_us=NOW + HOUR))
    told = CONTROLS["DUPLICATE"].check(an_intent(forecast_id="f2"), live, NOW)
    assert told.detail == (
        "order k1 (buy 10 YES at 41c, 0 filled) is live here, until 2027-01-15 09:00Z "
        "at the latest; a newer forecast may trade once it is filled or gone"
    )
    told = CONTROLS["DUPLICATE"].check(an_intent(), TRADED, NOW)
    assert told.detail.startswith("forecast f1")
    assert told.detail.endswith(
        "was traded already, or refused too often; a newer forecast of this market may trade"
    )


WORDS = [
    # 0.5 - 0.48 - 0.07 * 0.48 * 0.52 = 0.0025
    (an_intent(limit="0.4800"), PLAIN, "NET_EDGE",
     "net edge 0.25c a contract at 48c, at least 1c is asked"),
    # who sells YES at 50.5 cents, half a cent above what it is worth, buys NO at 49.5
    (resting(ASK, limit="0.5050"), PLAIN, "NET_EDGE",
     "net edge 0.5c a contract at 49.5c, at least 1c is asked"),
    # the mid is 0.42, so of NO 0.58; an exit may sell for 20 cents less than the bid of 0.40
    (resting(ASK, limit="0.6305"), PLAIN, "PRICE_COLLAR",
     "the limit of 36.95c is 21.05c from the market, at most 20c is allowed"),
    (exit_of(limit="0.1900"), holding(TEN), "PRICE_COLLAR",
     "the limit of 19c is 21c from the market, at most 20c is allowed"),
    (an_intent(count="25000.01"), PLAIN, "ORDER_SIZE",
     "25,000.01 contracts, at most 25,000 an order"),
    (an_intent(), facts(forecast=a_forecast(low=0.25, high=0.80)), "CONFIDENCE",
     "confidence 45.0%, at least 50.0% is asked"),
    (exit_of("10.01"), holding(TEN), "EXIT_REDUCES",
     "10.01 contracts may leave, all own orders on that side counted, and 10 are held"),
    # who buys NO at 59 cents meets who bids 42 for YES, and so lets NO go at 58
    (resting(ASK, limit="0.4100"), ordered(resting(limit="0.4200")), "SELF_CROSS",
     "at 59c it would trade with our own order k1 at 58c"),
    (exit_of(limit="0.4100"), ordered(resting(limit="0.4100")), "SELF_CROSS",
     "at 41c it would trade with our own order k1 at 41c"),
    (an_intent(ASK), holding(replace(TEN, owner=EXTERNAL)), "MARKET_FROZEN",
     "others hold 10 YES here, against which this would trade"),
    (exit_of(), holding(TEN, a_position("-5.50", "0.4000", owner=EXTERNAL)), "MARKET_FROZEN",
     "we hold 10 YES here, and others 5.50 NO"),
]  # fmt: skip


@pytest.mark.parametrize(("intent", "state", "code", "words"), WORDS)
def test_a_denial_speaks_of_prices_and_sizes_as_people_do(intent, state, code, words):
    """In cents of the outcome that is traded, and in contracts with decimals only if any."""
    denial = CONTROLS[code].check(intent, state, NOW)
    assert denial.detail == words
    assert with_numbers(words, denial.value, denial.limit, code) == words
