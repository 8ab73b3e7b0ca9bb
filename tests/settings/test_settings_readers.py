"""No setting that nobody reads: each key is an attribute read, or a field of a plug-in."""

import re
from pathlib import Path

import pytest

import kalshi_cli
from kalshi_cli import plugins, strategies
from kalshi_cli.settings.load import keys
from kalshi_cli.settings.sections import PRESETS, Settings

PACKAGE = Path(kalshi_cli.__file__).parent
SOURCES = [
    path.read_text()
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] != "settings"
]
READ_BY_LOAD = frozenset({"trading.preset"})
"""A preset is gone once the settings are read."""


@pytest.mark.parametrize("key", [key for key, _ in keys(Settings())])
def test_every_key_has_a_reader(key: str):
    name = key.rpartition(".")[2]
    if key in READ_BY_LOAD:
        assert PRESETS
    elif key.startswith("allocation.") and key != "allocation.others":
        assert name in plugins.names(strategies)
    else:
        assert any(
            re.search(rf"\.{name}\b|^    {name}: ", source, re.MULTILINE) for source in SOURCES
        )
