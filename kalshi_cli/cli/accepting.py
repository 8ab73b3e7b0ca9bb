"""Cash that a person accepts, as it was typed."""

from kalshi_cli.bootstrap.upkeep import Accepting
from kalshi_cli.cli.person import person
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import InvalidValue, UsageError


def accepting(amount: str | None, why: str | None) -> Accepting | None:
    """What was asked for. Raises `UsageError` for half of it, or for what is no amount."""
    if amount is None and why is None:
        return None
    if amount is None:
        raise UsageError("--why goes with --accept-cash.")
    if not why or not why.strip():
        raise UsageError(
            "--accept-cash needs a --why for the record.",
            remedy='For example: --accept-cash 1.250000 --why "interest of October"',
        )
    try:
        money = Money.parse(amount)
    except InvalidValue as error:
        raise UsageError(
            f"{amount!r} is no amount of dollars.", remedy="Type it as --reconcile tells it."
        ) from error
    return Accepting(money, person(), why.strip())
