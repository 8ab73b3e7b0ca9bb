"""The example file is complete, is valid, and says what the defaults are."""

import re
import tomllib

from kalshi_cli.settings.describe import UNSET, example, meanings_of, written
from kalshi_cli.settings.load import keys
from kalshi_cli.settings.sections import Section, Settings


def uncommented() -> dict[str, object]:
    lines = [re.sub(r"^# (\w+ = )", r"\1", line) for line in example().splitlines()]
    kept = [line for line in lines if "# unset by default" not in line]
    return tomllib.loads("\n".join(kept))


def test_the_example_uncommented_is_the_defaults():
    assert Settings(**uncommented()) == Settings()


def test_the_example_changes_nothing_as_it_stands():
    assert tomllib.loads(example()) == {
        name: {}
        for name in (
            "trading",
            "portfolio",
            "allocation",
            "market_making",
            "quick_flip",
            "filters",
            "exits",
            "risk",
            "ai",
            "intervals",
            "live",
        )
    }


def test_the_example_names_every_setting_once():
    whole = example()
    for key, _ in keys(Settings()):
        leaf = key.rpartition(".")[2]
        assert len(re.findall(rf"^# {leaf} = ", whole, re.MULTILINE)) >= 1, key


def test_every_setting_says_what_it_means():
    settings = Settings()
    said = {
        name: meanings_of(type(value)) for name, value in settings if isinstance(value, Section)
    }
    said[""] = meanings_of(Settings)
    for key, _ in keys(settings):
        head, _, leaf = key.rpartition(".")
        assert said[head][leaf], key


def test_lines_fit_a_page():
    assert max(len(line) for line in example().splitlines()) <= 100


def test_none_is_written_as_the_word_that_made_it_so():
    assert written("risk.max_positions", None) == '"unlimited"'
    assert written("exits.stop_loss", None) == '"off"'
    assert written("env", None) == UNSET
