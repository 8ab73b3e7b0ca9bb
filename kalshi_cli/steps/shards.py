"""Cash that moves between the shards of the account: by transfers on record, and by none."""

from collections.abc import Iterable, Mapping

from kalshi_cli.domain.account import Balance, CashKind, CashMovement
from kalshi_cli.domain.money import NO_MONEY, Money, total
from kalshi_cli.errors import ExchangeRefusal
from kalshi_cli.ports.treasury import ShardTransfer, Treasury
from kalshi_cli.steps.paging import Collected, collect


async def transfers_of(treasury: Treasury | None, min_us: int = 0) -> Collected[ShardTransfer]:
    """Transfers between shards; none, and no end of them reached, where there is no such desk, or
    the key may not see them.
    """
    nothing: Collected[ShardTransfer] = Collected((), (), complete=True, reached_end=False)
    if treasury is None:
        return nothing
    try:
        return await collect(lambda c: treasury.transfers(min_us=min_us, cursor=c))
    except ExchangeRefusal:
        return nothing


def shard_movements(transfers: Iterable[ShardTransfer]) -> list[CashMovement]:
    """A transfer as cash that leaves a shard and, once it is complete, cash on another; of one that
    leaves them all, or comes from elsewhere, the end that is a shard.
    """
    moved: list[CashMovement] = []
    for sent in transfers:
        ends = [("out", sent.source, -sent.amount)]
        ends += [("in", sent.destination, sent.amount)] if sent.complete else []
        moved += [
            CashMovement(
                f"transfer:{sent.transfer_id}:{way}",
                CashKind.TRANSFER,
                amount,
                sent.created_us,
                shard,
            )
            for way, shard, amount in ends
            if shard is not None
        ]
    return moved


def beyond_ledger(ours: Mapping[int, Money], balance: Balance) -> dict[int, Money]:
    """Cash that each shard has beyond the ledger's; nothing where the exchange does not tell it."""
    theirs = dict(balance.by_shard)
    if total(list(theirs.values())) != balance.cash:
        return {}
    beyond = {
        shard: theirs.get(shard, NO_MONEY) - ours.get(shard, NO_MONEY)
        for shard in sorted(theirs.keys() | ours.keys())
    }
    return {shard: amount for shard, amount in beyond.items() if amount}


def moved_between(beyond: Mapping[int, Money], at_us: int) -> list[CashMovement]:
    """Movements that make each shard what the exchange says it is; none unless they add up to
    nothing.
    """
    if total(list(beyond.values())):
        return []
    return [
        CashMovement(
            f"moved:{at_us}:{shard}",
            CashKind.TRANSFER,
            amount,
            at_us,
            shard,
            why="the balances of the shards alone tell it",
        )
        for shard, amount in beyond.items()
    ]
