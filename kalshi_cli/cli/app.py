"""The command group: names from the files in `commands/`, importing only the one that is run.

The overview is drawn from the first lines of those files, so `--help` and `--version` import
neither a command nor anything heavy.
"""

import importlib
import pkgutil
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

import kalshi_cli
from kalshi_cli.cli import commands
from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.cli.options import EVERY, MOST, contradiction, declared
from kalshi_cli.errors import UsageError

if TYPE_CHECKING:  # the library's own copy of click: its types, never its code
    from typer._click import Command, Context, HelpFormatter, Parameter

PANELS = ("Set up", "Data", "Trade", "Observe", "Maintain")
_SUMMARY = re.compile(r'\A"""(.+?)(?:"""|\n)')
_PANEL = re.compile(r'^PANEL = "(.+)"$', re.MULTILINE)
_RANGE = re.compile(r"(\d+)<=x<=(\d+)|x>=(\d+)")
_UNCUT = 1_000
_EPILOG = """Example: kalshi run-loop --sim --cycles 20 --seed 7

Results go to stdout, everything else to stderr. Exit codes: 0 done, 2 usage,
3 not found, 4 configuration, 5 unreachable, 6 refused or halted, 7 integrity."""


def _note(ctx: "Context", param: "Parameter", value: object) -> object:
    """Keep a given option in the invocation; the one nearer the end of the line wins.

    Raises `UsageError` for a second environment: real money may hang on which is meant.
    """
    if isinstance(ctx.obj, Invocation) and value not in (None, False):
        given = ctx.obj.given
        for each in value if isinstance(value, list | tuple) else (value,):
            if param.name == "env" and given.get("env", each) != each:
                raise contradiction(str(given["env"]), str(each))
            given[param.name] = each
    return value


def _build_shared() -> tuple["Parameter", ...]:
    """The global options as parameters of the library, built by its public way."""
    app = typer.Typer(add_completion=False)
    app.command()(declared)
    params = typer.main.get_command(app).params
    for param in params:
        param.expose_value = False
        param.callback = _note
    return tuple(params)


SHARED = _build_shared()


def _shared_params(takes: Sequence[str]) -> list["Parameter"]:
    return [param for param in SHARED if param.name in EVERY or param.name in takes]


def told_of(param: "Parameter", ctx: "Context") -> tuple[str, str] | None:
    """A parameter and its meaning, without the library's words for types and ranges."""
    record = param.get_help_record(ctx)
    if record is None:
        return None
    name, meaning = record
    if param.param_type_name == "argument":
        name = name.partition(" <")[0]
    return name, _RANGE.sub(_in_words, meaning)


def _in_words(found: re.Match[str]) -> str:
    least, most = found[1] or found[3], found[2]
    return f"{least} to {most}" if most and int(most) < MOST else f"{least} or more"


def _write_options(ctx: "Context", formatter: "HelpFormatter", own: Sequence["Parameter"]) -> None:
    """Arguments and own options first, the options of every command after."""
    shared = [param for param in SHARED if param in own]
    kinds = (
        ("Arguments", [p for p in own if p.param_type_name == "argument"]),
        ("Options", [p for p in own if p.param_type_name == "option" and p not in shared]),
        ("Options of every command", shared),
    )
    for title, params in kinds:
        records = [record for p in params if (record := told_of(p, ctx)) is not None]
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


class Leaf(TyperCommand):
    """A command that also takes the global options."""

    takes: tuple[str, ...] = ()

    def get_params(self, ctx: "Context") -> list["Parameter"]:
        own = super().get_params(ctx)
        return [*own, *_shared_params(self.takes)]

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        _write_options(ctx, formatter, self.get_params(ctx))

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: "Context | None" = None,
        **extra: Any,  # noqa: ANN401 - passed through
    ) -> "Context":
        ctx = super().make_context(info_name, args, parent, **extra)
        if isinstance(ctx.obj, Invocation):
            self._refuse_misplaced(ctx, ctx.obj)
        return ctx

    def _refuse_misplaced(self, ctx: "Context", invocation: Invocation) -> None:
        """A global option before the name of a command that has no use for it is a mistake."""
        for name in invocation.given:
            if name not in EVERY and name not in self.takes:
                option = "--" + name.replace("_", "-")
                raise UsageError(
                    f"{option} does not apply to `{ctx.command_path}`.", remedy="Leave it out."
                )


class Branch(TyperGroup):
    """A command with sub-commands, all of which take the global options."""

    takes: tuple[str, ...] = ()

    def get_params(self, ctx: "Context") -> list["Parameter"]:
        return [*super().get_params(ctx), *_shared_params(self.takes)]

    def format_commands(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Each command with its whole summary: the library's own way cuts it to one line."""
        built = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, one.get_short_help_str(_UNCUT)) for name, one in built if one is not None]
            )

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        self.format_commands(ctx, formatter)
        _write_options(ctx, formatter, self.get_params(ctx))


