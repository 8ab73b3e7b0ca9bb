"""Whether this machine can trade: settings, keys, disk, store, exchange, and what stands open."""

import os
import platform
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import kalshi_cli
from kalshi_cli.cli.checks import Check, Diagnosis, Finding, failed, looked_at
from kalshi_cli.cli.exchange_checks import ACCOUNT, exchange_checks, not_asked
from kalshi_cli.cli.key_checks import key_checks
from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.identity import DeskState, Env
from kalshi_cli.domain.instant import format_span, to_rfc3339
from kalshi_cli.errors import KalshiError
from kalshi_cli.settings.environment import Environment

if TYPE_CHECKING:
    from kalshi_cli.bootstrap.exchange import OpenExchange
    from kalshi_cli.ports.desk import Holder
    from kalshi_cli.ports.rows.desk import DeskSummary
    from kalshi_cli.steps.status import HaltedByFile

ENOUGH_BYTES = 200_000_000
"""Free space below which a store and its logs may fill the disk within a day."""


async def diagnose(prepared: Prepared) -> Diagnosis:
    """Look at everything; one failure does not hide the next."""
    keys, fault = key_checks(prepared), _address_fault(prepared)
    checks = [_program(prepared), *keys, _disk(prepared), _limits(prepared)]
    checks.append(_strategies(prepared))
    if fault is not None or not _has_account(prepared):
        detail = "the key and the address tell whose store it is"
        checks.append(Check("store", Finding.NOT_ASKED, detail))
    else:
        checks += await looked_at("store", lambda: _store(prepared))
    if fault is not None:
        rest = not_asked(("the exchange", *ACCOUNT), "it has no usable address")
        return Diagnosis((*checks, failed("address", fault), rest))
    usable = all(check.result is not Finding.FAILED for check in keys)
    return Diagnosis((*checks, *await _outside(prepared, key_is_usable=usable)))


def _has_account(prepared: Prepared) -> bool:
    """Whether it is known whose store it is: one opened without would be nobody's."""
    environment = prepared.environment
    return environment.env is Env.SIM or environment.credentials is not None


def _address_fault(prepared: Prepared) -> KalshiError | None:
    from kalshi_cli.adapters.kalshi.connection import api_url
    from kalshi_cli.adapters.kalshi.stream.dialing import stream_url

    environment = prepared.environment
    fault = prepared.faults.get("address")
    if fault is not None or environment.env is Env.SIM:
        return fault
    try:
        api_url(environment.base_url)
        stream_url(environment.ws_url)
    except KalshiError as error:
        return error
    return None


async def _outside(prepared: Prepared, *, key_is_usable: bool) -> list[Check]:
    """The exchange, and whoever forecasts."""
    from kalshi_cli.bootstrap.exchange import open_exchange
    from kalshi_cli.bootstrap.records import as_read

    environment = as_read(prepared.environment, prepared.settings)
    found = environment.credentials
    if not key_is_usable:
        environment = replace(environment, credentials=None)
    try:
        async with open_exchange(environment) as exchange:
            simulation = exchange.simulation
            checks = await exchange_checks(
                exchange,
                ws_url=environment.ws_url,
                key_id=simulation.key_id if simulation else found.key_id if found else "",
                no_account="there is no usable key",
            )
            if all(check.result is not Finding.NOT_ASKED for check in checks):
                time = await looked_at("market time", lambda: _market_time(environment, exchange))
                checks += time
            return checks + await looked_at("forecaster", lambda: _forecaster(prepared))
    except KalshiError as error:
        rest = not_asked(ACCOUNT, "the exchange cannot be opened")
        return [failed("exchange", error), rest]


async def _market_time(environment: Environment, exchange: "OpenExchange") -> list[Check]:
    """An exchange on this machine may live in another time than ours."""
    from kalshi_cli.bootstrap.exchange import check_market_time, has_market_time

    trading = None if exchange.account is None else exchange.account.trading
    if trading is None or not has_market_time(environment):
        return []
    await check_market_time(environment, trading, exchange.clock)
    scale = environment.market_time
    speed = "as fast as real time" if scale is None else f"{scale.speed:g} times as fast as real"
    return [Check("market time", Finding.OK, f"{to_rfc3339(exchange.clock.now())}, {speed}")]


