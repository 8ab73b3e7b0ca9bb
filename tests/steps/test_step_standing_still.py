"""When a look at an account that may trade meanwhile is the last one; a look is a pair here: what
differs, and what the account was.
"""

import pytest

from kalshi_cli.steps.standing_still import until_still


@pytest.mark.parametrize(
    ("looks", "taken", "last", "before"),
    [
        ([("", 1)], 1, ("", 1), None),
        ([("cash", 1), ("", 2)], 2, ("", 2), None),
        ([("cash", 1), ("cash", 1)], 2, ("cash", 1), None),
        ([("cash", 1), ("cash", 2), ("fill", 2)], 3, ("fill", 2), None),
        ([("cash", 1), ("cash", 2), ("cash", 3), ("", 4)], 4, ("", 4), None),
        ([("cash", 1), ("cash", 2), ("a", 3), ("b", 4)], 4, ("b", 4), ("a", 3)),
    ],
)
async def test_it_ends_where_nothing_differs_or_nothing_changed(looks, taken, last, before):
    left = list(looks)

    async def look():
        return left.pop(0)

    found = await until_still(
        look, differs=lambda told: told[0] != "", at_rest=lambda told: told[1]
    )
    assert (found.last, found.before, len(looks) - len(left)) == (last, before, taken)
    assert ("changed at each of 4 looks" in found.doubt) is (before is not None)
