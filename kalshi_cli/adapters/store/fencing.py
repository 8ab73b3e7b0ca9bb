"""Whether a lease is still ours, asked in the transaction that writes by it."""

from collections.abc import Sequence

from sqlalchemy import select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.prepared import Prepared, Values, given
from kalshi_cli.errors import LeaseHeld, LeaseRanOut

LEASE_EXPIRES = Prepared(
    select(t.LEASES.c.expires_wall_us).where(t.LEASES.c.token == given("token"))
)


def check_lease(leases: Sequence[Values], wall_us: int) -> None:
    """Raises `LeaseHeld` where no lease of the token is left, `LeaseRanOut` where it is over."""
    if not leases:
        raise LeaseHeld(
            "The right to trade this account was taken; nothing was sent.",
            remedy="See what else is running, then start again.",
        )
    if leases[0][0] <= wall_us:
        raise LeaseRanOut(
            "The right to trade this account has run out; nothing was sent.",
            remedy="It is renewed at once, unless another process took it.",
        )
