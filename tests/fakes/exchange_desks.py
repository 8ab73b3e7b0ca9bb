"""The smaller exchange ports on the fake exchange: groups, transfers, the archive, access."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from fakes.exchange import FakeExchange

from kalshi_cli.domain.fees import FeeChange
from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.domain.instant import DAY
from kalshi_cli.domain.market import Listing, Trade
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money
from kalshi_cli.domain.order import Fill, OrderReport
from kalshi_cli.errors import InvalidValue
from kalshi_cli.ports.access import Access, AccountLimits, ApiKey, ApiKeys, Budget
from kalshi_cli.ports.archive import Archive, Cutoffs
from kalshi_cli.ports.exchange import Outcome, OutcomeKind, Page
from kalshi_cli.ports.groups import OrderGroup, OrderGroups
from kalshi_cli.ports.notices import Notices
from kalshi_cli.ports.treasury import ShardTransfer, Treasury

SHARDS = range(4)
_DONE = Outcome(OutcomeKind.DONE)
_BASIC = AccountLimits("basic", Budget(200, 600), Budget(100, 100))
_ONE_KEY = ApiKeys((ApiKey("key", "test", frozenset({"read", "write"})),), None)


def _refused(code: str) -> Outcome:
    return Outcome(OutcomeKind.REFUSED, code=code, message=code)


@dataclass
class FakeGroups:
    exchange: FakeExchange

    async def create(self, limit: Contracts, exchange_index: int) -> Outcome:
        if not _is_limit(limit) or exchange_index not in SHARDS:
            return _refused("bad_request")
        group_id = f"group-{len(self.exchange.group_matches) + 1}"
        self.exchange.groups[group_id] = OrderGroup(group_id, exchange_index, limit, False)
        self.exchange.group_matches[group_id] = []
        return Outcome(OutcomeKind.DONE, group_id)

    async def groups(self) -> Page[OrderGroup]:
        return Page(tuple(self.exchange.groups.values()), unusable=tuple(self.exchange.unusable))

    async def set_limit(self, group: OrderGroup, limit: Contracts) -> Outcome:
        if (missing := self._missing(group)) is not None:
            return missing
        if not _is_limit(limit):
            return _refused("bad_request")
        kept = self.exchange.groups[group.group_id]
        self.exchange.groups[group.group_id] = replace(kept, limit=limit)
        self.exchange.trigger_if_hit(group.group_id)
        return _DONE

    async def trigger(self, group: OrderGroup) -> Outcome:
        if (missing := self._missing(group)) is not None:
            return missing
        self.exchange.trigger(group.group_id)
        return _DONE

    async def reset(self, group: OrderGroup) -> Outcome:
        if (missing := self._missing(group)) is not None:
            return missing
        kept = self.exchange.groups[group.group_id]
        self.exchange.groups[group.group_id] = replace(kept, triggered=False)
        self.exchange.group_matches[group.group_id].clear()
        return _DONE

    async def delete(self, group: OrderGroup) -> Outcome:
        if (missing := self._missing(group)) is not None:
            return missing
        self.exchange.trigger(group.group_id)
        del self.exchange.groups[group.group_id]
        return _DONE

    def _missing(self, group: OrderGroup) -> Outcome | None:
        kept = self.exchange.groups.get(group.group_id)
        if kept is not None and kept.exchange_index == group.exchange_index:
            return None
        return Outcome(OutcomeKind.GONE, code="not_found", message="not found")


def _is_limit(limit: Contracts) -> bool:
    return 100 <= limit.units <= 100_000_000


@dataclass
class FakeTreasury:
    """Transfers arrive at once; all cash begins on shard 0, and trades there."""

    exchange: FakeExchange
    sent: list[ShardTransfer] = field(default_factory=list)

    async def transfer(
        self, client_transfer_id: str, source: int, destination: int, amount: Money
    ) -> Outcome:
        if amount <= NO_MONEY or amount.units % 100:
            raise InvalidValue(f"${amount} cannot be sent.")
        if any(client_transfer_id == each.client_transfer_id for each in self.sent):
            code = "transfer_already_exists"
            return Outcome(OutcomeKind.DUPLICATE, code=code, message=code)
        if not {source, destination} <= set(SHARDS) or source == destination:
            return _refused("bad_request")
        if self.exchange.on_shard(source) < amount:
            return _refused("insufficient_balance")
        transfer_id = f"transfer-{len(self.sent) + 1}"
        self.sent.append(
            ShardTransfer(
                transfer_id, client_transfer_id, source, destination, amount,
                complete=True, created_us=self.exchange.clock.now(),
            )
        )  # fmt: skip
        self.exchange.move(source, destination, amount)
        return Outcome(OutcomeKind.DONE, transfer_id)

    async def transfers(self, *, min_us: int = 0, cursor: str = "") -> Page[ShardTransfer]:
        recent = (sent for sent in reversed(self.sent) if sent.created_us >= min_us)
        return Page(tuple(recent), unusable=tuple(self.exchange.unusable))


@dataclass
class FakeArchive:
    """Everything is live: nothing that a test makes is old enough."""

    exchange: FakeExchange

    async def cutoffs(self) -> Cutoffs:
        now = self.exchange.clock.now()
        return Cutoffs(now - 60 * DAY, now - 60 * DAY, now - 14 * DAY)

    async def listings(self, tickers: Collection[str]) -> Page[Listing]:
        return Page(())

    async def trades(
        self, ticker: str, min_us: int = 0, cursor: str = "", max_us: int | None = None
    ) -> Page[Trade]:
        return Page(())

    async def orders(self, *, min_us: int = 0, cursor: str = "") -> Page[OrderReport]:
        return Page(())

    async def fills(self, *, min_us: int = 0, cursor: str = "") -> Page[Fill]:
        return Page(())


@dataclass
class FakeNotices:
    """What a test announces."""

    series_changes: list[FeeChange] = field(default_factory=list)
    event_changes: list[FeeChange] = field(default_factory=list)
    programs: list[IncentiveProgram] = field(default_factory=list)

    async def series_fee_changes(self) -> Page[FeeChange]:
        return Page(tuple(self.series_changes))

    async def event_fee_changes(self, cursor: str = "") -> Page[FeeChange]:
        return Page(tuple(self.event_changes))

    async def incentives(self, cursor: str = "") -> Page[IncentiveProgram]:
        return Page(tuple(self.programs))


@dataclass
class FakeAccess:
    """A direct member of the smallest tier with one key."""

    account: AccountLimits = _BASIC
    keys: ApiKeys = _ONE_KEY

    async def limits(self) -> AccountLimits:
        return self.account

    async def api_keys(self) -> ApiKeys:
        return self.keys


def as_desks(exchange: FakeExchange) -> tuple[OrderGroups, Treasury, Archive, Access, Notices]:
    """The fakes as ports: a type checker proves that they implement them."""
    return (
        FakeGroups(exchange),
        FakeTreasury(exchange),
        FakeArchive(exchange),
        FakeAccess(),
        FakeNotices(),
    )
