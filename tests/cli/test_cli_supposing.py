"""Settings that are supposed on the command line are read as those of a config file are."""

from pathlib import Path

import pytest

from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.cli.start import Prepared, configured
from kalshi_cli.cli.supposing import changes, supposed
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import UsageError
from kalshi_cli.settings.environment import Environment


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KALSHI_HOME", str(tmp_path))
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.py").write_text("")
    (tmp_path / "config.toml").write_text("[risk]\nmax_positions = 7\n")
    invocation = Invocation()
    environment = Environment(env=Env.SIM, why="", home=tmp_path)
    return Prepared(invocation, configured(invocation), environment)


def test_values_have_the_types_of_their_settings(prepared: Prepared):
    found = supposed(
        prepared,
        [
            "trading.min_net_edge=0.005",
            "risk.max_trades_per_hour = unlimited",
            "trading.capital_limit=300",
            "filters.block_series=KXA,KXB",
            'filters.allow_tickers=["A"]',
            "trading.preset=disciplined",
            "allocation.others.mine=0.05",
            "quick_flip.watched_markets=100",
        ],
    )
    assert found.trading.min_net_edge == 0.005
    assert found.trading.kelly_fraction == 0.25  # by the preset
    assert found.trading.capital_limit == Money.parse("300")
    assert found.risk.max_trades_per_hour is None
    assert found.risk.max_positions == 7  # what was not named is as it was
    assert found.filters.block_series == ("KXA", "KXB")
    assert found.filters.allow_tickers == ("A",)
    assert found.allocation.others == {"mine": 0.05}
    assert found.quick_flip.watched_markets == 100


@pytest.mark.parametrize(
    ("given", "told", "remedy"),
    [
        ("risk.max_positions", "is no setting", "trading.min_net_edge=0.02"),
        ("=3", "is no setting", "trading.min_net_edge=0.02"),
        ("risk.max_postions=3", "unknown setting risk.max_postions", "risk.max_positions?"),
        ("max_positions=3", "unknown setting max_positions", "risk.max_positions?"),
        ("risk.max_positions=-3", "is not valid", "config show"),
        ("risk.max_positions=true", "is not valid", "config show"),
        ("trading.kelly_fraction=1.5", "(from --with) is not valid", "config show"),
        ("allocation.directional_trading=off", "is not valid", "config show"),
        ("env=prod", "does not decide", "Settings of trading"),
        ("intervals.trade_s=1", "does not decide", "Settings of trading"),
        ("allocation.others.mime=0.05", "names 'mime', which is no", "Did you mean mine?"),
    ],
)
def test_what_is_no_setting_or_no_value_is_refused(prepared, given, told, remedy):
    with pytest.raises(UsageError) as caught:
        supposed(prepared, [given])
    assert told in str(caught.value)
    assert remedy in caught.value.remedy


def test_only_what_differs_is_a_change():
    assert changes({"a": "1", "b": "2"}, {"a": "1", "b": "3"}) == {"b": "2 -> 3"}
