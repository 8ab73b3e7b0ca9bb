"""Series and events as the exchange's API writes them."""

from kalshi_cli.adapters.sim.wire.markets import Wire, instant, when
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.market import Event, Series
from kalshi_cli.domain.money import format_units
from kalshi_cli.engine.catalog import Catalog
from kalshi_cli.engine.orders import derived_id


def series_wire(series: Series, updated_us: int) -> Wire:
    return {
        "ticker": series.ticker,
        "title": series.title,
        "category": series.category,
        "categories": [series.category],
        "frequency": series.frequency,
        "tags": [],
        "settlement_sources": [],
        "contract_url": "",
        "contract_terms_url": "",
        "additional_prohibitions": [],
        "fee_type": series.fees.fee_type,
        "fee_multiplier": _multiplier(series.fees),
        "last_updated_ts": instant(updated_us),
        "exchange_index": series.exchange_index,
    }


def event_wire(event: Event, updated_us: int) -> Wire:
    wire: Wire = {
        "event_ticker": event.event_ticker,
        "series_ticker": event.series_ticker,
        "title": event.title,
        "sub_title": event.sub_title,
        "category": event.category,
        "collateral_return_type": "MECNET" if event.mutually_exclusive else "",
        "mutually_exclusive": event.mutually_exclusive,
        "settlement_sources": [],
        "last_updated_ts": instant(updated_us),
        "exchange_index": event.exchange_index,
    }
    if event.strike_us is not None:
        wire["strike_date"] = when(event.strike_us)
    if event.fees is not None:
        wire["fee_type_override"] = event.fees.fee_type
        wire["fee_multiplier_override"] = _multiplier(event.fees)
    return wire


def metadata_wire(catalog: Catalog, event: Event) -> Wire:
    """What an event looks like: it has no pictures here."""
    details = [
        {"market_ticker": ticker, "image_url": "", "color_code": ""}
        for ticker in catalog.legs[event.event_ticker]
    ]
    return {"image_url": "", "settlement_sources": [], "market_details": details}


def fee_change_wire(event: Event, listed_us: int, world_id: str) -> Wire:
    """An event's override of its series' fees, in force since the event was listed."""
    return {
        "id": derived_id(world_id, "fee change", event.event_ticker),
        "event_ticker": event.event_ticker,
        "series_ticker": event.series_ticker,
        "fee_type_override": None if event.fees is None else event.fees.fee_type,
        "fee_multiplier_override": None if event.fees is None else _multiplier(event.fees),
        "scheduled_ts": instant(listed_us),
    }


def _multiplier(terms: FeeTerms) -> float:
    return float(format_units(terms.multiplier, 6))
