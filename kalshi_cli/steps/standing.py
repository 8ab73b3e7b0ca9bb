"""How the desk stands, looked at on its own: no exchange is asked, so an outage hides no halt."""

from kalshi_cli.ports.desk import Standing
from kalshi_cli.steps.execution import Desk, heed_halt_file


async def standing(desk: Desk) -> Standing:
    """The run state that holds now, and why; the file that halts is heeded first."""
    await heed_halt_file(desk)
    async with desk.store.unit(reads=True) as unit:
        return await unit.desk.standing()
