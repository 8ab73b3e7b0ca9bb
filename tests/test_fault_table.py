"""The page of faults names tests that exist."""

import ast
import re
from pathlib import Path

from kalshi_cli.risk._gate import controls

PAGE = Path(__file__).parent.parent / "docs" / "faults.md"
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
LINK = re.compile(r"\[(\w+)\]\(\.\./([\w/.]+)\)")
SCENARIOS = 38
"""Faults that a desk on this exchange must survive; those after them we found ourselves."""


def _defined_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def test_every_fault_names_tests_that_exist() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert [int(number) for number, *_ in rows] == list(range(1, len(rows) + 1))
    assert len(rows) > SCENARIOS
    for number, fault, _, shown in rows:
        links = LINK.findall(shown)
        assert links, f"nothing shows that {number} ({fault}) is survived"
        for name, path in links:
            assert name.startswith("test_")
            assert name in _defined_in(PAGE.parent.parent / path), f"{number}: no {name} in {path}"


def test_every_control_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    _, _, controls_part = text.partition("## What may stop an order")
    for name, path in LINK.findall(controls_part):
        assert name in _defined_in(PAGE.parent.parent / path), f"no {name} in {path}"
    told = set(re.findall(r"`([A-Z_]+)`", controls_part))
    assert told == {control.code for control in controls()}
