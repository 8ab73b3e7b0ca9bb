"""`Notices` over REST: GET only, unsigned."""

from dataclasses import replace
from typing import Annotated

import msgspec

from kalshi_cli.adapters.kalshi.client import RestClient
from kalshi_cli.adapters.kalshi.params import INCENTIVES_PER_PAGE, ROWS_PER_PAGE, Query, at_cursor
from kalshi_cli.adapters.kalshi.public import fee_override, fee_terms
from kalshi_cli.adapters.kalshi.rows import decode, identity, quantity, read_page
from kalshi_cli.domain.fees import FeeChange
from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.domain.instant import parse_rfc3339
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import MalformedAnswer
from kalshi_cli.ports.exchange import Page

Centicents = Annotated[int, msgspec.Meta(ge=0, lt=2**48)]
_CENTICENT = 100
"""Units of Money in the wire's $0.0001."""


class SeriesChangeWire(msgspec.Struct, frozen=True):
    id: str
    series_ticker: str
    fee_type: str
    fee_multiplier: msgspec.Raw
    scheduled_ts: str


class EventChangeWire(msgspec.Struct, frozen=True):
    """Both overrides null: the event falls back to its series. They must be there to be null."""

    id: str
    event_ticker: str
    series_ticker: str
    fee_type_override: str | None
    fee_multiplier_override: msgspec.Raw
    scheduled_ts: str


class ProgramWire(msgspec.Struct, frozen=True):
    id: str
    market_ticker: str
    incentive_type: str
    period_reward: Centicents
    start_date: str
    end_date: str
    paid_out: bool
    target_size_fp: str | None = None
    discount_factor_bps: Annotated[int, msgspec.Meta(ge=0, le=10_000)] | None = None
    max_reward_per_account: Centicents | None = None


class NextWire(msgspec.Struct, frozen=True):
    """Programmes call their cursor otherwise than every other list."""

    next_cursor: str | None = None


class KalshiNotices:
    """`ports.notices.Notices` against one exchange."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    async def series_fee_changes(self) -> Page[FeeChange]:
        body = await self._rest.get("/series/fee_changes")
        return read_page(body, "series_fee_change_arr", SeriesChangeWire, _to_series_change)

    async def event_fee_changes(self, cursor: str = "") -> Page[FeeChange]:
        query: Query = [("limit", ROWS_PER_PAGE), *at_cursor(cursor)]
        body = await self._rest.get("/events/fee_changes", query)
        return read_page(body, "event_fee_changes", EventChangeWire, _to_event_change, cursor)

    async def incentives(self, cursor: str = "") -> Page[IncentiveProgram]:
        query: Query = [("status", "active"), ("limit", INCENTIVES_PER_PAGE), *at_cursor(cursor)]
        body = await self._rest.get("/incentive_programs", query)
        page = read_page(body, "incentive_programs", ProgramWire, _to_program)
        following = decode(body, NextWire).next_cursor or ""
        if following and following == cursor:
            raise MalformedAnswer("The exchange's pages go round in a circle.")
        return replace(page, cursor=following)


def _to_series_change(wire: SeriesChangeWire) -> FeeChange:
    return FeeChange(
        change_id=identity(wire.id, "id"),
        series_ticker=identity(wire.series_ticker, "series ticker"),
        event_ticker=None,
        fees=fee_terms(wire.fee_type, wire.fee_multiplier),
        from_us=parse_rfc3339(wire.scheduled_ts),
    )


def _to_event_change(wire: EventChangeWire) -> FeeChange:
    return FeeChange(
        change_id=identity(wire.id, "id"),
        series_ticker=identity(wire.series_ticker, "series ticker"),
        event_ticker=identity(wire.event_ticker, "event ticker"),
        fees=fee_override(wire.fee_type_override, wire.fee_multiplier_override),
        from_us=parse_rfc3339(wire.scheduled_ts),
    )


def _to_program(wire: ProgramWire) -> IncentiveProgram:
    most = wire.max_reward_per_account
    return IncentiveProgram(
        program_id=identity(wire.id, "id"),
        ticker=identity(wire.market_ticker, "ticker"),
        kind=identity(wire.incentive_type, "type"),
        reward=Money(wire.period_reward * _CENTICENT),
        start_us=parse_rfc3339(wire.start_date),
        end_us=parse_rfc3339(wire.end_date),
        paid_out=wire.paid_out,
        target=None if wire.target_size_fp is None else quantity(wire.target_size_fp),
        discount_bps=wire.discount_factor_bps,
        most_per_account=None if most is None else Money(most * _CENTICENT),
    )
