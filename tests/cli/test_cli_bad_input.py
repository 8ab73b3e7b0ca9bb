"""Every wrong input ends in one clear line and its exit code, and says the same in JSON."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from kalshi_cli.cli.app import Branch, load, names
from kalshi_cli.cli.confirm import PHRASE, confirm_live
from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.identity import Env
from kalshi_cli.errors import LiveNotConfirmed, UsageError
from kalshi_cli.settings import Environment
from kalshi_cli.settings import load as load_settings

USAGE = [
    (["nonsense"], "There is no command 'nonsense'"),
    (["statsu"], "Did you mean status or strategies?"),
    (["status", "--jsno"], "Did you mean --json?"),
    (["evaluate", "--undo"], "error: --dry-run and --undo belong to --rebalance"),
    (["config"], "Missing command: show, path, init. See `kalshi config --help`."),
    (["inspect", "position"], "Did you mean 'positions'?"),
    (["--quiet"], "Missing command"),
    (["status", "extra"], "extra"),
    (["cancel"], "Missing argument"),
    (["ingest", "--seed", "seven"], "--seed"),
    (["run-loop", "--cycles", "0"], "--cycles"),
    (["inspect", "orders", "--limit", "-1"], "--limit"),
    (["inspect", "orders", "--limit", str(2**63)], "--limit"),
    (["inspect", "positions", "--limit", str(2**63 - 1)], "--limit"),
    (["ingest", "--sim", "--seed", str(2**64)], "--seed"),
    (["evaluate", "--by", "foo"], "Invalid value for '--by': 'foo' is not one of 'model'"),
    (["status", "--env", "producton"], "There is no environment 'producton'"),
    (["status", "--sim", "--live"], "at once"),
    (["--sim", "status", "--env", "demo"], "at once"),
    (["status", "--env", "sim", "--env", "demo"], "demo and sim at once"),
    (["--env", "sim", "status", "--env", "demo"], "demo and sim at once"),
    (["inspect", "orders", "--fresh"], "--fresh"),
    (["--fresh", "inspect", "orders"], "--fresh"),
    (["--no-advance", "run-loop"], "--no-advance"),
    (["analyze", "-"], "No ticker came on stdin"),
    (["sim", "advance", "6q"], "6q"),
    (["sim", "advance", "0s"], "no time"),
    (["sim", "advance", "-1h"], "below zero"),
    (["run-loop", "--sim", "-3"], "below zero"),
    (["sim", "serve", "--speed", "inf"], "3600"),
    (["sim", "status", "--env", "demo"], "simulated world"),
    (["run-loop", "--world", "mars"], "mars"),
]
CONFIGURATION = [
    (["status", "--paper"], {}, "does not exist yet"),
    (["status"], {"KALSHI_ENV": "paper"}, "does not exist yet"),
    (["status"], {"KALSHI_ENV": "prod"}, "real money is never chosen there"),
    (["status"], {"KALSHI_ENV": "production"}, "env"),
    (["trade", "--live"], {}, "needs an API key"),
    (["trade", "--env", "demo"], {}, "needs an API key"),
    (["trade", "--env", "demo"], {"KALSHI_API_KEY": "id"}, "needs an API key"),
    (
        ["trade", "--env", "demo"],
        {"KALSHI_API_KEY": "id", "KALSHI_PRIVATE_KEY": "/no/such.pem"},
        "neither a PEM nor an existing file",
    ),
    (
        ["trade", "--env", "demo"],
        {
            "KALSHI_API_KEY": "id",
            "KALSHI_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        },
        "key",
    ),
    (["status", "--config", "none.toml"], {}, "no config file"),
    (["trade"], {"KALSHI_RISK__MAX_POSITONS": "3"}, "unknown key risk.max_positons"),
    (["trade"], {"KALSHI_RISK__MAX_POSITIONS": "0"}, "risk.max_positions"),
    (["run-loop", "--sim", "--once", "--forecaster", "tea"], {}, "trading.forecaster"),
    (["status", "--home", "/proc/nowhere"], {}, "cannot be written"),
]


def assert_one_clear_line(ended, code: int, text: str) -> None:
    assert ended.code == code, ended.err
    (line,) = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert text in line
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(("arguments", "text"), USAGE)
def test_a_wrong_command_line(kalshi, kalshi_home: Path, arguments: list[str], text: str):
    assert_one_clear_line(kalshi(*arguments), 2, text)
    envelope = kalshi(*arguments, "--json").json
    assert (envelope["ok"], envelope["data"]) == (False, None)
    assert envelope["error"]["code"] == "usage_error"
    assert not list(kalshi_home.rglob("*.db"))


@pytest.mark.parametrize(("arguments", "variables", "text"), CONFIGURATION)
def test_a_wrong_configuration(kalshi, monkeypatch, arguments, variables, text):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert_one_clear_line(kalshi(*arguments), 4, text)
    envelope = kalshi(*arguments, "--json").json
    assert (envelope["ok"], envelope["command"]) == (False, arguments[0])


@pytest.mark.parametrize(
    "arguments",
    [
        ["why", "KXNONE"],
        ["close", "KXNONE"],
        ["cancel", "k1none"],
        ["analyze", "KXNONE"],
    ],
)
def test_what_does_not_exist(kalshi, arguments: list[str]):
    assert_one_clear_line(kalshi(*arguments, "--sim"), 3, arguments[-1])


def test_an_exchange_that_refuses_the_connection(kalshi, monkeypatch):
    key = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    monkeypatch.setenv("KALSHI_API_KEY", "an-id")
    monkeypatch.setenv("KALSHI_PRIVATE_KEY", key.decode())
    monkeypatch.setenv("KALSHI_BASE_URL", "http://127.0.0.1:1/trade-api/v2")
    ended = kalshi("ingest")
    assert_one_clear_line(ended, 5, "")
    assert "demo credentials were found in KALSHI_PRIVATE_KEY" in ended.err


def test_a_store_that_is_none(kalshi, kalshi_home: Path):
    assert kalshi("ingest", "--sim").code == 0
    store = kalshi_home / "sim" / "desk.db"
    for extra in kalshi_home.rglob("desk.db-*"):
        extra.unlink()
    store.write_bytes(b"this is no database, whatever its name says" * 100)
    assert_one_clear_line(kalshi("status"), 7, "")
    assert_one_clear_line(kalshi("trade"), 7, "")


def test_a_store_of_another_environment(kalshi, kalshi_home: Path, monkeypatch):
    assert kalshi("ingest", "--sim").code == 0
    shutil.copy(kalshi_home / "sim" / "desk.db", kalshi_home / "demo.db")
    monkeypatch.setenv("KALSHI_API_KEY", "an-id")
    monkeypatch.setenv("KALSHI_PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END-----")
    assert_one_clear_line(kalshi("status"), 4, "")


def test_global_options_work_on_both_sides_and_the_later_one_wins(kalshi, tmp_path: Path):
    before = kalshi("--json", "--home", str(tmp_path / "a"), "config", "path")
    after = kalshi("config", "path", "--json", "--home", str(tmp_path / "a"))
    between = kalshi("config", "--json", "path", "--home", str(tmp_path / "a"))
    assert before.json == after.json == between.json
    both = kalshi("--home", str(tmp_path / "a"), "config", "path", "--json", "--home", "b")
    assert both.json["data"]["home"] == "b"


def test_quiet_leaves_only_the_result(kalshi):
    assert kalshi("status", "-q").err == ""
    assert kalshi("status").err == "sim: the embedded exchange (no demo credentials were found)\n"


TAKEN = {"seed", "world", "fresh", "no_advance", "faults", "forecaster", "limits_reason", "prompt"}


def test_no_command_shadows_a_global_option():
    for name in names():
        command = load(name)
        leaves = command.commands.values() if isinstance(command, Branch) else ()
        for each in (command, *leaves):
            assert set(each.takes) <= TAKEN


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path):
    script = (
        f"set -o pipefail; {sys.executable} -m kalshi_cli config show --home {tmp_path} | head -1"
    )
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(ended.stdout.splitlines()) == 1


class Terminal:
    """A person who types one line."""

    def __init__(self, line: str) -> None:
        self.line = line

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return self.line + "\n"


def prepared(env: Env, *given: str) -> Prepared:
    environment = Environment(env=env, why="", home=Path())
    return Prepared(Invocation(dict.fromkeys(given, True)), load_settings(), environment)


def test_only_real_money_is_asked_about():
    confirm_live(prepared(Env.SIM), ())


def test_without_a_terminal_yes_alone_is_not_enough(kalshi, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KALSHI_LIVE__ACKNOWLEDGED", "true")
    for given in ((), ("yes",)):
        with pytest.raises(LiveNotConfirmed) as caught:
            confirm_live(prepared(Env.PROD, *given), ("Cash: $5.00",))
        assert caught.value.exit_code == 4


def test_without_a_terminal_yes_and_the_config_file_are(kalshi, capsys):
    Path("config.toml").write_text("[live]\nacknowledged = true\n")
    confirm_live(prepared(Env.PROD, "yes", "quiet"), ("Cash: $5.00",))
    assert "Cash: $5.00" in capsys.readouterr().err
    with pytest.raises(LiveNotConfirmed):
        confirm_live(prepared(Env.PROD), ())


@pytest.mark.parametrize(("typed", "goes_on"), [(PHRASE, True), ("yes", False), ("", False)])
def test_on_a_terminal_only_the_phrase_counts(monkeypatch, capsys, typed: str, goes_on: bool):
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    asked = prepared(Env.PROD, "yes")
    if goes_on:
        confirm_live(asked, ())
    else:
        with pytest.raises(LiveNotConfirmed, match="nothing was sent"):
            confirm_live(asked, ())


def test_two_environments_are_told_before_anything_is_read():
    with pytest.raises(UsageError):
        _ = replace_given(sim=True, paper=True).options


def replace_given(**given: bool) -> Invocation:
    return replace(Invocation(), given=dict(given))
