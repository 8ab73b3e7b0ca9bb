"""Fault plans from files, and what the documents say of them."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from kalshi_cli.adapters.sim.faults.files import read_plan
from kalshi_cli.adapters.sim.faults.plan import (
    AnyFrameRule,
    AnyRequestRule,
    DropResponse,
    FaultPlan,
    Gap,
    StaleReads,
)
from kalshi_cli.errors import ConfigError

PAGE = Path(__file__).resolve().parents[3] / "docs" / "simulated-exchange.md"


def test_the_documented_plan_means_what_it_says(tmp_path: Path):
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    file = tmp_path / "plan.toml"
    file.write_text(block)
    assert read_plan(file) == FaultPlan(
        seed=11,
        rules=(
            DropResponse(method="POST", path="/portfolio/events/orders", probability=0.1),
            StaleReads(ms=400),
            Gap(channel="orderbook_delta", every=100),
        ),
    )
    as_json = tmp_path / "plan.json"
    as_json.write_bytes(msgspec.json.encode(read_plan(file)))
    assert read_plan(as_json) == read_plan(file)


def test_every_fault_is_documented_with_its_fields():
    rows = re.findall(r"^\| `([a-z_]+)` \|([^|]*)\|", PAGE.read_text(), re.MULTILINE)
    documented = {name: set(re.findall(r"`([a-z_]+)`", fields)) for name, fields in rows}
    common = {"nth", "every", "probability", "times", "method", "path", "channel"}
    for kind in (*get_args(AnyRequestRule), *get_args(AnyFrameRule)):
        info = msgspec.inspect.type_info(kind)
        own = {field.name for field in info.fields} - common
        if kind in get_args(AnyFrameRule):
            own.discard("ticker")
        assert documented.pop(info.tag) == own
    assert not documented


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("plan.toml", "rules = 1", "Expected `array`"),
        ("plan.toml", "[[rules]", "plan.toml"),
        ("plan.json", "[", "plan.json"),
        ("plan.toml", '[[rules]]\nfault = "gap"\nprobability = 2', "from 0 to 1"),
        ("plan.toml", '[[rules]]\nfault = "plague"', "plague"),
        ("plan.toml", "sede = 1", "sede"),
        ("plan.toml", "", "nothing would go wrong"),
        ("plan.toml", "seed = 3", "nothing would go wrong"),
        ("plan.json", '{"rules": []}', "nothing would go wrong"),
        ("plan.toml", '[[rules]]\nfault = "short_page"\nrows = 0', ">= 1"),
        ("plan.toml", '[[rules]]\nfault = "lost_rows"\nrows = -3', ">= 1"),
        ("plan.toml", '[[rules]]\nfault = "pause"\nms = 0', "> 0"),
        ("plan.toml", '[[rules]]\nfault = "pause"\nms = inf', "<= "),
        ("plan.toml", '[[rules]]\nfault = "latency"\nms = nan', "ms"),
        ("plan.toml", '[[rules]]\nfault = "stale_reads"\nms = -1', ">= 0"),
    ],
)
def test_a_file_that_means_nothing_is_told(tmp_path: Path, name: str, text: str, complaint: str):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(ConfigError, match=complaint) as told:
        read_plan(file)
    assert "docs/simulated-exchange.md" in told.value.remedy


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(ConfigError, match="No such file"):
        read_plan(tmp_path / "none.toml")
