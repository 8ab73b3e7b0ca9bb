import pytest
from fakes.decisions import a_position

from kalshi_cli.domain.money import NO_MONEY, Money, Price
from kalshi_cli.domain.position import apply_settlement
from kalshi_cli.evaluation.interval import Verdict
from kalshi_cli.evaluation.pnl import TradeResult, strategy_pnl, trade_result

AI = Money.parse("1.000000")


def dollars(text):
    return Money.parse(text)


def closed(event, realized, fees="0.100000", strategy="s"):
    return TradeResult(strategy, event, dollars(realized), NO_MONEY, dollars(fees), is_open=False)


def test_an_open_position_is_worth_its_mark():
    held = a_position("10.00", "0.4000", owner="s")
    result = trade_result(held, "E", dollars("4.250000"))
    assert (result.unrealized, result.pnl, result.is_open) == (
        dollars("0.250000"), dollars("0.250000"), True,
    )  # fmt: skip
    over = trade_result(apply_settlement(held, Price(10_000), 2), "E", NO_MONEY)
    assert (over.realized, over.unrealized, over.is_open) == (dollars("6.000000"), NO_MONEY, False)


def test_profit_is_net_of_fees_and_of_the_ai_once():
    results = [
        closed("E1", "6.000000"),
        closed("E2", "-4.000000"),
        TradeResult("s", "E3", NO_MONEY, dollars("0.500000"), dollars("0.200000"), is_open=True),
    ]
    (row,) = strategy_pnl(results, {"s": AI})
    assert (row.realized, row.unrealized) == (dollars("2.000000"), dollars("0.500000"))
    assert (row.fees, row.ai_cost) == (dollars("0.400000"), AI)
    assert row.net == dollars("1.100000")
    # E1 earned 5.90 and E2 lost 4.10; a third of the dollar each: mean 0.90 - 0.3333
    assert row.per_event.mean == pytest.approx(0.9 - 1 / 3)
    assert (row.per_event.clusters, row.markets) == (2, 3)
    assert row.verdict is Verdict.UNRESOLVED


def test_legs_of_one_event_are_one_observation_and_an_open_leg_keeps_it_open():
    (row,) = strategy_pnl([closed("E1", "6.000000"), closed("E1", "-4.000000")], {})
    assert (row.per_event.mean, row.per_event.low) == (pytest.approx(1.8), None)
    leg = TradeResult("s", "E1", NO_MONEY, NO_MONEY, NO_MONEY, is_open=True)
    (row,) = strategy_pnl([closed("E1", "6.000000"), leg], {})
    assert row.per_event is None


def test_a_strategy_that_only_spent_has_a_row():
    rows = strategy_pnl([closed("E", "1.000000", strategy="b")], {"a": AI})
    assert [(row.strategy, row.net) for row in rows] == [("a", -AI), ("b", dollars("0.900000"))]


@pytest.mark.parametrize(
    ("gain", "said"),
    [(2.0, Verdict.EDGE), (-2.0, Verdict.NO_EDGE), (0.01, Verdict.UNRESOLVED)],
)
def test_thirty_events_may_say_something(gain, said):
    swing = [gain + (1 if n % 2 else -1) for n in range(30)]
    results = [closed(f"E{n}", f"{value:.6f}", "0.000000") for n, value in enumerate(swing)]
    assert strategy_pnl(results, {})[0].verdict is said
    assert strategy_pnl(results[:29], {})[0].verdict is Verdict.UNRESOLVED
