"""The decisions: short, numbered without a gap, and enforced by what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


def test_they_are_numbered_without_a_gap():
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name[:4])
def test_each_says_in_forty_lines_what_was_decided_and_what_enforces_it(path: Path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40
    assert text.startswith(f"# {int(path.name[:4])}. ")
    assert "**Decision.**" in text
    enforced = text.partition("**Enforced by")[2]
    named = re.findall(r"`(tests/[\w/.]+)`", enforced)
    assert enforced
    assert [each for each in named if not (ROOT / each).exists()] == []
