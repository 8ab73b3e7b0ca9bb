"""A person's own strategies: found in the home directory, harmless where they cannot be loaded."""

from dataclasses import replace

import pytest
from fakes.clock import FakeClock
from fakes.floor import waiting

from kalshi_cli.bootstrap.strategies import running, strategy
from kalshi_cli.domain.order import Order, OrderState
from kalshi_cli.errors import UsageError
from kalshi_cli.settings.sections import Allocation, Settings
from kalshi_cli.settings.strategies import names
from kalshi_cli.steps.quoting import why_withdrawn
from kalshi_cli.strategies._contract import example_view

TEXT = '''
from dataclasses import dataclass
from typing import ClassVar
from kalshi_cli.strategies._base import Strategy

@dataclass(frozen=True)
class Drift(Strategy):
    """Drifts."""
    resting_minutes: float = 1.0
    own: int = 7
    name: ClassVar[str] = "drift"

    def propose(self, view):
        return ()
'''


def the_settings(home, text=TEXT, name="drift"):
    folder = home / "strategies"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text)
    (folder / f"test_{name}.py").write_text("")
    return Settings(home=home, allocation=Allocation(others={name: 0.05}))


def test_a_share_makes_it_run_beside_the_others(tmp_path):
    settings = the_settings(tmp_path)
    assert set(names(settings)) >= {"directional_trading", "drift"}
    assert not any(name.startswith("test_") for name in names(settings))
    *shipped, drift = running(settings)
    assert [each.name for each in shipped] == list(settings.trading.strategies)
    assert (drift.resting_minutes, drift.own) == (settings.trading.resting_minutes, 7)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def (", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("x = 1", "must define one Strategy, found 0"),
        (
            TEXT.replace("float = 1.0\n    own: int = 7", "float\n    own: int"),
            "Drift asks for own, ",
        ),
        (TEXT.replace('"drift"', '"other"'), "it calls itself 'other'"),
    ],
)
def test_what_cannot_be_loaded_fails_alone_and_says_why(tmp_path, text, told):
    *_, drift = running(the_settings(tmp_path, text))
    assert drift.name == "drift"
    with pytest.raises(ImportError, match=f"drift.py: .*{told}"):
        drift.propose(example_view())


def test_what_is_not_there_fails_alone_too_and_nobody_attends_to_its_quotes(tmp_path):
    settings = Settings(home=tmp_path, allocation=Allocation(others={"mine": 0.05}))
    *shipped, mine = running(settings)
    assert ([each.name for each in shipped], mine.name) == (["directional_trading"], "mine")
    told = f"there is no mine.py in {tmp_path / 'strategies'}"
    with pytest.raises(ImportError) as missing:
        mine.propose(example_view())
    assert str(missing.value) == told
    quote = Order(
        "k1", replace(waiting(FakeClock()), strategy="mine"), OrderState.RESTING, 0, 0, "", 1
    )
    assert why_withdrawn(mine, quote, None) == told


def test_a_name_that_is_none_is_refused(tmp_path):
    with pytest.raises(UsageError) as refused:
        strategy("martingale", Settings(home=tmp_path))
    assert "directional_trading" in refused.value.remedy
