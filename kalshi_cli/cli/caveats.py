"""What must be known of every screen of results: whose forecasts, which books, which limits."""

from typing import TYPE_CHECKING

from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.identity import Env
from kalshi_cli.errors import ConfigError

if TYPE_CHECKING:
    from kalshi_cli.adapters.kalshi.connection import KalshiConnection
    from kalshi_cli.adapters.store.store import SqlStore
    from kalshi_cli.bootstrap.desk import OpenDesk
    from kalshi_cli.settings import Settings

ESTIMATED = {
    "tape": (
        "the markets are a recording, and their order books are built from its prints; "
        "`kalshi sim status` says how"
    ),
    "books": (
        "the markets and their order books are a recording; its trades, and our place in the "
        "queues, are estimated; `kalshi sim status` says how"
    ),
}
"""What is no fact, by the kind of recorded world."""


async def warn_of_caveats(prepared: Prepared, store: "SqlStore") -> None:
    """Tell them on stderr and in the envelope, so that no number is read without them.

    The baseline is the market's own number: what it forecasts says so itself, and only who trades
    on it hears of it here.
    """
    from kalshi_cli.settings.describe import unlimited

    for forecaster, label in await store.reports.labels():
        if forecaster != "baseline" or prepared.invocation.command == "trade":
            prepared.invocation.warn(f"forecasts by {label}")
    estimated = ESTIMATED.get(_kind_of_world(prepared))
    if estimated is not None:
        prepared.invocation.warn(estimated)
    warn_of_unread(prepared)
    lifted = () if prepared.unread is not None else unlimited(prepared.settings)
    if lifted:
        prepared.invocation.warn(f"without a limit: {', '.join(lifted)}")


def warn_of_unread(prepared: Prepared) -> None:
    """Tell who reads by the record alone which setting is wrong, and what that stops."""
    if prepared.unread is not None:
        prepared.invocation.warn(
            "nothing starts to trade until a setting is mended: "
            f"{prepared.unread} {prepared.unread.remedy}".rstrip()
        )


def warn_of_silence(prepared: Prepared, desk: "OpenDesk") -> None:
    """A loop in which nobody forecasts works, and trades nothing on forecasts."""
    if desk.forecaster is None:
        prepared.invocation.warn(
            f"nobody forecasts in {prepared.environment.env}, so directional trading is off: "
            "set XAI_API_KEY, or choose a --forecaster"
        )


def warn_of_strangers(invocation: Invocation, settings: "Settings") -> None:
    """Tell who looks at strategies or settings what would stop who trades: a name mistyped, say."""
    from kalshi_cli.settings.strategies import refuse_unknown

    try:
        refuse_unknown(settings)
    except ConfigError as error:
        invocation.warn(f"{error} {error.remedy}")


def warn_of_clock(prepared: Prepared, connection: "KalshiConnection") -> None:
    """A clock that is off by a second is on its way to the three from which on nothing trades."""
    from kalshi_cli.adapters.kalshi.skew import warning_of

    warning = warning_of(connection.skew)
    if warning:
        prepared.invocation.warn(warning)


def _kind_of_world(prepared: Prepared) -> str:
    environment = prepared.environment
    if environment.env is not Env.SIM:
        return ""
    from kalshi_cli.adapters.sim.world.on_disk import recorded_world_id

    return (recorded_world_id(environment.home) or "").partition(":")[0]
