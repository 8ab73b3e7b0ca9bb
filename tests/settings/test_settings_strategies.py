"""Which strategies there are, and a name that is none of them."""

import pytest

from kalshi_cli.errors import ConfigError
from kalshi_cli.settings.sections import Allocation, Settings, Trading
from kalshi_cli.settings.strategies import refuse_unknown


@pytest.mark.parametrize(
    ("settings", "told", "remedy"),
    [
        (
            {"trading": Trading(strategies=("directional_tradin",))},
            "trading.strategies names 'directional_tradin', which is no strategy.",
            "Did you mean directional_trading?",
        ),
        (
            {"allocation": Allocation(others={"nobody_wrote_this": 0.1})},
            "allocation.others names 'nobody_wrote_this', which is no strategy.",
            "`kalshi strategies new nobody_wrote_this` writes one, beside directional_trading,",
        ),
    ],
)
def test_a_strategy_that_there_is_not_is_refused_with_what_to_do(tmp_path, settings, told, remedy):
    with pytest.raises(ConfigError) as caught:
        refuse_unknown(Settings(home=tmp_path, **settings))
    assert str(caught.value) == told
    assert caught.value.remedy.startswith(remedy)


def test_a_strategy_of_ones_own_is_one_that_there_is(tmp_path):
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "drift.py").write_text("")
    settings = Settings(home=tmp_path, allocation=Allocation(others={"drift": 0.1}))
    assert settings.running == ("directional_trading", "drift")
    refuse_unknown(settings)
