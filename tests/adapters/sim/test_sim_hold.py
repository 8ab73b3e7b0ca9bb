"""Who has to wait for a world hears who holds it, and where it is served."""

from pathlib import Path

import pytest

from kalshi_cli.adapters.sim.world.hold import Hold
from kalshi_cli.errors import WorldHeld


@pytest.mark.parametrize(
    ("url", "said", "remedy"),
    [
        ("", "holds the simulated world.", "kalshi sim serve"),
        ("http://127.0.0.1:1", "serves the simulated world at http://127.0.0.1:1.", "--env demo"),
    ],
)
def test_the_holder_is_named(tmp_path: Path, url: str, said: str, remedy: str) -> None:
    hold = Hold(tmp_path / "world.lock")
    if url:
        hold.serves_at(url)
    with pytest.raises(WorldHeld) as refused:
        Hold(tmp_path / "world.lock", patience_s=0)
    assert said in str(refused.value)
    assert remedy in refused.value.remedy
    hold.release()
    Hold(tmp_path / "world.lock", patience_s=0).release()
