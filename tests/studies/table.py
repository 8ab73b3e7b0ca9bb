"""The table of `make study`: rules, resting orders by category, prices, and what fails."""

from collections.abc import Iterator

from kalshi_cli.domain.side import Side
from kalshi_cli.engine.series_plan import CLIMATES
from tests.studies.claims import (
    JOINT,
    NAMED,
    ORACLES,
    SURPRISING,
    Demand,
    cap,
    cell_name,
    demands,
)
from tests.studies.estimate import Z95, Estimate
from tests.studies.fairness import Findings, failures, surprises
from tests.studies.ledger import BY_RESULT
from tests.studies.rules import PLACES


def rendered(found: Findings) -> str:
    """All of it, in cents a contract unless it says otherwise."""
    wrong = failures(found)
    parts = [*_rules(found), "", *_cells(found), "", *_prices(found), "", *_surprises(found), ""]
    return "\n".join([*parts, *(wrong or ["The world is fair, and its prices are as designed."])])


def _rules(found: Findings) -> Iterator[str]:
    yield "Rules on prices alone, cents a contract net of fees, with 95 % intervals by event."
    yield f"{'':36}{'contracts':>11}{'events':>8}  {'by the truth':24}by the result"
    for rule in (*NAMED, *ORACLES):
        truth, result = found.estimate(rule), found.estimate(rule, BY_RESULT)
        if truth is None:
            yield f"{rule:36} never offered in {found.checked[rule]:,} looks"
            continue
        verdict = "  EARNS" if rule in NAMED and truth.low > 0 else ""
        paid = "" if result is None else _interval(result)
        yield (
            f"{rule:36}{truth.weight:>11,.0f}{truth.events:>8,}  {_interval(truth):24}{paid}"
            f"{verdict}"
        )


def _interval(estimate: Estimate) -> str:
    cents = [100 * value for value in (estimate.mean, estimate.low, estimate.high)]
    return f"{cents[0]:>6.2f} [{cents[1]:.2f}, {cents[2]:.2f}]"


def _cells(found: Findings) -> Iterator[str]:
    yield "Resting orders by category, cents a contract net of fees, +- 1.96 errors. Judged at"
    yield f"{JOINT} errors (48 cells together); asks may earn the documented bias, bids nothing."
    for place in PLACES:
        yield f"{place:36}{'bids':>18}{'asks':>18}{'cap of asks':>14}"
        for category in CLIMATES:
            cells = "".join(
                f"{_cell(found.estimate(cell_name(place, side, category))):>18}" for side in Side
            )
            yield f"  {category:34}{cells}{100 * cap(Side.ASK, category):>14.2f}"


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return "no fills"
    return f"{100 * estimate.mean:.2f} +- {100 * Z95 * estimate.error:.2f}"


def _prices(found: Findings) -> Iterator[str]:
    yield f"{'Prices':44}{'measured':>10}   {'95 % interval':20}{'demanded':18}events"
    for demand in demands():
        estimate = found.estimate(demand.measure)
        if estimate is None:
            yield f"{demand.measure:44}      none"
            continue
        held = "" if demand.holds(estimate, Z95) else "  BROKEN"
        low, mean, high = (
            _shown(demand, demand.scale(value))
            for value in (estimate.low, estimate.mean, estimate.high)
        )
        asked = f"{_shown(demand, demand.low)} to {_shown(demand, demand.high)}"
        name = f"{demand.measure}{', ' + demand.unit if demand.unit else ''}"
        yield f"{name:44}{mean:>10}   {f'[{low}, {high}]':20}{asked:18}{estimate.events:,}{held}"


def _shown(demand: Demand, value: float) -> str:
    return (
        f"{100 * value if demand.unit else value:.{0 if value > 20 else 2 if demand.unit else 3}f}"
    )


def _surprises(found: Findings) -> Iterator[str]:
    told = sorted(surprises(found), key=lambda surprise: -abs(surprise[1]))
    beyond = sum(abs(deviations) > Z95 for _, deviations in told)
    yield (
        f"Results against the truth: {beyond} of {len(told)} rules and measures differ by more "
        f"than 1.96 errors (by chance {0.05 * len(told):.0f}, were they independent)."
    )
    if told:
        rule, deviations = told[0]
        yield f"The farthest is {rule!r} by {deviations:+.1f} (at most {SURPRISING})."