class LazyGroup(TyperGroup):
    """The top of the command line."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or ["--help"])

    def list_commands(self, ctx: "Context") -> list[str]:  # noqa: ARG002 - library's signature
        return names()

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":  # noqa: ARG002
        return load(cmd_name) if cmd_name in names() else None

    def resolve_command(
        self, ctx: "Context", args: list[str]
    ) -> "tuple[str | None, Command | None, list[str]]":
        if args[0] not in names() and not args[0].startswith("-"):
            close = get_close_matches(args[0], names())
            hint = f" Did you mean {' or '.join(close)}?" if close else ""
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def get_params(self, ctx: "Context") -> list["Parameter"]:
        return [*SHARED, *super().get_params(ctx)]

    def format_commands(self, ctx: "Context", formatter: "HelpFormatter") -> None:  # noqa: ARG002
        overviews = [(name, *overview(name)) for name in names()]
        for panel in PANELS:
            rows = [(name, summary) for name, summary, its in overviews if its == panel]
            if rows:
                with formatter.section(panel):
                    formatter.write_dl(rows, col_max=12)

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        self.format_commands(ctx, formatter)
        of_some = [param for param in SHARED if param.name not in EVERY]
        of_all = [param for param in self.get_params(ctx) if param not in of_some]
        kinds = (
            ("Options, before or after the command", of_all),
            ("Options of some commands, whose --help lists them", of_some),
        )
        for title, params in kinds:
            with formatter.section(title):
                formatter.write_dl([found for p in params if (found := told_of(p, ctx))])

    def format_epilog(self, ctx: "Context", formatter: "HelpFormatter") -> None:  # noqa: ARG002
        formatter.write_paragraph()
        formatter.write(_EPILOG + "\n")


def names() -> list[str]:
    """The commands, by file name."""
    found = (module.name for module in pkgutil.iter_modules(commands.__path__))
    return sorted(name.replace("_", "-") for name in found)


def overview(name: str) -> tuple[str, str]:
    """A command's summary and panel, read from its file without importing it."""
    path = Path(commands.__path__[0]) / f"{name.replace('-', '_')}.py"
    source = path.read_text(encoding="utf-8")
    summary, panel = _SUMMARY.search(source), _PANEL.search(source)
    if summary is None or panel is None:
        raise TypeError(f"{path.name} needs a summary on its first line and a PANEL.")
    return summary.group(1), panel.group(1)


def load(name: str) -> "Leaf | Branch":
    """Import one command and build it, with the global options added."""
    module = importlib.import_module(f"{commands.__name__}.{name.replace('-', '_')}")
    return _adopt(module, name)


def _adopt(module: ModuleType, name: str) -> "Leaf | Branch":
    app: typer.Typer = module.app
    for registered in app.registered_commands:
        registered.cls = Leaf
    app.info.cls = Branch
    built = typer.main.get_command(app)
    assert isinstance(built, Leaf | Branch)  # noqa: S101 - the two classes set just above
    built.name = name
    takes = getattr(module, "TAKES", ())
    of_each = takes if isinstance(takes, dict) else {}
    built.takes = tuple({name: None for each in of_each.values() for name in each} or takes)
    for own_name, command in built.commands.items() if isinstance(built, Branch) else ():
        assert isinstance(command, Leaf)  # noqa: S101
        command.takes = of_each.get(own_name, built.takes)
        _refuse_shadows(command)
    _refuse_shadows(built)
    return built


def _refuse_shadows(command: Leaf | Branch) -> None:
    """An own option named like a global one would be noted as that one: `--live`, say."""
    shadows = {param.name for param in command.params} & {param.name for param in SHARED}
    if shadows:
        raise TypeError(f"{command.name} declares {', '.join(sorted(shadows))} again.")


def _print_version(value: bool) -> None:  # noqa: FBT001 - the library's signature
    if value:
        typer.echo(f"kalshi {kalshi_cli.__version__}")
        raise typer.Exit


def build() -> LazyGroup:
    """The whole command line, ready to be run."""
    app = typer.Typer(
        cls=LazyGroup,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
        help="An AI trading desk for the Kalshi prediction-market exchange.",
    )

    @app.callback()
    def kalshi(
        *,
        version: Annotated[
            bool,
            typer.Option(
                "--version", callback=_print_version, is_eager=True, help="Show the version."
            ),
        ] = False,
    ) -> None:
        """Declare the options of the top; the group does the rest."""

    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)  # noqa: S101 - the class given above
    return group
