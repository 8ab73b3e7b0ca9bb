"""Every deliberate error, grouped by what the reader should do about it.

KalshiError                         1   unexpected
    UsageError                      2   fix the command line
    NotFound                        3   the thing named does not exist
    ConfigError                     4   fix settings, credentials or environment
        Unauthorized                4   the exchange did not accept the API key
        ClockOff                    4   this machine's clock is too far off to trade by
            ClockRefused            4   the exchange took a request for too old, or too new
        LiveNotConfirmed            4   real money was not confirmed
        StoreVersion                4   the store is older or newer than the program
        StoreMismatch               4   the store belongs to another environment or account
    Unavailable                     5   exchange or AI unreachable; trying again may help
        MalformedAnswer             5   the exchange answered with something unreadable
    Refused                         6   refused or halted by risk, lease, world or budget
        LeaseHeld                   6   another process trades this account
            LeaseRanOut             6   the lease was not renewed in time, and nobody took it yet
        CapitalTaken                6   somebody else took the capital, or the market, first
        DuplicateEntry              6   this forecast was traded already
        ExitExceeds                 6   more would leave than is held
        Halted                      6   the desk is halted
        OrderGroupTriggered         6   the exchange stopped our entries on a shard
        OrderGroupUnknown           6   an entry has no order group to join
        WorldHeld                   6   another process holds the simulated world
    IntegrityError                  7   the books do not balance, or the store is unreadable
        StoreUnusable               7   unreadable, corrupt, full or read-only
            StoreBusy               7   somebody else has been writing to it for too long
    ExchangeRefusal                 6   the exchange refused a request, and nothing traded

Values that break a domain rule raise `InvalidValue`, which adapters turn into an unusable row.
"""

from typing import ClassVar


class KalshiError(Exception):
    """A deliberate error: `str()` says what happened, `remedy` what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    @property
    def code(self) -> str:
        """The stable name used in JSON, derived from the class: `LeaseHeld` is `lease_held`."""
        name = type(self).__name__
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class UsageError(KalshiError):
    exit_code = 2


class NotFound(KalshiError):
    exit_code = 3


class ConfigError(KalshiError):
    exit_code = 4


class Unauthorized(ConfigError):
    pass


class ClockOff(ConfigError):
    pass


class ClockRefused(ClockOff, Unauthorized):
    """The signature was refused for its time alone, as after a sleep: another one may pass."""


class LiveNotConfirmed(ConfigError):
    pass


class StoreVersion(ConfigError):
    pass


class StoreMismatch(ConfigError):
    pass


class Unavailable(KalshiError):
    exit_code = 5


class MalformedAnswer(Unavailable):
    pass


class Refused(KalshiError):
    exit_code = 6


class LeaseHeld(Refused):
    pass


class LeaseRanOut(LeaseHeld):
    """The machine slept, say. Its keeper renews it, unless another process was faster."""


class ExitExceeds(Refused):
    """An exit would leave with more than its owner holds."""


class CapitalTaken(Refused):
    """What an order would take was taken between the decision and the journal.

    `denial_code`, `value` and `limit` are those of the control that found it.
    """

    def __init__(self, denial_code: str, detail: str, value: str, limit: str) -> None:
        super().__init__(f"{denial_code}: {detail}.", remedy="Nothing was sent.")
        self.denial_code, self.detail = denial_code, detail
        self.value, self.limit = value, limit


class DuplicateEntry(Refused):
    """The strategy already entered this market on this forecast."""


class Halted(Refused):
    pass


class OrderGroupTriggered(Refused):
    """The order group that entries on a shard join takes none until a person resets it."""

    def __init__(self, exchange_index: int) -> None:
        super().__init__(
            f"The order group of shard {exchange_index} is triggered: the exchange takes no "
            "entries there.",
            remedy="`kalshi resume` lets it be reset.",
        )


class OrderGroupUnknown(Refused):
    """Whether the exchange has an order group for an entry to join is not known."""


class WorldHeld(Refused):
    pass


class ExchangeRefusal(Refused):
    """The exchange answered 4xx with a recognised error body.

    `status` is the HTTP status and `exchange_code` the exchange's own code: branch on the code,
    since 409 means three different things.
    """

    def __init__(self, message: str, *, status: int, exchange_code: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.exchange_code = exchange_code


class IntegrityError(KalshiError):
    exit_code = 7


class StoreUnusable(IntegrityError):
    pass


class StoreBusy(StoreUnusable):
    """Nothing is wrong with the store: nothing was read or written, and the next try may be."""


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
