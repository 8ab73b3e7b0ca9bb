"""Cash from one shard to another, because a person says so, and never twice.

The transfer is on record, under an id that the exchange knows duplicates by, before it is sent. One
whose outcome is not known can only be found, or sent again under that id; until then there is no
other.
"""

from dataclasses import dataclass

from kalshi_cli.domain.identity import transfer_id
from kalshi_cli.domain.instant import DAY, SECOND
from kalshi_cli.domain.money import NO_MONEY, Money
from kalshi_cli.errors import Refused, Unavailable, UsageError
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.desk import (
    KeptTransfer,
    Run,
    TransferState,
)
from kalshi_cli.ports.exchange import Outcome, OutcomeKind
from kalshi_cli.ports.store import Store
from kalshi_cli.ports.treasury import ShardTransfer, Treasury
from kalshi_cli.steps.paging import collect

SMALLEST = Money(100)
"""The exchange sends whole $0.0001."""
LOOKS = 5


@dataclass(frozen=True, slots=True)
class Moved:
    """A transfer that the exchange took. `arrived` is False while it is on neither shard.

    `is_old` where an earlier command had sent it, and this one sent nothing.
    """

    client_transfer_id: str
    source: int
    destination: int
    amount: Money
    arrived: bool
    is_old: bool


def check_transfer(source: int, destination: int, amount: Money) -> None:
    """Raises `UsageError` for what is no transfer."""
    if source == destination or amount <= NO_MONEY or amount.units % SMALLEST.units:
        raise UsageError(
            f"{amount.spoken} from shard {source} to {destination} is no transfer.",
            remedy="Name two shards, and more than 0 in whole $0.0001.",
        )


async def move_collateral(
    treasury: Treasury,
    store: Store,
    clock: Clock,
    *,
    run: Run,
    source: int,
    destination: int,
    amount: Money,
    who: str,
) -> Moved:
    """Send cash from shard to shard, and wait a few seconds for it to arrive.

    Raises `UsageError` for what is no transfer, `Refused` where the exchange or an earlier transfer
    of unknown outcome forbids it, and `Unavailable` where its own outcome is not known.
    """
    check_transfer(source, destination, amount)
    wanted = (source, destination, amount)
    async with store.unit(reads=True) as unit:
        open_ = await unit.desk.open_transfers()
    for kept in open_:
        found = await _found(treasury, kept)
        if found is not None:
            await _turn(store, kept, TransferState.DONE, found.transfer_id)
            if _terms(kept) == wanted:
                return _moved(kept, found, is_old=True)
        elif _terms(kept) != wanted:
            raise Refused(
                f"Whether {kept.amount.spoken} went from shard {kept.source} to {kept.destination} "
                "is not known yet.",
                remedy=f"Run `kalshi transfer {kept.amount} --from {kept.source} --to "
                f"{kept.destination}` first: it is never sent twice.",
            )
    again = next((kept for kept in open_ if _terms(kept) == wanted), None)
    kept = again or await _recorded(store, clock, run, source, destination, amount, who)
    outcome = await treasury.transfer(kept.client_transfer_id, source, destination, amount)
    await _heed(treasury, store, kept, outcome, is_again=again is not None)
    return _moved(kept, await _arrival(treasury, clock, kept), is_old=False)


def _terms(kept: KeptTransfer) -> tuple[int, int, Money]:
    return kept.source, kept.destination, kept.amount


async def _recorded(
    store: Store, clock: Clock, run: Run, source: int, destination: int, amount: Money, who: str
) -> KeptTransfer:
    async with store.unit() as unit:
        kept = KeptTransfer(
            client_transfer_id=transfer_id(await unit.desk.nonce(), run.number),
            run_id=run.run_id,
            source=source,
            destination=destination,
            amount=amount,
            who=who,
            state=TransferState.INTENT,
            asked_us=clock.now(),
        )
        await unit.desk.record_transfer(kept)
        await unit.commit()
    return kept


async def _heed(
    treasury: Treasury, store: Store, kept: KeptTransfer, outcome: Outcome, *, is_again: bool
) -> None:
    """Write down what became of it. Raises `Refused` or `Unavailable` unless it was taken."""
    said = " ".join(filter(None, (outcome.code, outcome.message)))
    is_taken = outcome.kind in {OutcomeKind.DONE, OutcomeKind.DUPLICATE}
    if outcome.kind is not OutcomeKind.UNKNOWN and not is_taken and is_again:
        # The refusal may only say that it was sent before, in words that are not known here.
        is_taken = await _found(treasury, kept, surely=True) is not None
    if is_taken:
        await _turn(store, kept, TransferState.DONE, outcome.made_id or said)
        return
    if outcome.kind is OutcomeKind.UNKNOWN:
        raise Unavailable(
            f"What became of the transfer is not known: {said or 'no word from the exchange'}.",
            remedy="Run the same command again: it is never sent twice.",
        )
    await _turn(store, kept, TransferState.REFUSED, said)
    raise Refused(f"The exchange refused the transfer: {said}.", remedy="Nothing was moved.")


async def _turn(store: Store, kept: KeptTransfer, state: TransferState, message: str) -> None:
    async with store.unit() as unit:
        await unit.desk.turn_transfer(kept.client_transfer_id, state, message)
        await unit.commit()


async def _found(
    treasury: Treasury, kept: KeptTransfer, *, surely: bool = False
) -> ShardTransfer | None:
    """The transfer as the exchange lists it; None where it does not.

    Raises `Unavailable` where that shall be told `surely` and the list was read in part.
    """
    since_us = kept.asked_us - DAY
    listed = await collect(lambda c: treasury.transfers(min_us=since_us, cursor=c))
    mine = (t for t in listed.items if t.client_transfer_id == kept.client_transfer_id)
    found = next(mine, None)
    if found is None and surely and not listed.complete:
        raise Unavailable(
            f"What became of the transfer is not known: transfers were read in part: {listed.why}.",
            remedy="Run the same command again: it is never sent twice.",
        )
    return found


async def _arrival(treasury: Treasury, clock: Clock, kept: KeptTransfer) -> ShardTransfer | None:
    """The transfer once it is complete, or as it is after a few looks; None if it is not listed."""
    found = None
    for attempt in range(LOOKS):
        if attempt:
            await clock.sleep_until(clock.now() + SECOND)
        try:
            found = await _found(treasury, kept)
        except Unavailable:
            continue
        if found is not None and found.complete:
            break
    return found


def _moved(kept: KeptTransfer, found: ShardTransfer | None, *, is_old: bool) -> Moved:
    return Moved(
        kept.client_transfer_id,
        kept.source,
        kept.destination,
        kept.amount,
        arrived=found is not None and found.complete,
        is_old=is_old,
    )
