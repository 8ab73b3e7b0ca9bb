"""What every test gets: no network but loopback, a home of its own, no secrets of the person, and
the program to run in this process.

Hypothesis' profiles are here too: `default` explores, `ci` (set by the `CI` variable) repeats
itself.
"""

import gc
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes.loopback import stay_on_loopback
from fakes.worlds import begin_once, kept_worlds
from hypothesis import HealthCheck, settings

from kalshi_cli.__main__ import main

pytest_plugins = ["fakes.postgres"]

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = (REPOSITORY.parent / "shared" / "data").resolve()

settings.register_profile(
    "default",
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """Refuse connections, datagrams and name look-ups that would leave this machine."""
    with pytest.MonkeyPatch.context() as patch:
        stay_on_loopback(patch.setattr)
        yield


@pytest.fixture(autouse=True)
def kalshi_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `KALSHI_HOME` in a temporary directory, and no other setting of the person's."""
    for name in [name for name in os.environ if name.startswith(("KALSHI_", "XAI_"))]:
        monkeypatch.delenv(name)
    home = tmp_path / "kalshi-home"
    monkeypatch.setenv("KALSHI_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recorded market data beside the repository; skips, with the reason, where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no recorded data at {os.path.relpath(SHARED_DATA, REPOSITORY)}")
    return SHARED_DATA


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one envelope on stdout."""
        (line,) = self.out.splitlines()
        return json.loads(line)


Kalshi = Callable[..., Ended]


@pytest.fixture
def kalshi(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Kalshi:
    """`kalshi("status", "--json")`, in an empty working directory, with nothing on stdin."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    begin_once(monkeypatch.setattr, kept_worlds())

    def run(*arguments: str, stdin: str = "") -> Ended:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        captured = capsys.readouterr()
        return Ended(int(left.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a terminal of that width would show, without colours: in a pipe nothing is folded."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first, so that they do not queue up behind one another at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """Five thousand tests are there to stay: no need to look through them for garbage each time."""
    gc.collect()
    gc.freeze()
