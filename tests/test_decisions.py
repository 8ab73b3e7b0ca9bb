"""The decisions: short, numbered without a gap, and enforced by what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MADE = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
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
    named = re.findall(r"`([\w/.]*(?:/|\.py|\.toml)[\w/.]*)`", enforced)
    assert named
    assert [each for each in named if not is_there(each)] == []
    assert [each for each in re.findall(r"`make ([\w-]+)`", enforced) if each not in MADE] == []


def is_there(name: str) -> bool:
    """A path, from here or within the package; or the name of a test file, which no two share."""
    if "/" in name or not name.startswith("test_"):
        return any((folder / name).exists() for folder in (ROOT, ROOT / "kalshi_cli"))
    return len(list((ROOT / "tests").rglob(name))) == 1


@pytest.mark.parametrize("name", ["tests/none.py", "test_none.py", "domain/none.py", "steps/"])
def test_what_is_not_there_is_found(name: str):
    assert is_there(name) == (name == "steps/")
