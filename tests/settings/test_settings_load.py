"""Which layer wins, where each value came from, and what is refused."""

from pathlib import Path

import pytest

from kalshi_cli.domain.money import Money
from kalshi_cli.errors import ConfigError
from kalshi_cli.settings.load import keys, load
from kalshi_cli.settings.sections import Settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory and an empty home."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("KALSHI_HOME", str(tmp_path / "home"))
    return here


def test_defaults_are_the_numbers_people_of_this_bot_know():
    settings = load().settings
    assert settings.trading.kelly_fraction == 0.75
    assert settings.trading.max_single_position == 0.05
    assert settings.trading.min_net_edge == 0.01
    assert settings.risk.max_positions == 15
    assert settings.risk.max_daily_loss == 0.10
    assert settings.ai.daily_ai_budget == Money(5_000_000)
    assert settings.exits.stop_loss is None
    assert settings.trading.capital_limit is None


def test_each_layer_wins_over_the_one_below(elsewhere: Path, monkeypatch: pytest.MonkeyPatch):
    key = "trading.forecaster"
    assert load().origins[key] == "default"
    (elsewhere / "config.toml").write_text('[trading]\nforecaster = "baseline"\n')
    assert (load().settings.trading.forecaster, load().origins[key]) == ("baseline", "config.toml")
    (elsewhere / ".env").write_text("KALSHI_TRADING__FORECASTER=oracle\n")
    assert (load().settings.trading.forecaster, load().origins[key]) == ("oracle", ".env")
    monkeypatch.setenv("KALSHI_TRADING__FORECASTER", "grok")
    assert (load().settings.trading.forecaster, load().origins[key]) == ("grok", "environment")
    loaded = load(options={"trading": {"forecaster": "baseline"}})
    assert (loaded.settings.trading.forecaster, loaded.origins[key]) == ("baseline", "option")


def test_a_layer_replaces_keys_not_sections(elsewhere: Path, monkeypatch: pytest.MonkeyPatch):
    (elsewhere / "config.toml").write_text("[risk]\nmax_positions = 3\nmax_drawdown = 0.5\n")
    monkeypatch.setenv("KALSHI_RISK__MAX_POSITIONS", "4")
    loaded = load()
    assert (loaded.settings.risk.max_positions, loaded.settings.risk.max_drawdown) == (4, 0.5)
    assert loaded.origins["risk.max_positions"] == "environment"
    assert loaded.origins["risk.max_drawdown"] == "config.toml"


def test_the_preset_changes_defaults_and_never_an_explicit_value(elsewhere: Path):
    (elsewhere / "config.toml").write_text(
        '[trading]\npreset = "disciplined"\nmin_net_edge = 0.05\n'
    )
    loaded = load()
    trading = loaded.settings.trading
    assert (trading.kelly_fraction, trading.max_single_position) == (0.25, 0.03)
    assert trading.min_net_edge == 0.05
    assert loaded.origins["trading.kelly_fraction"] == "preset disciplined"
    assert loaded.origins["trading.min_net_edge"] == "config.toml"


def test_the_config_file_is_the_first_of_four_places(
    tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
):
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").write_text("[risk]\nmax_positions = 1\n")
    assert load().settings.risk.max_positions == 1
    (elsewhere / "config.toml").write_text("[risk]\nmax_positions = 2\n")
    assert load().settings.risk.max_positions == 2
    named = tmp_path / "named.toml"
    named.write_text("[risk]\nmax_positions = 3\n")
    monkeypatch.setenv("KALSHI_CONFIG", str(named))
    assert load().settings.risk.max_positions == 3
    option = tmp_path / "option.toml"
    option.write_text("[risk]\nmax_positions = 4\n")
    assert load(config=option).settings.risk.max_positions == 4


