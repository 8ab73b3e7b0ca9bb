"""Changes of limits: on record with who, when, old, new and why; and how much of each is used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.limits import LimitChange, limit_changes
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import ConfigError
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.desk import Run
from kalshi_cli.ports.reports import Reports
from kalshi_cli.ports.rows.desk import LimitChangeRow
from kalshi_cli.ports.store import Lease, Store
from kalshi_cli.risk._usage import Usage, usages
from kalshi_cli.steps.looking import look
from kalshi_cli.steps.risk_state import risk_state
from kalshi_cli.steps.trade_policy import TradePolicy

NOT_SAID = "not said"
FIRST = "first recorded"
OTHERS = "allocation.others"
"""The setting that has the shares of a person's own strategies together."""
NOT_OTHERWISE: Mapping[str, str] = MappingProxyType({})


async def changed_limits(
    store: Store, in_force: Mapping[str, str], *, env: Env, why: str
) -> tuple[LimitChange, ...]:
    """How the limits in force differ from those last on record.

    Raises `ConfigError` where real money would be held to a changed limit without a reason.
    """
    async with store.unit(reads=True) as unit:
        changes = limit_changes(await unit.desk.limits(), in_force)
    changed = [change for change in changes if change.old is not None]
    if env is Env.PROD and changed and not why:
        told = ", ".join(f"{c.name} was {c.old} and is {c.new}" for c in changed)
        raise ConfigError(
            f"{told}: with real money, a limit changes for a reason.",
            remedy='Say it with --limits-reason "...", or put the old value back.',
        )
    return changes


async def record_limits(
    store: Store,
    clock: Clock,
    changes: Sequence[LimitChange],
    *,
    run: Run,
    who: str,
    why: str,
    void: Lease | None = None,
) -> None:
    """Keep changes on record; a limit that was never recorded is no change of anybody's.

    Under the lease `void`, shares are dropped that hold no longer. Raises `LeaseHeld` without it.
    """
    async with store.unit() as unit:
        if void is not None:
            await unit.desk.rebalance(None, void.token, clock.wall)
        for is_first, said in ((True, why or FIRST), (False, why or NOT_SAID)):
            await unit.desk.change_limits(
                [change for change in changes if (change.old is None) is is_first],
                run_id=run.run_id,
                who=who,
                why=said,
                at_us=clock.now(),
                wall_us=clock.wall(),
            )
        await unit.commit()


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit as a config file writes it, and how much of it is used; None where it is a bound on
    each order, which nothing uses up. `configured` is what the config file says where a rebalance
    put something else in force.
    """

    name: str
    value: str
    usage: Usage | None
    configured: str | None = None


@dataclass(frozen=True, slots=True)
class LimitsInUse:
    """`bankroll` is what shares are of; None before the account was first seen.

    `liquidation` is the cash and what all that is held would bring if it were sold now, by which
    losses are measured: against `day_start` since 00:00 UTC, against `peak` as a drawdown. In
    `contested` markets held, an order of ours rests: where it is the best quote on record, what
    others wanted at a snapshot of the last 15 minutes counts, and nothing where none tells it.

    `changes` are newest first. Foreign resting orders are not on record, and not counted.
    """

    bankroll: Money | None
    limits: tuple[LimitRow, ...]
    changes: tuple[LimitChangeRow, ...]
    liquidation: Money | None = None
    day_start: Money | None = None
    peak: Money | None = None
    contested: tuple[str, ...] = ()


async def limits_in_use(
    store: Store,
    reports: Reports,
    clock: Clock,
    *,
    in_force: Mapping[str, str],
    policy: TradePolicy,
    history: int | None,
    configured: Mapping[str, str] = NOT_OTHERWISE,
) -> LimitsInUse:
    """Each limit, its use by what is on record, and how it came to be what it is. `configured` are
    those of the config file, where a rebalance may have put others in force.
    """
    summary = await reports.summary()
    view = await look(store, now_us=clock.now(), filters=policy.filters)
    used: Mapping[str, Usage] = {}
    state, policy = None, policy.under(view.rebalanced)
    if summary.cash is not None:
        state = risk_state(
            view,
            env=policy.env,
            limits=policy.held_to(""),
            cash=summary.cash,
            books={},
            frozen={},
            paused=None,
        )
        used = usages(state, policy.allocations)
    return LimitsInUse(
        bankroll=None if state is None else state.bankroll,
        liquidation=None if state is None else state.equity,
        day_start=None if state is None else state.day_start_equity,
        peak=None if state is None else state.peak_equity,
        contested=tuple(sorted(view.contested())),
        limits=tuple(_rows(in_force, configured, used, policy.allocations)),
        changes=await reports.limit_changes(limit=history),
    )


def _rows(
    in_force: Mapping[str, str],
    configured: Mapping[str, str],
    used: Mapping[str, Usage],
    allocations: Mapping[str, float],
) -> Iterator[LimitRow]:
    for name, value in in_force.items():
        yield LimitRow(name, value, used.get(name), _otherwise(configured.get(name), value))
        if name == OTHERS:
            yield from _of_others(in_force, used, allocations)


def _of_others(
    in_force: Mapping[str, str], used: Mapping[str, Usage], allocations: Mapping[str, float]
) -> Iterator[LimitRow]:
    """The share of each person's own strategy, which one setting has together."""
    for strategy, share in allocations.items():
        name = f"allocation.{strategy}"
        if name not in in_force:
            yield LimitRow(f"{OTHERS}.{strategy}", f"{share:g}", used.get(name), None)


def _otherwise(configured: str | None, value: str) -> str | None:
    return None if configured == value else configured