def _program(prepared: Prepared) -> Check:
    file = prepared.configuration.config_file
    detail = f"{kalshi_cli.__version__} on Python {platform.python_version()}"
    return Check("program", Finding.OK, f"{detail}; config file: {file or 'none'}")


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
        detail = f"without a limit: {', '.join(lifted)}"
        return Check("limits", Finding.WARNING, detail, 'Give each a number for "unlimited".')
    return Check("limits", Finding.OK, "all set")


def _strategies(prepared: Prepared) -> Check:
    from kalshi_cli.settings.strategies import refuse_unknown

    try:
        refuse_unknown(prepared.settings)
    except KalshiError as error:
        return failed("strategies", error)
    return Check("strategies", Finding.OK, ", ".join(prepared.settings.running))


async def _store(prepared: Prepared) -> list[Check]:
    from kalshi_cli.adapters.clock import SystemClock
    from kalshi_cli.bootstrap.records import halted_by_file, open_records, who_trades

    environment = prepared.environment
    file, wall_us = halted_by_file(environment), SystemClock().wall()
    async with open_records(environment, prepared.settings) as store:
        audit = await store.audit.check()
        summary = await store.reports.summary()
        holder = await who_trades(environment, store)
    return [
        _integrity(len(audit.findings)),
        _unresolved(summary),
        _desk(summary, file),
        _halt_file(file),
        _lease(holder, wall_us),
    ]


def _integrity(findings: int) -> Check:
    """A store of another schema is not opened at all: that is this row, too."""
    from kalshi_cli.adapters.store.version import HEAD

    detail = f"schema {HEAD}, {findings} findings"
    if findings:
        return Check("store", Finding.FAILED, detail, "`kalshi inspect-db` says more.")
    return Check("store", Finding.OK, detail)


def _unresolved(summary: "DeskSummary") -> Check:
    unknown = summary.unresolved_orders
    detail = f"{summary.live_orders} may trade, {unknown} of unknown outcome"
    if unknown:
        looks = "`kalshi track`, or a loop that runs, looks for them."
        return Check("orders", Finding.FAILED, detail, looks)
    return Check("orders", Finding.OK, detail)


def _desk(summary: "DeskSummary", file: "HaltedByFile | None") -> Check:
    if file is not None and summary.state is not DeskState.HALTED:
        detail = f"{DeskState.HALTED}: nothing is sent because of the HALT file"
        return Check("desk", Finding.WARNING, detail, _once_gone(file))
    if summary.state is DeskState.ACTIVE:
        return Check("desk", Finding.OK, str(summary.state))
    detail = f"{summary.state.said}: {summary.state_reason}"
    return Check("desk", Finding.WARNING, detail, "`kalshi resume` lifts it.")


def _halt_file(file: "HaltedByFile | None") -> Check:
    if file is None:
        return Check("HALT file", Finding.OK, "none")
    detail = f"nothing is sent: {file.said}"
    return Check("HALT file", Finding.WARNING, detail, _once_gone(file))


def _once_gone(file: "HaltedByFile") -> str:
    return f"Take {file.path} away, then `kalshi resume`."


def _lease(holder: "Holder | None", wall_us: int) -> Check:
    """Held is as well as free; what trades then is that process alone."""
    if holder is None:
        return Check("lease", Finding.OK, "free")
    age = format_span(wall_us - holder.since_wall_us)
    detail = f"held by process {holder.pid} on {holder.host} for {age}"
    return Check("lease", Finding.OK, detail)


async def _forecaster(prepared: Prepared) -> list[Check]:
    """Apart from the exchange: a forecaster that cannot be had says nothing of that."""
    from kalshi_cli.bootstrap.forecasters import who_forecasts
    from kalshi_cli.cli.ai_checks import ai_checks

    if not _has_account(prepared):
        return []
    environment, settings = prepared.environment, prepared.settings
    name = who_forecasts(environment, settings)
    if name is None:
        free = "" if environment.env is Env.PROD else ", or add --forecaster baseline"
        detail = f"nobody forecasts in {environment.env}: there is no XAI_API_KEY"
        return [Check("forecaster", Finding.WARNING, detail, f"Set XAI_API_KEY{free}.")]
    found = [Check("forecaster", Finding.OK, name)]
    return found + (await ai_checks(environment, settings) if name == "grok" else [])
