"""The log file: JSON lines with the run's id, and no secret in any of them."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from kalshi_cli.cli.logs import HIDDEN, Redactor, close, configure

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----"


@pytest.fixture(autouse=True)
def _detached() -> Iterator[None]:
    root = logging.getLogger()
    before = root.level
    yield
    close()
    root.setLevel(before)


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_fields_and_texts_end_in_the_file_with_the_run(tmp_path: Path):
    file = tmp_path / "logs" / "kalshi.log"
    configure(file, level="info", run="abc")
    logging.getLogger("ours").info("placed", extra={"ticker": "KXA", "count": 3})
    logging.getLogger("theirs").warning("slow: %s ms", 12)
    logging.getLogger("theirs").debug("not shown")
    first, second = lines(file)
    assert (first["event"], first["ticker"], first["run"]) == ("placed", "KXA", "abc")
    assert (second["event"], second["level"], second["run"]) == ("slow: 12 ms", "warning", "abc")
    assert str(second["timestamp"]).endswith("Z")


def test_no_secret_reaches_the_file(tmp_path: Path):
    file = tmp_path / "kalshi.log"
    configure(file, level="debug", run="abc", secrets=["key-id-of-the-person"])
    log = logging.getLogger("ours")
    headers = {"KALSHI-ACCESS-KEY": "id", "Accept": "json"}
    log.info("request", extra={"headers": headers, "api_key": "12345"})
    log.info("sent", extra={"text": f"with {PEM} by key-id-of-the-person"})
    logging.getLogger("httpx").warning("Authorization: Bearer abc.def.ghi")
    logging.getLogger("x").error("xai-abcdefghij0123456789")
    logging.getLogger("x").error("failed", exc_info=ValueError(PEM))
    text = file.read_text()
    for secret in ("MIIEow", "12345", "key-id-of-the-person", "abc.def.ghi", "xai-abcdef"):
        assert secret not in text
    assert HIDDEN in text
    assert lines(file)[0]["headers"] == {"KALSHI-ACCESS-KEY": HIDDEN, "Accept": "json"}


def test_counts_of_tokens_are_no_secret():
    event = Redactor()(None, "info", {"prompt_tokens": 12, "lease_token": "x"})
    assert event == {"prompt_tokens": 12, "lease_token": HIDDEN}


def test_a_short_secret_does_not_blank_the_log():
    assert Redactor(["a", ""]).cleaned("a banana") == "a banana"


def test_a_cut_off_key_is_hidden_to_its_end():
    assert Redactor().cleaned("x -----BEGIN PRIVATE KEY-----\nMIIE") == f"x {HIDDEN}"


def test_verbose_also_tells_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    configure(tmp_path / "kalshi.log", level="info", run="abc", verbose=True)
    logging.getLogger("x").warning("seen")
    assert json.loads(capsys.readouterr().err)["event"] == "seen"


def test_configuring_twice_writes_each_line_once(tmp_path: Path):
    for _ in range(2):
        configure(tmp_path / "kalshi.log", level="info", run="abc")
    logging.getLogger("x").warning("once")
    assert len(lines(tmp_path / "kalshi.log")) == 1
