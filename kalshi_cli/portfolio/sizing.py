"""What became of proposals: orders with a count, or why there is none."""

from dataclasses import dataclass

from kalshi_cli.domain.code import Code
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.domain.proposal import Proposal


class Unstaked(Code):
    """Sizing."""

    NOT_AN_ENTRY = (
        "NOT_AN_ENTRY",
        "only entries are staked",
        "mend the strategy that proposes it",
    )
    NO_MARKET = ("NO_MARKET", "nothing is known of the market", "`kalshi ingest` reads it")
    NO_FORECAST = (
        "NO_FORECAST",
        "a stake needs a forecast and its error",
        "`kalshi analyze TICKER` asks for one; a strategy may state its own error",
    )
    UNKNOWN_FEES = (
        "UNKNOWN_FEES",
        "its fees are of a kind that this program does not know",
        "nothing: what a trade costs is never guessed",
    )
    NO_BOOK = (
        "NO_BOOK",
        "the order book could not be read",
        "wait for the next pass; `kalshi doctor` where it stays so",
    )
    NO_DEPTH = (
        "NO_DEPTH",
        "the book offers less than the smallest order up to the limit",
        "wait until somebody offers more",
    )
    NO_STAKE = (
        "NO_STAKE",
        "by the stake rule it is worth no contract at that price",
        "nothing; portfolio.method and trading.min_net_edge are the rule",
    )
    NO_ROOM = (
        "NO_ROOM",
        "a limit or the cash leaves no room for it beside what is held and better proposals",
        "wait until something is sold or settled; `kalshi inspect limits` shows what is used",
    )
    UNPRICED_HOLDING = (
        "UNPRICED_HOLDING",
        "what is held beside it has neither a forecast nor a price",
        "`kalshi analyze TICKER` of what is held, or wait until it is quoted",
    )


@dataclass(frozen=True, slots=True)
class Unsized:
    """A proposal that got no contracts: the code, and the numbers that say why."""

    proposal: Proposal
    reason: Unstaked
    detail: str


@dataclass(frozen=True, slots=True)
class Sizing:
    """Every proposal is in one of the two, the most valuable first."""

    intents: tuple[OrderIntent, ...]
    unsized: tuple[Unsized, ...]
