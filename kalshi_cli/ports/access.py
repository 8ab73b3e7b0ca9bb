"""What the account may do at the exchange: how much of it in a second, and with which keys."""

from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.ports.exchange import Unusable


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens that come back each second, and the most that can be saved up."""

    rate: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Grant:
    """Why the account has its tier: a level, where it comes from, and its end, if it has one."""

    level: str
    source: str
    expires_us: int | None = None


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """The account's budgets at the exchange, which all of its keys share."""

    tier: str
    read: Budget
    write: Budget
    grants: tuple[Grant, ...] = ()
    unusable: tuple[Unusable, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of the account. `subaccount` is the only one that it may touch, if it is bound."""

    key_id: str
    name: str
    scopes: frozenset[str]
    subaccount: int | None = None


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """Every key of the account.

    `attested_until_us` (real time) is when its location must be attested anew; None means never
    attested. Past it, keys may not trade sports, elections and entertainment.
    """

    keys: tuple[ApiKey, ...]
    attested_until_us: int | None
    unusable: tuple[Unusable, ...] = ()


class Access(Protocol):
    """Signed reads. They raise what reads of `ports.exchange` raise."""

    async def limits(self) -> AccountLimits: ...

    async def api_keys(self) -> ApiKeys: ...
