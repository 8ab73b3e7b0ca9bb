"""Two sides of the same positions, compared without an exchange or a store."""

from kalshi_cli.domain.money import Contracts
from kalshi_cli.steps.positions import Difference, compared


def nets(**held):
    return {ticker: Contracts.parse(count) for ticker, count in held.items()}


def test_what_agrees_is_no_difference():
    found = compared(nets(T="4.00", U="-1.00"), nets(T="4.00", U="-1.00"))
    assert (found.differences, found.unexplained) == ((), ())


def test_what_is_beyond_ours_is_told_at_a_dollar_a_contract():
    """10 YES of T by us and 4 by them are 6 NO more; V is theirs alone, W ours alone."""
    found = compared(nets(T="10.00", W="2.00"), nets(T="4.00", V="-3.00"))
    assert found.differences == (
        Difference("T", "10.00", "4.00"),
        Difference("V", "0.00", "-3.00"),
        Difference("W", "2.00", "0.00"),
    )
    assert [(p.ticker, str(p.net), str(p.cost)) for p in found.unexplained] == [
        ("T", "-6.00", "6.000000"),
        ("V", "-3.00", "3.000000"),
        ("W", "-2.00", "2.000000"),
    ]
