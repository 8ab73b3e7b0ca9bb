"""Trading fees, to the exchange's own rounding.

Model: taker = M * 0.07 * C * P * (1 - P); a maker pays a share of that which depends on the fee
type. The trade fee is rounded up to $0.0001; then the cash change is floored to the member's
precision ($0.0001 for direct members) and the difference is a rounding fee. This rule reproduces
33 of 33 real taker fills recorded in August 2026. A fill's own `fee_cost` is the truth; a
difference to this model is an alarm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from kalshi_cli.domain.money import Contracts, Money, Price, parse_units
from kalshi_cli.domain.side import Side

MILLION = 1_000_000
TAKER_PER_MILLION = 70_000
MAKER_SHARE_PERCENT: Mapping[str, int] = MappingProxyType(
    {
        "quadratic": 0,
        "quadratic_with_maker_fees": 25,
        "quadratic_with_combo_maker_fees": 50,
    }
)
DIRECT_PRECISION = Money(100)
_TRADE_FEE_STEP = 100
_CENT = 100
_DEAREST = 5_000


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """A fee type and its multiplier M in millionths (1.0 is 1_000_000)."""

    fee_type: str
    multiplier: int = MILLION

    @classmethod
    def parse(cls, fee_type: str, multiplier: str) -> "FeeTerms":
        """Read the exchange's fee type and multiplier (a decimal number as text)."""
        return cls(fee_type, parse_units(multiplier, 6))

    @property
    def is_known(self) -> bool:
        """Whether fees can be computed; an unknown type makes a market untradable for entries."""
        return self.fee_type in MAKER_SHARE_PERCENT and self.multiplier >= 0


FREE = FeeTerms("quadratic", 0)
WORST_KNOWN = FeeTerms("quadratic_with_combo_maker_fees")


@dataclass(frozen=True, slots=True)
class FeeChange:
    """Fee terms that are announced or in force from an instant on (market time), of a series or,
    where it is named, of one event.

    `fees` None: an event falls back to the terms of its series.
    """

    change_id: str
    series_ticker: str
    event_ticker: str | None
    fees: FeeTerms | None
    from_us: int


def effective_terms(
    series: FeeTerms,
    event: FeeTerms | None,
    waiver_expires_us: int | None,
    now_us: int,
    changes: Sequence[FeeChange] = (),
) -> FeeTerms:
    """The terms in force: a waiver frees a market, an event overrides its series.

    `changes` are those announced of both, the first to come first.
    """
    if waiver_expires_us is not None and now_us < waiver_expires_us:
        return FREE
    for change in changes:
        if change.from_us > now_us:
            break
        if change.event_ticker is not None:
            event = change.fees
        elif change.fees is not None:
            series = change.fees
    return series if event is None else event


@dataclass(frozen=True, slots=True)
class LaterTerms:
    """What a market is charged from an instant on (market time)."""

    from_us: int
    terms: FeeTerms


def terms_by(now: FeeTerms, later: Sequence[LaterTerms], until_us: int | None) -> FeeTerms:
    """The dearest terms of what may trade until then, or at any time, by `exit_terms`.

    Where takers pay most by one and makers by another, they are as dear as either.
    """
    due = [now, *(each.terms for each in later if until_us is None or each.from_us <= until_us)]
    charged = [terms for terms in map(exit_terms, due) if terms.multiplier]
    if not charged:
        return exit_terms(now)
    dearest = max(charged, key=lambda terms: MAKER_SHARE_PERCENT[terms.fee_type])
    return FeeTerms(dearest.fee_type, max(terms.multiplier for terms in charged))


def exit_terms(terms: FeeTerms) -> FeeTerms:
    """Terms to price an exit with: an unknown type is charged as the worst one known."""
    return terms if terms.is_known else WORST_KNOWN


def fill_fee(
    terms: FeeTerms,
    *,
    side: Side,
    price: Price,
    count: Contracts,
    is_taker: bool,
) -> Money:
    """The fee of one fill, rounding fee included. `price` is the YES price; `terms` must be known.

    Raises `KeyError` for an unknown fee type: ask `is_known` before, or use `exit_terms`.
    """
    trade_fee = _trade_fee(terms, price.units, count.units, is_taker=is_taker)
    change = -side.sign * (price.units * count.units) - trade_fee
    return Money(trade_fee + change % DIRECT_PRECISION.units)


def _trade_fee(terms: FeeTerms, price: int, count: int, *, is_taker: bool) -> int:
    share = 100 if is_taker else MAKER_SHARE_PERCENT[terms.fee_type]
    exact = terms.multiplier * TAKER_PER_MILLION * share
    exact *= count * price * (10_000 - price)
    return -(-exact // (10**18 * _TRADE_FEE_STEP)) * _TRADE_FEE_STEP


def most_fees(
    terms: FeeTerms, *, side: Side, limit: Price, count: Contracts, is_taker: bool
) -> Money:
    """The most that an order may cost beyond its limit, in however many fills it comes.

    `limit` is a YES price; terms are known, as for `fill_fee`. A maker trades at the limit, a taker
    there or better, and what is left of its order may rest. With q the price of the outcome bought,
    m(q) the model's fee a contract and ceil to $0.0001, n contracts in one fill cost

        ceil(q n + ceil(m(q) n)) = ceil(q n) + ceil(m(q) n)

    and ceil(x + y) <= ceil(x) + ceil(y): they cost no less in two fills, and the most in fills of
    0.01, which the exchange makes in every market. So the bound is the dearest 0.01 of any price
    that may be, times the hundredths of the count, and fills of 0.01 at that price cost just that.
    1,000 contracts at 41c with a maker's fee of $4.2333 may be charged $10: $0.0001 for each 0.01.

    Rebates lower none of this. The exchange keeps count, by order, of what the cash changes were
    rounded, not of what the trade fees were; and pays it back in whole cents, and never more than
    the fee of the fill at hand, which is far less for 0.01. By its newer account (fees to
    $0.000001, paid back in $0.0001) an order costs no more either.

    Prices count in $0.0001 here, whatever the market's grid. On whole cents that is too much where
    m(q) passes a multiple of a cent within the limit's own cent: by $0.0001 a hundredth, for a
    taker at 83c where M is 1.
    """
    paid = limit if side is Side.BID else limit.complement
    dearest = _dearest_hundredth(terms, paid.units, is_taker=is_taker)
    return Money((dearest - paid.units) * count.units)


@lru_cache(maxsize=1 << 14)
def _dearest_hundredth(terms: FeeTerms, paid: int, *, is_taker: bool) -> int:
    """What 0.01 contracts of an outcome cost at most, at a price of `paid`; to a taker up to it.

    All prices of one cent take as much cash for 0.01, and of them the nearest to 50c most fee.
    """
    prices = [paid]
    if is_taker:
        prices = [
            min(max(low, _DEAREST), low + _CENT - 1, paid) for low in range(1, paid + 1, _CENT)
        ]
    return max(
        -(-price // _CENT) * _CENT + _trade_fee(terms, price, 1, is_taker=is_taker)
        for price in prices
    )


def fee_per_contract(terms: FeeTerms, price: Price, *, is_taker: bool) -> float:
    """The unrounded fee in dollars a contract, for edges and sizing, never for the ledger."""
    share = 100 if is_taker else MAKER_SHARE_PERCENT[terms.fee_type]
    odds = price.units * (10_000 - price.units) / 10**8
    return terms.multiplier * TAKER_PER_MILLION * share * odds / (MILLION * MILLION * 100)
