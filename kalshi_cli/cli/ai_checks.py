"""What `doctor` finds out about the language model: its key, its models, what a day may cost."""

from collections.abc import Sequence

from kalshi_cli.cli.checks import Check, Finding
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import ConfigError, Unavailable
from kalshi_cli.ports.language_model import KeyStanding, ServedModel
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings

LARGE_SHARE = 0.001
"""A day of AI that costs more of the bankroll than this is money that no edge here earns back."""


async def ai_checks(environment: Environment, settings: Settings) -> list[Check]:
    """Ask the provider what costs nothing. A key that passes takes back that it had no credits."""
    from kalshi_cli.adapters.grok.client import Grok
    from kalshi_cli.bootstrap.policies import asking
    from kalshi_cli.bootstrap.records import open_records
    from kalshi_cli.steps.deliberate import ask_again

    if environment.ai is None:
        return []
    try:
        async with Grok(environment.ai.key, environment.ai.host) as model:
            standing, served = await model.key(), await model.models()
    except (ConfigError, Unavailable) as error:
        return [Check("AI", Finding.FAILED, str(error), error.remedy or "Try again later.")]
    async with open_records(environment, settings, read_only=False) as store:
        snapshot = (await store.reports.summary()).snapshot
        if not standing.blocked:
            await ask_again(store)
    worth = None if snapshot is None else snapshot.equity
    return [
        key_check(standing, environment.ai.host),
        *model_checks(asking(settings).models, served),
        *budget_checks(settings.ai.daily_ai_budget, worth),
    ]


def key_check(standing: KeyStanding, host: str) -> Check:
    """Whether the key may be used."""
    if standing.blocked:
        remedy = "Look at the key and its team at console.x.ai."
        return Check("AI key", Finding.FAILED, f"{host}: {standing.blocked}", remedy)
    return Check("AI key", Finding.OK, f"{host} takes {standing.redacted}")


def model_checks(names: Sequence[str], served: Sequence[ServedModel]) -> list[Check]:
    """Each configured name: a model, another name of one, or one that the key does not list."""
    return [_model_check(name, served) for name in names]


def _model_check(name: str, served: Sequence[ServedModel]) -> Check:
    row = f"AI model {name}"
    found = next((each for each in served if name == each.name or name in each.aliases), None)
    if found is None:
        listed = ", ".join(sorted(each.name for each in served)[:6]) or "none"
        detail = "not listed: retired, or served by another model without saying so"
        return Check(row, Finding.WARNING, detail, f"The key lists {listed}.")
    price = (
        f"${found.price.prompt / 10_000:.2f} read, ${found.price.completion / 10_000:.2f} written, "
        "a million tokens"
    )
    if found.name != name:
        detail = f"served by {found.name} ({price})"
        return Check(row, Finding.WARNING, detail, "Name the model itself in ai.primary_model.")
    return Check(row, Finding.OK, price)


def budget_checks(daily: Money | None, equity: Money | None) -> list[Check]:
    """Whether a day of AI is small beside what is traded with."""
    if daily is None:
        detail = "unlimited: a fault may spend whatever the account has"
        return [Check("AI budget", Finding.WARNING, detail, "Set ai.daily_ai_budget.")]
    if equity is None or equity.units <= 0:
        return [Check("AI budget", Finding.OK, f"{daily.spoken} a day")]
    share = daily.units / equity.units
    detail = f"{daily.spoken} a day, {share:.2%} of what the account is worth"
    if share <= LARGE_SHARE:
        return [Check("AI budget", Finding.OK, detail)]
    remedy = "Lower ai.daily_ai_budget: forecasts must earn that back each day."
    return [Check("AI budget", Finding.WARNING, detail, remedy)]
