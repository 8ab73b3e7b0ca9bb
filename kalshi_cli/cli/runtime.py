"""Runs one command: the only event loop, and the only place where errors become exit codes.

A result goes to stdout once, as a table or as an envelope; everything else goes to stderr.
asyncio (40 ms) and logging (10 ms) are imported by what uses them: `--help` does not.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.cli.streams import leave_streams, prepare_streams, tell, unwritable
from kalshi_cli.errors import KalshiError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from kalshi_cli.scheduler.lanes import Stop

Result = TypeVar("Result")
Show = Callable[[Result, "Console"], None]
"""Draws a result for people."""
Verdict = Callable[[Result], KalshiError | None]
"""What a result that was shown still counts as: an error sets the exit code."""


class Interrupted(KalshiError):
    """Ended by SIGINT: Ctrl-C."""

    exit_code = 130


class Terminated(KalshiError):
    """Ended by SIGTERM."""

    exit_code = 143


class Unexpected(KalshiError):
    """A fault of the program itself."""

    exit_code: ClassVar[int] = 1


def run_program(build: Callable[[], TyperGroup], argv: Sequence[str] | None = None) -> NoReturn:
    """Run a command line and leave with its exit code."""
    prepare_streams()
    invocation = Invocation()
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        _check_text(arguments)
        code = build().main(
            args=arguments, prog_name="kalshi", standalone_mode=False, obj=invocation
        )
        sys.stdout.flush()
    except BrokenPipeError:
        code = 0  # the reader has enough
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - every error ends here
        code = _failed(invocation, arguments, error)
    finally:
        if "kalshi_cli.cli.logs" in sys.modules:  # `--help` never opened it
            sys.modules["kalshi_cli.cli.logs"].close()
        leave_streams()
    sys.exit(code if isinstance(code, int) else 0)


def _check_text(arguments: Sequence[str]) -> None:
    """Raises `UsageError` for what is no text: bytes that are not UTF-8 cannot be kept or sent."""
    for argument in arguments:
        if not argument.isascii() and any("\ud800" <= c <= "\udfff" for c in argument):
            raise UsageError(
                f"{argument[:40]!a} is not UTF-8 text.", remedy="Check the terminal's encoding."
            )


def begin(ctx: typer.Context) -> Invocation:
    """The invocation of a command about to run."""
    invocation: Invocation = ctx.obj
    invocation.command = command_name(ctx)
    return invocation


def finish(
    invocation: Invocation,
    result: Result,
    show: Show[Result],
    verdict: Verdict[Result] | None = None,
) -> None:
    """Show a result once. A verdict against it is told after it and sets the exit code."""
    error = None if verdict is None else verdict(result)
    if invocation.wants_json:
        from kalshi_cli.cli.render.as_json import emit

        emit(invocation, result, error)
    else:
        from kalshi_cli.cli.render.console import stdout

        show(result, stdout(invocation.options))
    if error is not None:
        say_error(invocation, error)
        raise typer.Exit(error.exit_code)


def run_async(
    action: Coroutine[Any, Any, Result],
    stop: "Stop | None" = None,
    *,
    stopping: str = "stopping after this step",
) -> Result:
    """Run to the end, or until a signal: with `stop` the first one only asks, the second cancels.

    `stopping` is what the person hears then.
    Raises `Interrupted` or `Terminated` when a signal cut the work short.
    """
    import asyncio

    received: list[signal.Signals] = []
    try:
        return asyncio.run(_obeying_signals(action, received, stop, stopping))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise _signalled(received) from None


def after_stop(stop: "Stop") -> None:
    """Leave with the signal's exit code after a stop that a signal asked for, however clean."""
    codes = {"SIGINT": Interrupted.exit_code, "SIGTERM": Terminated.exit_code}
    if stop.reason in codes:
        raise typer.Exit(codes[stop.reason])


async def _obeying_signals(
    action: Awaitable[Result], received: list[signal.Signals], stop: "Stop | None", stopping: str
) -> Result:
    import asyncio

    task = asyncio.ensure_future(action)

    def obey(number: signal.Signals) -> None:
        received.append(number)
        if stop is None or len(received) > 1:
            task.cancel()
        else:
            stop.ask(number.name)
            tell(f"{stopping}; once more to leave at once")

    with _handling(obey, received):
        return await task


