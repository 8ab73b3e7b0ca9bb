"""Whether this machine can trade: settings, keys, disk, store, exchange, and what stands open."""

import os
import platform
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import kalshi_cli
from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.identity import DeskState, Env
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.errors import ConfigError, KalshiError, Unavailable

if TYPE_CHECKING:
    from kalshi_cli.adapters.kalshi.skew import Bounds

ENOUGH_BYTES = 200_000_000
"""Free space below which a store and its logs may fill the disk within a day."""


class Finding(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `remedy` is empty where nothing needs doing."""

    name: str
    result: Finding
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    checks: tuple[Check, ...]


def verdict(result: Diagnosis) -> KalshiError | None:
    """A failed check is a failed doctor."""
    failed = [check.name for check in result.checks if check.result is Finding.FAILED]
    if not failed:
        return None
    return ConfigError(f"Not well: {', '.join(failed)}.", remedy="Each check says what to do.")


async def diagnose(prepared: Prepared) -> Diagnosis:
    """Look at everything; one failure does not hide the next."""
    checks = [_program(prepared), _keys(prepared), _disk(prepared), _limits(prepared)]
    checks += await _guarded("store", lambda: _store(prepared))
    checks += await _guarded("exchange", lambda: _exchange(prepared))
    checks += await _guarded("forecaster", lambda: _forecaster(prepared))
    return Diagnosis(tuple(checks))


async def _guarded(name: str, look: Callable[[], Awaitable[list[Check]]]) -> list[Check]:
    try:
        return await look()
    except KalshiError as error:
        return [Check(name, Finding.FAILED, str(error), error.remedy)]


def _program(prepared: Prepared) -> Check:
    file = prepared.configuration.config_file
    detail = f"{kalshi_cli.__version__} on Python {platform.python_version()}"
    return Check("program", Finding.OK, f"{detail}; config file: {file or 'none'}")


def _keys(prepared: Prepared) -> Check:
    environment = prepared.environment
    if environment.credentials is None:
        return Check("keys", Finding.OK, f"{environment.env} needs none")
    exposed = environment.credentials.warning
    result = Finding.WARNING if exposed else Finding.OK
    return Check("keys", result, f"from {environment.credentials.source}", exposed)


def _disk(prepared: Prepared) -> Check:
    home = prepared.environment.home
    free = shutil.disk_usage(home).free
    detail = f"{home}, {free / 1e9:.1f} GB free"
    if not os.access(home, os.W_OK):
        return Check("disk", Finding.FAILED, f"{home} cannot be written", "Change its owner.")
    if free < ENOUGH_BYTES:
        return Check("disk", Finding.WARNING, detail, "Free some space.")
    return Check("disk", Finding.OK, detail)


def _limits(prepared: Prepared) -> Check:
    from kalshi_cli.settings.describe import unlimited

    lifted = unlimited(prepared.settings)
    if lifted:
        return Check("limits", Finding.WARNING, f"without a limit: {', '.join(lifted)}")
    return Check("limits", Finding.OK, "all set")


async def _store(prepared: Prepared) -> list[Check]:
    from kalshi_cli.bootstrap.records import open_records

    async with open_records(prepared.environment, prepared.settings) as store:
        audit = await store.audit.check()
        summary = await store.reports.summary()
    broken, open_ = len(audit.findings), summary.unresolved_orders
    remedy = "`kalshi inspect-db` says more." if broken else ""
    if open_:
        remedy = "`kalshi track` looks for them."
    store_result = Finding.FAILED if broken or open_ else Finding.OK
    detail = f"{broken} findings, {open_} orders of unknown outcome"
    active = summary.state is DeskState.ACTIVE
    state = f"{summary.state}" if active else f"{summary.state}: {summary.state_reason}"
    return [
        Check("store", store_result, detail, remedy),
        Check(
            "desk",
            Finding.OK if active else Finding.WARNING,
            state,
            "" if active else "`kalshi resume` lifts it.",
        ),
    ]


async def _exchange(prepared: Prepared) -> list[Check]:
    from kalshi_cli.bootstrap.opening import open_desk

    opened = open_desk(
        prepared.environment,
        prepared.settings,
        command="doctor",
        trades=False,
        single_step=False,
    )
    async with opened as desk:
        status = await desk.data.exchange_status()
        balance = await desk.trading.balance()
        if not status.exchange_active:
            raise Unavailable("The exchange says it is not active.", remedy="Try again later.")
        trading = "trading" if status.trading_active else "not trading now"
        return [
            Check("exchange", Finding.OK, f"answers, signed; {trading}; cash ${balance.cash}"),
            _clock(desk.connection.skew),
        ]


def _clock(skew: "Bounds | None") -> Check:
    """Signatures carry the time: an exchange refuses those of a clock that is far off."""
    from kalshi_cli.adapters.kalshi.skew import refusal_of, warning_of

    if skew is None:
        return Check("clock", Finding.WARNING, "the exchange did not tell its time")
    within = (skew.high_us - skew.low_us) / 2 / SECOND
    detail = f"{abs(skew.middle_us) / SECOND:.1f} s from the exchange's, \u00b1{within:.1f} s"
    refusal = refusal_of(skew)
    if refusal is not None:
        return Check("clock", Finding.FAILED, f"{detail}: nothing is traded", refusal.remedy)
    warned = warning_of(skew)
    result = Finding.WARNING if warned else Finding.OK
    return Check("clock", result, detail, "Set the clock (NTP)." if warned else "")


async def _forecaster(prepared: Prepared) -> list[Check]:
    """Opened apart from the exchange: a forecaster that cannot be had says nothing of that."""
    from kalshi_cli.bootstrap.opening import open_desk

    opened = open_desk(
        prepared.environment,
        prepared.settings,
        command="doctor",
        trades=False,
        forecasts=True,
        single_step=False,
    )
    async with opened as desk:
        if desk.forecaster is not None:
            label = desk.forecaster.label or desk.forecaster.name
            return [Check("forecaster", Finding.OK, label)]
    env = prepared.environment.env
    remedy = "" if env is Env.PROD else "Add --forecaster baseline."
    return [Check("forecaster", Finding.WARNING, f"nobody forecasts in {env}", remedy)]
