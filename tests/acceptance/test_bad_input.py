"""Wrong files, keys, disks and answers: one clear line, its exit code, and nothing half-written."""

import os
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import Ended, Kalshi
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

PKCS8 = (
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)
GOOD_KEY = ed25519.Ed25519PrivateKey.generate()
GOOD_PEM = GOOD_KEY.private_bytes(*PKCS8).decode()
EC_PEM = ec.generate_private_key(ec.SECP256R1()).private_bytes(*PKCS8).decode()
PUBLIC_PEM = (
    GOOD_KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
DEMO = {"KALSHI_API_KEY": "an-id", "KALSHI_BASE_URL": "http://127.0.0.1:1/trade-api/v2"}
LIMITS = ("max_positions", "max_trades_per_hour", "max_daily_loss", "max_event_exposure")

BAD_LIMIT = "[trading]\nmax_single_position = 7\n"
LOOKS = ("status", "why", "inspect positions", "inspect orders", "inspect runs", "inspect-db")


@dataclass(frozen=True, slots=True)
class Row:
    """Arguments, environment and files in the working directory, and how that must end."""

    line: str
    code: int
    said: str
    variables: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.line}: {self.said}"


def key(pem: str) -> dict[str, str]:
    return {**DEMO, "KALSHI_PRIVATE_KEY": pem}


ROWS = [
    Row("status", 4, "config.toml", files={"config.toml": "[risk\nmax_positions = 3"}),
    Row("status", 4, "config.toml", files={"config.toml": "\x00\x01"}),
    Row("trade", 4, "max_positions", files={"config.toml": "[risk]\nmax_positons = 3"}),
    Row("status", 4, "real money is never chosen there", files={"config.toml": 'env = "prod"'}),
    Row("status", 4, "does not exist yet", files={"config.toml": 'env = "paper"'}),
    Row("run-loop --once", 4, "does not exist yet", {"KALSHI_ENV": "paper"}),
    Row("status --env prod", 4, "needs an API key"),
    Row("status --live", 4, "needs an API key", {"KALSHI_API_KEY_PROD": "id"}),
    Row("trade", 4, "key", key("-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----")),
    Row("trade", 4, "public", key(PUBLIC_PEM)),
    Row("trade", 4, "RSA", key(EC_PEM)),
    Row("trade", 4, "neither a PEM nor an existing file", key("key.pem")),
    Row("trade", 4, "holds no private key", key("key.pem"), {"key.pem": "hello"}),
    Row("ingest", 5, "cannot be reached: All connection attempts failed.", key(GOOD_PEM)),
    Row("trade", 5, "cannot be reached: All connection attempts failed.", key(GOOD_PEM)),
    Row("run-loop --once", 5, "cannot be reached: All connection attempts failed.", key(GOOD_PEM)),
    Row("ingest", 4, "https", {**key(GOOD_PEM), "KALSHI_BASE_URL": "http://example.com"}),
    Row("run-loop --sim --only tea", 2, "tea"),
    Row("trade --sim --only tea", 2, "tea"),
    Row("run-loop --sim --once", 4, "tea", {"KALSHI_TRADING__STRATEGIES": "tea"}),
    Row("run-loop --sim --once", 4, "oracle_error", {"KALSHI_TRADING__ORACLE_ERROR": "-1"}),
    Row("analyze --forecaster oracle", 4, "simulated world", key(GOOD_PEM)),
    Row("run-loop --sim --world tape:nowhere", 4, "nowhere"),
    Row("run-loop --sim --world tape:", 2, "tape:"),
    Row("run-loop --sim --cycles -3", 2, "--cycles"),
    Row("sim advance -- -6h", 2, "-6h"),
    Row("analyze --sim KXNONE KXNEITHER", 3, "KXNEITHER, KXNONE"),
    Row("status --sim", 4, "mysql", {"KALSHI_DATABASE": "mysql://me:secret@host/desk"}),
    *(
        Row("run-loop --sim --once", 4, f"risk.{name}", {f"KALSHI_RISK__{name.upper()}": value})
        for name in LIMITS
        for value in ("0", "-1", "null", "")
    ),
]


def assert_one_clear_line(ended: Ended, code: int, said: str) -> None:
    assert ended.code == code, ended.err
    (line,) = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert said in line
    assert "Traceback" not in ended.err
    assert "PRIVATE KEY" not in ended.err
    assert "secret" not in ended.err


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_wrong_input(kalshi: Kalshi, monkeypatch: pytest.MonkeyPatch, kalshi_home: Path, row: Row):
    for name, value in row.variables.items():
        monkeypatch.setenv(name, value)
    for name, text in row.files.items():
        Path(name).write_text(text)
    assert_one_clear_line(kalshi(*row.line.split()), row.code, row.said)
    assert not list(kalshi_home.rglob("*.new"))


def test_a_bad_limit_hides_nothing_on_record(kalshi: Kalshi):
    assert kalshi("run-loop", "--sim", "--cycles", "2", "--seed", "7").code == 0
    held = kalshi("inspect", "positions", "--json").json["data"]
    assert held
    Path("config.toml").write_text(BAD_LIMIT)
    for line in LOOKS:
        looked = kalshi(*line.split(), "--json")
        assert (looked.code, looked.json["ok"]) == (0, True), line
        (told,) = [text for text in looked.json["warnings"] if "max_single_position" in text]
        assert "nothing starts to trade until a setting is mended" in told
        assert told.endswith("Change it there.")
        assert looked.err.count(told) == 1
    assert kalshi("inspect", "positions", "--json").json["data"] == held
    assert kalshi("status", "--json").json["data"]["unlimited"] is None
    for line in ("trade", "why A", "inspect limits", "evaluate"):  # these need it
        assert_one_clear_line(kalshi(*line.split()), 4, "max_single_position")


