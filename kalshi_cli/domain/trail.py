"""What moved an order: the causes of the rows in its trail, from the intent to its end."""

from dataclasses import dataclass
from enum import StrEnum

from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.order import OrderState, Pending


class Cause(StrEnum):
    """Why a row was added to an order's trail."""

    INTENT = "intent"
    """Journalled; the request goes out next, unless a halt or a lost lease stops it."""
    ANSWER = "answer"
    """What the exchange, or the wire, answered to the request."""
    CANCEL = "cancel"
    """A cancel is asked for, and why."""
    CANCEL_ANSWER = "cancel answer"
    AMEND = "amend"
    """A change is asked for."""
    AMEND_ANSWER = "amend answer"
    REPORT = "report"
    """The exchange told how the order stands."""
    SEARCH = "search"
    """What a search for an order of unknown outcome found, or that it found nothing."""
    JUDGED = "judged"
    """What is known of the market of an entry that rests is other than before."""
    FILL = "fill"
    """Fills were booked."""


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """An order as it stood after one thing happened to it, at an instant of market time."""

    client_order_id: str
    cause: Cause
    state: OrderState
    pending: Pending
    filled: Contracts
    detail: str
    at_us: int
