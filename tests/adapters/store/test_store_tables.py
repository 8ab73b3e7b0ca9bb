"""Tables are made by subject, when they are asked for."""

import subprocess
import sys

import pytest

from kalshi_cli.adapters.store import tables as t

OF_POSITIONS = {"events", "identity", "markets", "positions", "quotes", "series"}


def test_every_declared_table_is_one_of_all_tables():
    declared = {getattr(t, name).name for name in t.__annotations__ if name.isupper()}
    assert declared == set(t.all_tables().tables)
    assert len(declared) == 39


def test_another_name_is_no_table():
    with pytest.raises(AttributeError, match="TRADES"):
        t.TRADES  # noqa: B018 - asking is the test


def test_reports_on_positions_make_few_other_tables():
    made = _tables_after(
        "import kalshi_cli.adapters.store.reports, kalshi_cli.adapters.store.store"
    )
    assert made <= OF_POSITIONS | {"exit_plans"}


def test_a_foreign_key_finds_its_table_in_another_subject():
    made = _tables_after(
        "from kalshi_cli.adapters.store import tables as t;"
        "assert str(t.FUNNEL.join(t.RUNS).onclause) == 'runs.run_id = funnel_counts.run_id'"
    )
    assert {"funnel_counts", "runs"} <= made
    assert "identity" not in made


def _tables_after(code: str) -> set[str]:
    """The tables that a fresh interpreter has made after running `code`."""
    shown = (
        "from kalshi_cli.adapters.store.tables._base import Record; print(*Record.metadata.tables)"
    )
    command = (sys.executable, "-c", f"{code}\n{shown}")
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