@contextmanager
def _handling(
    obey: Callable[[signal.Signals], None], received: Sequence[signal.Signals]
) -> Iterator[None]:
    import asyncio

    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
        for number in numbers:
            loop.add_signal_handler(number, obey, number)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            for number in numbers:
                loop.remove_signal_handler(number)
                if received:  # the program is leaving: one more signal does not change its code
                    signal.signal(number, _leave_at_once)


def _leave_at_once(number: int, _frame: object) -> NoReturn:
    os._exit(128 + number)


def _signalled(received: Sequence[signal.Signals]) -> KalshiError:
    if received and received[-1] is signal.SIGTERM:
        return Terminated("Terminated before it was done.")
    return Interrupted("Interrupted before it was done.")


def _failed(invocation: Invocation, arguments: Sequence[str], raised: BaseException) -> int:
    """Tell an error in one line, and in the envelope where JSON was asked for."""
    error = _understood(raised)
    if "--json" in arguments:  # the error may have come before the option was parsed
        invocation.given["json"] = True
    if not invocation.command:
        invocation.command = command_name(getattr(raised, "ctx", None))
    if isinstance(error, Unexpected):
        _record(invocation, raised)
    if invocation.wants_json:
        from kalshi_cli.cli.render.as_json import emit

        with suppress(OSError):  # what cannot be written is told on stderr alone
            emit(invocation, None, error)
    say_error(invocation, error)
    return error.exit_code


def _record(invocation: Invocation, raised: BaseException) -> None:
    """Keep the traceback of a fault of our own; show it only where asked."""
    import logging

    logging.getLogger(__name__).error("unexpected", exc_info=raised)
    if invocation.given.get("verbose"):
        sys.excepthook(type(raised), raised, raised.__traceback__)


def _understood(raised: BaseException) -> KalshiError:
    if isinstance(raised, KalshiError):
        return raised
    if isinstance(raised, KeyboardInterrupt | typer.Abort):
        return Interrupted("Interrupted before it was done.")
    if isinstance(raised, TyperException):
        return _usage_error(raised)
    unwritten = unwritable(raised)
    if unwritten is not None:
        return unwritten
    lines = str(raised).splitlines() or [""]
    return Unexpected(
        f"Unexpected {type(raised).__name__}: {lines[0]}.",
        remedy="The log file has the traceback; -v shows it here.",
    )


_IN_OTHER_WORDS = (
    (": Value error, ", ": "),
    ("Input should be ", "it must be "),
    ("a valid integer, unable to parse string as an integer", "a whole number"),
    ("a valid number, unable to parse string as a number", "a number"),
    ("greater than or equal to", "at least"),
    ("less than or equal to", "at most"),
)
"""Of pydantic's complaints, and how they are told here."""


def _usage_error(raised: TyperException) -> UsageError:
    """The library's complaint in one sentence, with the nearest option where one was mistyped."""
    typed, known = getattr(raised, "option_name", ""), getattr(raised, "possibilities", None)
    close = get_close_matches(typed, known or (), n=1, cutoff=0.75)
    text = raised.message if typed else raised.format_message().removeprefix("Invalid value: ")
    for theirs, ours in _IN_OTHER_WORDS:
        text = text.replace(theirs, ours)
    sentence = " ".join(text.split()).rstrip(".?") + ("?" if text.endswith("?") else ".")
    ctx = getattr(raised, "ctx", None)
    if sentence == "Missing command." and ctx is not None:
        sentence = f"Missing command: {', '.join(ctx.command.list_commands(ctx))}."
    see = f"See `{ctx.command_path if ctx else 'kalshi'} --help`."
    if typed[1:].isdecimal():  # "-1h" is read as options, letter by letter
        return UsageError("Nothing below zero is taken here.", remedy=f"Leave out the -. {see}")
    return UsageError(sentence, remedy=f"Did you mean {close[0]}? {see}" if close else see)


def command_name(ctx: typer.Context | None) -> str:
    """The command's words without the program's own name."""
    return "" if ctx is None else " ".join(ctx.command_path.split()[1:])


def say_error(invocation: Invocation, error: KalshiError) -> None:
    """One line on stderr: what happened and what to do about it.

    What a person or the exchange wrote may be in it: nothing of it commands the terminal.
    """
    remedy = f" {error.remedy}" if error.remedy else ""
    invocation.say_always(one_line(f"error: {error}{remedy}"))


def one_line(text: str, most: int | None = None) -> str:
    """A text on one line, without signs that command a terminal."""
    line = "".join(sign for sign in " ".join(text.split()) if sign.isprintable())
    return line[:most].strip()
