"""What must be known of every screen of results: whose forecasts, which books, which limits."""

from typing import TYPE_CHECKING

from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.identity import Env

if TYPE_CHECKING:
    from kalshi_cli.adapters.store.store import SqlStore

BUILT_BOOKS = (
    "the markets are a recording, and their order books are built from its prints; "
    "`kalshi sim status` says how"
)


async def warn_of_caveats(prepared: Prepared, store: "SqlStore") -> None:
    """Tell them on stderr and in the envelope, so that no number is read without them."""
    from kalshi_cli.settings.describe import unlimited

    for label in await store.reports.labels():
        prepared.invocation.warn(f"forecasts by {label}")
    if _plays_recording(prepared):
        prepared.invocation.warn(BUILT_BOOKS)
    lifted = unlimited(prepared.settings)
    if lifted:
        prepared.invocation.warn(f"without a limit: {', '.join(lifted)}")


def _plays_recording(prepared: Prepared) -> bool:
    environment = prepared.environment
    if environment.env is not Env.SIM:
        return False
    from kalshi_cli.adapters.sim.recorded import recorded_world_id

    return (recorded_world_id(environment.home) or "").startswith("tape:")
