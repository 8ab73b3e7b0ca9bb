"""One series of somebody's own world: read from a table, held against what the world can play."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from itertools import pairwise
from typing import Any

from kalshi_cli.domain.fees import MAKER_SHARE_PERCENT, FeeTerms
from kalshi_cli.domain.grid import DECI_CENT, LINEAR_CENT, TAPERED_DECI_CENT, PriceGrid
from kalshi_cli.engine.document import Table
from kalshi_cli.engine.series_plan import INFORMATION, SeriesPlan, Shape
from kalshi_cli.engine.treasury import SHARDS
from kalshi_cli.errors import InvalidValue

GRIDS: Mapping[str, PriceGrid] = {
    "linear_cent": LINEAR_CENT,
    "deci_cent": DECI_CENT,
    "tapered_deci_cent": TAPERED_DECI_CENT,
}
_TICKER = re.compile(r"[A-Z][A-Z0-9]{1,29}")
_FIELDS = tuple(field.name for field in fields(SeriesPlan))
_NEEDED = tuple(field.name for field in fields(SeriesPlan) if field.default is MISSING)
_TEXTS = ("title", "category", "question", "rules", "unit")
_WHOLE = {
    "legs": (1, 200),
    "period_h": (1, 8_784),
    "life_h": (1, 8_784),
    "offset_h": (0, 8_783),
    "lead_h": (0, 8_784),
    "decimals": (0, 4),
    "answer_delay_min": (0, 10_080),
    "settlement_timer_s": (1, 604_800),
    "exchange_index": (SHARDS.start, SHARDS.stop - 1),
}
_NUMBERS = {
    "level": (-1e12, 1e12),
    "deviation": (1e-6, 1e12),
    "spacing": (1e-4, 1e12),
    "early_close": (0.0, 1.0),
    "flow": (0.0, 100.0),
}
_REFRESHES = (10, 15, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600)
_MOST_SUBJECT_LETTERS = 3


def read_series(content: object, known: Mapping[str, SeriesPlan]) -> SeriesPlan:
    """A series: new, or one that is known with some of it changed. Raises `InvalidValue`."""
    ticker = content.get("ticker") if isinstance(content, Mapping) else None
    where = f"Series {ticker}" if isinstance(ticker, str) else "A series"
    table = Table(content, where, _FIELDS)
    if not isinstance(ticker, str) or not _TICKER.fullmatch(ticker):
        raise table.wrong("ticker", "2 to 30 capital letters and digits")
    told = {"ticker": ticker, **_plain(table), **_special(table)}
    base = known.get(ticker)
    missing = [name for name in _NEEDED if name not in told]
    if base is None and missing:
        raise InvalidValue(f"{where} is new and says no {missing[0]!r}.")
    plan = SeriesPlan(**told) if base is None else replace(base, **told)
    _hold_against(plan, where)
    return plan


def _plain(table: Table) -> dict[str, Any]:
    read: dict[str, Any] = {key: table.text(key) for key in _TEXTS}
    read |= {key: table.whole(key, *bounds) for key, bounds in _WHOLE.items()}
    read |= {key: table.number(key, *bounds) for key, bounds in _NUMBERS.items()}
    read["subjects"] = table.texts("subjects")
    return {key: value for key, value in read.items() if value is not None}


def _special(table: Table) -> dict[str, Any]:
    read: dict[str, Any] = {}
    shape = table.word("shape", [str(shape) for shape in Shape])
    if shape is not None:
        read["shape"] = Shape(shape)
    grid = table.word("grid", GRIDS)
    if grid is not None:
        read["grid"] = GRIDS[grid]
    refresh = table.whole("refresh_s", 1, 3_600)
    if refresh is not None:
        if refresh not in _REFRESHES:
            raise table.wrong("refresh_s", f"one of {', '.join(map(str, _REFRESHES))}")
        read["refresh_s"] = refresh
    if "information" in table.content:
        read["information"] = _information(table)
    if "fees" in table.content:
        read["fees"] = _fees(table)
    return read


def _information(table: Table) -> tuple[tuple[float, float], ...]:
    told = table.content["information"]
    if isinstance(told, str) and told in INFORMATION:
        return INFORMATION[told]
    try:
        points = tuple((float(share), float(known)) for share, known in told)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        points = ()
    rises = all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(points))
    ends = len(points) > 1 and points[0][0] == 0.0 and points[-1][0] == 1.0
    if not (rises and ends and all(0.0 <= known <= 1.0 for _, known in points)):
        names = ", ".join(INFORMATION)
        raise table.wrong(
            "information", f"[[0, known], ..., [1, known]], rising, or one of {names}"
        )
    return points


def _fees(table: Table) -> FeeTerms:
    fees = Table(table.content["fees"], "fees", ("type", "multiplier"))
    kind = fees.word("type", MAKER_SHARE_PERCENT)
    multiplier = fees.number("multiplier", 0.0, 10.0)
    return FeeTerms(
        kind or "quadratic", round(1_000_000 * (1 if multiplier is None else multiplier))
    )


def _hold_against(plan: SeriesPlan, where: str) -> None:
    """What a single value cannot show."""
    subjects = [subject[:_MOST_SUBJECT_LETTERS].upper() for subject in plan.subjects]
    is_team = plan.shape is Shape.VERSUS
    problems = {
        "subjects must name at least one": not plan.subjects,
        "legs must be 1 where the shape is single": plan.shape is Shape.SINGLE and plan.legs != 1,
        "legs must be 2 where the shape is versus": is_team and plan.legs != 2,
        "legs must be 3 or more where the shape is bands": plan.shape is Shape.BANDS
        and plan.legs < 3,
        "subjects must be two or more, different in their first three letters, where the shape is "
        "versus": is_team
        and (len(set(subjects)) < max(2, len(subjects)) or not all(map(str.isalnum, subjects))),
        "spacing must be written with its decimals": plan.shape is Shape.ABOVE
        and round(plan.spacing, plan.decimals) != plan.spacing,
        "offset_h must be less than period_h": plan.offset_h >= plan.period_h
        and plan.offset_h >= 24,
    }
    for problem, is_so in problems.items():
        if is_so:
            raise InvalidValue(f"{where}: {problem}.")
    for name in ("question", "rules"):
        try:
            getattr(plan, name).format(subject="", strike="", date="")
        except (KeyError, IndexError, ValueError):
            raise InvalidValue(
                f"{where}: {name} may hold {{subject}}, {{strike}} and {{date}} only."
            ) from None
