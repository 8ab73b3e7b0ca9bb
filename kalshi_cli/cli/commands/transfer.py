"""Move cash between the exchange's shards."""

from typing import Annotated

import typer

PANEL = "Trade"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def transfer(
    ctx: typer.Context,
    amount: Annotated[str, typer.Argument(help="Dollars, such as 250.00.")],
    source: Annotated[
        int, typer.Option("--from", metavar="N", min=0, help="The shard that has the cash.")
    ],
    destination: Annotated[
        int, typer.Option("--to", metavar="N", min=0, help="The shard that needs it.")
    ],
) -> None:
    """Move cash between the exchange's shards, which take orders only against their own.

    `kalshi doctor` shows what lies where. Asks first where money is real; nothing moves cash by
    itself. A transfer whose outcome is not known is never sent twice: run the same command again.

    Example: kalshi transfer 250.00 --from 0 --to 2
    """
    from kalshi_cli.cli.transferring import transfer_cash

    transfer_cash(ctx, amount, source, destination)
