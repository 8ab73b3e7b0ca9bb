import pytest


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def postgres(request: pytest.FixtureRequest) -> str | None:
    """The server a desk's store is on, if it is no file. What asks for this runs on both."""
    on_server = request.param == "postgres"
    return str(request.getfixturevalue("postgres_server")) if on_server else None
