"""Worlds from a file of somebody's own: part of what the world is, and never changed silently."""

from pathlib import Path

import pytest

from kalshi_cli.adapters.sim.simulation import open_simulation
from kalshi_cli.domain.instant import DAY, HOUR
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import ConfigError, UsageError

PLAN = """
base = "none"
[shares]
pauses = 0.5
disputes = 0.5
[cash]
0 = "70.00"
2 = "30.00"
[archive]
orders_days = 3
[categories.Crypto]
half_spread = 0.02
[[series]]
ticker = "KXBTCD"
exchange_index = 2
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(PLAN)
    return path


def test_a_plan_is_played_and_goes_on_without_being_named(tmp_path: Path, file: Path) -> None:
    home = tmp_path / "home"
    with_file = open_simulation(home, seed=4, world=str(file))
    status, exchange = with_file.status(), with_file._exchange
    assert status.world == str(file)
    assert exchange.account.cash_on == {0: Money.parse("70"), 2: Money.parse("30")}
    assert exchange.catalog.archive.orders_us == 3 * DAY
    assert {market.exchange_index for market in exchange.catalog.markets.values()} == {2}
    assert with_file.climates["Crypto"].half_spread == 0.02
    with_file.advance(with_file.now_us + HOUR)
    told = with_file.status()
    with_file.close()
    file.unlink()
    again = open_simulation(home)
    assert again.status() == told
    assert again.world_id == status.world_id
    again.close()


def test_a_plan_that_changed_is_another_world(tmp_path: Path, file: Path) -> None:
    home = tmp_path / "home"
    open_simulation(home, world=str(file)).close()
    file.write_text("# The same, said in other words.\n" + PLAN)
    open_simulation(home, world=str(file)).close()
    file.write_text(PLAN.replace("0.02", "0.03"))
    with pytest.raises(UsageError, match=r"half_spread of category 'Crypto' \(0.02 and 0.03\)"):
        open_simulation(home, world=str(file))
    with pytest.raises(UsageError, match=r"The world that exists is .*mine\.toml"):
        open_simulation(home, world="generated")
    open_simulation(home, world=str(file), fresh=True).close()


def test_a_recording_that_is_not_there_is_told_before_what_world_there_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    open_simulation(home).close()
    with pytest.raises(UsageError, match=r"There is nothing at .*/nowhere\."):
        open_simulation(home, world=f"tape:{tmp_path / 'nowhere'}")


def test_the_default_world_is_no_plan(tmp_path: Path, file: Path) -> None:
    home = tmp_path / "home"
    open_simulation(home).close()
    with pytest.raises(UsageError, match="The world that exists is generated"):
        open_simulation(home, world=str(file))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file"),
        ("[series", "is not TOML"),
        ("[shares]\npause = 1", r"mine.toml: shares has no 'pause'. Did you mean 'pauses'\?"),
    ],
)
def test_a_file_that_cannot_be_played_makes_no_world(
    tmp_path: Path, file: Path, content: str | None, told: str
) -> None:
    home = tmp_path / "home"
    file.unlink()
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=told):
        open_simulation(home, world=str(file))
    assert not home.exists()
