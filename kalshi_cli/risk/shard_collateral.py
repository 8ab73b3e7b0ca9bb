"""Cash where the order is taken: the exchange's shards do not share it."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._exposure import shard_cash, worst_cost


@dataclass(frozen=True, slots=True)
class ShardCollateral(Control):
    """An entry costs no more, fee included, than its own shard has beside its live orders.

    Where the exchange does not tell its shards apart, the account's cash counts alone.
    """

    code: ClassVar[str] = "SHARD_COLLATERAL"
    remedy: ClassVar[str] = "`kalshi transfer` moves cash to that shard"
    rank: ClassVar[int] = 182
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        free = shard_cash(state, intent.exchange_index)
        cost = worst_cost(intent, intent.count, state)
        if free is None or cost <= free:
            return None
        shard = intent.exchange_index
        has = f"it costs {cost.spoken}, shard {shard} has {free.spoken}"
        detail = f"{has}: see `kalshi transfer --to {shard}`"
        return Denial(self.code, detail, str(cost), str(free))
