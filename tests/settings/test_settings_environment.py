"""Which environment is chosen, and where its credentials come from."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kalshi_cli.domain.identity import Env
from kalshi_cli.errors import ConfigError
from kalshi_cli.settings.credentials import find_credentials, half_of, require_credentials
from kalshi_cli.settings.environment import choose_env

PEM = "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("option", "configured", "demo", "env", "why"),
    [
        (None, None, "", Env.SIM, "no demo credentials"),
        (None, None, "key.pem", Env.DEMO, "key.pem"),
        (Env.SIM, None, "key.pem", Env.SIM, "command line"),
        (Env.SIM, Env.DEMO, "key.pem", Env.SIM, "command line"),
        (None, Env.SIM, "key.pem", Env.SIM, "config.toml"),
        (None, Env.DEMO, "", Env.DEMO, "config.toml"),
        (Env.PROD, None, "", Env.PROD, "command line"),
        (Env.PROD, Env.SIM, "", Env.PROD, "command line"),
        (Env.SIM, Env.PROD, "", Env.SIM, "command line"),
    ],
)
def test_the_choice_and_its_reason(option, configured, demo, env, why):
    chosen, reason = choose_env(option, configured, "config.toml", demo)
    assert chosen is env
    assert why in reason


def test_real_money_comes_from_the_command_line_alone():
    with pytest.raises(ConfigError, match="real money") as caught:
        choose_env(None, Env.PROD, "KALSHI_ENV", "")
    assert caught.value.exit_code == 4
    assert "--live" in caught.value.remedy


@pytest.mark.parametrize(("option", "configured"), [(Env.PAPER, None), (None, Env.PAPER)])
def test_paper_says_that_it_does_not_exist_yet(option, configured):
    with pytest.raises(ConfigError, match="does not exist yet"):
        choose_env(option, configured, "config.toml", "")


def found(env: Env, variables: dict[str, str], tmp_path: Path):
    return find_credentials(env, tmp_path / "home", variables, tmp_path / "here")


@pytest.fixture(autouse=True)
def places(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()


def test_without_a_key_id_there_are_no_credentials(tmp_path: Path):
    assert found(Env.DEMO, {"KALSHI_PRIVATE_KEY": PEM}, tmp_path) is None


def test_a_key_id_alone_is_not_enough(tmp_path: Path):
    assert found(Env.DEMO, {"KALSHI_API_KEY": "id"}, tmp_path) is None


def test_a_key_in_the_variable_may_have_escaped_line_ends(tmp_path: Path):
    text = PEM.replace("\n", "\\n")
    credentials = found(Env.DEMO, {"KALSHI_API_KEY": "id", "KALSHI_PRIVATE_KEY": text}, tmp_path)
    assert credentials is not None
    assert credentials.private_key.strip() == PEM.strip()
    assert PEM.splitlines()[1] not in repr(credentials)


@pytest.mark.parametrize("place", ["here", "home"])
@pytest.mark.parametrize(
    ("env", "suffix", "name"),
    [
        (Env.DEMO, "", "kalshi_private_key.pem"),
        (Env.PROD, "_PROD", "kalshi_private_key.prod.pem"),
    ],
)
def test_the_key_file_is_found_by_its_name(tmp_path: Path, place, env, suffix, name):
    file = tmp_path / place / name
    file.write_text(PEM)
    file.chmod(0o600)
    credentials = found(env, {f"KALSHI_API_KEY{suffix}": "id"}, tmp_path)
    assert credentials is not None
    assert (credentials.private_key, credentials.source) == (PEM, str(file))
    assert credentials.warning == ""


def test_the_working_directory_comes_before_home(tmp_path: Path):
    for place in ("here", "home"):
        (tmp_path / place / "kalshi_private_key.pem").write_text(PEM)
    credentials = found(Env.DEMO, {"KALSHI_API_KEY": "id"}, tmp_path)
    assert credentials is not None
    assert "/here/" in credentials.source


def test_demo_keys_never_serve_real_money(tmp_path: Path):
    variables = {"KALSHI_API_KEY": "id", "KALSHI_PRIVATE_KEY": PEM}
    assert found(Env.PROD, variables, tmp_path) is None
    with pytest.raises(ConfigError) as caught:
        require_credentials(Env.PROD, None)
    assert "KALSHI_API_KEY_PROD" in caught.value.remedy


def test_a_key_that_others_can_read_is_told_with_the_command(tmp_path: Path):
    file = tmp_path / "key.pem"
    file.write_text(PEM)
    file.chmod(0o644)
    variables = {"KALSHI_API_KEY": "id", "KALSHI_PRIVATE_KEY": str(file)}
    credentials = found(Env.DEMO, variables, tmp_path)
    assert credentials is not None
    assert f"chmod 600 {file}" in credentials.warning


def test_a_wrong_path_and_a_wrong_file_are_told_apart(tmp_path: Path):
    missing = {"KALSHI_API_KEY": "id", "KALSHI_PRIVATE_KEY": str(tmp_path / "none.pem")}
    with pytest.raises(ConfigError, match="neither a PEM nor an existing file"):
        found(Env.DEMO, missing, tmp_path)
    (tmp_path / "photo.pem").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ConfigError, match="cannot be read"):
        found(Env.DEMO, missing | {"KALSHI_PRIVATE_KEY": str(tmp_path / "photo.pem")}, tmp_path)
    binary = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "key.der").write_bytes(binary)
    with pytest.raises(ConfigError, match="is DER, and a PEM is needed") as caught:
        found(Env.DEMO, missing | {"KALSHI_PRIVATE_KEY": str(tmp_path / "key.der")}, tmp_path)
    assert "openssl pkey -inform DER" in caught.value.remedy
    (tmp_path / "note.pem").write_text("hello")
    with pytest.raises(ConfigError, match="no private key"):
        found(Env.DEMO, missing | {"KALSHI_PRIVATE_KEY": str(tmp_path / "note.pem")}, tmp_path)


def test_a_wrong_key_text_is_never_shown(tmp_path: Path):
    with pytest.raises(ConfigError) as caught:
        found(Env.DEMO, {"KALSHI_API_KEY": "id", "KALSHI_PRIVATE_KEY": "s3cr3t-s3cr3t"}, tmp_path)
    assert "s3cr3t" not in f"{caught.value} {caught.value.remedy}"


def half(tmp_path: Path, env: Env = Env.DEMO, **variables: str) -> str:
    return half_of(env, tmp_path / "home", variables, tmp_path / "here")


def test_half_of_the_credentials_is_said(tmp_path: Path):
    assert half(tmp_path) == ""
    assert half(tmp_path, KALSHI_API_KEY="id", KALSHI_PRIVATE_KEY=PEM) == ""
    told = half(tmp_path, KALSHI_API_KEY="id")
    assert told.startswith("KALSHI_API_KEY is set, but there is no private key")
    assert "kalshi_private_key.pem" in told
    told = half(tmp_path, KALSHI_PRIVATE_KEY=PEM)
    assert told == "there is a private key (KALSHI_PRIVATE_KEY), but KALSHI_API_KEY is not set"
    file = tmp_path / "here" / "kalshi_private_key.pem"
    file.write_text(PEM)
    assert str(file) in half(tmp_path)
    assert half(tmp_path, KALSHI_API_KEY="id") == ""
    assert half(tmp_path, Env.PROD, KALSHI_API_KEY="id") == "", "the demo's are not prod's"
    assert "KALSHI_API_KEY_PROD is set" in half(tmp_path, Env.PROD, KALSHI_API_KEY_PROD="id")
    with pytest.raises(ConfigError, match="needs an API key: there is a private key"):
        require_credentials(Env.DEMO, None, half(tmp_path))
