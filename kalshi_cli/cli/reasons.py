"""What `why` looks up: the funnel of all markets, or one market at the gates."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.instant import DAY

if TYPE_CHECKING:
    from kalshi_cli.adapters.store.store import SqlStore
    from kalshi_cli.settings.sections import Settings
    from kalshi_cli.steps.regating import Regated
    from kalshi_cli.steps.why import WhyMarket, WhyNothing

WEEK = 7 * DAY


def all_markets(
    prepared: Prepared, since_us: int | None
) -> "Callable[[SqlStore], Awaitable[WhyNothing]]":
    """The funnel of the last week, or of another span."""
    from kalshi_cli.bootstrap.by_hand import market_clock
    from kalshi_cli.steps.why import why_nothing

    async def found(store: "SqlStore") -> "WhyNothing":
        now = (await market_clock(prepared.environment, store)).now()
        since = max(0, now - (since_us or WEEK))
        return await why_nothing(store.reports, now_us=now, since_us=since)

    return found


def one_market(
    prepared: Prepared, ticker: str, given: Sequence[str]
) -> "Callable[[SqlStore], Awaitable[WhyMarket]]":
    """One market as it stands, and with other settings. Raises `UsageError` for a bad one, and
    `ConfigError` where the settings name a strategy that there is not.
    """
    from kalshi_cli.bootstrap.policies import policies, starting_say
    from kalshi_cli.cli.supposing import changes, supposed
    from kalshi_cli.settings.describe import written
    from kalshi_cli.settings.load import keys
    from kalshi_cli.settings.strategies import refuse_unknown
    from kalshi_cli.steps.explain import explain
    from kalshi_cli.steps.regating import regate
    from kalshi_cli.steps.why import WhyMarket

    own, env = prepared.settings, prepared.environment.env
    refuse_unknown(own)
    other = supposed(prepared, given) if given else None

    async def regated(store: "SqlStore", settings: "Settings", name: str) -> "Regated | None":
        policy = policies(env, settings, None).trading
        start = starting_say(settings)
        return await regate(store, store.reports, policy=policy, start=start, ticker=name)

    def told(settings: "Settings") -> dict[str, str]:
        return {key: written(key, value) for key, value in keys(settings)}

    async def found(store: "SqlStore") -> "WhyMarket":
        filters = policies(env, own, None).filters
        trace = await explain(store, store.reports, filters=filters, ticker=ticker)
        name = trace.market.ticker
        return WhyMarket(
            trace=trace,
            stops=await store.reports.stops(ticker=name),
            now=await regated(store, own, name),
            supposing={} if other is None else changes(told(own), told(other)),
            supposed=None if other is None else await regated(store, other, name),
        )

    return found
