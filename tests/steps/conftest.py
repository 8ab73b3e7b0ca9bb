from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.floor import Floor, open_floor


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is marked `databases` runs on both."""
    marked = metafunc.definition.get_closest_marker("databases")
    if marked and "database" in metafunc.fixturenames:
        metafunc.parametrize("database", ["sqlite", "postgres"])


@pytest.fixture
def database() -> str:
    return "sqlite"


@pytest.fixture
def floor_place(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where the floor's store is: a file, or a PostgreSQL database without rows."""
    return request.getfixturevalue("postgres_url") if database == "postgres" else tmp_path


@pytest.fixture
async def floor(floor_place: Path | str) -> AsyncIterator[Floor]:
    async with open_floor(floor_place) as opened:
        yield opened
