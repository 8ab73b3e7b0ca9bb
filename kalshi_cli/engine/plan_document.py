"""A world of somebody's own: a document, read strictly into a plan."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from hashlib import blake2b

from kalshi_cli.domain.instant import DAY
from kalshi_cli.domain.money import Money
from kalshi_cli.engine.archive import Archive
from kalshi_cli.engine.document import Table, suggestion
from kalshi_cli.engine.series_document import read_series
from kalshi_cli.engine.series_plan import CLIMATES, SERIES, Climate, SeriesPlan
from kalshi_cli.engine.treasury import SHARDS, opening
from kalshi_cli.engine.world_plan import (
    CATEGORY_WEIGHTS,
    MOST_MARKETS,
    Scale,
    Upsets,
    WorldPlan,
    open_markets,
)
from kalshi_cli.errors import InvalidValue

TAIL = 0.75
_SECTIONS = ("base", "series", "categories", "scale", "shares", "cash", "archive")
_CLIMATE_BOUNDS = {
    "market_logit_error": (0.02, 2.0),
    "yes_bias": (-0.05, 0.05),
    "half_spread": (0.005, 0.15),
    "depth": (1.0, 1e6),
    "trades_per_hour": (0.0, 200.0),
    "informed_share": (0.0, 1.0),
    "one_sided": (0.0, 1.0),
    "underreaction": (0.0, 1.0),
}
_UNSAID = frozenset({"underreaction"})
"""What a new category need not say: a crowd underreacts where its plan says so."""
_FIELD_OF = {"market_logit_error": "logit_error"}
_WORD_OF = {field: word for word, field in _FIELD_OF.items()}
_MOST_SHARE = 1.0


def read_plan(document: Mapping[str, object]) -> WorldPlan:
    """The plan that a document describes. Raises `InvalidValue` with what is wrong in one line."""
    top = Table(document, "A world", _SECTIONS)
    climates = _climates(document.get("categories", {}))
    series = _series(top, climates)
    used = {plan.category for plan in series}
    digest = blake2b(_canonical(document), digest_size=6).hexdigest()
    plan = WorldPlan(
        series=series,
        climates={name: climate for name, climate in climates.items() if name in used},
        upsets=_upsets(document.get("shares", {})),
        cash=_cash(document.get("cash", {})),
        archive=_archive(document.get("archive", {})),
        scale=_scale(document.get("scale"), used),
        digest=digest,
    )
    return _hold_against(plan)


def _canonical(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, sort_keys=True, default=str).encode()


def difference(one: WorldPlan, other: WorldPlan) -> str:
    """The first thing in which two plans differ, in words; empty where they are the same."""
    for part in fields(WorldPlan):
        was, now = getattr(one, part.name), getattr(other, part.name)
        if part.name == "digest" or was == now:
            continue
        if part.name == "series":
            return _series_difference(one, other)
        if part.name == "climates":
            name = next(n for n in (*was, *now) if was.get(n) != now.get(n))
            return _first_difference(f"category {name!r}", was.get(name), now.get(name))
        return "shares" if part.name == "upsets" else part.name
    return ""


def _series_difference(one: WorldPlan, other: WorldPlan) -> str:
    was, now = ({plan.ticker: plan for plan in each.series} for each in (one, other))
    ticker = next((t for t in (*was, *now) if was.get(t) != now.get(t)), None)
    if ticker is None:
        return "the order of series"
    return _first_difference(f"series {ticker}", was.get(ticker), now.get(ticker))


def _first_difference(
    what: str, one: SeriesPlan | Climate | None, other: SeriesPlan | Climate | None
) -> str:
    if one is None or other is None:
        return f"{what}, which only one of them has"
    before, after = asdict(one), asdict(other)
    name = next(name for name in before if before[name] != after[name])
    return f"{_WORD_OF.get(name, name)} of {what} ({before[name]!r} and {after[name]!r})"


def _climates(content: object) -> dict[str, Climate]:
    """The categories of the default world, changed, and new ones."""
    if not isinstance(content, Mapping):
        raise InvalidValue("categories must be a table of tables.")
    climates = dict(CLIMATES)
    for name, told in content.items():
        table = Table(told, f"Category {name}", tuple(_CLIMATE_BOUNDS))
        read = {key: table.number(key, *bounds) for key, bounds in _CLIMATE_BOUNDS.items()}
        values = {
            _FIELD_OF.get(key, key): value for key, value in read.items() if value is not None
        }
        base = climates.get(name)
        missing = next((k for k, value in read.items() if value is None and k not in _UNSAID), None)
        if base is None and missing is not None:
            raise InvalidValue(f"Category {name} is new and says no {missing!r}.")
        climates[name] = Climate(**values) if base is None else replace(base, **values)
    return climates


def _series(top: Table, climates: Mapping[str, Climate]) -> tuple[SeriesPlan, ...]:
    base = top.word("base", ("default", "none")) or "default"
    listed = {plan.ticker: plan for plan in SERIES} if base == "default" else {}
    told = top.content.get("series", [])
    if not isinstance(told, list):
        raise InvalidValue("series must be a list of tables: [[series]].")
    known, seen = {plan.ticker: plan for plan in SERIES}, set()
    for content in told:
        plan = read_series(content, known)
        if plan.ticker in seen:
            raise InvalidValue(f"Series {plan.ticker} is there twice.")
        if plan.category not in climates:
            hint = suggestion(plan.category, climates)
            raise InvalidValue(f"Series {plan.ticker}: no category {plan.category!r}.{hint}")
        seen.add(plan.ticker)
        listed[plan.ticker] = plan
    if not listed:
        raise InvalidValue("A world needs a series: write [[series]], or leave base out.")
    return tuple(listed.values())


def _scale(content: object, categories: set[str]) -> Scale | None:
    if content is None:
        return None
    table = Table(content, "scale", ("markets", "tail", "weights"))
    markets, tail = table.whole("markets", 1, MOST_MARKETS), table.number("tail", 0.0, 3.0)
    if markets is None:
        raise InvalidValue("scale says no 'markets'.")
    told = Table(table.content.get("weights", {}), "scale.weights", categories)
    read = {name: told.number(name, 0.001, 1_000.0) for name in told.content}
    weights = {name: value for name, value in read.items() if value is not None}
    return Scale(markets, TAIL if tail is None else tail, {**CATEGORY_WEIGHTS, **weights})


def _hold_against(plan: WorldPlan) -> WorldPlan:
    """What the parts cannot show: how much it is in all."""
    total = sum(open_markets(series) for series in plan.listed.values())
    if total > 1.1 * MOST_MARKETS:
        raise InvalidValue(f"{total:,.0f} markets would be open, at most {MOST_MARKETS:,} may.")
    return plan


def _upsets(content: object) -> Upsets:
    table = Table(content, "shares", [part.name for part in fields(Upsets)])
    read = {key: table.number(key, 0.0, _MOST_SHARE) for key in table.content}
    return Upsets(**{key: value for key, value in read.items() if value is not None})


def _cash(content: object) -> dict[int, Money]:
    table = Table(content, "cash", [str(shard) for shard in SHARDS])
    cash: dict[int, Money] = {}
    for shard in table.content:
        try:
            cash[int(shard)] = Money.parse(table.text(shard) or "")
        except InvalidValue:
            raise table.wrong(shard, 'dollars as text, like "10000.00"') from None
    if cash and not opening(cash):
        raise InvalidValue("cash must be whole cents, and more than $0.")
    return cash


def _archive(content: object) -> Archive:
    table = Table(content, "archive", ("markets_days", "orders_days"))
    markets, orders = table.whole("markets_days", 1, 3_650), table.whole("orders_days", 1, 3_650)
    archive = Archive()
    if markets is not None:
        span = markets * DAY
        archive = replace(archive, markets_us=span, trades_us=span, positions_us=span)
    return archive if orders is None else replace(archive, orders_us=orders * DAY)
