"""`doctor`: what it looks at, and what it says of each mistake that people make with keys."""

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fakes.clock import START_US, FakeClock
from fakes.served import ServedExchange

from kalshi_cli.adapters.kalshi.connection import connect
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.kalshi.skew import Bounds
from kalshi_cli.adapters.sim.access.auth import ApiKey as PublicKey
from kalshi_cli.adapters.sim.access.auth import KeyRing
from kalshi_cli.adapters.sim.http.application import build_app
from kalshi_cli.adapters.sim.stream.hub import StreamHub
from kalshi_cli.adapters.sim.world.keys import public_key
from kalshi_cli.bootstrap.exchange import OpenExchange
from kalshi_cli.cli.checks import Check, Finding, failed
from kalshi_cli.cli.exchange_checks import (
    clock_check,
    exchange_checks,
    location_check,
    scopes_check,
    status_checks,
)
from kalshi_cli.domain.instant import DAY
from kalshi_cli.errors import MalformedAnswer
from kalshi_cli.ports.access import ApiKey, ApiKeys
from kalshi_cli.ports.exchange import ExchangeStatus, ShardStatus

PEM = "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n"
ASKED = ("signature", "rate tier", "scopes", "location", "balance", "stream")
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def pem(key: Any, form: PrivateFormat = PrivateFormat.PKCS8, password: bytes = b"") -> str:
    locked = serialization.BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, locked).decode()


@pytest.fixture(scope="module")
def exchange() -> Iterator[ServedExchange]:
    with ServedExchange(seed=7) as served:
        yield served


