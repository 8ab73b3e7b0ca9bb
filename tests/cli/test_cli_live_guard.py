"""Real money is reached by an explicit flag and a deliberate yes; emergencies never ask.

Nothing here leaves the machine: what is refused is refused before the exchange is asked, and a halt
needs no exchange.
"""

import os
import pty
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fakes.exchange_desks import FakeTreasury
from fakes.floor import WEIGHTS, open_floor

from kalshi_cli.bootstrap.forecasters import who_forecasts
from kalshi_cli.cli.confirm import PHRASE
from kalshi_cli.cli.evaluating import rebalance
from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.cli.limiting import confirm_trading
from kalshi_cli.cli.start import Prepared
from kalshi_cli.cli.transferring import _moved
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import ConfigError, LiveNotConfirmed
from kalshi_cli.evaluation.interval import Verdict
from kalshi_cli.evaluation.rebalancing import Measured, NewShare
from kalshi_cli.evaluation.scores import By
from kalshi_cli.settings import Environment, load
from kalshi_cli.settings.environment import AiAccess
from kalshi_cli.steps.evaluate import evaluate
from kalshi_cli.steps.rebalancing import shares_kept

KEY = ed25519.Ed25519PrivateKey.generate()
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
DEMO = {"KALSHI_API_KEY": "demo-key", "KALSHI_PRIVATE_KEY": PEM}
PROD = {"KALSHI_API_KEY_PROD": "prod-key", "KALSHI_PRIVATE_KEY_PROD": PEM}
TRADING = ("trade", "track", "run-loop", "resume")


def have(monkeypatch: pytest.MonkeyPatch, *keys: dict[str, str]) -> None:
    for name, value in (pair for each in keys for pair in each.items()):
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("command", [*TRADING, "halt", "status"])
def test_no_file_and_no_variable_chooses_real_money(kalshi, kalshi_home, monkeypatch, command):
    have(monkeypatch, PROD)
    monkeypatch.setenv("KALSHI_ENV", "prod")
    by_variable = kalshi(command)
    assert by_variable.code == 4
    assert "real money is never chosen there" in by_variable.err
    monkeypatch.delenv("KALSHI_ENV")
    Path("config.toml").write_text('env = "prod"\n')
    by_file = kalshi(command)
    assert by_file.code == 4
    assert "say --live on the command itself" in by_file.err
    assert not (kalshi_home / "prod.db").exists()


def test_keys_of_one_exchange_are_never_used_for_the_other(kalshi, kalshi_home, monkeypatch):
    have(monkeypatch, DEMO)
    live = kalshi("status", "--live")
    assert live.code == 4
    assert "Set KALSHI_API_KEY_PROD and KALSHI_PRIVATE_KEY_PROD" in live.err
    for name in DEMO:
        monkeypatch.delenv(name)
    have(monkeypatch, PROD)
    demo = kalshi("status", "--env", "demo")
    assert demo.code == 4
    assert "Set KALSHI_API_KEY and KALSHI_PRIVATE_KEY " in demo.err
    assert kalshi("status").err.startswith("sim:")  # prod keys alone choose nothing


def test_a_halt_of_real_money_asks_nobody(kalshi, kalshi_home, monkeypatch):
    have(monkeypatch, PROD)
    ended = kalshi("halt", "--live", "--reason", "smoke", "--json")
    assert ended.code == 0
    assert ended.json["data"]["after"] == "halted"
    assert kalshi("status", "--live", "--json").json["data"]["summary"]["state_reason"] == "smoke"


@pytest.mark.parametrize("name", ["baseline", "oracle"])
def test_real_money_trades_on_no_toy_forecast(kalshi_home, monkeypatch, name):
    monkeypatch.setenv("KALSHI_TRADING__FORECASTER", name)
    live = Environment(Env.PROD, "asked", kalshi_home)
    with pytest.raises(ConfigError) as refused:
        who_forecasts(live, load().settings)
    assert refused.value.exit_code == 4


def test_real_money_trades_on_no_stand_in_for_the_ai(kalshi_home):
    """Whatever answers on this machine makes it up, and an address may have been left behind."""
    ai = AiAccess("xai-whatever", "localhost:50051")
    live = Environment(Env.PROD, "asked", kalshi_home, ai=ai)
    with pytest.raises(ConfigError, match="localhost:50051") as refused:
        who_forecasts(live, load().settings)
    assert "XAI_API_HOST" in refused.value.remedy


@pytest.mark.parametrize(
    ("host", "is_local", "is_xai"),
    [
        ("api.x.ai", False, True),
        ("eu-west-1.api.x.ai", False, True),
        ("127.0.0.1:50051", True, False),
        ("localhost:1", True, False),
        ("api.x.ai.example.com", False, False),
        ("notx.ai", False, False),
    ],
)
def test_who_answers_at_a_host(host, is_local, is_xai):
    ai = AiAccess("xai-whatever", host)
    assert (ai.is_local, ai.is_xai) == (is_local, is_xai)


class Trader:
    """As much of an open desk as a confirmation looks at."""

    def __init__(self, floor, home: Path) -> None:
        self.environment = Environment(Env.PROD, "the command line says so", home)
        self.store, self.clock, self.run = floor.store, floor.clock, floor.run
        self.trading = floor.exchange

    async def evaluate(self):
        return await evaluate(
            self.store, self.store.reports, self.clock, ai_charged_to=None, weights=WEIGHTS
        )


