"""Cash between the exchange's shards, each of which takes orders only against its own."""

from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.domain.money import Money
from kalshi_cli.ports.exchange import Outcome, Page


@dataclass(frozen=True, slots=True)
class ShardTransfer:
    """Cash sent from one shard to another; on neither of them until it is complete.

    An end that is None is no shard of event contracts, such as the account's margined side.
    """

    transfer_id: str
    client_transfer_id: str | None
    source: int | None
    destination: int | None
    amount: Money
    complete: bool
    created_us: int


class Treasury(Protocol):
    """Raises nothing for what the exchange did to a transfer: its outcome is data."""

    async def transfer(
        self, client_transfer_id: str, source: int, destination: int, amount: Money
    ) -> Outcome:
        """Send cash, whole $0.0001. The id is a UUID: sent again, it is a DUPLICATE.

        Raises `InvalidValue` for an amount that cannot be sent.
        """
        ...

    async def transfers(self, *, min_us: int = 0, cursor: str = "") -> Page[ShardTransfer]:
        """What was sent, newest first.

        What was sent before an instant is left out, page by page: some may be told all the same.
        """
        ...
