"""Every command answers `--json` with one envelope, on an empty desk and on one that traded."""

import json

import pytest
from conftest import Kalshi

from kalshi_cli.cli.app import names

FIELDS = ["schema_version", "command", "env", "ok", "data", "warnings", "error"]
EMPTY = {
    "ingest": ["ingest --seed 7"],
    "analyze": ["analyze", "analyze --dry-run"],
    "trade": ["trade --dry-run", "trade"],
    "track": ["track"],
    "evaluate": [
        "evaluate",
        "evaluate --by role",
        "evaluate --rebalance --dry-run",
        "evaluate --rebalance",
        "evaluate --rebalance --undo",
        "evaluate --by horizon",
        "evaluate --by variant",
    ],
    "run-loop": ["run-loop --once"],
    "inspect": [
        "inspect positions",
        "inspect orders",
        "inspect quotes",
        "inspect strategies",
        "inspect fills",
        "inspect round-trips",
        "inspect tape",
        "inspect markets",
        "inspect analyses",
        "inspect runs",
        "inspect denials",
        "inspect order k1none",
        "inspect limits",
        "inspect llm",
        "inspect llm --by day",
        "inspect llm c1none",
    ],
    "inspect-db": [
        "inspect-db",
        "inspect-db --reconcile",
        "inspect-db --repair",
        "inspect-db --vacuum",
    ],
    "migrate": ["migrate --check", "migrate --dry-run", "migrate"],
    "status": ["status"],
    "why": ["why", "why --since 1d", "why KXNONE", "why KXNONE --with risk.max_positions=20"],
    "sim": ["sim status", "sim advance 1h", "sim reset"],
    "config": ["config show", "config show --origin", "config path", "config init"],
    "doctor": ["doctor"],
    "halt": ["halt --reason smoke"],
    "resume": ["resume"],
    "cancel": ["cancel k1none"],
    "cancel-all": ["cancel-all"],
    "flatten": ["flatten"],
    "close": ["close KXNONE"],
    "transfer": ["transfer 1.00 --from 0 --to 2"],
    "watch": ["watch KXNONE"],
    "strategies": [
        "strategies list",
        "strategies show directional_trading",
        "strategies new drift",
        "strategies forgive directional_trading",
    ],
}
LAST = ["sim reset"]
LINES = [line for lines in EMPTY.values() for line in lines if line not in LAST]


def assert_one_envelope(kalshi: Kalshi, line: str) -> None:
    ended = kalshi(*line.split(), "--json")
    envelopes = [json.loads(text) for text in ended.out.splitlines()]
    assert len(envelopes) == 1 or line.startswith("run-loop")
    for envelope in envelopes:
        assert list(envelope) == FIELDS
        assert envelope["schema_version"] == 1
        assert envelope["env"] == (None if line.startswith(("config", "strategies new")) else "sim")
        assert line.startswith(envelope["command"])
        assert isinstance(envelope["warnings"], list)
        assert envelope["ok"] == (envelope["error"] is None) == (ended.code == 0)
        assert envelope["ok"] or set(envelope["error"]) >= {"code", "message", "remedy"}
    assert "Traceback" not in ended.err


def test_no_command_is_forgotten():
    assert sorted(EMPTY) == names()


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for lines in EMPTY.values() for line in lines])
def test_on_an_empty_desk(kalshi: Kalshi, line: str):
    assert_one_envelope(kalshi, line)


@pytest.mark.slow
def test_on_a_desk_that_traded(kalshi: Kalshi):
    assert kalshi("run-loop", "--sim", "--cycles", "4", "--seed", "7").code == 0
    for line in (*LINES, *LAST):
        assert_one_envelope(kalshi, line)
