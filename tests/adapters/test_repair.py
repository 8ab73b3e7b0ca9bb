"""Mending what is almost JSON, in a process that can be killed."""

import time

import pytest

from kalshi_cli.adapters import repair
from kalshi_cli.adapters.repair import repaired


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{'p': 0.5, 'why': 'so'}", {"p": 0.5, "why": "so"}),
        ('{"p": [1, 2,],}', {"p": [1, 2]}),
        ("no object", None),
        ("[1, 2]", None),
        ("{" + "x" * repair.LONGEST + "}", None),
    ],
)
async def test_what_becomes_of_a_text(text, expected):
    assert await repaired(text) == expected


async def test_a_machine_that_starts_no_process_mends_nothing(monkeypatch):
    monkeypatch.setattr(repair.sys, "executable", "/nowhere/python")
    assert await repaired("{'p': 0.5}") is None


async def test_a_text_that_takes_too_long_is_given_up_and_its_process_with_it(monkeypatch):
    monkeypatch.setattr(repair, "WITHIN_S", 0.3)
    began = time.perf_counter()
    assert await repaired('{"a": ' + '["' * 4_000 + "}") is None
    assert time.perf_counter() - began < 3.0
