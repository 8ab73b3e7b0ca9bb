"""Looking makes no simulated world: whoever trades first says which it is."""

from pathlib import Path

import pytest

LOOKS = (
    ("status",),
    ("inspect", "positions"),
    ("inspect", "limits"),
    ("doctor",),
    ("evaluate",),
    ("inspect-db",),
)


def databases(home: Path) -> list[Path]:
    return sorted(home.rglob("*.db"))


@pytest.mark.parametrize("look", LOOKS, ids=" ".join)
def test_a_look_at_nothing_leaves_nothing(kalshi, kalshi_home: Path, look):
    seen = kalshi(*look, "--sim", "--json")
    assert (seen.code, seen.json["ok"]) == (0, True)
    assert databases(kalshi_home) == []
    assert not (kalshi_home / "sim").exists()


def test_the_first_who_trades_chooses_the_seed(kalshi):
    kalshi("status", "--sim")
    assert kalshi("track", "--sim", "--seed", "7").code == 0
    assert kalshi("sim", "status", "--json").json["data"]["seed"] == 7


def test_there_is_no_world_to_tell_of(kalshi, kalshi_home: Path):
    told = kalshi("sim", "status")
    assert (told.code, told.out, databases(kalshi_home)) == (3, "", [])
    assert "no simulated world" in told.err
    assert "--seed N" in told.err


def test_a_store_without_its_world_is_not_taken_for_nothing(kalshi, kalshi_home: Path):
    kalshi("track", "--sim", "--seed", "7")
    (kalshi_home / "sim" / "world.db").rename(kalshi_home / "elsewhere")
    seen = kalshi("status", "--sim")
    assert seen.code == 4
    assert "was made for the world" in seen.err
    assert not (kalshi_home / "sim" / "world.db").exists()
