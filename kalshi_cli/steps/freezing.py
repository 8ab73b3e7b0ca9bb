"""In which markets nothing new may be risked after a look at the account, and why, in words."""

from collections.abc import Iterable, Mapping

from kalshi_cli.domain.order import Order, OrderReport
from kalshi_cli.risk.unresolved import UNKNOWN_ORDER
from kalshi_cli.steps.positions import Difference

SHOWN = "`kalshi inspect-db --reconcile` shows it"


def of_orders(unresolved: Iterable[Order], unbooked: Iterable[Order]) -> Mapping[str, str]:
    """Where the outcome of an order is unknown, or fills of one are in no position yet."""
    late = "an order here filled, and its fills are not told yet"
    return {
        **{order.intent.ticker: late for order in unbooked},
        **{order.intent.ticker: UNKNOWN_ORDER for order in unresolved},
    }


def of_impostors(impostors: Iterable[OrderReport]) -> Mapping[str, str]:
    """Where the exchange has an order that bears an id of ours and is not what was sent."""
    return {
        report.ticker: f"order {report.order_id} at the exchange bears an id of ours and other"
        " terms than were sent: look at it there"
        for report in impostors
    }


def of_unlisted(tickers: Iterable[str]) -> Mapping[str, str]:
    """Where the exchange tells nothing of the market itself."""
    why = "it is traded on this account, and the exchange does not tell of this market"
    return dict.fromkeys(tickers, why)


def of_unreadable(what: str, unreadable: Mapping[str, str]) -> Mapping[str, str]:
    """Where a row, a fill or a position, cannot be read; it says what is wrong there."""
    return {
        ticker: f"a {what} here cannot be read, so it is not known what is held: {why}; {SHOWN}"
        for ticker, why in unreadable.items()
    }


def of_differences(differences: Iterable[Difference]) -> Mapping[str, str]:
    """Where more or less is held at the exchange than fills explain."""
    return {
        each.what: f"the books hold {each.ours} here, the exchange {each.theirs}: {SHOWN}"
        for each in differences
    }
