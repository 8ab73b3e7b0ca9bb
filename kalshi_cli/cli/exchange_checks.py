"""What `doctor` asks the exchange: of everybody, and of the account.

What everybody may ask is asked without a key as well. Where one answer shows that the next cannot
come, the rest is said not to have been asked.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.checks import Check, Finding, Look, failed
from kalshi_cli.cli.render.words import dollars
from kalshi_cli.domain.instant import DAY, SECOND, to_rfc3339
from kalshi_cli.errors import ConfigError, KalshiError, Unauthorized, Unavailable

if TYPE_CHECKING:
    from kalshi_cli.adapters.kalshi.connection import KalshiConnection
    from kalshi_cli.adapters.kalshi.skew import Bounds
    from kalshi_cli.bootstrap.exchange import OpenExchange
    from kalshi_cli.ports.access import AccountLimits, ApiKeys
    from kalshi_cli.ports.exchange import ExchangeStatus

ACCOUNT = ("signature", "rate tier", "scopes", "location", "balance", "stream")
PATIENCE_S = 30
"""For the first answer: a person waits for it, and the tries of a read may take minutes."""
_SOON_US = 7 * DAY
_KEYS_PAGE = "on the exchange's API keys page"


async def exchange_checks(
    exchange: "OpenExchange", *, ws_url: str, key_id: str, no_account: str
) -> list[Check]:
    """Rows for the exchange and the account; `no_account` says why there is none to ask for."""
    try:
        status = await _status(exchange)
    except KalshiError as error:
        return [failed("exchange", error), not_asked(ACCOUNT, "the exchange's status is not known")]
    checks = [*status_checks(status), clock_check(exchange.public.skew)]
    if exchange.account is None:
        return [*checks, not_asked(ACCOUNT, no_account)]
    return checks + await _account(exchange.account, exchange, ws_url, key_id)


async def _status(exchange: "OpenExchange") -> "ExchangeStatus":
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await exchange.public.market_data.exchange_status()
    except TimeoutError as error:
        raise Unavailable(
            f"The exchange did not answer within {PATIENCE_S} s.",
            remedy="Check the network and the address.",
        ) from error


def not_asked(names: Sequence[str], why: str) -> Check:
    return Check("account", Finding.NOT_ASKED, f"{why}, so nothing is known of {', '.join(names)}")


def status_checks(status: "ExchangeStatus") -> list[Check]:
    """Whether the exchange is up and trades, as a whole and by shard."""
    back = "" if status.resumes_us is None else f" Expected: {to_rfc3339(status.resumes_us)}."
    if not status.exchange_active:
        detail = "it says that it is not active"
        return [Check("exchange", Finding.FAILED, detail, f"Try again later.{back}")]
    whole = [Check("exchange", Finding.OK, "answers, and is active")]
    if not status.trading_active:
        remedy = f"Orders are refused until it resumes; cancels are taken.{back}"
        whole.append(Check("trading", Finding.WARNING, "paused", remedy))
    if not status.shards:
        return whole
    idle = [s for s in status.shards if not (s.exchange_active and s.trading_active)]
    told = ", ".join(f"{s.exchange_index} {s.description}" for s in status.shards)
    if len(idle) == len(status.shards):
        told = f"none trades now: {told}"
    elif idle:
        told += f"; not trading now: {', '.join(str(s.exchange_index) for s in idle)}"
    if not idle:
        return [*whole, Check("shards", Finding.OK, told)]
    remedy = "Orders there are refused until it trades again."
    return [*whole, Check("shards", Finding.WARNING, told, remedy)]


def clock_check(skew: "Bounds | None") -> Check:
    """Signatures carry the time: an exchange refuses those of a clock that is far off."""
    from kalshi_cli.adapters.kalshi.skew import refusal_of, warning_of

    if skew is None:
        remedy = "Run it again: by a clock that was never measured nothing is traded."
        return Check("clock", Finding.WARNING, "the exchange did not tell its time", remedy)
    within = (skew.high_us - skew.low_us) / 2 / SECOND
    detail = f"{abs(skew.middle_us) / SECOND:.1f} s from the exchange's, \u00b1{within:.1f} s"
    refusal = refusal_of(skew)
    if refusal is not None:
        return Check("clock", Finding.FAILED, f"{detail}: nothing is traded", refusal.remedy)
    warned = warning_of(skew)
    result = Finding.WARNING if warned else Finding.OK
    return Check("clock", result, detail, "Set the clock (NTP)." if warned else "")


async def _account(
    account: "KalshiConnection", exchange: "OpenExchange", ws_url: str, key_id: str
) -> list[Check]:
    try:
        limits = await account.access.limits()
    except (Unauthorized, Unavailable) as error:
        is_key = isinstance(error, Unauthorized)
        why = "the exchange did not accept the key" if is_key else "it was not answered"
        rest = not_asked(ACCOUNT[1:], why)
        return [failed("signature", error), rest]
    except KalshiError as error:
        tier = [failed("rate tier", error)]
    else:
        tier = [tier_check(limits)]
    now_us = exchange.clock.wall()

    async def keys() -> list[Check]:
        found = await account.access.api_keys()
        return [scopes_check(found, key_id), location_check(found, now_us)]

    return [
        Check("signature", Finding.OK, "the exchange accepts it"),
        *tier,
        *await _until_an_outage(
            ("scopes", keys),
            ("balance", lambda: _balance(account)),
            ("stream", lambda: _stream(exchange, account, ws_url)),
        ),
    ]


async def _until_an_outage(*looks: tuple[str, Look]) -> list[Check]:
    """One look after another; an exchange that stops answering is asked nothing more."""
    checks: list[Check] = []
    for number, (name, look) in enumerate(looks, 1):
        try:
            checks += await look()
        except Unavailable as error:
            checks.append(failed(name, error))
            left = [each for each, _ in looks[number:]]
            return [*checks, not_asked(left, "it was not answered")] if left else checks
        except KalshiError as error:
            checks.append(failed(name, error))
    return checks


def tier_check(limits: "AccountLimits") -> Check:
    read, write = limits.read, limits.write
    detail = (
        f"{limits.tier}: {read.rate} read and {write.rate} write tokens a second, "
        f"{read.capacity} and {write.capacity} at once"
    )
    return Check("rate tier", Finding.OK, detail)


def scopes_check(keys: "ApiKeys", key_id: str) -> Check:
    """Trading needs to read, and to write orders."""
    key = next((each for each in keys.keys if each.key_id == key_id), None)
    if key is None:
        detail = "the exchange does not list this key among the account's"
        return Check("scopes", Finding.WARNING, detail, f"Look for it {_KEYS_PAGE}.")
    told = ", ".join(sorted(key.scopes)) or "none"
    if key.subaccount:
        detail = f"{told}; bound to subaccount {key.subaccount}"
        remedy = f"The desk trades the primary account: make a key that is not bound {_KEYS_PAGE}."
        return Check("scopes", Finding.FAILED, detail, remedy)
    missing = [] if "read" in key.scopes else ["read"]
    missing += [] if key.scopes & {"write", "write::trade"} else ["write::trade"]
    if missing:
        remedy = f"Make a key with read and write::trade {_KEYS_PAGE}."
        return Check("scopes", Finding.FAILED, f"{told}; without {' and '.join(missing)}", remedy)
    return Check("scopes", Finding.OK, told)


def location_check(keys: "ApiKeys", now_us: int) -> Check:
    """Past its attestation, an account's keys may not trade sports, elections, entertainment."""
    until_us = keys.attested_until_us
    remedy = "Sign in at the exchange and confirm where you are; it must be done again in time."
    barred = "sports, elections and entertainment cannot be traded"
    if until_us is None:
        return Check("location", Finding.WARNING, f"never attested: {barred}", remedy)
    day = to_rfc3339(until_us)[:10]
    if until_us <= now_us:
        return Check("location", Finding.WARNING, f"attested until {day}: {barred}", remedy)
    soon = until_us - now_us < _SOON_US
    result = Finding.WARNING if soon else Finding.OK
    return Check("location", result, f"attested until {day}", remedy if soon else "")


async def _balance(account: "KalshiConnection") -> list[Check]:
    """Its path has a query: where the signature holds for other paths, that is what differs."""
    assert account.trading is not None  # noqa: S101 - for the type checker
    try:
        balance = await account.trading.balance()
    except Unauthorized as error:
        raise ConfigError(
            f"The signature of a path with a query is not accepted: {error}",
            remedy="What lies between signs or rewrites the query: the signed path ends before it.",
        ) from error
    shards = ", ".join(f"shard {index} {dollars(cash)}" for index, cash in balance.by_shard)
    detail = dollars(balance.cash) + (f": {shards}" if shards else "")
    if balance.cash.units > 0:
        return [Check("balance", Finding.OK, detail)]
    return [Check("balance", Finding.WARNING, detail, "Deposit before trading.")]


async def _stream(
    exchange: "OpenExchange", account: "KalshiConnection", ws_url: str
) -> list[Check]:
    """Connect, signed, and leave; a simulated world has its stream in this process."""
    if exchange.simulation is not None or account.signer is None:
        return []
    from kalshi_cli.adapters.kalshi.stream.dialing import dialer

    async with dialer(ws_url, account.signer, exchange.clock)():
        return [Check("stream", Finding.OK, "the handshake is accepted")]
