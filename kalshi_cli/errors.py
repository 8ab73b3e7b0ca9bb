"""Every deliberate error, grouped by what the reader should do about it: see `exit_code`.

The first line of each says what its code means, wherever that is told. Values that break a domain
rule raise `InvalidValue`, which adapters turn into an unusable row.
"""

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from kalshi_cli.domain.sale import Sale


class KalshiError(Exception):
    """A deliberate error: `str()` says what happened, `remedy` what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    @property
    def code(self) -> str:
        """The stable name used in JSON: see `code_of`."""
        return code_of(type(self))


def code_of(kind: type[KalshiError]) -> str:
    """The stable name of a kind of error, derived from its class: `LeaseHeld` is `lease_held`."""
    name = kind.__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class UsageError(KalshiError):
    """The command line is wrong."""

    exit_code = 2


class NotFound(KalshiError):
    """What was named does not exist."""

    exit_code = 3


class ConfigError(KalshiError):
    """Settings, credentials or the environment are wrong."""

    exit_code = 4


class Unauthorized(ConfigError):
    """The exchange did not accept the API key."""


class ClockOff(ConfigError):
    """The clock of this machine is too far off to trade by."""


class ClockRefused(ClockOff, Unauthorized):
    """The exchange took a request for too old, or too new.

    Its signature was refused for its time alone, as after a sleep: another one may pass.
    """


class LiveNotConfirmed(ConfigError):
    """Real money was not confirmed."""


class StoreVersion(ConfigError):
    """The store is older or newer than the program."""


class StoreMismatch(ConfigError):
    """The store belongs to another environment or account."""


class Unavailable(KalshiError):
    """The exchange or the AI was not reached; trying again may help."""

    exit_code = 5


class MalformedAnswer(Unavailable):
    """What the exchange answered cannot be read."""


class Refused(KalshiError):
    """Risk, the lease, the world or a budget forbids it."""

    exit_code = 6


class LeaseHeld(Refused):
    """Another process trades this account."""


class LeaseRanOut(LeaseHeld):
    """The lease was not renewed in time, and nobody took it yet.

    The machine slept, say. Its keeper renews it, unless another process was faster.
    """


class ExitExceeds(Refused):
    """More might leave than its owner holds."""


class CapitalTaken(Refused):
    """What an order would take was taken between the decision and the journal.

    `denial_code`, `value` and `limit` are those of the control that found it.
    """

    def __init__(self, denial_code: str, detail: str, value: str, limit: str) -> None:
        super().__init__(f"{denial_code}: {detail}.", remedy="Nothing was sent.")
        self.denial_code, self.detail = denial_code, detail
        self.value, self.limit = value, limit


class DuplicateEntry(Refused):
    """The strategy entered this market on this forecast already."""


class Halted(Refused):
    """The desk is halted."""


class OrderGroupTriggered(Refused):
    """The exchange stopped our entries on a shard, until a person lets its order group be reset."""

    def __init__(self, exchange_index: int) -> None:
        super().__init__(
            f"The order group of shard {exchange_index} is triggered: the exchange takes no "
            "entries there.",
            remedy="`kalshi resume` lets it be reset.",
        )


class OrderGroupUnknown(Refused):
    """Whether the exchange has an order group for an entry to join is not known."""


class StillHeld(Refused):
    """Not all that was held could be sold.

    `sales` tell what could.
    """

    def __init__(self, message: str, done: tuple["Sale", ...], *, remedy: str) -> None:
        super().__init__(message, remedy=remedy)
        self.sales = done


class WorldHeld(Refused):
    """Another process holds the simulated world."""


class ExchangeRefusal(Refused):
    """The exchange refused a request, and nothing traded.

    It answered 4xx with a recognised error body: `status` is the HTTP status and `exchange_code`
    the exchange's own code. Branch on the code, since 409 means three different things.
    """

    def __init__(self, message: str, *, status: int, exchange_code: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.exchange_code = exchange_code


class IntegrityError(KalshiError):
    """The books do not add up."""

    exit_code = 7


class StoreUnusable(IntegrityError):
    """The store is unreadable, damaged, full or read-only."""


class StoreBusy(StoreUnusable):
    """Somebody else has been writing to the store for too long.

    Nothing is wrong with it: nothing was read or written, and the next try may be.
    """


NEVER_BEGAN = "never began: "
"""How the end of a run begins that was asked for what there is not, or could not be."""


def why_ended(error: BaseException) -> str:
    """Why a run ended that this error cut off, in the words of its row."""
    if not isinstance(error, Exception):  # cancelled: a second Ctrl-C, or the whole process going
        return "cut off by a signal"
    if isinstance(error, BrokenPipeError):
        return "nobody read any further what it told"
    if not isinstance(error, KalshiError):
        return f"a fault of the program: {type(error).__name__}: {error}".rstrip(": ")
    began = type(error) not in {NotFound, UsageError, ConfigError, LiveNotConfirmed}
    return str(error) if began else f"{NEVER_BEGAN}{error}"


PASSING = (Unavailable, ExchangeRefusal, ClockOff, LeaseRanOut, StoreBusy)
"""What may be better the next time: a loop goes on, and nobody concludes anything from it."""


class InvalidValue(ValueError):
    """A value that the domain refuses: too fine for its unit, off its range, of the wrong kind."""