@pytest.mark.parametrize(("yes", "acknowledged"), [(True, True), (True, False), (False, True)])
async def test_real_cash_goes_to_no_other_shard_unasked(
    kalshi_home: Path, tmp_path: Path, monkeypatch, yes: bool, acknowledged: bool
):
    """Without a terminal it takes both; what is asked for is shown among what is at stake."""
    file = tmp_path / "config.toml"
    file.write_text(f"[live]\nacknowledged = {str(acknowledged).lower()}\n")
    configuration = load(config=file)
    said: list[str] = []
    async with open_floor(tmp_path) as floor:
        desk = Trader(floor, kalshi_home)
        treasury = FakeTreasury(floor.exchange)
        desk.connection = SimpleNamespace(treasury=treasury)

        @asynccontextmanager
        async def opened(*_given, **_terms):
            yield desk

        monkeypatch.setattr("kalshi_cli.bootstrap.opening.open_desk", opened)
        monkeypatch.setattr(Invocation, "say_always", lambda _, text: said.append(text))
        asked = Prepared(Invocation({"yes": yes}), configuration, desk.environment)
        work = _moved(asked, Money.parse("250.00"), 0, 2)
        if yes and acknowledged:
            assert (await work).arrived
        else:
            with pytest.raises(LiveNotConfirmed) as refused:
                await work
            assert refused.value.exit_code == 4
        assert len(treasury.sent) == (yes and acknowledged)
        async with floor.store.unit() as unit:
            assert await unit.desk.open_transfers() == ()
    assert "REAL MONEY. Cash: $1,000.00" in said
    assert "To move: $250.00 from shard 0 to 2" in said


EDGE = Measured("directional_trading", 0.40, None, 0.1, Verdict.EDGE, 30)


class Rebalancer(Trader):
    """Whose record speaks for five points more."""

    def __init__(self, floor, home: Path) -> None:
        super().__init__(floor, home)
        self.sender = floor.desk

    async def evaluate(self, by=By.MODEL, *, rebalances=False):
        share = NewShare("directional_trading", EDGE, 0.45, "an edge is shown")
        return replace(await super().evaluate(), shares=(share,) if rebalances else None)


@pytest.mark.parametrize(("yes", "acknowledged"), [(True, True), (True, False), (False, True)])
async def test_real_money_is_held_to_new_shares_once_a_person_said_so(
    kalshi_home: Path, tmp_path: Path, monkeypatch, yes: bool, acknowledged: bool
):
    file = tmp_path / "config.toml"
    file.write_text(f"[live]\nacknowledged = {str(acknowledged).lower()}\n")
    said: list[str] = []
    monkeypatch.setattr(Invocation, "say_always", lambda _, text: said.append(text))
    async with open_floor(tmp_path) as floor:
        desk = Rebalancer(floor, kalshi_home)
        asked = Prepared(Invocation({"yes": yes}), load(config=file), desk.environment)
        work = rebalance(asked, desk, By.MODEL, undoes=False)  # type: ignore[arg-type]
        if yes and acknowledged:
            (done,) = (await work).changes
            assert (done.change.old, done.change.new) == ("0.4", "0.45")
        else:
            with pytest.raises(LiveNotConfirmed):
                await work
        kept = await shares_kept(floor.store)
        assert (kept is not None) is (yes and acknowledged)
        assert bool(await floor.store.reports.limit_changes()) is (yes and acknowledged)
    told = "To change: allocation.directional_trading 0.4 to 0.45"
    assert f"{told} (directional_trading: an edge is shown)" in said


@pytest.mark.parametrize(("typed", "goes_on"), [(PHRASE, True), ("yes", False), ("", False)])
async def test_on_a_terminal_the_phrase_is_typed_below_what_is_at_stake(
    kalshi_home: Path, tmp_path: Path, monkeypatch, typed: str, goes_on: bool
):
    """Neither --yes nor an acknowledgement stands in for it where somebody can type."""
    file = tmp_path / "config.toml"
    file.write_text("[live]\nacknowledged = true\n")
    configuration = load(config=file)
    ours, theirs = pty.openpty()
    with (
        os.fdopen(theirs, "r", closefd=False) as stdin,
        os.fdopen(theirs, "w", closefd=False) as stderr,
    ):
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(sys, "stderr", stderr)
        os.write(ours, f"{typed}\n".encode())
        async with open_floor(tmp_path) as floor:
            desk = Trader(floor, kalshi_home)
            asked = Prepared(Invocation({"yes": True}), configuration, desk.environment)
            if goes_on:
                await confirm_trading(asked, desk)  # type: ignore[arg-type]
            else:
                with pytest.raises(LiveNotConfirmed, match="nothing was sent") as refused:
                    await confirm_trading(asked, desk)  # type: ignore[arg-type]
                assert refused.value.exit_code == 4
            assert floor.exchange.placed == []
            assert bool(await floor.store.reports.limit_changes()) is goes_on
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    os.close(theirs)
    assert "REAL MONEY. Cash: $1,000.00" in shown
    assert "risk.max_daily_loss 0.1" in shown
    assert "Evidence: none yet" in shown
    assert f'Type "{PHRASE}"' in shown
