"""What a strategy may not say. The gate holds sane proposals to limits; this finds the insane."""

from collections.abc import Mapping, Sequence

from kalshi_cli.domain.levels import Levels
from kalshi_cli.domain.money import ONE_DOLLAR, ZERO_PRICE, Contracts, Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.side import Side
from kalshi_cli.strategies._base import View

OPENING = frozenset({Purpose.ENTRY, Purpose.QUOTE})
"""What strategies propose; exits are the exits' business."""


def nonsense(proposed: object, view: View) -> str | None:
    """What is wrong with what a strategy returned; None where nothing is.

    Whatever is wrong with one proposal, none of them is to be believed.
    """
    if not isinstance(proposed, tuple):
        return f"it returned {type(proposed).__name__} where a tuple of Proposal is due"
    known = {candidate.market.ticker for candidate in view.candidates}
    left = {candidate.market.ticker: candidate.held for candidate in view.dropped}
    for proposal in proposed:
        if not isinstance(proposal, Proposal):
            return f"it proposed {type(proposal).__name__} where a Proposal is due"
        wrong = _wrong(proposal, known | left.keys())
        if wrong is None and proposal.ticker in left and not _closes(proposal, left):
            wrong = "a filter drops it: what is held there may be quoted away, and nothing else"
        if wrong is not None:
            return f"{proposal.ticker}: {wrong}"
    return _against_itself(proposed)


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


def _against_itself(proposals: Sequence[Proposal]) -> str | None:
    """Of one market it may propose one entry, or a quote on each side."""
    seen: set[tuple[str, object]] = set()
    for proposal in proposals:
        key = (proposal.ticker, proposal.side if proposal.purpose is Purpose.QUOTE else None)
        if key in seen:
            return f"{proposal.ticker}: it was proposed twice"
        seen.add(key)
    return None
