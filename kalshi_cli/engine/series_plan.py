"""The table of the generated world: its categories, its series, and their parameters.

All of it is public. What a trader inside the world may know (the documented bias, the size of the
crowd's error) is asked for with `documented_bias` and `market_logit_error`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from kalshi_cli.domain.fees import MILLION, FeeTerms
from kalshi_cli.domain.grid import LINEAR_CENT, TAPERED_DECI_CENT, PriceGrid
from kalshi_cli.domain.instant import MINUTE

SINKS_IN_US, SINKS_BY = 20 * MINUTE, 5
"""How long news takes to be priced in whole by a crowd that underreacts, and in how many steps."""
BIAS_TAPER = 0.10
"""Within this distance of $0 and $1 the bias shrinks linearly to nothing."""


@dataclass(frozen=True, slots=True)
class Climate:
    """How a category trades. Prices are in dollars, sizes in contracts, rates per hour and market.

    `logit_error` is the root mean square of (crowd - truth) in logits: what is known but not yet
    public. `half_spread` and `depth` are for the middle of a typical market; `one_sided` is the
    share of time that a side of the book is missing. `underreaction` is the share of public news
    that the crowd prices in over `SINKS_IN_US` instead of at once.
    """

    logit_error: float
    yes_bias: float
    half_spread: float
    depth: float
    trades_per_hour: float
    informed_share: float
    one_sided: float
    underreaction: float = 0.0


LIQUID, THIN = 0.15, 0.30
CLIMATES: Mapping[str, Climate] = MappingProxyType(
    {
        "Crypto": Climate(LIQUID, 0.002, 0.008, 600, 12.0, 0.18, 0.00),
        "Financials": Climate(LIQUID, 0.004, 0.011, 500, 8.0, 0.25, 0.00),
        "Sports": Climate(LIQUID, 0.004, 0.011, 800, 10.0, 0.28, 0.00),
        "Climate and Weather": Climate(THIN, 0.007, 0.026, 300, 6.0, 0.58, 0.02),
        "Economics": Climate(THIN, 0.007, 0.026, 300, 2.0, 0.45, 0.03),
        "Politics": Climate(THIN, 0.007, 0.028, 250, 2.0, 0.45, 0.03),
        "Science and Technology": Climate(THIN, 0.008, 0.050, 100, 2.0, 0.60, 0.08),
        "Entertainment": Climate(THIN, 0.010, 0.070, 80, 3.0, 0.75, 0.10),
    }
)


QUADRATIC = FeeTerms("quadratic")


class Shape(StrEnum):
    """How the legs of an event divide what its process may end at."""

    ABOVE = "above"
    BANDS = "bands"
    VERSUS = "versus"
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """A recurring question: when its events live, what its process means, how it is written.

    Events close every `period_h` hours at `offset_h` past midnight, after `life_h` hours of
    trading; they are listed `lead_h` before. `information` is the share of everything there is to
    know that has happened by a fraction of the life, as breakpoints; what is missing to 1 at the
    close comes out afterwards. `level` and `deviation` give the process its scale, `spacing` and
    `unit` its strikes. `{subject}`, `{strike}` and `{date}` are filled into the texts. Makers
    requote every `refresh_s` seconds, which divide an hour; takers come `flow` times as often as
    in the category at large.
    """

    ticker: str
    title: str
    category: str
    shape: Shape
    legs: int
    period_h: int
    life_h: int
    offset_h: int
    lead_h: int
    information: tuple[tuple[float, float], ...]
    question: str
    rules: str
    fees: FeeTerms = QUADRATIC
    grid: PriceGrid = LINEAR_CENT
    level: float = 0.0
    deviation: float = 1.0
    spacing: float = 1.0
    decimals: int = 0
    subjects: tuple[str, ...] = ()
    answer_delay_min: int = 15
    settlement_timer_s: int = 1_800
    early_close: float = 0.0
    refresh_s: int = 300
    unit: str = ""
    flow: float = 1.0
    exchange_index: int = 0


_STEADY = ((0.0, 0.0), (1.0, 1.0))
_BULLETINS = (
    (0.0, 0.0), (0.24, 0.08), (0.25, 0.18), (0.49, 0.28), (0.50, 0.40),
    (0.70, 0.52), (0.71, 0.62), (1.0, 0.995),
)  # fmt: skip
_DATA_AT_OPEN = ((0.0, 0.0), (0.60, 0.20), (0.61, 0.35), (1.0, 1.0))
_MATCH = ((0.0, 0.0), (0.88, 0.25), (1.0, 0.995))
_RELEASE = ((0.0, 0.0), (0.50, 0.20), (0.51, 0.32), (1.0, 0.60))
_DRIP = ((0.0, 0.0), (0.30, 0.20), (0.31, 0.30), (0.75, 0.60), (0.76, 0.72), (1.0, 0.95))
INFORMATION: Mapping[str, tuple[tuple[float, float], ...]] = MappingProxyType(
    {
        "steady": _STEADY,
        "bulletins": _BULLETINS,
        "data_at_open": _DATA_AT_OPEN,
        "match": _MATCH,
        "release": _RELEASE,
        "drip": _DRIP,
    }
)
"""The information clocks of the series below, by name."""
_TEAMS = (
    "Boston", "Denver", "Miami", "Phoenix", "Dallas", "Chicago", "Toronto", "Atlanta", "Memphis",
    "Portland", "Utah", "Detroit",
)  # fmt: skip
_BILLS = (
    "the water infrastructure bill", "the chip export bill", "the postal reform bill",
    "the broadband bill", "the farm credit bill", "the port security bill",
)  # fmt: skip
_LAUNCHES = (
    "a heavy-lift rocket", "a crewed capsule", "a lunar lander", "a weather satellite",
    "a reusable booster",
)  # fmt: skip
_RELEASES = (
    "the sequel", "the debut album", "the animated feature", "the documentary", "the live tour",
)  # fmt: skip

_CITY_RULES = (
    "If the highest temperature recorded on {date} at the {subject} station is {strike} according "
    "to the daily climate report, the market resolves to Yes."
)
_CITY_QUESTION = "Will the high temperature in {subject} be {strike} on {date}?"

SERIES: tuple[SeriesPlan, ...] = (
    SeriesPlan(
        "KXBTCD", "Bitcoin price", "Crypto", Shape.ABOVE, 5, 2, 4, 1, 1, _STEADY,
        "Will the price of Bitcoin be {strike} at {date}?",
        "If the 60-second average of the Bitcoin index before {date} is {strike}, the market "
        "resolves to Yes.",
        grid=TAPERED_DECI_CENT, level=96_000, deviation=900, spacing=500, answer_delay_min=2,
        settlement_timer_s=300, refresh_s=60, subjects=("Bitcoin",),
    ),
    SeriesPlan(
        "KXETHD", "Ethereum price", "Crypto", Shape.ABOVE, 4, 4, 4, 1, 1, _STEADY,
        "Will the price of Ethereum be {strike} at {date}?",
        "If the 60-second average of the Ethereum index before {date} is {strike}, the market "
        "resolves to Yes.",
        level=3_400, deviation=36, spacing=20, answer_delay_min=2, settlement_timer_s=300,
        refresh_s=60, subjects=("Ethereum",),
    ),
    SeriesPlan(
        "KXHIGHNY", "Highest temperature in New York", "Climate and Weather", Shape.BANDS, 6,
        24, 30, 4, 6, _BULLETINS, _CITY_QUESTION, _CITY_RULES,
        level=41, deviation=3.4, unit="°", subjects=("New York",), answer_delay_min=60,
        settlement_timer_s=3_600,
    ),
    SeriesPlan(
        "KXHIGHCHI", "Highest temperature in Chicago", "Climate and Weather", Shape.BANDS, 6,
        24, 30, 5, 6, _BULLETINS, _CITY_QUESTION, _CITY_RULES,
        level=34, deviation=4.2, unit="°", subjects=("Chicago",), answer_delay_min=60,
        settlement_timer_s=3_600,
    ),
    SeriesPlan(
        "KXHIGHMIA", "Highest temperature in Miami", "Climate and Weather", Shape.BANDS, 6,
        24, 30, 4, 6, _BULLETINS, _CITY_QUESTION, _CITY_RULES,
        level=79, deviation=3.0, unit="°", subjects=("Miami",), answer_delay_min=60,
        settlement_timer_s=3_600,
    ),
    SeriesPlan(
        "KXINXD", "Stock index at the close", "Financials", Shape.ABOVE, 6, 24, 22, 21, 1,
        _DATA_AT_OPEN, "Will the index be {strike} at {date}?",
        "If the official closing value of the index for {date} is {strike}, the market resolves "
        "to Yes.",
        fees=FeeTerms("quadratic", MILLION // 2), level=6_900, deviation=60, spacing=25,
        answer_delay_min=15, subjects=("index",),
    ),
    SeriesPlan(
        "KXHOOPGAME", "Professional basketball game", "Sports", Shape.VERSUS, 2, 8, 22, 3, 12,
        _MATCH, "Will {strike} win the {subject} game of {date}?",
        "If {strike} wins the {subject} game originally scheduled for {date}, the market resolves "
        "to Yes.",
        subjects=_TEAMS, answer_delay_min=5, settlement_timer_s=600,
    ),
    SeriesPlan(
        "KXCPIM", "Monthly inflation", "Economics", Shape.ABOVE, 5, 336, 330, 109, 48, _RELEASE,
        "Will consumer prices rise {strike} in the report of {date}?",
        "If the seasonally adjusted monthly change in the report of {date} is {strike} percent, "
        "the market resolves to Yes.",
        fees=FeeTerms("quadratic_with_maker_fees"), level=0.29, deviation=0.12, spacing=0.1,
        decimals=1, answer_delay_min=10, refresh_s=900, subjects=("inflation",),
    ),
    SeriesPlan(
        "KXJOBLESS", "Weekly jobless claims", "Economics", Shape.ABOVE, 4, 168, 160, 85, 24,
        _RELEASE, "Will initial jobless claims be {strike} in the report of {date}?",
        "If initial claims in the report of {date} are {strike}, the market resolves to Yes.",
        level=224_000, deviation=9_000, spacing=5_000, answer_delay_min=10, refresh_s=900,
        subjects=("claims",),
    ),
    SeriesPlan(
        "KXBILLPASS", "Bills passed", "Politics", Shape.SINGLE, 1, 48, 144, 22, 12, _DRIP,
        "Will {subject} pass the chamber by {date}?",
        "If {subject} passes a recorded vote of the chamber by {date}, the market resolves to Yes.",
        subjects=_BILLS, early_close=0.35, answer_delay_min=30, settlement_timer_s=3_600,
        refresh_s=900,
    ),
    SeriesPlan(
        "KXLAUNCH", "Launches", "Science and Technology", Shape.SINGLE, 1, 32, 96, 18, 12, _DRIP,
        "Will {subject} launch by {date}?",
        "If {subject} leaves the pad by {date}, the market resolves to Yes.",
        subjects=_LAUNCHES, early_close=0.30, answer_delay_min=30, settlement_timer_s=3_600,
        refresh_s=900,
    ),
    SeriesPlan(
        "KXCHART", "Charts", "Entertainment", Shape.SINGLE, 1, 48, 120, 16, 12, _DRIP,
        "Will {subject} top the chart of {date}?",
        "If {subject} is in first place on the chart of {date}, the market resolves to Yes.",
        subjects=_RELEASES, answer_delay_min=60, settlement_timer_s=3_600, refresh_s=900,
    ),
)  # fmt: skip


def documented_bias(
    category: str, price: float = 0.5, climates: Mapping[str, Climate] = CLIMATES
) -> float:
    """How much YES is overpriced (dollars, which are probability) where YES trades at `price`.

    Public knowledge inside the world; 0 for a category that the world does not have.
    """
    climate = climates.get(category)
    return 0.0 if climate is None else tapered_bias(climate.yes_bias, price)


def tapered_bias(full: float, fair: float) -> float:
    """The bias at a fair price: full in the middle, shrinking to nothing at $0 and $1."""
    return full * max(0.0, min(1.0, fair / BIAS_TAPER, (1.0 - fair) / BIAS_TAPER))


def market_logit_error(category: str, climates: Mapping[str, Climate] = CLIMATES) -> float:
    """The crowd's error in logits. Raises `KeyError` for a category that the world lacks."""
    return climates[category].logit_error
