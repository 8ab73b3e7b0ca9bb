"""What controls say is written for people: money in cents, instants to the minute, and no other
way, wherever a sentence is put together.
"""

import re
from pathlib import Path

import kalshi_cli

ROOT = Path(kalshi_cli.__file__).parent
SAYING = ("risk", "portfolio", "steps", "exits", "filters", "strategies")
RAW = re.compile(r'f".*\$\{(?![^}]*:[^}]*f\})[^}]*\}|\{[^}]*to_rfc3339\(')
"""A dollar sign before a number that is not rounded there, or an instant to the microsecond."""
OF_AI = "steps/asking.py"
"""Calls cost fractions of a cent, which are told as they are."""


def test_no_sentence_of_a_decision_has_a_format_of_its_own():
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for package in SAYING
        for path in sorted((ROOT / package).rglob("*.py"))
        for line in path.read_text().splitlines()
        if RAW.search(line) and str(path.relative_to(ROOT)) != OF_AI
    ]
    assert found == []
