"""What a strategy may not say. The gate holds sane proposals to limits; this finds the insane."""

import re
from collections.abc import Mapping, Sequence

from kalshi_cli.domain.levels import Levels
from kalshi_cli.domain.money import ONE_DOLLAR, ZERO_PRICE, Contracts, Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.stop import EVERY_MARKET
from kalshi_cli.strategies._base import Abstention, View

OPENING = frozenset({Purpose.ENTRY, Purpose.QUOTE})
"""What strategies propose; exits are the exits' business."""
_CODE = re.compile("[A-Z][A-Z0-9_]{0,31}")


def nonsense(proposed: object, view: View) -> str | None:
    """What is wrong with what a strategy returned; None where nothing is.

    Whatever is wrong with one proposal, none of them is to be believed.
    """
    if not isinstance(proposed, tuple):
        return f"it returned {type(proposed).__name__} where a tuple is due"
    known = {candidate.market.ticker for candidate in view.candidates}
    left = {candidate.market.ticker: candidate.held for candidate in view.dropped}
    shown = known | left.keys()
    for said in proposed:
        if isinstance(said, Abstention):
            wrong = _wrongly_told(said, shown)
        elif isinstance(said, Proposal):
            wrong = _wrong(said, shown)
            if wrong is None and said.ticker in left and not _closes(said, left):
                wrong = "a filter drops it: what is held there may be quoted away, and nothing else"
        else:
            return f"it proposed {type(said).__name__} where a Proposal or an Abstention is due"
        if wrong is not None:
            return f"{said.ticker}: {wrong}"
    return _against_itself(proposed)


def _wrongly_told(said: Abstention, shown: set[str]) -> str | None:
    """What is wrong with a reason; its words are made fit for a terminal where they are kept."""
    if said.ticker not in shown:
        return "no market that it was shown"
    code = said.code
    if not isinstance(code, str) or not _CODE.fullmatch(code) or code == EVERY_MARKET:
        return f"its code {code!r} is none: capitals, digits and _, 32 at most"
    if not all(isinstance(text, str) for text in (said.detail, said.value, said.limit)):
        return f"what it says of {code} is no text"
    return None


def _wrong(proposal: Proposal, known: set[str]) -> str | None:
    fair, most, closes = proposal.fair, proposal.max_contracts, proposal.closes
    until, forecast = proposal.expires_us, proposal.forecast_id
    checks = (
        (proposal.ticker in known, "no market that it was shown"),
        (isinstance(proposal.side, Side), f"{proposal.side!r} is no Side"),
        (proposal.purpose in OPENING, f"{proposal.purpose!r} is no purpose of a strategy"),
        (_is_price(proposal.limit), f"its limit {proposal.limit!r} is no Price between $0 and $1"),
        (
            isinstance(fair, float) and 0.0 < fair < 1.0,
            f"its fair value {fair!r} is no probability",
        ),
        (
            most is None or (isinstance(most, Contracts) and most.units > 0),
            f"{most!r} is no number of contracts",
        ),
        (
            isinstance(closes, Contracts) and closes.units >= 0,
            f"{closes!r}, which it closes, is no number of contracts",
        ),
        (until is None or isinstance(until, int), f"its end {until!r} is no instant"),
        (not proposal.resting or until is not None, "it rests, and not until when"),
        (isinstance(proposal.reason, str), f"its reason {proposal.reason!r} is no text"),
        (forecast is None or isinstance(forecast, str), f"its forecast {forecast!r} is no text"),
        (_is_error(proposal.fair_error), f"its error {proposal.fair_error!r} is no deviation"),
        (_are_levels(proposal.levels), f"its levels {proposal.levels!r} lead nowhere"),
    )
    return next((told for holds, told in checks if not holds), None)


def _closes(proposal: Proposal, left: Mapping[str, Contracts]) -> bool:
    """Whether it is a quote of no more than what is held, on the side that takes from it."""
    held, most = left[proposal.ticker].units, proposal.max_contracts
    takes = proposal.purpose is Purpose.QUOTE and held * proposal.side.sign < 0
    return takes and most is not None and most.units <= abs(held)


def _is_error(error: object) -> bool:
    return error is None or (isinstance(error, float) and 0.0 <= error < 1.0)


def _are_levels(levels: object) -> bool:
    """Prices between $0 and $1, the stop below the target; spans of time that are not negative."""
    if levels is None:
        return True
    if not isinstance(levels, Levels):
        return False
    prices = [each for each in (levels.stop, levels.target, levels.trail) if each is not None]
    instants = [each for each in (levels.leave_by_us, levels.before_close_us) if each is not None]
    if not all(_is_price(each) for each in prices):
        return False
    if not all(isinstance(each, int) and each >= 0 for each in instants):
        return False
    return levels.stop is None or levels.target is None or levels.stop < levels.target


def _is_price(limit: object) -> bool:
    return isinstance(limit, Price) and ZERO_PRICE < limit < ONE_DOLLAR


def _against_itself(said: Sequence[Proposal | Abstention]) -> str | None:
    """Of one market it may propose one entry, or a quote on each side, or say why it does not."""
    seen: set[tuple[str, object]] = set()
    silent: set[str] = set()
    for each in said:
        if isinstance(each, Abstention):
            if each.ticker in silent:
                return f"{each.ticker}: it said twice why it proposes nothing"
            silent.add(each.ticker)
            continue
        key = (each.ticker, each.side if each.purpose is Purpose.QUOTE else None)
        if key in seen:
            return f"{each.ticker}: it was proposed twice"
        seen.add(key)
    both = min(silent & {ticker for ticker, _ in seen}, default=None)
    return both and f"{both}: it says why it proposes nothing, and proposes something"
