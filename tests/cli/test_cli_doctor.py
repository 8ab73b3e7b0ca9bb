"""`doctor`: what it looks at, and what it says of each mistake that people make with keys."""

from pathlib import Path

import pytest

PEM = "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"KALSHI_API_KEY": "id"}, "KALSHI_API_KEY is set, but there is no private key"),
        ({"KALSHI_PRIVATE_KEY": PEM}, "there is a private key (KALSHI_PRIVATE_KEY), but"),
    ],
)
def test_half_a_credential_is_not_taken_for_none(
    kalshi, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ran = kalshi("sim", "status", "--json")
    assert ran.json["warnings"] == [], "--sim is what the person asked for"
    ran = kalshi("inspect", "positions", "--json")
    assert ran.json["env"] == "sim"
    (warning,) = ran.json["warnings"]
    assert said in warning
    assert warning.endswith("this is sim, not demo")
    assert ran.err.count(said) == 1
    asked = kalshi("inspect", "positions", "--env", "demo")
    assert asked.code == 4
    assert said in asked.err


def test_a_key_file_without_its_id_is_told_where_it_lies(kalshi):
    Path("kalshi_private_key.pem").write_text(PEM)
    Path("kalshi_private_key.pem").chmod(0o600)
    told = kalshi("inspect", "positions")
    assert told.code == 0
    assert "kalshi_private_key.pem), but KALSHI_API_KEY is not set: this is sim" in told.err
