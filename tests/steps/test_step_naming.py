"""Names as people type them, against those of a store with KXT-1-A and KXT-1-B."""

import pytest
from fakes.floor import A, B

from kalshi_cli.steps.naming import called, hint

pytestmark = pytest.mark.databases


async def test_any_case_will_do(floor):
    assert await called(floor.store, ["kxt-1-a", A, "Kxt-1-B", "kxu-9"]) == (A, A, B, "KXU-9")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("KXT-1-C", {A, B}),
        ("kxtt-1-a", {A}),
        ("KXT-2-A", {A, B}),
        ("KXT", {A, B}),
        ("KXELSE-1-A", set()),
        ("K%", set()),
    ],
)
async def test_near_names_are_told(floor, typed, meant):
    async with floor.store.unit(reads=True) as unit:
        assert set(await unit.catalog.near(typed)) == meant
    told = await hint(floor.store, typed, "else")
    assert told.startswith("Did you mean") if meant else told == "else"


async def test_what_begins_alike_for_longest_is_meant(floor):
    assert await hint(floor.store, "KXT-1-BB") == f"Did you mean {B}?"
