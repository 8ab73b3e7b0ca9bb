"""What one process asks of another: whoever holds the lease carries it out and answers."""

from collections.abc import Awaitable, Callable

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.order import WORKING
from kalshi_cli.errors import IntegrityError, KalshiError, LeaseHeld, NotFound, Unavailable
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.desk import DeskRequest
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.canceling import cancel_order
from kalshi_cli.steps.closing import close_position
from kalshi_cli.steps.done import Done
from kalshi_cli.steps.emptying import EVERYTHING, cancel_everything, cancel_ours, flatten
from kalshi_cli.steps.execution import Desk, heed_halt_file
from kalshi_cli.steps.trade_policy import TradePolicy

ANSWER_WITHIN = 60 * SECOND
EXPIRED = "expired: nobody waits for the answer any more, so nothing was done"


async def obey(data: MarketData, desk: Desk, *, policy: TradePolicy) -> tuple[Done, ...]:
    """Carry out what other processes asked of the lease holder, oldest first.

    What nobody waits for any more is answered, not done. Errors that end the desk are answered
    and raised: `LeaseHeld`, `IntegrityError`. A halted desk has its orders cancelled, asked or not.
    """
    await heed_halt_file(desk)
    async with desk.store.unit(reads=True) as unit:
        state = await unit.desk.state()
        working = [order for order in await unit.journal.live() if order.state in WORKING]
        asked = await unit.desk.requests()
    done: list[Done] = []
    for request in asked:
        if not await _taken(desk, request):
            continue
        try:
            result = await carry_out(data, desk, request.kind, request.target, policy=policy)
        except KalshiError as error:
            await _answer(desk, request, f"{error} {error.remedy}".strip(), error.exit_code)
            if isinstance(error, (LeaseHeld, IntegrityError)):
                raise
        else:
            await _answer(desk, request, result.outcome, 0)
            done.append(result)
    if state is DeskState.HALTED and working and not asked:
        done.append(await cancel_ours(data, desk))
    return tuple(done)


async def carry_out(
    data: MarketData, desk: Desk, kind: str, target: str, *, policy: TradePolicy
) -> Done:
    """Do one of the things that can be asked for, whoever asked. Raises `NotFound` for others."""
    match kind:
        case "cancel":
            return await cancel_order(data, desk, target)
        case "close":
            return await close_position(data, desk, target, policy=policy)
        case "cancel-all" if target == EVERYTHING:
            return await cancel_everything(data, desk)
        case "cancel-all":
            return await cancel_ours(data, desk)
        case "flatten":
            return await flatten(data, desk, policy=policy)
        case _:
            raise NotFound(f"Nobody here knows how to {kind}.", remedy="Use one version of kalshi.")


async def _taken(desk: Desk, request: DeskRequest) -> bool:
    """Claim a request that somebody still waits for."""
    wall = desk.clock.wall()
    is_late = wall - request.asked_wall_us >= ANSWER_WITHIN
    async with desk.store.unit() as unit:
        taken = await unit.desk.take(request.request_id, wall)
        if taken and is_late:
            await unit.desk.answer(request.request_id, EXPIRED, Unavailable.exit_code, wall)
        await unit.commit()
    return taken and not is_late


async def _answer(desk: Desk, request: DeskRequest, answer: str, exit_code: int) -> None:
    async with desk.store.unit() as unit:
        await unit.desk.answer(request.request_id, answer, exit_code, desk.clock.wall())
        await unit.commit()


async def ask_holder(
    store: Store,
    real_clock: Clock,
    kind: str,
    target: str,
    *,
    is_held: Callable[[], Awaitable[bool]],
) -> DeskRequest | None:
    """Leave a request for the lease holder and wait for its answer, in real time.

    None where the lease is no longer held and nobody took the request: then it is withdrawn, and
    whoever asked may do it. Raises `Unavailable` when no answer comes within a minute.
    """
    async with store.unit() as unit:
        request_id = await unit.desk.ask(kind, target, real_clock.wall())
        await unit.commit()
    deadline = real_clock.wall() + ANSWER_WITHIN
    while real_clock.wall() < deadline:
        async with store.unit() as unit:
            request = await unit.desk.request(request_id)
        if request is not None and request.answer is not None:
            return request
        if not await is_held() and await _took_back(store, real_clock, request_id):
            return None
        await real_clock.sleep_until(real_clock.now() + SECOND // 5)
    return await _withdrawn(store, real_clock, request_id)


async def _took_back(store: Store, real_clock: Clock, request_id: int) -> bool:
    """Withdraw a request, unless somebody took it already."""
    wall = real_clock.wall()
    async with store.unit() as unit:
        untouched = await unit.desk.take(request_id, wall)
        if untouched:
            await unit.desk.answer(request_id, "withdrawn", Unavailable.exit_code, wall)
        await unit.commit()
    return untouched


async def _withdrawn(store: Store, real_clock: Clock, request_id: int) -> DeskRequest:
    """Take a request back, or return the answer that came at the last moment."""
    untouched = await _took_back(store, real_clock, request_id)
    async with store.unit() as unit:
        request = await unit.desk.request(request_id)
    if request is None:
        raise NotFound(f"Request {request_id} is gone.")
    what = f"`{request.kind} {request.target}` within a minute"
    if untouched:
        raise Unavailable(
            f"The process that trades did not answer {what}: the request is withdrawn.",
            remedy="Run the same command again, or stop that process first: then it is not asked.",
        )
    if request.answer is None:
        raise Unavailable(
            f"The process that trades began but did not finish {what}.",
            remedy="`kalshi inspect orders` shows what it did.",
        )
    return request
