"""Real money is confirmed by a typed phrase, or by two deliberate acts where nobody can type."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.identity import Env
from kalshi_cli.errors import LiveNotConfirmed

if TYPE_CHECKING:
    from kalshi_cli.bootstrap.desk import OpenDesk

PHRASE = "trade real money"


def confirm_live(prepared: Prepared, facts: Sequence[str]) -> None:
    """Ask before real money moves; `facts` are the balance, the limits and the evidence.

    Raises `LiveNotConfirmed` without the phrase, or, without a terminal, unless both `--yes` is
    given and the config file itself says `live.acknowledged = true`. Never waits for an answer
    that nobody can give.
    """
    if prepared.environment.env is not Env.PROD:
        return
    invocation = prepared.invocation
    for fact in facts:
        invocation.say_always(fact)
    if sys.stdin.isatty() and sys.stderr.isatty():
        invocation.say_always(f'Type "{PHRASE}" to go on, or anything else to leave.')
        if sys.stdin.readline().strip() != PHRASE:
            raise LiveNotConfirmed("Real money was not confirmed, and nothing was sent.")
        return
    if not invocation.options.yes or not is_acknowledged(prepared):
        raise LiveNotConfirmed(
            "Real money needs a confirmation, and there is no terminal to ask on.",
            remedy="Put `acknowledged = true` under [live] in the config file and add --yes.",
        )


def is_acknowledged(prepared: Prepared) -> bool:
    """Whether the config file, and not a variable, acknowledges real money."""
    configuration = prepared.configuration
    from_file = configuration.origins["live.acknowledged"] == str(configuration.config_file)
    return configuration.settings.live.acknowledged and from_file


async def facts_of(prepared: Prepared, desk: "OpenDesk") -> tuple[str, ...]:
    """What a person should know before saying yes to real money; nothing elsewhere."""
    if prepared.environment.env is not Env.PROD:
        return ()
    from kalshi_cli.cli.render.words import dollars
    from kalshi_cli.settings.describe import written

    balance = await desk.trading.balance()
    evaluated = await desk.evaluate()
    settings = prepared.settings
    limits = {
        "risk.max_positions": settings.risk.max_positions,
        "risk.max_daily_loss": settings.risk.max_daily_loss,
        "risk.max_drawdown": settings.risk.max_drawdown,
        "trading.max_single_position": settings.trading.max_single_position,
        "trading.capital_limit": settings.trading.capital_limit,
    }
    verdicts = [f"{row.strategy}: {row.verdict}" for row in evaluated.strategies]
    return (
        f"REAL MONEY. Cash: {dollars(balance.cash)}",
        "Limits: " + ", ".join(f"{key} {written(key, value)}" for key, value in limits.items()),
        "Evidence: " + (", ".join(verdicts) or "none yet"),
    )
