"""Cash in, out, and from shard to shard."""

from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import NO_MONEY, Money
from kalshi_cli.engine.account import ShardTransfer
from kalshi_cli.engine.admission import free_cash
from kalshi_cli.engine.commands import Deposit, Moneyed, Rejected, Transfer
from kalshi_cli.engine.venue import Venue

TRANSFER_US = 2 * SECOND
"""How long cash is on its way between shards: the exchange does it asynchronously."""
SHARDS = range(4)
"""Default; Combos; Crypto and Commodities; Tennis, Baseball and Basketball."""
NO_SHARD = Rejected(400, "bad_request", "there is no such exchange shard")
_CENT = 10_000
_MOST = Money.parse("1000000000.00")


def move_cash(venue: Venue, command: Deposit) -> Moneyed | Rejected:
    """Money arrives on shard 0, or leaves it as far as no order needs it."""
    if not command.amount.units or command.amount.units % _CENT or abs(command.amount) > _MOST:
        return Rejected(400, "bad_request", "amount must be whole cents, not zero, below $1e9")
    if command.amount < NO_MONEY and free_cash(venue, 0) < -command.amount:
        return Rejected(400, "insufficient_balance")
    kind = "deposit" if command.amount > NO_MONEY else "withdrawal"
    movement_id = venue.next_id(kind)
    venue.state.account.deposit(movement_id, command.amount, 0, venue.now_us)
    return Moneyed(movement_id)


def transfer(venue: Venue, command: Transfer) -> Moneyed | Rejected:
    """Send cash to another shard; it is on neither until it arrives."""
    refused = _transfer_refusal(venue, command)
    if refused is not None:
        return refused
    sent = ShardTransfer(
        transfer_id=venue.next_id("transfer"),
        client_transfer_id=command.client_transfer_id,
        source=command.source,
        destination=command.destination,
        amount=command.amount,
        created_us=venue.now_us,
        arrives_us=venue.now_us + TRANSFER_US,
    )
    venue.state.account.send(sent)
    return Moneyed(sent.transfer_id)


def _transfer_refusal(venue: Venue, command: Transfer) -> Rejected | None:
    known = {
        each.client_transfer_id
        for each in venue.state.account.transfers
        if each.source == command.source and each.client_transfer_id
    }
    if command.client_transfer_id in known:
        return Rejected(409, "transfer_already_exists")
    if not {command.source, command.destination} <= set(SHARDS):
        return NO_SHARD
    if command.source == command.destination or command.amount <= NO_MONEY:
        return Rejected(400, "bad_request", "nothing to transfer")
    if free_cash(venue, command.source) < command.amount:
        return Rejected(400, "insufficient_balance")
    return None


def next_arrival(venue: Venue) -> int | None:
    """When the next transfer arrives; None where nothing is on its way."""
    transfers = venue.state.account.transfers
    return min((each.arrives_us for each in transfers if not each.arrived), default=None)


def opening(account_cash: dict[int, Money]) -> bool:
    """Whether these are balances that an account can open with: whole cents, some of them."""
    return any(account_cash.values()) and all(
        amount.units >= 0 and amount.units % _CENT == 0 for amount in account_cash.values()
    )
