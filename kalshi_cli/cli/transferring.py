"""Cash between shards, as a person asks for it."""

from typing import TYPE_CHECKING

import typer

from kalshi_cli.cli.confirm import confirm_live, facts_of
from kalshi_cli.cli.desk import ready
from kalshi_cli.cli.person import person
from kalshi_cli.cli.runtime import finish, run_async
from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import InvalidValue, UsageError
from kalshi_cli.steps.moving import Moved, check_transfer

if TYPE_CHECKING:
    from rich.console import Console


def transfer_cash(ctx: typer.Context, amount: str, source: int, destination: int) -> None:
    """Send cash from shard to shard. Raises `UsageError` for what is no amount."""
    try:
        money = Money.parse(amount)
    except InvalidValue as error:
        raise UsageError(
            f"{amount!r} is no amount of dollars.", remedy="Type it as 250.00."
        ) from error
    check_transfer(source, destination, money)
    prepared = ready(ctx)
    moved = run_async(_moved(prepared, money, source, destination))
    finish(prepared.invocation, moved, show_moved)


def show_moved(result: Moved, console: "Console") -> None:
    way = f"{result.amount.spoken} from shard {result.source} to {result.destination}"
    where = "arrived" if result.arrived else "on its way, on neither of them"
    before = " It was sent by an earlier command: nothing was sent now." if result.is_old else ""
    console.print(f"{way}: {where}.{before}", soft_wrap=True)


async def _moved(prepared: Prepared, amount: Money, source: int, destination: int) -> Moved:
    from kalshi_cli.bootstrap.opening import open_desk
    from kalshi_cli.steps.moving import move_collateral

    opened = open_desk(prepared.environment, prepared.settings, command="transfer", trades=False)
    async with opened as desk:
        wanted = f"To move: {amount.spoken} from shard {source} to {destination}"
        confirm_live(prepared, (*await facts_of(prepared, desk), wanted))
        return await move_collateral(
            desk.connection.treasury,
            desk.store,
            desk.clock,
            run=desk.run,
            source=source,
            destination=destination,
            amount=amount,
            who=person(),
        )