def test_lists_in_variables_are_json_or_plain(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KALSHI_FILTERS__BLOCK_SERIES", "KXA, KXB")
    monkeypatch.setenv("KALSHI_FILTERS__ALLOW_CATEGORIES", '["Climate and Weather", "Crypto"]')
    filters = load().settings.filters
    assert filters.block_series == ("KXA", "KXB")
    assert filters.allow_categories == ("Climate and Weather", "Crypto")


def test_dollars_are_exact_however_small_and_however_written(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
):
    """A variable is read as a number, and the number's own text would be 1e-06."""
    monkeypatch.setenv("KALSHI_AI__DAILY_AI_BUDGET", "0.000001")
    assert load().settings.ai.daily_ai_budget == Money(1)
    (elsewhere / "config.toml").write_text("[trading]\ncapital_limit = 0.000002\n")
    assert load().settings.trading.capital_limit == Money(2)


def test_only_the_word_unlimited_removes_a_limit(elsewhere: Path):
    (elsewhere / "config.toml").write_text(
        '[risk]\nmax_positions = "unlimited"\n[trading]\ncapital_limit = "250.50"\n'
        '[exits]\nstop_loss = 0.3\nmax_hold_hours = "off"\n'
    )
    settings = load().settings
    assert settings.risk.max_positions is None
    assert settings.trading.capital_limit == Money(250_500_000)
    assert (settings.exits.stop_loss, settings.exits.max_hold_hours) == (0.3, None)


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('[exits]\nstop_loss = "of"', 'write a number, or "off"'),
        ('[exits]\nstop_loss = "10%"', 'write a number, or "off"'),
        ("[exits]\nleave_before_close_minutes = 0", 'write a number above 0, or "off"'),
        ("[exits]\nstop_loss = nan", 'write a number above 0, or "off"'),
        ('[risk]\nmax_positions = "none"', 'write a number, or "unlimited"'),
    ],
)
def test_what_may_be_off_says_so_of_a_word_that_is_none(elsewhere: Path, toml: str, told: str):
    (elsewhere / "config.toml").write_text(toml + "\n")
    with pytest.raises(ConfigError) as caught:
        load()
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "toml",
    [
        "[risk]\nmax_positions = 0",
        "[risk]\nmax_positions = -1",
        "[risk]\nmax_positions = 1.5",
        '[risk]\nmax_positions = "none"',
        '[risk]\nmax_positions = "off"',
        "[risk]\nmax_daily_loss = 0",
        "[risk]\nmax_daily_loss = 1.5",
        "[risk]\nmax_daily_loss = nan",
        "[risk]\nmax_daily_loss = inf",
        "[trading]\ncapital_limit = 0",
        "[trading]\ncapital_limit = -5",
        '[trading]\ncapital_limit = "0.00000001"',
        "[trading]\nkelly_fraction = 0",
        '[trading]\npreset = "reckless"',
        '[trading]\nforecaster = "tea leaves"',
        '[exits]\nstop_loss = "unlimited"',
        "[intervals]\ntrade_s = 0",
        "risk = 3",
        'env = "production"',
        "[risk]\nmax_positions = true",
    ],
)
def test_a_bad_value_names_its_key_its_file_and_nothing_else(elsewhere: Path, toml: str):
    (elsewhere / "config.toml").write_text(toml + "\n")
    with pytest.raises(ConfigError, match=r"from config\.toml"):
        load()


@pytest.mark.parametrize(
    "key", [key for key, value in keys(Settings()) if type(value) in {int, float}]
)
def test_true_is_no_number_anywhere(elsewhere: Path, key: str):
    (elsewhere / "config.toml").write_text(f"{key} = true\n")
    with pytest.raises(ConfigError, match=rf"{key}.*write a number"):
        load()


@pytest.mark.parametrize(
    ("toml", "suggestion"),
    [
        ("[risk]\nmax_positons = 3", "risk.max_positions"),
        ("[risk]\nkelly_fraction = 0.1", "trading.kelly_fraction"),
        ("[rsk]\nmax_positions = 3", "risk"),
        ("kelly_fraction = 0.1", "trading.kelly_fraction"),
        ("log_levl = 'info'", "log_level"),
    ],
)
def test_an_unknown_key_is_an_error_with_a_suggestion(elsewhere: Path, toml: str, suggestion: str):
    (elsewhere / "config.toml").write_text(toml + "\n")
    with pytest.raises(ConfigError, match="unknown key") as caught:
        load()
    assert suggestion in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("KALSHI_RISK__MAX_POSITONS", "risk.max_positions"),
        ("KALSHI_RSK__MAX_POSITIONS", "KALSHI_RISK"),
        ("KALSHI_APIKEY", "KALSHI_API_KEY"),
        ("KALSHI_NOTHING__LIKE_IT", "config show"),
    ],
)
def test_a_variable_that_resembles_a_setting_is_no_stranger(
    monkeypatch: pytest.MonkeyPatch, name: str, remedy: str
):
    monkeypatch.setenv(name, "3")
    with pytest.raises(ConfigError) as caught:
        load()
    assert remedy in caught.value.remedy


def test_a_strangers_variable_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KALSHI_WEATHER_PROJECT", "3")
    assert load().settings.risk.max_positions == 15


@pytest.mark.parametrize("broken", [b"[risk\n", b"a = \n", b"\xff\xfe", b"[risk]\n[risk]\n"])
def test_a_broken_file_is_named(elsewhere: Path, broken: bytes):
    (elsewhere / "config.toml").write_bytes(broken)
    with pytest.raises(ConfigError, match=r"config\.toml"):
        load()


def test_a_named_file_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ConfigError, match="no config file"):
        load(config=tmp_path / "none.toml")
    monkeypatch.setenv("KALSHI_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match="no config file"):
        load()


def test_settings_cannot_be_changed():
    settings = load().settings
    with pytest.raises(ValueError, match="frozen"):
        settings.risk.max_positions = 99  # type: ignore[misc]


def test_every_setting_has_a_meaning_and_an_origin():
    loaded = load()
    names = [key for key, _ in keys(loaded.settings)]
    assert set(names) == set(loaded.origins)
    assert len(names) == len(set(names))


def test_the_settings_themselves_read_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KALSHI_LOG_LEVEL", "debug")
    assert Settings().log_level == "info"


@pytest.mark.parametrize(
    "text",
    ['[trading]\nstrategies = ["directional_tradin"]', "[allocation.others]\nnobodys = 0.1"],
)
def test_a_strategy_that_there_is_not_stops_nobody_who_reads_the_settings(elsewhere, text):
    """An emergency is never refused for it: who trades asks `refuse_unknown`."""
    (elsewhere / "config.toml").write_text(text)
    assert {"directional_tradin", "nobodys"} & set(load().settings.running)
