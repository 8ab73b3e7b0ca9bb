"""Nothing that the program writes or says holds the private key, or the whole of the key's id."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.program import Program
from fakes.served import ServedExchange
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.cli.logs import HIDDEN, Redactor
from kalshi_cli.domain.identity import Env
from kalshi_cli.errors import ConfigError
from kalshi_cli.settings.credentials import find_credentials

COMMANDS = (
    ("doctor",),
    ("doctor", "--json"),
    ("config", "show", "--origin"),
    ("run-loop", "--forecaster", "baseline", "--cycles", "1", "-v"),
    ("inspect", "orders", "--json"),
    ("inspect-db",),
    ("cancel", "nothing-of-ours", "--json", "-v"),
    ("status",),
)
RUN = 16
"""Signs of key material that nothing may repeat; shorter runs happen by chance."""


@pytest.fixture(scope="module")
def exchange() -> Iterator[ServedExchange]:
    with ServedExchange(seed=7) as served:
        yield served


def body_of(pem: str) -> str:
    return "".join(line for line in pem.splitlines() if "-----" not in line)


def leaked(text: str, pem: str) -> str:
    """The first run of the key's body that stands in a text."""
    body = body_of(pem)
    runs = (body[at : at + RUN] for at in range(len(body) - RUN + 1))
    flat = text.replace("\\n", "").replace("\n", "")
    return next((run for run in runs if run in text or run in flat), "")


def test_the_search_finds_what_is_there() -> None:
    pem = "-----BEGIN X-----\n" + "abcdefghij\nklmnopqrst\nuvwxyz0123\n" + "-----END X-----"
    assert leaked("nothing of it", pem) == ""
    assert leaked("it says ghij\nklmnopqrst\nuv, as text", pem) == "ghijklmnopqrstuv"
    assert leaked(repr(pem), pem)


def test_no_command_writes_or_says_the_key(tmp_path: Path, exchange: ServedExchange) -> None:
    variables = exchange.variables
    pem, key_id = variables["KALSHI_PRIVATE_KEY"], variables["KALSHI_API_KEY"]
    program = Program(tmp_path / "home", {**variables, "KALSHI_LOG_LEVEL": "debug"})
    said = ""
    for command in COMMANDS:
        ended = program.run(*command, code=None)
        said += ended.out + ended.err
    assert "directional_trading" in said, "the desk did not trade: nothing was tried"
    files = [path for path in program.home.rglob("*") if path.is_file()]
    assert {".log", ".db"} <= {path.suffix for path in files}
    der = base64.b64decode(body_of(pem))
    for name, content in [("what was said", said.encode()), *((f, f.read_bytes()) for f in files)]:
        assert key_id.encode() not in content, f"the key's id in {name}"
        assert der[40:72] not in content, f"the key in {name}"
        assert not leaked(content.decode(errors="replace"), pem), f"the key in {name}"


def test_an_exchange_that_refuses_the_key_is_not_told_of_with_it(
    tmp_path: Path, exchange: ServedExchange
) -> None:
    wrong = "11111111-2222-3333-4444-555555555555"
    program = Program(tmp_path / "home", {**exchange.variables, "KALSHI_API_KEY": wrong})
    for command in (("doctor",), ("track",)):
        ended = program.run(*command, "-v", code=4)
        assert wrong not in ended.out + ended.err
    assert all(wrong.encode() not in f.read_bytes() for f in program.home.rglob("*") if f.is_file())


def damaged(draw: st.DrawFn, pem: str) -> str:
    """A private key as it arrives after an accident with an editor or a shell."""
    lines = pem.splitlines()
    match draw(st.sampled_from(("cut", "drop", "head", "tail", "one line", "sign", "bare"))):
        case "cut":
            return pem[: draw(st.integers(40, len(pem) - 1))]
        case "drop":
            del lines[draw(st.integers(1, len(lines) - 2))]
        case "head":
            lines[0] = "-----BEGIN CERTIFICATE-----"
        case "tail":
            lines[-1] = ""
        case "one line":
            return " ".join(lines)
        case "bare":
            return body_of(pem)
        case _:
            at = draw(st.integers(1, len(lines) - 2))
            lines[at] = lines[at][:10] + draw(st.sampled_from("?\u00e9 *")) + lines[at][11:]
    return "\n".join(lines)


@given(st.data())
def test_no_error_about_a_key_repeats_it(exchange: ServedExchange, data: st.DataObject) -> None:
    pem = exchange.variables["KALSHI_PRIVATE_KEY"]
    text = damaged(data.draw, pem)
    variables = {"KALSHI_API_KEY": "an-id", "KALSHI_PRIVATE_KEY": text}
    try:
        found = find_credentials(Env.DEMO, Path("nowhere"), variables, Path("nowhere"))
        said = repr(found)
        if found is not None:
            said += repr(Signer.from_pem(found.key_id, found.private_key))
    except ConfigError as error:
        said = f"{error} {error.remedy} {error!r}"
    assert said
    assert not leaked(said, pem)


@given(st.data())
def test_no_field_of_a_log_line_keeps_a_secret(
    exchange: ServedExchange, data: st.DataObject
) -> None:
    pem, key_id = exchange.variables["KALSHI_PRIVATE_KEY"], exchange.variables["KALSHI_API_KEY"]
    secret = data.draw(st.sampled_from((pem, key_id, f"KALSHI-ACCESS-KEY: {key_id}")))
    around = data.draw(st.text(max_size=20)) + secret + data.draw(st.text(max_size=20))
    value = data.draw(st.sampled_from((around, [around], {"deep": {"er": around}}, ("a", around))))
    name = data.draw(st.sampled_from(("event", "private_key", "detail", "anything")))
    line = str(Redactor([key_id])(None, "info", {name: value}))
    assert HIDDEN in line
    assert key_id not in line
    assert not leaked(line, pem)