def test_who_wants_out_under_a_bad_limit_hears_what_to_do(kalshi: Kalshi):
    assert kalshi("run-loop", "--sim", "--cycles", "2", "--seed", "7").code == 0
    ticker = kalshi("inspect", "positions", "--json").json["data"][0]["ticker"]
    Path("config.toml").write_text(BAD_LIMIT)
    for line, state in ((f"close {ticker}", "active"), ("flatten", "flatten")):
        stopped = kalshi(*line.split())
        assert_one_clear_line(stopped, 4, "Nothing was sold: trading.max_single_position = 7")
        assert stopped.err.endswith(f"Change it there. Then `kalshi {line}` sells.\n")
        assert kalshi("status", "--json").json["data"]["summary"]["state"] == state
    assert kalshi("inspect", "orders", "--live-only", "--json").json["data"] == []
    Path("config.toml").unlink()
    assert kalshi("close", ticker).code == 0


@contextmanager
def answering(status: int, kind: str, body: bytes) -> Iterator[str]:
    """A server on loopback that answers everything alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/trade-api/v2"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "application/json", b'{"events": [{"event_ticker": '),
        (200, "application/json", b"[]"),
        (200, "application/json", b'{"events": 7, "series": 7, "cursor": null}'),
        (200, "text/html", b"<html><body>Please log in to this network.</body></html>"),
        (200, "application/json", b""),
        (200, "application/json", b"\xff\xfe\x00"),
        (404, "text/html", b"<html>no</html>"),
        (302, "text/html", b"elsewhere"),
    ],
)
@pytest.mark.parametrize("line", ["ingest", "track"])
def test_an_exchange_that_makes_no_sense(
    kalshi: Kalshi, monkeypatch: pytest.MonkeyPatch, status: int, kind: str, body: bytes, line: str
):
    with answering(status, kind, body) as url:
        for name, value in {**key(GOOD_PEM), "KALSHI_BASE_URL": url}.items():
            monkeypatch.setenv(name, value)
        assert_one_clear_line(kalshi(line), 5, "")
    assert kalshi("inspect", "markets", "--json").json["data"] == []
    assert kalshi("inspect", "tape", "--json").json["data"] == []


Damage = Callable[[Path], object]


def changed(statement: str) -> Damage:
    def damage(store: Path) -> None:
        with closing(sqlite3.connect(store)) as connection:
            connection.execute(statement)
            connection.commit()

    return damage


def another_program(store: Path) -> None:
    store.unlink()
    changed("CREATE TABLE recipes (title TEXT)")(store)


def cut_short(store: Path) -> None:
    with store.open("r+b") as file:
        file.truncate(5_000)


def a_directory(store: Path) -> None:
    store.unlink()
    store.mkdir()


def content(store: Path) -> bytes:
    """All but the header, whose journal mode a look already changes."""
    return b"" if store.is_dir() else store.read_bytes()[100:]


@pytest.mark.parametrize(
    ("damage", "code", "said"),
    [
        (changed("UPDATE alembic_version SET version_num = '0999'"), 4, "newer"),
        (changed("UPDATE alembic_version SET version_num = '0000'"), 4, "kalshi migrate"),
        (changed("UPDATE identity SET world = 'generated:9'"), 4, "another"),
        (changed("UPDATE identity SET env = 'demo'"), 4, "demo"),
        (another_program, 4, ""),
        (cut_short, 7, ""),
        (lambda store: store.write_bytes(os.urandom(9_000)), 7, ""),
        (a_directory, 7, ""),
    ],
)
def test_a_store_that_is_not_the_desks(
    kalshi: Kalshi, kalshi_home: Path, damage: Damage, code: int, said: str
):
    assert kalshi("ingest", "--sim").code == 0
    store = kalshi_home / "sim" / "desk.db"
    damage(store)
    before = content(store)
    for line in ("trade", "run-loop --once", "inspect orders", "status", "halt --reason x"):
        assert_one_clear_line(kalshi(*line.split()), code, said)
    assert before == content(store)


def test_a_second_seed(kalshi: Kalshi):
    assert kalshi("ingest", "--sim", "--seed", "7").code == 0
    for line in ("ingest --seed 8", "run-loop --seed 8 --once", "analyze --seed 8"):
        assert_one_clear_line(kalshi(*line.split()), 2, "seed 7")
    assert kalshi("sim", "status", "--json").json["data"]["seed"] == 7


def test_real_money_is_not_taken_from_a_variable(kalshi: Kalshi, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KALSHI_API_KEY_PROD", "an-id")
    monkeypatch.setenv("KALSHI_PRIVATE_KEY_PROD", GOOD_PEM)
    monkeypatch.setenv("KALSHI_ENV", "prod")
    for line in ("trade --yes", "run-loop --once --yes", "track", "status"):
        assert_one_clear_line(kalshi(*line.split()), 4, "real money is never chosen there")


@pytest.mark.slow
def test_a_full_disk_loses_nothing(kalshi: Kalshi, kalshi_home: Path):
    """No file may grow beyond a megabyte: the loop ends in one line, and goes on with more room."""

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    ended = subprocess.run(
        [sys.executable, "-m", "kalshi_cli", "run-loop", "--sim", "--seed", "7", "-q"],
        env={**os.environ, "KALSHI_HOME": str(kalshi_home)},
        preexec_fn=small_disk,
        capture_output=True,
        text=True,
        check=False,
    )
    assert_one_clear_line(Ended(ended.returncode, ended.stdout, ended.stderr), 7, "")
    assert kalshi("track", "-q").code == 0
    assert kalshi("inspect-db", "--json").json["data"]["differences"] == []
    assert kalshi("inspect", "orders", "--json").json["data"]
