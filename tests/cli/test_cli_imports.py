"""Start-up: what is imported is what is paid for, so it is held by name, not by milliseconds."""

import json
import subprocess
import sys

import pytest

HEAVY = frozenset(
    [
        "alembic",
        "aiosqlite",
        "asyncio",
        "cryptography",
        "httpx",
        "logging",
        "msgspec",
        "numpy",
        "pyarrow",
        "pydantic",
        "pydantic_settings",
        "rich",
        "sqlalchemy",
        "sqlmodel",
        "starlette",
        "structlog",
        "uvicorn",
        "xai_sdk",
    ]
)
SCRIPT = """
import json, sys
from kalshi_cli.__main__ import main
try:
    main(sys.argv[1:])
except SystemExit as left:
    print(json.dumps([left.code, sorted(sys.modules)]), file=sys.stderr)
"""


ENDED = """
import sys
from kalshi_cli.__main__ import main
class Leftover:
    def __del__(self):
        print("garbage was looked for")
circle = Leftover()
circle.itself = circle
del circle
main(["--version"])
"""


def imported(*arguments: str) -> tuple[int, set[str]]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    return code, set(modules)


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), (), ("-h",)])
def test_the_overview_imports_neither_commands_nor_anything_heavy(arguments):
    code, modules = imported(*arguments)
    assert code == 0
    assert not HEAVY & modules
    assert not {name for name in modules if name.startswith("kalshi_cli.cli.commands.")}


def test_a_commands_help_imports_that_command_alone():
    code, modules = imported("config", "show", "--help")
    assert code == 0
    assert {name for name in modules if name.startswith("kalshi_cli.cli.commands.")} == {
        "kalshi_cli.cli.commands.config"
    }
    assert not {"httpx", "sqlmodel", "sqlalchemy", "rich", "xai_sdk"} & modules


def test_settings_need_no_store_and_no_client():
    code, modules = imported("config", "path", "--json")
    assert code == 0
    assert not {"httpx", "sqlmodel", "sqlalchemy", "rich", "xai_sdk", "structlog"} & modules


@pytest.mark.parametrize(
    "arguments", [("status",), ("inspect", "positions"), ("inspect", "orders")]
)
def test_who_looks_at_the_records_imports_nothing_that_trades(arguments):
    """Neither steps and policies nor an exchange: that was a third of the time."""
    code, modules = imported(*arguments, "--json")
    assert code == 0
    ours = {name for name in modules if name.startswith("kalshi_cli.")}
    told = {"kalshi_cli.steps.status", "kalshi_cli.steps.ai_costs", "kalshi_cli.steps.naming"}
    assert {name for name in ours if name.startswith("kalshi_cli.steps.")} <= told
    assert {name for name in ours if name.startswith("kalshi_cli.bootstrap.")} == {
        "kalshi_cli.bootstrap.records"
    }
    for layer in ("adapters.kalshi", "engine", "portfolio", "risk", "scheduler", "strategies"):
        assert not {name for name in ours if name.startswith(f"kalshi_cli.{layer}")}, layer
    assert not {"httpx", "cryptography", "numpy", "alembic", "xai_sdk"} & modules


def test_a_program_that_ends_looks_through_nothing_for_garbage():
    """It is over a hundred thousand objects, and was a fifth of a short command's time."""
    done = subprocess.run([sys.executable, "-c", ENDED], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("kalshi ")
    assert "garbage" not in done.stdout