@pytest.fixture
def demo(exchange: ServedExchange, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The served exchange as the demo, its stream with it."""
    variables = {**exchange.variables}
    base = variables["KALSHI_BASE_URL"]
    variables["KALSHI_WS_URL"] = base.replace("http://", "ws://").replace("/v2", "/ws/v2")
    variables["KALSHI_TRADING__FORECASTER"] = "baseline"
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


def rows(ended) -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in ended.json["data"]["checks"]}


@pytest.mark.usefixtures("eighty_columns")
def test_a_good_key_is_well_all_over(kalshi, demo, kalshi_home: Path):
    ended = kalshi("doctor", "--json")
    assert ended.code == 0
    found = rows(ended)
    assert {row["result"] for row in found.values()} == {"ok"}
    assert set(ASKED) < set(found)
    assert found["private key"]["detail"] == "Ed25519"
    assert found["rate tier"]["detail"].startswith("basic: 200 read and 100 write tokens a second")
    assert found["scopes"]["detail"] == "read, write"
    assert found["balance"]["detail"].startswith("$10,000.00: shard 0 $10,000.00")
    assert found["shards"]["detail"].startswith("0 Default, 1 Combos")
    shown = kalshi("doctor")
    screen = shown.out.replace(str(kalshi_home), "~")  # a path is whole, however long
    assert max(map(len, screen.splitlines())) <= 80
    assert demo["KALSHI_PRIVATE_KEY"].splitlines()[1] not in shown.out + shown.err


def test_without_a_key_all_that_needs_none_is_asked(kalshi, demo, monkeypatch, kalshi_home: Path):
    monkeypatch.delenv("KALSHI_API_KEY")
    monkeypatch.delenv("KALSHI_PRIVATE_KEY")
    ended = kalshi("doctor", "--env", "demo", "--json")
    assert ended.code == 4
    assert ended.json["error"]["message"] == "Not well: keys."
    found = rows(ended)
    assert {name for name, row in found.items() if row["result"] == "ok"} == {
        "program",
        "disk",
        "limits",
        "strategies",
        "exchange",
        "shards",
        "clock",
    }
    assert found["keys"]["remedy"].startswith("Set KALSHI_API_KEY and KALSHI_PRIVATE_KEY")
    assert found["store"]["result"] == found["account"]["result"] == "not asked"
    assert all(name in found["account"]["detail"] for name in ASKED)
    assert not (kalshi_home / "demo.db").exists(), "a store made without a key would be nobody's"


ENCRYPTED = pem(ED_KEY, password=b"x")
MISTAKES: dict[str, tuple[dict[str, str], str, str, str]] = {
    "another key's pem": (
        {"KALSHI_PRIVATE_KEY": pem(ED_KEY)},
        "signature",
        "the signature is not of its key",
        "belongs to another key id, or the signed path",
    ),
    "another environment's key": (
        {"KALSHI_API_KEY": "00000000-0000-4000-8000-000000000000"},
        "signature",
        "it does not know the id",
        "A demo key works on the demo only, and a production key on production only",
    ),
    "an id that is a name": (
        {"KALSHI_API_KEY": "my-key"},
        "key id",
        "no UUID",
        "Copy the id of the key, not its name",
    ),
    "an id alone": (
        {"KALSHI_PRIVATE_KEY": ""},
        "keys",
        "KALSHI_API_KEY is set, but there is no private key",
        "kalshi_private_key.pem",
    ),
    "a path to nothing": (
        {"KALSHI_PRIVATE_KEY": "/nowhere/key.pem"},
        "keys",
        "neither a PEM nor an existing file",
        "Give the path",
    ),
    "a public key": (
        {
            "KALSHI_PRIVATE_KEY": ED_KEY.public_key()
            .public_bytes(Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode()
        },
        "private key",
        "This is a public key",
        "showed once",
    ),
    "a locked key": ({"KALSHI_PRIVATE_KEY": ENCRYPTED}, "private key", "encrypted", "openssl"),
    "a key of OpenSSH": (
        {"KALSHI_PRIVATE_KEY": pem(ED_KEY, PrivateFormat.OpenSSH)},
        "private key",
        "format of OpenSSH",
        "ssh-keygen -p -m PKCS8",
    ),
    "a key cut off": (
        {"KALSHI_PRIVATE_KEY": pem(ED_KEY)[:60]},
        "private key",
        "cut off: it has no END line",
        "Copy the whole file",
    ),
    "an address of another version": (
        {"KALSHI_BASE_URL": "http://127.0.0.1:1/trade-api/v1"},
        "address",
        "its path must be /trade-api/v2",
        "https://HOST/trade-api/v2",
    ),
    "the real exchange as the demo": (
        {"KALSHI_BASE_URL": "https://api.elections.kalshi.com/trade-api/v2"},
        "address",
        "the real exchange",
        "--live",
    ),
    "an exchange that is not there": (
        {"KALSHI_BASE_URL": "http://127.0.0.1:1"},
        "exchange",
        "cannot be reached",
        "Check the network",
    ),
    "a stream that is not there": (
        {"KALSHI_WS_URL": "ws://127.0.0.1:1"},
        "stream",
        "cannot be reached",
        "Check the network",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_named_with_its_remedy(kalshi, demo, monkeypatch, mistake: str):
    variables, name, said, remedy = MISTAKES[mistake]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    ended = kalshi("doctor", "--env", "demo", "--json")
    assert ended.code == 4
    found = rows(ended)
    assert found[name]["result"] in {"FAILED", "warning"}
    assert said in found[name]["detail"]
    assert remedy in found[name]["remedy"]
    assert {"program", "disk", "limits"} <= {n for n, r in found.items() if r["result"] == "ok"}
    if name not in {"address", "exchange"}:
        assert found["exchange"]["result"] == found["clock"]["result"] == "ok"
    assert "Traceback" not in ended.err
    secret = demo["KALSHI_PRIVATE_KEY"].splitlines()[1]
    assert secret not in ended.out + ended.err


def test_an_address_without_its_path_is_well(kalshi, demo, monkeypatch):
    monkeypatch.setenv("KALSHI_BASE_URL", demo["KALSHI_BASE_URL"].removesuffix("/trade-api/v2"))
    assert kalshi("doctor", "--json").code == 0


def test_a_key_of_an_unusual_size_is_a_warning(kalshi, demo, monkeypatch):
    key = rsa.generate_private_key(public_exponent=65_537, key_size=3_072)
    monkeypatch.setenv("KALSHI_PRIVATE_KEY", pem(key, PrivateFormat.TraditionalOpenSSL))
    row = rows(kalshi("doctor", "--json"))["private key"]
    assert (row["result"], row["detail"]) == ("warning", "RSA 3072")


@pytest.mark.skipif(os.name == "nt", reason="permissions are of another kind there")
def test_a_file_that_others_read_is_told_with_the_command(kalshi, demo, monkeypatch):
    file = Path("kalshi_private_key.pem").resolve()
    file.write_text(demo["KALSHI_PRIVATE_KEY"])
    file.chmod(0o644)
    monkeypatch.delenv("KALSHI_PRIVATE_KEY")
    row = rows(kalshi("doctor", "--json"))["keys"]
    assert row["result"] == "warning"
    assert str(file) in row["detail"]
    assert row["remedy"].endswith(f"chmod 600 {file}")


@pytest.mark.parametrize(
    ("scopes", "failing"),
    [
        ({"read"}, {"scopes": "read; without write::trade"}),
        ({"read::portfolio_balance"}, {"rate tier": "403", "scopes": "403"}),
        ({"read", "write::trade"}, {}),
    ],
)
def test_what_a_key_may_not_do_is_said(kalshi, monkeypatch, scopes, failing: dict[str, str]):
    served = ServedExchange(seed=7)
    restrict(served, frozenset(scopes))
    with served:
        for name, value in served.variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("KALSHI_WS_URL", f"ws{served.variables['KALSHI_BASE_URL'][4:-13]}")
        found = rows(kalshi("doctor", "--json"))
    assert {name for name, row in found.items() if row["result"] == "FAILED"} == set(failing)
    assert found["signature"]["result"] == found["balance"]["result"] == "ok"
    for name, said in failing.items():
        expected = "does not allow this key" if said == "403" else said
        assert expected in found[name]["detail"]
        assert "API keys page" in found[name]["remedy"]


def restrict(served: ServedExchange, scopes: frozenset[str]) -> None:
    simulation = served.simulation
    wall = simulation.clock.wall
    key = PublicKey(public_key(simulation.private_key_pem), scopes=scopes)
    simulation.app = build_app(
        simulation.host,
        StreamHub(simulation.host, user_id="u", wall=wall),
        KeyRing({simulation.key_id: key}),
        simulation.budgets,
        user_id="u",
        wall=wall,
    )


@pytest.mark.parametrize(
    ("until_us", "result", "said"),
    [
        (None, Finding.WARNING, "never attested: sports, elections and entertainment cannot"),
        (START_US - DAY, Finding.WARNING, "attested until 2024-10-03: sports"),
        (START_US + 6 * DAY, Finding.WARNING, "attested until 2024-10-10"),
        (START_US + 90 * DAY, Finding.OK, "attested until 2025-01-02"),
    ],
)
def test_a_location_must_be_attested(until_us: int | None, result: Finding, said: str):
    row = location_check(ApiKeys((), until_us), START_US)
    assert row.result is result
    assert row.detail.startswith(said)
    assert bool(row.remedy) is (result is not Finding.OK)


def test_a_key_that_is_bound_or_not_listed():
    bound = ApiKey("id", "n", frozenset({"read", "write"}), subaccount=3)
    row = scopes_check(ApiKeys((bound,), None), "id")
    assert (row.result, row.detail) == (Finding.FAILED, "read, write; bound to subaccount 3")
    row = scopes_check(ApiKeys((bound,), None), "another")
    assert row.result is Finding.WARNING


@pytest.mark.parametrize(
    ("bounds", "result", "said", "remedy"),
    [
        (None, Finding.WARNING, "the exchange did not tell its time", "Run it again"),
        (Bounds(-400_000, 600_000), Finding.OK, "0.1 s from the exchange's, ±0.5 s", ""),
        (Bounds(999_999, 1_600_001), Finding.OK, "1.3 s from the exchange's, ±0.3 s", ""),
        (Bounds(1_000_000, 2_000_000), Finding.WARNING, "1.5 s from", "Set the clock (NTP)."),
        (Bounds(-3_400_000, -2_400_000), Finding.WARNING, "2.9 s from", "Set the clock (NTP)."),
        (Bounds(2_500_000, 3_500_000), Finding.FAILED, "3.0 s from", "Set the clock (NTP); "),
        (Bounds(-9_000_000, -8_000_000), Finding.FAILED, "8.5 s from", "Set the clock (NTP); "),
    ],
)
def test_a_clock_is_warned_of_from_one_second_and_fails_from_three(
    bounds: Bounds | None, result: Finding, said: str, remedy: str
):
    row = clock_check(bounds)
    assert row.result is result
    assert row.detail.startswith(said)
    assert row.detail.endswith("nothing is traded") is (result is Finding.FAILED)
    assert row.remedy.startswith(remedy)
    assert bool(row.remedy) is (result is not Finding.OK)


def test_an_exchange_that_pauses_in_part():
    shards = (ShardStatus(0, "Default", True, True), ShardStatus(1, "Combos", True, False))
    exchange, row = status_checks(ExchangeStatus(True, True, None, shards))
    assert (exchange.result, row.result) == (Finding.OK, Finding.WARNING)
    assert row.detail == "0 Default, 1 Combos; not trading now: 1"
    assert row.remedy == "Orders there are refused until it trades again."
    exchange, trading = status_checks(ExchangeStatus(True, False))
    assert (exchange.result, trading.result) == (Finding.OK, Finding.WARNING)
    assert trading.remedy == "Orders are refused until it resumes; cancels are taken."
    (down,) = status_checks(ExchangeStatus(False, False, START_US))
    assert down.result is Finding.FAILED
    assert down.remedy == "Try again later. Expected: 2024-10-04T00:00:00Z."


def test_a_failure_that_names_no_remedy_still_says_what_to_do():
    row = failed("scopes", MalformedAnswer("The exchange's answer lacks `api_keys`."))
    assert row.result is Finding.FAILED
    assert row.remedy == "Try again; if it stays, report it with these words."


def test_a_limit_that_was_lifted_is_a_warning(kalshi, demo, monkeypatch):
    monkeypatch.setenv("KALSHI_RISK__MAX_POSITIONS", "unlimited")
    row = rows(kalshi("doctor", "--json"))["limits"]
    assert (row["result"], row["detail"]) == ("warning", "without a limit: risk.max_positions")
    assert row["remedy"].startswith("Give each a number")


def test_an_exchange_that_never_answers_is_not_waited_for(monkeypatch):
    """Each try of a read may take twenty seconds, and there are five."""
    monkeypatch.setattr("kalshi_cli.cli.exchange_checks.PATIENCE_S", 0.05)

    async def silent(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def look() -> list[Check]:
        connection = connect(
            base_url="http://127.0.0.1:1",
            signer=None,
            clock=FakeClock(),
            transport=httpx.MockTransport(silent),
            paced=False,
        )
        async with connection:
            opened = OpenExchange(FakeClock(), connection, None, None)
            asked = exchange_checks(opened, ws_url="", key_id="", no_account="")
            return await asyncio.wait_for(asked, 5)

    exchange, account = asyncio.run(look())
    assert exchange.result is Finding.FAILED
    assert exchange.detail == "The exchange did not answer within 0.05 s."
    assert exchange.remedy == "Check the network and the address."
    assert account.detail.startswith("the exchange's status is not known, so nothing is known of")


@pytest.mark.parametrize("status", [500, 429])
def test_an_exchange_that_answers_with_errors_alone(status: int):
    async def look() -> list[Check]:
        connection = connect(
            base_url="http://127.0.0.1:1",
            signer=None,
            clock=FakeClock(),
            transport=httpx.MockTransport(lambda _: httpx.Response(status)),
            paced=False,
        )
        async with connection:
            opened = OpenExchange(FakeClock(), connection, None, None)
            return await exchange_checks(opened, ws_url="", key_id="", no_account="")

    exchange, account = asyncio.run(look())
    assert exchange.result is Finding.FAILED
    assert exchange.detail == f"The exchange answered {status} to GET /exchange/status."
    assert exchange.remedy == "Try again."
    assert account.detail.startswith("the exchange's status is not known, so nothing is known of")


def test_a_signature_that_holds_until_there_is_a_query():
    """Something between us and the exchange rewrites what was signed."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.query:
            error = {"code": "authentication_error", "details": "INCORRECT_API_KEY_SIGNATURE"}
            return httpx.Response(401, json={"error": error})
        bucket = {"refill_rate": 1, "bucket_capacity": 1}
        return httpx.Response(
            200,
            json={
                "exchange_active": True,
                "trading_active": True,
                "usage_tier": "basic",
                "read": bucket,
                "write": bucket,
                "api_keys": [],
            },
        )

    async def look() -> dict[str, tuple[Finding, str, str]]:
        connection = connect(
            base_url="http://exchange.test",
            signer=Signer("id", ED_KEY),
            clock=FakeClock(),
            transport=httpx.MockTransport(answer),
            paced=False,
        )
        async with connection:
            opened = OpenExchange(FakeClock(), connection, connection, None)
            found = await exchange_checks(
                opened, ws_url="ws://127.0.0.1:1", key_id="id", no_account=""
            )
        return {row.name: (row.result, row.detail, row.remedy) for row in found}

    found = asyncio.run(look())
    assert found["signature"][0] is Finding.OK
    result, detail, remedy = found["balance"]
    assert result is Finding.FAILED
    assert detail.startswith("The signature of a path with a query is not accepted")
    assert "the signed path ends before it" in remedy


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


def test_the_desk_is_told_row_by_row(kalshi, kalshi_home: Path):
    assert kalshi("track", "--sim", "--seed", "7").code == 0
    assert kalshi("halt", "--reason", "smoke").code == 0
    (kalshi_home / "HALT").write_text("pulled the plug\n")
    found = rows(kalshi("doctor", "--sim", "--json"))
    assert found["store"]["detail"].endswith(", 0 findings")
    assert found["orders"]["detail"] == "0 may trade, 0 of unknown outcome"
    assert found["lease"]["detail"] == "free"
    assert (found["desk"]["result"], found["desk"]["detail"]) == ("warning", "halted: smoke")
    assert found["HALT file"]["detail"] == "nothing is sent: pulled the plug"
    assert str(kalshi_home / "HALT") in found["HALT file"]["remedy"]


def test_who_looks_for_an_order_is_whoever_trades(kalshi, kalshi_home: Path):
    """Beside a loop, `kalshi track` is refused."""
    assert kalshi("run-loop", "--sim", "--once", "--seed", "7").code == 0
    with closing(sqlite3.connect(kalshi_home / "sim" / "desk.db")) as store:
        one = "SELECT client_order_id FROM orders LIMIT 1"
        store.execute(f"UPDATE orders SET state = 'unknown' WHERE client_order_id = ({one})")
        store.commit()
    row = rows(kalshi("doctor", "--json"))["orders"]
    assert (row["result"], row["detail"].split(", ")[1]) == ("FAILED", "1 of unknown outcome")
    assert row["remedy"] == "`kalshi track`, or a loop that runs, looks for them."


def test_a_state_is_called_what_status_calls_it(kalshi):
    assert kalshi("track", "--sim", "--seed", "7").code == 0
    assert kalshi("flatten").code == 0
    assert rows(kalshi("doctor", "--json"))["desk"]["detail"] == "flattening: by hand"
    assert kalshi("status").out.split()[:2] == ["state", "flattening"]


def test_a_desk_that_a_file_halts_is_not_ok(kalshi, kalshi_home: Path):
    assert kalshi("track", "--sim", "--seed", "7").code == 0
    (kalshi_home / "HALT").touch()
    desk = rows(kalshi("doctor", "--sim", "--json"))["desk"]
    assert (desk["result"], desk["detail"]) == (
        "warning",
        "halted: nothing is sent because of the HALT file",
    )
    assert desk["remedy"] == f"Take {kalshi_home / 'HALT'} away, then `kalshi resume`."


def test_who_holds_the_lease_is_told(kalshi, kalshi_home: Path):
    assert kalshi("track", "--sim", "--seed", "7").code == 0
    wall = time.time_ns() // 1000
    with closing(sqlite3.connect(kalshi_home / "sim" / "desk.db")) as connection, connection:
        connection.execute(
            "INSERT INTO leases VALUES ('sim/', 'token', 4711, 'elsewhere', ?, ?, ?)",
            (wall - 300_000_000, wall, wall + 600_000_000),
        )
    row = rows(kalshi("doctor", "--sim", "--json"))["lease"]
    assert row["detail"].startswith("held by process 4711 on elsewhere for 5m")


def test_one_outage_is_one_row(kalshi, demo, monkeypatch):
    monkeypatch.setenv("KALSHI_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("KALSHI_SIM_CLOCK", json.dumps({"wall0": 0, "virtual0": 0, "speed": 1}))
    found = rows(kalshi("doctor", "--env", "demo", "--json"))
    assert [name for name, row in found.items() if row["result"] == "FAILED"] == ["exchange"]
